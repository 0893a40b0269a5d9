from __future__ import annotations

import asyncio
import socket

import pytest

from heroku_syslogd.simulate import (
    Progress,
    SimulateOptions,
    Summary,
    UnsupportedURL,
    drain_tokens,
    simulate,
)

from .receivers import tcp_receiver, udp_receiver


def options(port: int, *, rate: float | None = 4000, duration: float | None = 0.25,
            scheme: str = "syslog") -> SimulateOptions:  # fmt: skip
    return SimulateOptions(f"{scheme}://127.0.0.1:{port}", rate=rate, duration=duration)


async def test_tcp_receiver_gets_what_the_summary_says() -> None:
    async with tcp_receiver() as receiver:
        summary = await simulate(options(receiver.port))
        await receiver.until_received(summary.bytes)

        messages = receiver.messages()
        assert len(messages) == summary.sent
        assert sum(map(len, receiver.streams)) == summary.bytes
        assert (summary.lost, summary.connections, summary.last_error) == (0, 3, None)
        assert summary.sent == 1000
        tokens = drain_tokens(options(1))
        assert {message.split(b" ", 3)[2].decode() for message in messages} == set(tokens)


async def test_udp_receiver_gets_what_the_summary_says() -> None:
    async with udp_receiver() as receiver:
        summary = await simulate(options(receiver.port, rate=500, scheme="udpsyslog"))
        await receiver.until_received(summary.sent)

        assert len(receiver.datagrams) == summary.sent == 125
        assert sum(map(len, receiver.datagrams)) == summary.bytes
        assert summary.lost == 0


async def test_natural_rhythm_begins_with_dynos_coming_up() -> None:
    async with tcp_receiver() as receiver:
        summary = await simulate(options(receiver.port, rate=None))
        await receiver.until_received(summary.bytes)

        messages = receiver.messages()
        up = b"State changed from starting to up\n"
        assert sum(message.endswith(up) for message in messages) == 12
        assert len(messages) == summary.sent


async def test_progress_is_reported_and_ends_in_the_summary() -> None:
    seen: list[Progress] = []
    async with tcp_receiver() as receiver:
        summary = await simulate(options(receiver.port), report=seen.append)

    assert isinstance(summary, Summary)
    assert seen[-1].sent == summary.sent
    assert [progress.sent for progress in seen] == sorted(progress.sent for progress in seen)


async def test_without_an_end_it_runs_until_cancelled() -> None:
    async with tcp_receiver() as receiver:
        task = asyncio.create_task(simulate(options(receiver.port, rate=None, duration=None)))
        await receiver.until_received(10_000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        summary = await simulate(options(unused.getsockname()[1], rate=400))

    assert (summary.sent, summary.lost, summary.connections) == (0, 100, 0)
    assert summary.last_error is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"apps": 0},
        {"dynos": 0},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"duration": -1.0},
    ],
)
def test_options_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|more than 0"):
        SimulateOptions("syslog://127.0.0.1:1", **wrong)  # type: ignore[arg-type]


def test_options_refuse_a_scheme() -> None:
    with pytest.raises(UnsupportedURL):
        SimulateOptions("https://127.0.0.1/logplex")


def test_tokens_belong_to_names() -> None:
    tokens = drain_tokens(SimulateOptions("syslog://127.0.0.1", apps=2))

    assert list(tokens.values()) == ["storefront", "billing-api"]
