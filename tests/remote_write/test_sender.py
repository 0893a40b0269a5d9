"""What is sent, what is sent again and when, what is dropped, and what of it is told."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from heroku_syslogd.config import Duration, RemoteWriteConfig
from heroku_syslogd.remote_write.client import Failure, Outcome, Refused
from heroku_syslogd.remote_write.sender import REPORT_EVERY, Sender
from tests.remote_write.sending import BUSY, DOWN, NOW, OLD, TAKEN, Bench


async def test_requests_are_sent_in_their_order_and_counted() -> None:
    bench = Bench()
    await bench.put(b"one", b"second", samples=3)
    await bench.put(b"last")
    await bench.drain()

    sender = bench.sender
    assert bench.posted == [b"one", b"second", b"last"]
    assert (sender.sent_requests, sender.sent_samples, sender.sent_bytes) == (3, 7, 13)
    assert sender.last_success_at == NOW
    assert not sender.is_failing
    assert bench.slept == []


async def test_what_comes_while_it_waits_is_sent() -> None:
    bench = Bench()
    async with bench.running():
        for body in (b"one", b"two"):
            await bench.put(body)
            await bench.until_empty()

    assert bench.posted == [b"one", b"two"]


async def test_nothing_is_counted_before_anything_was_sent() -> None:
    sender = Bench().sender

    assert sender.failures == dict.fromkeys(Failure, 0)
    assert sender.refused_samples == {}
    assert (sender.sent_requests, sender.last_success_at, sender.is_failing) == (0, 0, False)


async def test_only_one_request_is_under_way() -> None:
    bench = Bench()
    bench.held = asyncio.Event()
    await bench.put(b"one", b"two")
    async with bench.running():
        for _ in range(10):
            await asyncio.sleep(0)
        assert bench.posted == [b"one"]
        bench.held.set()
        await bench.until_empty()


async def test_a_request_is_sent_again_before_any_other() -> None:
    bench = Bench([DOWN, BUSY, DOWN])
    await bench.put(b"one", b"two")
    await bench.drain()

    assert bench.posted == [b"one", b"one", b"one", b"one", b"two"]
    assert bench.sender.failures == {
        **dict.fromkeys(Failure, 0),
        Failure.CONNECTION: 2,
        Failure.THROTTLED: 1,
    }
    assert bench.sender.sent_requests == 2


@pytest.mark.parametrize(
    ("draw", "waits"),
    [
        (1.0, [1, 2, 4, 8, 16, 30, 30]),
        (0.0, [1, 1, 2, 4, 8, 15, 15]),
        (0.5, [1, 1.5, 3, 6, 12, 22.5, 22.5]),
    ],
)
async def test_each_wait_is_twice_as_long_up_to_a_bound(draw: float, waits: list[float]) -> None:
    bench = Bench([DOWN] * 7, draw=draw)
    await bench.put(b"one")
    await bench.drain()

    assert bench.slept == waits


async def test_after_an_answer_waits_begin_anew() -> None:
    bench = Bench([DOWN, DOWN, TAKEN, DOWN, DOWN, OLD, DOWN])
    await bench.put(b"one", b"two", b"three")
    await bench.drain()

    assert bench.slept == [1, 2, 1, 2, 1]


async def test_a_receiver_that_is_down_for_months_overflows_nothing() -> None:
    bench = Bench([DOWN] * 2000)
    await bench.put(b"one")
    await bench.drain()

    assert bench.slept[-1] == 30


async def test_the_receiver_may_ask_for_more_time_but_not_for_less() -> None:
    bench = Bench([BUSY._replace(retry_after=seconds) for seconds in (120, 0, 0, 5)])
    await bench.put(b"one")
    await bench.drain()

    assert bench.slept == [120, 2, 4, 8]


@given(
    st.lists(st.floats(0, 1), max_size=12),
    st.floats(0.001, 10),
    st.floats(1, 100),
    st.none() | st.floats(0, 600),
)
def test_every_wait_is_within_its_bounds(
    draws: list[float], least: float, factor: float, retry_after: float | None
) -> None:
    config = RemoteWriteConfig(
        min_backoff=Duration(least), max_backoff=Duration(max(least * factor, least))
    )
    waits: list[float] = []

    async def send() -> None:
        later = BUSY._replace(retry_after=retry_after)
        bench = Bench([later] * len(draws), config=config)
        chance = iter(draws)
        bench.sender = Sender(
            bench.spool, bench, config, sleep=bench.sleep, draw=lambda: next(chance)
        )
        await bench.put(b"one")
        await bench.drain()
        waits.extend(bench.slept)

    uvloop.run(send())

    assert len(waits) == len(draws)
    lower, upper = max(least, retry_after or 0), max(config.max_backoff, retry_after or 0)
    assert all(lower <= wait <= upper for wait in waits)


async def test_another_backoff_counts_from_the_next_wait_on() -> None:
    bench = Bench([DOWN, DOWN])
    bench.sender.configure(RemoteWriteConfig(min_backoff=Duration(3), max_backoff=Duration(5)))
    await bench.put(b"one")
    await bench.drain()

    assert bench.slept == [3, 5]


async def test_a_request_that_is_refused_is_dropped_and_counted_and_the_next_one_goes() -> None:
    bench = Bench([OLD, Refused(413, ""), OLD])
    await bench.put(b"one", b"two", samples=100)
    await bench.put(b"three", samples=5)
    await bench.put(b"four")
    await bench.drain()

    assert bench.posted == [b"one", b"two", b"three", b"four"]
    assert bench.sender.refused_samples == {400: 105, 413: 100}
    assert (bench.sender.sent_requests, bench.sender.sent_samples) == (1, 1)
    assert bench.slept == []


@pytest.mark.parametrize("outcome", [DOWN, OLD])
async def test_it_is_failing_until_a_request_is_taken(outcome: Outcome) -> None:
    bench = Bench([outcome])
    seen: list[bool] = []

    async def post(body: bytes) -> Outcome:
        seen.append(bench.sender.is_failing)
        return await Bench.post(bench, body)

    bench.post = post  # type: ignore[method-assign]
    await bench.put(b"one", b"two", b"three")
    await bench.drain()

    assert seen[:3] == [False, True, False]
    assert not bench.sender.is_failing


# What is logged -----------------------------------------------------------------------------------


async def test_an_outage_is_told_when_it_begins_and_when_it_is_over() -> None:
    bench = Bench([TAKEN, DOWN, BUSY, DOWN, TAKEN, DOWN])
    await bench.put(b"one", b"two", b"three", b"four")
    with capture_logs() as logs:
        await bench.drain()

    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("remote_write.failing", "warning"),
        ("remote_write.working_again", "info"),
    ] * 2
    assert (logs[0]["reason"], logs[0]["problem"]) == ("connection", "Connection refused")
    assert [logs[1]["after_seconds"], logs[3]["after_seconds"]] == [7, 1]


async def test_refusals_are_told_once_a_minute_with_how_many() -> None:
    wait = BUSY._replace(retry_after=REPORT_EVERY)
    bench = Bench([OLD, OLD, OLD, wait, Refused(401, "no"), OLD])
    await bench.put(*[b"x"] * 6, samples=10)
    with capture_logs() as logs:
        await bench.drain()

    refused = [line for line in logs if line["event"] == "remote_write.refused"]
    assert [(line["status"], line["samples"], line["problem"]) for line in refused] == [
        (400, 10, "out of order sample"),
        (401, 30, "no"),
    ]
