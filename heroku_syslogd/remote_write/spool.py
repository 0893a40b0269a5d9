"""The queue of requests that wait to be sent: bounded, in order, and if wanted on the disk.

With a directory a request is on the disk before `Spool.put` returns, and leaves it with
`Spool.done`: what waits when the process is killed is taken over by the next one, and a request
that was sent right before is sent twice rather than never. In memory is the head of the queue; what
is behind is read when its turn comes. Without a directory all of it is in memory.

The disk is used by one thread, so its work keeps the order in which it was asked for, and the event
loop never waits for it. While the disk refuses to be written to, requests are queued in memory as
far as there is room: as long as they can be sent, a full disk loses none.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar, TypeVarTuple

from heroku_syslogd.remote_write.request_files import RequestFiles, StoredRequest

_Result = TypeVar("_Result")
_Args = TypeVarTuple("_Args")


class DropReason(StrEnum):
    """Why a request will not be sent."""

    QUEUE_FULL = "queue_full"
    """There was no room for it, or younger ones needed its room."""
    DISK_ERROR = "disk_error"
    """It could not be written, and there was no room in memory; or it could not be read."""
    CORRUPT = "corrupt"
    """Its file does not hold what was written."""


class Request(NamedTuple):
    """A WriteRequest as it is sent.

    Attributes:
        body: The snappy-compressed message.
        samples: Samples that it holds.
    """

    body: bytes
    samples: int


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request in the queue.

    Attributes:
        number: Its place in the order, over restarts too.
        samples: Samples that it holds.
        size: Bytes of its body.
        body: Its body, None if it is on the disk only.
        stored: Its file, None if there is none; assigned by the thread.
    """

    number: int
    samples: int
    size: int
    body: bytes | None = None
    stored: StoredRequest | None = None


