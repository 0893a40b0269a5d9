"""The one queue between the listeners and the workers: a lane per sender, bounded in all.

Theory of operation. Each connection has a lane, and so has each listener for datagrams. Batches of
a lane keep their order; the lanes that hold any take turns. So whoever floods waits for himself:
the next batch of anybody else is taken after one turn of each lane that waits.

A lane may hold an eighth of the room that is left for all, and at most its share. Whoever has that
is not read from until half of it has been taken. While the queue is crowded all the same, because
very many flood, a lane is not read from as long as any of it waits. So some room is left for those
of whom nothing waits. Only while the queue is full nobody is read from; when it no longer is, it is
their turn first.

What has been read cannot be given back, so a bound is exceeded by the read that crosses it. What a
lane holds beyond its share is in the books, but it takes no room from others. Whoever can bring in
very much more than a share at once asks `Lane.fits` before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple, Protocol

from heroku_syslogd.wire import Dialect

SHARE: Final = 1 / 4
"""Part of the queue that is one lane's share."""

_OF_ROOM: Final = 8
"""A lane may hold one part in so many of the room that is left: twenty that flood hold 20 / 28 of
the queue, which is not crowded then."""

_CROWDED: Final = 3 / 4
"""Part of the queue at which it is crowded, and at which it is full no more."""

TURN_MESSAGES: Final = 1000
"""Messages that a lane may have taken before it is the next one's turn; the last batch exceeds it.
So whoever sends small batches, as datagrams are, has as much done as who sends large ones."""
TURN_BYTES: Final = 262_144
"""The same in bytes: of long messages each may take some milliseconds."""


class Origin(NamedTuple):
    """Where a batch came from.

    Attributes:
        listener: Name of the listener.
        peer: Address of the sender without its port; empty where a batch has several senders.
        dialect: Header form that the listener carries.
        drain: Drain token that the transport gave for all of it (``Logplex-Drain-Token``); empty
            where each message names its drain as HOSTNAME.
        app: Application of the credential that it was sent with; empty without.
    """

    listener: str
    peer: str
    dialect: Dialect
    drain: bytes = b""
    app: str = ""


class Batch(NamedTuple):
    """The messages of one read, or a part of them.

    Attributes:
        frames: One message each, without framing.
        origin: Where they came from.
        received_at: When, seconds since the epoch.
        size: Their bytes in all.
    """

    frames: list[bytes]
    origin: Origin
    received_at: float
    size: int


class Producer(Protocol):
    """Who fills a lane, and can be asked to stop reading for a while."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read again, but put nothing before this returns."""


class QueueClosed(Exception):  # noqa: N818 - it is the end of the work, not an error
    """Raised by `BoundedQueue.get` when the queue is closed and empty."""


class Amount(NamedTuple):
    """How much there is of messages.

    Attributes:
        messages: Their number.
        bytes: Their bytes in all.
    """

    messages: int
    bytes: int


