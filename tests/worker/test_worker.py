"""The worker: every message applied or lost with a reason, and the loop turns meanwhile."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.heroku import Kind
from heroku_syslogd.telemetry import LostReason
from heroku_syslogd.wire import Dialect
from heroku_syslogd.worker import YIELD_AFTER, YIELD_AFTER_BYTES, Observer
from tests.pipeline_bench import LOAD, TIME, TOKEN, Bench, batch, line

pieces = st.sampled_from(
    [b"<134>1", b"<13>", TIME, TOKEN, b"heroku", b"app", b"web.1", b"-", b"- -"]
)
frames = st.one_of(
    st.binary(max_size=100),
    st.lists(pieces, max_size=9).map(b" ".join),
    st.binary(max_size=60).map(lambda msg: line(b"heroku", b"web.1", msg)),
    st.binary(max_size=60).map(lambda msg: line(b"heroku", b"web.1", LOAD % msg)),
)


@settings(max_examples=300)
@given(st.lists(frames, max_size=20), st.sampled_from(Dialect))
def test_any_messages_are_applied_or_lost(messages: list[bytes], dialect: Dialect) -> None:
    bench = Bench(max_series=60, max_apps=3)
    bench.apply(*messages, dialect=dialect)
    bench.check_books()


@settings(max_examples=100)
@given(st.lists(frames, max_size=20))
def test_what_a_message_means_does_not_depend_on_whether_its_stream_is_known(
    messages: list[bytes],
) -> None:
    cold, warm = Bench(), Bench()
    for message in messages:
        cold.worker.forget_streams()
        cold.apply(message)
        warm.apply(message)

    assert cold.messages == warm.messages
    assert cold.loads == warm.loads
    assert cold.lost == warm.lost


async def test_workers_empty_a_closed_queue_and_end(bench: Bench) -> None:
    queue = BoundedQueue(10_000, 10_000_000)
    for _ in range(50):
        queue.put(batch(*[line(b"app", b"web.1", b"x")] * 100))
    bench.counters.received_messages += 5000
    tasks = [asyncio.create_task(bench.worker.run(queue)) for _ in range(3)]
    queue.close()
    await asyncio.gather(*tasks)

    assert bench.telemetry.applied_messages == 5000
    bench.check_books()


async def test_a_worker_lets_the_loop_turn_while_the_queue_is_full(bench: Bench) -> None:
    queue = BoundedQueue(1_000_000, 100_000_000)
    for _ in range(100):
        queue.put(batch(*[line(b"app", b"web.1", b"x")] * 100))
    queue.close()
    worker = asyncio.create_task(bench.worker.run(queue))
    turns = 0
    while not worker.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns >= 10


async def test_several_workers_do_together_what_one_does_before_the_loop_turns(
    bench: Bench,
) -> None:
    queue = BoundedQueue(1_000_000, 100_000_000)
    for _ in range(100):
        queue.put(batch(*[line(b"app", b"web.1", b"x")] * 100))
    queue.close()
    workers = [asyncio.create_task(bench.worker.run(queue)) for _ in range(4)]
    applied = [0]
    while not all(worker.done() for worker in workers):
        await asyncio.sleep(0)
        applied.append(bench.telemetry.applied_messages)

    assert max(after - before for before, after in pairwise(applied)) <= YIELD_AFTER
    assert applied[-1] == 10_000


async def test_a_bug_while_applying_is_counted_and_not_hidden(bench: Bench) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    bench.worker.observe(Observer(frozenset(Kind), broken))
    queue = BoundedQueue(100, 100_000)
    queue.put(batch(line(b"heroku", b"web.1", b"Idling")))

    with pytest.raises(RuntimeError, match="a bug"):
        await bench.worker.run(queue)
    assert bench.counters.lost_messages[LostReason.INTERNAL] == 1


def test_a_new_process_type_leaves_the_streams_of_the_others_known(bench: Bench) -> None:
    bench.apply(line(b"app", b"web.1", b"x"), line(b"heroku", b"web.1", b"Idling"))
    bench.apply(line(b"heroku", b"worker.1", b"Idling"))

    (streams,) = bench.worker._streams.values()
    assert len(streams) == 3


def test_streams_that_a_batch_made_forgotten_are_known_to_the_rest_of_it(bench: Bench) -> None:
    output = line(b"app", b"web.1", b"x")
    bench.apply(output, line(b"heroku", b"postgres.1", b"Idling"), output, output)

    (streams,) = bench.worker._streams.values()
    assert len(streams) == 2
    assert bench.messages["shop", "app", "web"] == 3
    bench.check_books()


async def test_the_event_loop_turns_between_long_messages() -> None:
    bench, queue, turns = Bench(), BoundedQueue(1000, 10**9), 0
    long = b"<190>1 2022-01-26T20:25:08+00:00 h app web.1 - - " + b"x" * YIELD_AFTER_BYTES
    for _ in range(10):
        queue.put(batch(long))
    queue.close()
    working = asyncio.create_task(bench.worker.run(queue))

    while not working.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns >= 10
