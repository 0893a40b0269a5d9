"""What is sent, what is sent again and when, what is dropped, and what of it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from heroku_syslogd.config import Duration, RemoteWriteConfig
from heroku_syslogd.remote_write.client import Client, Failure, Later, Outcome, Refused, Sent
from heroku_syslogd.remote_write.sender import REPORT_EVERY, Sender
from heroku_syslogd.remote_write.spool import Request, Spool
from tests.remote_write.receiver import answers, breaks_off, hangs, receiving

NOW: Final = 1_700_000_000.0
DOWN: Final = Later(Failure.CONNECTION, "Connection refused")
BUSY: Final = Later(Failure.THROTTLED, "status 429")
OLD: Final = Refused(400, "out of order sample")
TAKEN: Final = Sent(204)
CONFIG: Final = RemoteWriteConfig(min_backoff=Duration(1), max_backoff=Duration(30))


async def until(holds: Callable[[], object]) -> None:
    """Let the loop go on until something holds."""
    while not holds():  # noqa: ASYNC110 - neither spool nor sender tells of it
        await asyncio.sleep(0)


class Bench:
    """A sender whose client answers as it is told, with time that passes while it sleeps.

    Args:
        outcomes: What becomes of each attempt; after them every request is taken.
        draw: What chance draws.
        config: How long to wait.
    """

    def __init__(
        self,
        outcomes: Iterable[Outcome] = (),
        *,
        draw: float = 1.0,
        config: RemoteWriteConfig = CONFIG,
    ) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []
        self.posted: list[bytes] = []
        self.held: asyncio.Event | None = None
        self.spool = Spool(None, 2**20, 2**20)
        self._outcomes = iter(outcomes)
        self.sender = Sender(
            self.spool,
            self,
            config,
            clock=lambda: NOW + self.elapsed,
            monotonic=lambda: self.elapsed,
            sleep=self.sleep,
            draw=lambda: draw,
        )

    async def post(self, body: bytes) -> Outcome:
        self.posted.append(body)
        if self.held is not None:
            await self.held.wait()
        return next(self._outcomes, TAKEN)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds

    async def put(self, *bodies: bytes, samples: int = 1) -> None:
        for body in bodies:
            await self.spool.put(Request(body, samples))

    async def until_empty(self) -> None:
        """Wait until nothing is left to be sent."""
        await until(lambda: not self.spool.waiting)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.sender.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def drain(self) -> None:
        """Send everything."""
        async with self.running():
            await self.until_empty()


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


# The end ------------------------------------------------------------------------------------------


async def test_at_the_end_what_waits_is_sent() -> None:
    bench = Bench()
    async with bench.running() as task:
        await bench.put(b"one", b"two")
        await bench.sender.finish(30)
        await task

    assert bench.posted == [b"one", b"two"]
    assert bench.spool.waiting == 0


async def test_the_end_does_not_wait_when_there_is_nothing_to_send() -> None:
    bench = Bench()
    async with bench.running() as task:
        await asyncio.sleep(0)
        with capture_logs() as logs:
            await bench.sender.finish(30)
        await task

    assert not logs


async def test_the_end_of_a_sender_that_never_ran() -> None:
    bench = Bench()
    await bench.put(b"one")
    await bench.sender.finish(30)

    assert bench.posted == [b"one"]


async def test_the_request_under_way_is_waited_for_and_not_sent_twice() -> None:
    bench = Bench()
    bench.held = asyncio.Event()
    async with bench.running() as task:
        await bench.put(b"one", b"two")
        await until(lambda: bench.posted)
        finish = asyncio.create_task(bench.sender.finish(30))
        await asyncio.sleep(0)
        bench.held.set()
        await finish
        await task

    assert bench.posted == [b"one", b"two"]


async def test_a_wait_ends_with_one_more_attempt() -> None:
    bench = Bench([DOWN])
    asleep = asyncio.Event()

    async def sleep(_: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    bench.sender = Sender(bench.spool, bench, CONFIG, monotonic=lambda: 0.0, sleep=sleep)
    async with bench.running() as task:
        await bench.put(b"one")
        await asleep.wait()
        await bench.sender.finish(30)
        await task

    assert bench.posted == [b"one", b"one"]
    assert bench.spool.waiting == 0


async def test_at_the_end_it_is_tried_again_while_there_is_time_and_the_rest_stays() -> None:
    bench = Bench([DOWN] * 9)
    await bench.put(b"one", b"two")
    with capture_logs() as logs:
        await bench.sender.finish(5)

    assert bench.slept == [1, 2]
    assert bench.posted == [b"one"] * 3
    assert (await bench.spool.first()).body == b"one"
    assert (logs[-1]["event"], logs[-1]["requests"]) == ("remote_write.left", 2)


async def test_the_end_comes_though_the_receiver_hangs() -> None:
    async with receiving(hangs) as receiver:
        client, spool = Client(receiver.config()), Spool(None, 2**20, 2**20)
        sender = Sender(spool, client, CONFIG)
        await spool.put(Request(b"one", 1))
        task = asyncio.create_task(sender.run())
        await until(lambda: receiver.requests)
        with capture_logs() as logs:
            await sender.finish(0)

        await task
        await client.close()

    assert spool.waiting == 1
    assert [line["event"] for line in logs] == ["remote_write.left"]


async def test_a_sender_that_is_cancelled_leaves_nothing_under_way() -> None:
    bench = Bench()
    bench.held = asyncio.Event()
    await bench.put(b"one")
    async with bench.running():
        await until(lambda: bench.posted)

    assert len(asyncio.all_tasks()) == 1
    assert bench.spool.waiting == 1


async def test_a_bug_is_not_swallowed() -> None:
    bench = Bench()

    async def post(_: bytes) -> Outcome:
        raise ZeroDivisionError

    bench.post = post  # type: ignore[assignment, method-assign]
    await bench.put(b"one")
    with pytest.raises(ZeroDivisionError):
        await bench.sender.run()


# Over the network ---------------------------------------------------------------------------------


async def test_every_request_arrives_once_and_in_order_over_a_bad_network() -> None:
    replies = (
        *(breaks_off, answers(503), answers(204), answers(429, Retry_After="0"), answers(500)),
        *(answers(204), answers(400, "too old"), breaks_off, breaks_off),
    )
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with receiving(*replies) as receiver:
        client = Client(receiver.config())
        spool = Spool(None, 2**20, 2**20)
        sender = Sender(spool, client, CONFIG, sleep=sleep, draw=lambda: 1.0)
        for body in (b"one", b"two", b"three", b"four"):
            await spool.put(Request(body, 10))
        task = asyncio.create_task(sender.run())
        await until(lambda: not spool.waiting)
        await sender.finish(1)
        await task
        await client.close()

    bodies = [request.body for request in receiver.requests]
    assert bodies == [b"one"] * 3 + [b"two"] * 3 + [b"three"] + [b"four"] * 3
    assert slept == [1, 2, 1, 2, 1]
    assert sender.refused_samples == {400: 10}
    assert (sender.sent_requests, sender.sent_samples) == (3, 30)
    assert {reason: count for reason, count in sender.failures.items() if count} == {
        Failure.CONNECTION: 2,
        Failure.SERVER_ERROR: 2,
        Failure.THROTTLED: 1,
    }