class Lane:
    """The batches of one sender; made by `BoundedQueue.lane`.

    Attributes:
        messages: Messages that wait in it.
        bytes: Bytes of them.
        paused: Whether its producer is to stop reading.
    """

    def __init__(self, queue: BoundedQueue, producer: Producer | None, share: float) -> None:
        self.messages = 0
        self.bytes = 0
        self.paused = False
        self._batches: deque[Batch] = deque()
        self._had_enough = False  # and half of that has not been taken yet
        self._producer = producer
        self._queue = queue
        self._share = share
        self._turn_messages = 0  # taken in the present turn
        self._turn_bytes = 0

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def weight(self) -> Amount:
        """The room that it takes: what it holds, up to its share."""
        share = self._most()
        return Amount(min(self.messages, share.messages), min(self.bytes, share.bytes))

    def put(self, batch: Batch) -> None:
        """Add a batch, and pause whom a bound holds back now."""
        was_empty = not self._batches
        self._batches.append(batch)
        self._queue.note(self, len(batch.frames), batch.size)
        if was_empty:
            self._queue.line_up(self)

    def offer(self, batch: Batch) -> bool:
        """Add a batch if there is room for it; False if there is none."""
        share = self._most()
        has_share = self.messages >= share.messages or self.bytes >= share.bytes
        if self._queue.full or (has_share and self._batches):
            return False
        self.put(batch)
        return True

    def fits(self, messages: int, size: int) -> bool:
        """Tell whether so much may come at once: if not, others have brought in too much already.

        What is within a share always may.
        """
        share = self._most()
        is_large = messages > share.messages or size > share.bytes
        return not is_large or not self._queue.overflows

    def take(self) -> Batch:
        """Take the oldest batch, when the queue says that it is its turn."""
        batch = self._batches.popleft()
        self._turn_messages += len(batch.frames)
        self._turn_bytes += batch.size
        self._queue.note(self, -len(batch.frames), -batch.size)
        return batch

    def ends_turn(self) -> bool:
        """Tell whether it is the next one's turn, and if so count anew."""
        is_over = self._turn_messages >= TURN_MESSAGES or self._turn_bytes >= TURN_BYTES
        if is_over or not self._batches:
            self._turn_messages = self._turn_bytes = 0
            return True
        return False

    def review(self) -> None:
        """Pause or resume the producer, as the bounds ask for."""
        self._had_enough = bool(self._batches) and self._has_enough()
        is_waiting = bool(self._batches) and self._queue.crowded
        is_held_back = self._had_enough or is_waiting or self._queue.full
        if is_held_back == self.paused:
            return
        self.paused = is_held_back
        if self._producer is not None:
            (self._producer.pause if is_held_back else self._producer.resume)()

    def leave(self) -> None:
        """Give it up. What waits in it is taken none the less."""
        self._producer = None
        self._queue.forget(self)

    def _has_enough(self) -> bool:
        """Tell whether it holds all that it may, or still more than half of that."""
        share, room = self._most(), self._queue.room
        messages, size = (
            min(share.messages, room.messages // _OF_ROOM),
            min(share.bytes, room.bytes // _OF_ROOM),
        )
        if self._had_enough:
            return self.messages > messages // 2 or self.bytes > size // 2
        return self.messages >= messages or self.bytes >= size

    def _most(self) -> Amount:
        """Return its share."""
        messages, size = self._queue.max_messages, self._queue.max_bytes
        return Amount(max(int(messages * self._share), 1), max(int(size * self._share), 1))


class BoundedQueue:
    """A queue of batches that pushes back.

    Args:
        max_messages: Messages at which it is full.
        max_bytes: Bytes of messages at which it is full.

    Attributes:
        messages: Messages that wait in it.
        bytes: Bytes of them.
        full: Whether nobody is read from.
        taken: Batches taken since the start; standing still while the queue is not empty is a
            fault.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self.max_messages = max_messages
        self.max_bytes = max_bytes
        self.messages = 0
        self.bytes = 0
        self.full = False
        self.taken = 0
        self._weight_messages = 0  # of all lanes
        self._weight_bytes = 0
        self._lanes: dict[Lane, None] = {}  # in the order in which they came
        self._ring: deque[Lane] = deque()  # those that hold any; the first has its turn
        self._has_work = asyncio.Event()  # or is closed
        self._is_closed = False
        self._common = self.lane(share=1.0)

    def __len__(self) -> int:
        return sum(map(len, self._ring))

    @property
    def room(self) -> Amount:
        """What may still come before it is full."""
        messages = self.max_messages - self._weight_messages
        return Amount(max(messages, 0), max(self.max_bytes - self._weight_bytes, 0))

    @property
    def crowded(self) -> bool:
        """Whether there is so little room that reads are to be small."""
        return self._holds(_CROWDED)

    @property
    def overflows(self) -> bool:
        """Whether lanes hold, beyond their shares, as much as the whole queue may."""
        return (
            self.messages - self._weight_messages >= self.max_messages
            or self.bytes - self._weight_bytes >= self.max_bytes
        )

    def lane(self, producer: Producer | None = None, share: float = SHARE) -> Lane:
        """Open a lane; it may be paused from the start.

        Args:
            producer: Who is paused and resumed; without one, use `Lane.offer`.
            share: Part of the queue that it may fill, at least one message.
        """
        lane = Lane(self, producer, share)
        self._lanes[lane] = None
        lane.review()
        return lane

    def put(self, batch: Batch) -> None:
        """Add a batch of nobody in particular."""
        self._common.put(batch)

    async def get(self) -> Batch:
        """Wait for a batch and take it; the loop turns only if there is none.

        Raises:
            QueueClosed: The queue is closed and empty.
        """
        while not self._ring:
            if self._is_closed:
                raise QueueClosed
            self._has_work.clear()
            await self._has_work.wait()
        self.taken += 1
        return self._take()

    def close(self) -> None:
        """End the queue: what is in it can still be taken."""
        self._is_closed = True
        self._has_work.set()

    def abandon(self) -> list[Batch]:
        """Empty the queue and return what was in it."""
        return [self._take() for _ in range(len(self))]

    # What lanes tell ------------------------------------------------------------------------------

    def line_up(self, lane: Lane) -> None:
        """Let a lane that was empty take turns."""
        self._ring.append(lane)
        self._has_work.set()

    def note(self, lane: Lane, messages: int, size: int) -> None:
        """Account for a batch that came to a lane, or, below zero, was taken."""
        before = lane.weight
        lane.messages += messages
        lane.bytes += size
        after = lane.weight
        self.messages += messages
        self.bytes += size
        self._weight_messages += after.messages - before.messages
        self._weight_bytes += after.bytes - before.bytes
        was_full = self.full
        self.full = self._holds(_CROWDED if was_full else 1)
        lane.review()
        if self.full != was_full:
            for one in tuple(self._lanes):
                # The others are held back until a batch of theirs is taken: if all were let loose
                # at once it would be full again before anybody else is read from.
                if self.full or not len(one):
                    one.review()

    def forget(self, lane: Lane) -> None:
        """Pause and resume a lane no longer."""
        self._lanes.pop(lane, None)

    def _take(self) -> Batch:
        """Take a batch of the lane whose turn it is."""
        lane = self._ring[0]
        batch = lane.take()
        if lane.ends_turn():
            self._ring.popleft()
            if len(lane):
                self._ring.append(lane)
        return batch

    def _holds(self, part: float) -> bool:
        """Tell whether so much of its room is taken."""
        return (
            self._weight_messages >= self.max_messages * part
            or self._weight_bytes >= self.max_bytes * part
        )
