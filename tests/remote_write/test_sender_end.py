"""How a sender ends, and what becomes of it in a bad network."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.remote_write.client import Client, Failure, Outcome
from heroku_syslogd.remote_write.sender import Sender
from heroku_syslogd.remote_write.spool import Request, Spool
from tests.remote_write.receiver import answers, breaks_off, hangs, receiving
from tests.remote_write.sending import CONFIG, DOWN, Bench, until


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
