"""The queue: bounds, back-pressure, close."""

import asyncio

import pytest

from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin, QueueClosed
from heroku_syslogd.wire import Dialect

ORIGIN = Origin("tcp", "192.0.2.1", Dialect.RFC5424)


def batch(messages: int = 1, size: int = 10) -> Batch:
    return Batch([b"x"] * messages, ORIGIN, 0.0, size)


class FakeProducer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")


@pytest.mark.parametrize(("messages", "size"), [(5, 10), (1, 50)])
async def test_producers_are_paused_at_a_limit_and_resumed_at_half(
    messages: int, size: int
) -> None:
    queue = BoundedQueue(max_messages=10, max_bytes=100)
    producers = [FakeProducer(), FakeProducer()]
    for producer in producers:
        queue.register(producer)

    queue.put(batch(messages, size))
    assert producers[0].calls == []
    queue.put(batch(messages, size))
    queue.put(batch(messages, size))  # read before the pause took effect: never lost
    assert queue.paused
    assert queue.messages == 3 * messages
    assert queue.bytes == 3 * size

    await queue.get()
    assert producers[0].calls == ["pause"]
    await queue.get()
    assert [producer.calls for producer in producers] == [["pause", "resume"]] * 2


async def test_a_producer_that_comes_while_the_queue_is_full_is_paused() -> None:
    queue = BoundedQueue(1, 100)
    queue.put(batch())
    producer = FakeProducer()
    queue.register(producer)

    assert producer.calls == ["pause"]


async def test_an_offer_is_refused_only_when_the_queue_is_full() -> None:
    queue = BoundedQueue(2, 100)

    assert queue.offer(batch())
    assert queue.offer(batch())
    assert not queue.offer(batch())
    assert queue.messages == 2
    await queue.get()
    assert queue.offer(batch())


async def test_a_closed_queue_gives_what_it_holds_and_then_ends_for_everyone() -> None:
    queue = BoundedQueue(10, 100)
    waiting = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.put(batch(7))
    queue.close()
    queue.close()

    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert len([r for r in results if isinstance(r, Batch)]) == 1
    assert len([r for r in results if isinstance(r, QueueClosed)]) == 2


async def test_abandoning_returns_what_was_left() -> None:
    queue = BoundedQueue(10, 100)
    queue.put(batch(2))
    queue.put(batch(3))
    queue.close()

    assert [len(b.frames) for b in queue.abandon()] == [2, 3]
    assert (queue.messages, queue.bytes) == (0, 0)
    with pytest.raises(QueueClosed):
        await queue.get()


async def test_the_order_is_kept() -> None:
    queue = BoundedQueue(10, 100)
    for size in (1, 2, 3):
        queue.put(batch(size=size))

    assert [(await queue.get()).size for _ in range(3)] == [1, 2, 3]
    assert queue.taken == 3
    assert len(queue) == 0
