from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from heroku_syslogd.simulate import (
    Progress,
    SimulateOptions,
    Summary,
    UnsupportedURL,
    drain_tokens,
    simulate,
)

from .receivers import Authority, http_receiver, tcp_receiver, udp_receiver


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


async def test_http_receiver_gets_what_the_summary_says() -> None:
    async with http_receiver() as receiver:
        summary = await simulate(options(receiver.port, scheme="http"))

        messages = [message for request in receiver.requests for message in request.messages()]
        assert len(messages) == summary.sent == summary.acknowledged == 1000
        sent = sum(len(request.head) + len(request.body) for request in receiver.requests)
        assert sent == summary.bytes
        assert (summary.lost, summary.retries, summary.last_error) == (0, 0, None)
        tokens = {request.headers["Logplex-Drain-Token"] for request in receiver.requests}
        assert tokens == set(drain_tokens(options(1)))
        counts = [int(request.headers["Logplex-Msg-Count"]) for request in receiver.requests]
        assert sum(counts) == 1000


@pytest.mark.parametrize("scheme", ["syslog+tls", "https"])
async def test_the_authorities_of_the_environment_are_trusted(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    authority.ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    receiver = http_receiver if scheme == "https" else tcp_receiver
    async with receiver(tls=authority.server()) as listening:
        summary = await simulate(options(listening.port, scheme=scheme))

    assert (summary.sent, summary.lost, summary.last_error) == (1000, 0, None)


@pytest.mark.parametrize("scheme", ["syslog+tls", "https"])
async def test_no_other_authority_is_trusted_but_without_checks(scheme: str) -> None:
    receiver = http_receiver if scheme == "https" else tcp_receiver
    async with receiver(tls=Authority().server()) as listening:
        url = f"{scheme}://127.0.0.1:{listening.port}"
        refused = await simulate(SimulateOptions(url, rate=4000, duration=0.1))
        insecure = f"{url}/#insecure"
        sent = await simulate(SimulateOptions(insecure, rate=4000, duration=0.1))

    assert (refused.sent, refused.lost, refused.connections) == (0, 400, 0)
    assert refused.last_error is not None
    assert refused.last_error.startswith("the receiver's certificate is not trusted: ")
    assert (sent.sent, sent.lost, sent.last_error) == (400, 0, None)


async def test_faults_are_the_same_for_the_same_seed() -> None:
    injected = []
    for _ in range(2):
        async with http_receiver() as receiver:
            url = f"http://127.0.0.1:{receiver.port}"
            faults = "miscount=0.5,unterminated-loss=0.5"
            summary = await simulate(
                SimulateOptions(url, apps=1, rate=1000, duration=0.05, faults=faults)
            )
            assert summary.faults == len(receiver.requests)
            assert summary.sent + summary.damaged == summary.acknowledged
            heads = [request.body[:3] == b"142" for request in receiver.requests]
            injected.append(heads[0])

    assert injected[0] == injected[1]


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
        SimulateOptions("gopher://127.0.0.1/logplex")


@pytest.mark.parametrize(("url", "faults"), [("syslog://h", "headerless"), ("http://h", "fire")])
def test_options_refuse_a_fault(url: str, faults: str) -> None:
    with pytest.raises(ValueError, match=faults):
        SimulateOptions(url, faults=faults)


def test_tokens_belong_to_names() -> None:
    tokens = drain_tokens(SimulateOptions("syslog://127.0.0.1", apps=2))

    assert list(tokens.values()) == ["storefront", "billing-api"]