class Spool:
    """A queue of requests, for any number of tasks that put and one that takes.

    The bounds are for bodies and hold at any time. The first request is never dropped to make room
    once `first` has returned it. A request that is larger than a bound is dropped at once.

    Args:
        directory: Where requests are kept; None for memory alone.
        max_memory_bytes: Most bytes in memory.
        max_disk_bytes: Most bytes on the disk, which with a directory bounds the queue.

    Attributes:
        waiting: Requests in the queue.
        waiting_bytes: Bytes of their bodies.
        waiting_samples: Samples that they hold.
        memory_bytes: Bytes of those bodies that are in memory.
        dropped: Samples of requests that will not be sent, by reason.
        problem: What the disk refused last, to be logged now and then; None once it has taken a
            request again.
    """

    def __init__(self, directory: Path | None, max_memory_bytes: int, max_disk_bytes: int) -> None:
        self._files = RequestFiles(directory, max_disk_bytes) if directory else None
        self._thread = ThreadPoolExecutor(1, "spool")  # starts with the first use
        self._max_memory_bytes = max_memory_bytes
        self._max_bytes = max_disk_bytes if directory else max_memory_bytes
        self._max_request_bytes = min(max_memory_bytes, self._max_bytes)
        # Those with a body come first, so a body that is read has all the memory for itself.
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._next_number = 0
        self._first_is_taken = self._closed = False
        self.waiting = self.waiting_bytes = self.waiting_samples = 0
        self.memory_bytes = 0
        self.dropped = dict.fromkeys(DropReason, 0)
        # Assigned by the thread.
        self.problem: str | None = None

    async def open(self) -> int:
        """Take over what an earlier process left, in its order; return how many requests.

        What is over a bound, because it was lowered, is dropped, the oldest first.

        Raises:
            StartupError: The directory cannot be used, or another process uses it.
        """
        if self._files is None:
            return 0
        found = await asyncio.shield(self._submit(self._files.open))
        refused = []
        for stored in found:
            waiting = _Waiting(stored.number, stored.samples, stored.size, stored=stored)
            self._next_number = stored.number + 1
            if stored.size > self._max_request_bytes:
                self._count(waiting, DropReason.QUEUE_FULL)
                refused.append(waiting)
            else:
                refused += self._make_room(stored.size)
                self._append(waiting)
        await asyncio.shield(self._submit(self._remove, refused))
        return self.waiting

    async def put(self, request: Request) -> int:
        """Queue a request; return how many samples of older ones were dropped to make room.

        When it is cancelled the request is queued all the same. One that is itself dropped is in
        `dropped`, as are the older ones.
        """
        size = len(request.body)
        waiting = _Waiting(self._next_number, request.samples, size)
        self._next_number += 1
        if not self._can_make_room(size):
            self._count(waiting, DropReason.QUEUE_FULL)
            return 0
        displaced = self._make_room(size)
        all_in_memory = not self._queue or self._queue[-1].body is not None
        if all_in_memory and self.memory_bytes + size <= self._max_memory_bytes:
            waiting.body = request.body
            self.memory_bytes += size
        self._append(waiting)
        if self._files is not None:
            written = self._submit(self._write, waiting, request.body, displaced)
            written.add_done_callback(lambda _: self._settle(waiting))
            await asyncio.shield(written)
        return sum(one.samples for one in displaced)

    async def first(self) -> Request:
        """Wait until there is a request and return the first one: the same until `done`."""
        while True:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            waiting = self._queue[0]
            if waiting.body is not None:
                self._first_is_taken = True
                return Request(waiting.body, waiting.samples)
            body = await self._submit(self._read, waiting)
            if self._queue and self._queue[0] is waiting:  # there may have been no room for it
                self._take_in(waiting, body)

    async def done(self) -> None:
        """Forget the request that `first` returned, on the disk too.

        Raises:
            RuntimeError: `first` has returned none since.
        """
        if not self._first_is_taken:
            raise RuntimeError("no request was taken")
        self._first_is_taken = False
        waiting = self._queue[0]
        self._leave(waiting)
        if self._files is not None:
            await asyncio.shield(self._submit(self._remove, [waiting]))

    async def close(self) -> int:
        """Write what is in memory alone and unlock the directory; return the samples that are lost.

        These are not in `dropped`. Afterwards nothing is to be called but this, to no effect.
        """
        was_closed, self._closed = self._closed, True
        if was_closed or self._files is None:
            return 0 if was_closed else self.waiting_samples
        lost = await asyncio.shield(self._submit(self._finish, list(self._queue)))
        self._thread.shutdown(wait=False)
        return lost

    # The queue -----------------------------------------------------------------------------------

    def _can_make_room(self, size: int) -> bool:
        kept = self._queue[0].size if self._first_is_taken else 0
        return size <= self._max_request_bytes and kept + size <= self._max_bytes

    def _make_room(self, size: int) -> list[_Waiting]:
        displaced = []
        while self.waiting_bytes + size > self._max_bytes:
            oldest = self._queue[1 if self._first_is_taken else 0]
            self._leave(oldest)
            self._count(oldest, DropReason.QUEUE_FULL)
            displaced.append(oldest)
        return displaced

    def _append(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self.waiting += 1
        self.waiting_bytes += waiting.size
        self.waiting_samples += waiting.samples
        self._arrived.set()

    def _leave(self, waiting: _Waiting) -> None:
        self._queue.remove(waiting)  # it is at the front, but for failures
        self.waiting -= 1
        self.waiting_bytes -= waiting.size
        self.waiting_samples -= waiting.samples
        if waiting.body is not None:
            self.memory_bytes -= waiting.size

    def _count(self, waiting: _Waiting, reason: DropReason) -> None:
        self.dropped[reason] += waiting.samples

    def _settle(self, waiting: _Waiting) -> None:
        """Take note of a request that is nowhere: it was not written, and has no room in memory."""
        if waiting.stored is None and waiting.body is None and waiting in self._queue:
            self._leave(waiting)
            self._count(waiting, DropReason.DISK_ERROR)

    def _take_in(self, waiting: _Waiting, body: bytes | DropReason) -> None:
        """Take note of what was read."""
        if isinstance(body, DropReason):
            self._leave(waiting)
            self._count(waiting, body)
            self._submit(self._remove, [waiting])
        else:
            waiting.body = body
            self.memory_bytes += waiting.size

    # The disk ------------------------------------------------------------------------------------

    def _submit(
        self, function: Callable[[*_Args], _Result], *args: *_Args
    ) -> asyncio.Future[_Result]:
        """Have the thread do something; to be shielded if it is to be done in any case."""
        return asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    # In the thread -------------------------------------------------------------------------------

    def _write(self, waiting: _Waiting, body: bytes, displaced: Sequence[_Waiting]) -> None:
        assert self._files is not None
        self._remove(displaced)
        try:
            waiting.stored = self._files.write(waiting.number, waiting.samples, body)
            self.problem = None
        except OSError as error:
            self.problem = f"cannot write: {error.strerror}"

    def _read(self, waiting: _Waiting) -> bytes | DropReason:
        assert self._files is not None
        if waiting.stored is None:
            return DropReason.DISK_ERROR
        try:
            body = self._files.read(waiting.stored)
        except OSError as error:
            self.problem = f"cannot read {waiting.stored.name}: {error.strerror}"
            return DropReason.DISK_ERROR
        if body is None:
            self.problem = f"{waiting.stored.name} does not hold what was written"
            return DropReason.CORRUPT
        return body

    def _remove(self, left: Sequence[_Waiting]) -> None:
        assert self._files is not None
        try:
            self._files.remove([one.stored for one in left if one.stored])
        except OSError as error:
            self.problem = f"cannot remove: {error.strerror}"

    def _finish(self, queue: Sequence[_Waiting]) -> int:
        """Write what is in memory alone; return how many samples of it are lost."""
        assert self._files is not None
        lost = 0
        for waiting in queue:
            if waiting.stored is None and waiting.body is not None:
                self._write(waiting, waiting.body, ())
                lost += 0 if waiting.stored else waiting.samples
        self._remove(())
        self._files.close()
        return lost
