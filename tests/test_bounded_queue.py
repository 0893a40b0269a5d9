"""The queue: lanes and their turns, bounds, back-pressure, close."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from heroku_syslogd.bounded_queue import (
    TURN_BYTES,
    TURN_MESSAGES,
    Batch,
    BoundedQueue,
    Lane,
    Origin,
    QueueClosed,
)
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


class Member:
    """A lane with its producer."""

    def __init__(self, queue: BoundedQueue) -> None:
        self.producer = FakeProducer()
        self.lane = queue.lane(self.producer)

    @property
    def calls(self) -> list[str]:
        return self.producer.calls


# Turns --------------------------------------------------------------------------------------------


async def test_the_order_is_kept() -> None:
    queue = BoundedQueue(10, 100)
    for size in (1, 2, 3):
        queue.put(batch(size=size))

    assert [(await queue.get()).size for _ in range(3)] == [1, 2, 3]
    assert queue.taken == 3
    assert len(queue) == 0


async def test_lanes_take_turns() -> None:
    queue = BoundedQueue(10**6, 10**9)
    one, two, three = (queue.lane() for _ in range(3))
    for lane, sizes in ((one, (1, 2, 3)), (two, (4,)), (three, (5, 6))):
        for size in sizes:
            lane.put(batch(TURN_MESSAGES, size))

    assert [(await queue.get()).size for _ in range(6)] == [1, 4, 5, 2, 6, 3]


@pytest.mark.parametrize(
    ("messages", "size"), [(TURN_MESSAGES // 4, 1), (1, TURN_BYTES // 4)], ids=["many", "long"]
)
async def test_small_batches_share_a_turn(messages: int, size: int) -> None:
    queue = BoundedQueue(10**6, 10**9)
    small, large = queue.lane(), queue.lane()
    for _ in range(6):
        small.put(batch(messages, size))
        large.put(batch(2 * TURN_MESSAGES, 2 * TURN_BYTES))

    taken = [len((await queue.get()).frames) for _ in range(8)]
    assert taken == [messages] * 4 + [2 * TURN_MESSAGES] + [messages] * 2 + [2 * TURN_MESSAGES]


async def test_who_comes_last_waits_for_one_turn_of_each_other() -> None:
    queue = BoundedQueue(10**9, 10**12)
    flooding = [queue.lane() for _ in range(20)]
    for lane in flooding * 50:
        lane.put(batch(TURN_MESSAGES))
    await queue.get()
    queue.lane().put(batch(7))

    taken = [len((await queue.get()).frames) for _ in range(len(flooding) + 1)]
    assert taken.index(7) <= len(flooding)


async def test_a_lane_that_was_given_up_is_emptied_like_any_other() -> None:
    queue = BoundedQueue(10, 1000)
    member = Member(queue)
    member.lane.put(batch(4))
    paused = list(member.calls)
    member.lane.leave()

    assert len((await queue.get()).frames) == 4
    assert (queue.messages, queue.bytes) == (0, 0)
    assert member.calls == paused


# Bounds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("messages", "size"), [(25, 10), (1, 250)])
async def test_whoever_has_much_is_paused_alone_and_resumed_when_most_of_it_is_taken(
    messages: int, size: int
) -> None:
    queue = BoundedQueue(max_messages=400, max_bytes=4000)
    flooding, other = Member(queue), Member(queue)
    for _ in range(5):  # the fifth was read before the pause took effect: it is not lost
        flooding.lane.put(batch(messages, size))
    assert flooding.calls == ["pause"]
    assert queue.messages == 5 * messages
    assert queue.bytes == 5 * size

    for _ in range(4):
        await queue.get()
    assert flooding.calls == ["pause"]
    await queue.get()
    assert flooding.calls == ["pause", "resume"]
    assert other.calls == []
    assert not queue.full


async def test_what_a_lane_holds_beyond_its_share_takes_no_room_from_others() -> None:
    queue = BoundedQueue(100, 1000)
    Member(queue).lane.put(batch(10_000, 10**6))
    other = Member(queue)

    assert not queue.full
    assert other.calls == []
    assert queue.messages == 10_000


async def test_many_that_flood_leave_room_for_one_that_does_not() -> None:
    queue = BoundedQueue(10_000, 10**9)
    flooding = [Member(queue) for _ in range(50)]
    for _ in range(500):
        for member in flooding:
            while not member.lane.paused:
                member.lane.put(batch(10))
        victim = Member(queue)
        assert not victim.lane.paused
        assert not queue.full
        await queue.get()


async def test_nobody_is_read_from_while_the_queue_is_full() -> None:
    queue = BoundedQueue(100, 10_000)
    members = [Member(queue) for _ in range(8)]
    for member in members[:4]:
        member.lane.put(batch(25))
    assert Member(queue).calls == ["pause"]
    assert [member.calls for member in members] == [["pause"]] * 8

    await queue.get()
    await queue.get()
    assert not queue.full
    resumed = [member.calls[-1] == "resume" for member in members]
    # Of whom nothing waits may go on; of whom anything does, only after the next batch.
    assert resumed == [True, True, False, False, True, True, True, True]
    await queue.get()
    assert members[2].calls == ["pause", "resume"]


async def test_an_offer_is_refused_to_a_full_lane_and_a_full_queue() -> None:
    queue = BoundedQueue(8, 1000)
    lane = queue.lane(share=1 / 2)
    assert lane.offer(batch(3))
    assert lane.offer(batch(1))
    assert not lane.offer(batch(1))
    await queue.get()
    assert lane.offer(batch(1))

    queue.put(batch(8))
    assert queue.full
    assert not queue.lane().offer(batch(1))


async def test_only_so_much_may_be_brought_in_beyond_the_shares() -> None:
    queue = BoundedQueue(100, 10_000)
    one, other = queue.lane(), queue.lane()
    assert one.fits(1000, 10)
    one.put(batch(1000, 10))

    assert queue.overflows
    assert other.fits(25, 2500)
    assert not other.fits(26, 10)
    assert not other.fits(1, 2501)
    await queue.get()
    assert other.fits(26, 10)


# Close --------------------------------------------------------------------------------------------


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


async def test_one_that_is_cancelled_while_it_waits_takes_nothing_with_it() -> None:
    queue = BoundedQueue(10, 100)
    one, other = (asyncio.create_task(queue.get()) for _ in range(2))
    await asyncio.sleep(0)
    queue.put(batch(7))
    one.cancel()

    assert len((await other).frames) == 7


async def test_taking_does_not_let_the_loop_turn_while_there_is_something() -> None:
    queue = BoundedQueue(100, 1000)
    turned: list[bool] = []
    for _ in range(3):
        queue.put(batch())
    asyncio.get_running_loop().call_soon(turned.append, True)
    for _ in range(3):
        await queue.get()

    assert not turned


async def test_abandoning_returns_what_was_left() -> None:
    queue = BoundedQueue(10, 100)
    queue.put(batch(2))
    queue.lane().put(batch(3))
    queue.close()

    assert [len(b.frames) for b in queue.abandon()] == [2, 3]
    assert (queue.messages, queue.bytes) == (0, 0)
    with pytest.raises(QueueClosed):
        await queue.get()


# Whatever happens ---------------------------------------------------------------------------------

_MOST_MESSAGES: Final = 2000
_MOST_BYTES: Final = 20_000
sizes = st.sampled_from([1, 10, 100, 700, 1500, 5000])


class Lanes(RuleBasedStateMachine):
    """Senders that come, put, are paused, and leave, beside one list of batches for each."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = BoundedQueue(_MOST_MESSAGES, _MOST_BYTES)
        self.members: list[Member] = []
        self.held: dict[Lane, deque[int]] = {}  # numbers of batches, in their order
        self.ahead: dict[Lane, dict[Lane, int]] = {}  # batches since the lane's head was put there
        self.number = 0

    @rule()
    def come(self) -> None:
        self.members.append(Member(self.queue))

    @precondition(lambda self: self.members)
    @rule(data=st.data(), messages=sizes, size=sizes)
    def put(self, data: st.DataObject, messages: int, size: int) -> None:
        member = data.draw(st.sampled_from(self.members))
        if member.lane.paused:
            return
        self.number += 1
        held = self.held.setdefault(member.lane, deque())
        if not held:
            self.ahead[member.lane] = {}
        held.append(self.number)
        origin = ORIGIN._replace(peer=str(self.number))
        member.lane.put(Batch([b"x"] * messages, origin, 0.0, size))

    @precondition(lambda self: len(self.queue) > 0)
    @rule(times=st.integers(1, 20))
    def take(self, times: int) -> None:
        for _ in range(min(times, len(self.queue))):
            taken = asyncio.run(self.queue.get())
            number = int(taken.origin.peer)
            lane = next(lane for lane, held in self.held.items() if number in held)
            assert self.held[lane].popleft() == number  # in its order
            self._check_turns(lane, taken)

    def _check_turns(self, lane: Lane, taken: Batch) -> None:
        """Nobody else had more than one turn while a lane waited, and what remained of another."""
        self.ahead[lane] = {}
        for other, held in self.held.items():
            if other is not lane and held:
                ahead = self.ahead[other]
                ahead[lane] = ahead.get(lane, 0) + len(taken.frames)
                assert ahead[lane] - len(taken.frames) < 2 * TURN_MESSAGES

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        member = data.draw(st.sampled_from(self.members))
        self.members.remove(member)
        member.lane.leave()

    @rule()
    def abandon(self) -> None:
        numbers = {int(b.origin.peer) for b in self.queue.abandon()}
        assert numbers == {number for held in self.held.values() for number in held}
        self.held.clear()

    @invariant()
    def the_books_balance(self) -> None:
        assert len(self.queue) == sum(map(len, self.held.values()))
        lanes = [*self.held, *(member.lane for member in self.members)]
        assert self.queue.messages == sum(lane.messages for lane in dict.fromkeys(lanes))
        assert self.queue.bytes == sum(lane.bytes for lane in dict.fromkeys(lanes))

    @invariant()
    def the_bounds_hold(self) -> None:
        """Beyond a bound goes what was read when it was crossed: one batch of each."""
        room = self.queue.room
        assert room.messages > 0 or self.queue.full
        assert room.bytes > 0 or self.queue.full
        most = _MOST_MESSAGES // 4
        assert all(lane.messages < most + 5000 for lane in self.held)

    @invariant()
    def whoever_has_nothing_in_it_is_paused_by_a_full_queue_alone(self) -> None:
        for member in self.members:
            if not len(member.lane):
                assert member.lane.paused == self.queue.full

    @invariant()
    def producers_are_told_what_the_lanes_say(self) -> None:
        for member in self.members:
            turns = ["pause", "resume"] * len(member.calls)
            assert member.calls == turns[: len(member.calls)]
            assert member.lane.paused == (len(member.calls) % 2 == 1)

    def teardown(self) -> None:
        """Whoever is paused is read from again once what waits has been taken."""
        while len(self.queue):
            self.take(1)
        assert not any(member.lane.paused for member in self.members)
        assert self.queue.room == (_MOST_MESSAGES, _MOST_BYTES)


Lanes.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLanes = Lanes.TestCase
