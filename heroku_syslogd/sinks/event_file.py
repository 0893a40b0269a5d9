"""Writes lines to a file or to standard output without ever making the event loop wait.

A write to a file blocks for as long as the disk likes, one to a pipe for as long as its reader
likes, and no event loop can help that. So a thread writes. The loop hands it lines over a queue
that is bounded in bytes; what does not fit is dropped and counted. At any time when the thread has
nothing in hand::

    lines offered = written + every dropped + lines that wait

and after `EventFile.close` nothing waits.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import stat
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum, StrEnum, auto
from itertools import accumulate
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

from heroku_syslogd.errors import StartupError

STANDARD_OUTPUT: Final = "-"
"""The path that means standard output."""

RETRY_AFTER: Final = 1.0
"""Seconds after a failure for which lines are dropped without another try."""

_STDOUT_FD: Final = 1
_MODE: Final = 0o640
_CHUNK_BYTES: Final = 1024 * 1024
"""Bytes after which no more lines are gathered for one write: what a failure costs at most.

Under load the interpreter lets the thread in some 200 times a second, for a chunk each time."""

# O_NONBLOCK makes it an error to open a FIFO that nobody reads, and not a wait.
_OPEN_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK


class DropReason(StrEnum):
    """Why a line did not reach the file."""

    QUEUE_FULL = "queue_full"
    """It came while too many bytes waited to be written."""
    WRITE_ERROR = "write_error"
    """Writing it failed, or it came within `RETRY_AFTER` of a failure."""
    ABANDONED = "abandoned"
    """It waited still when the time for stopping was over, or it came later."""


class _Mark(Enum):
    """What is put between lines: it takes effect after those before it."""

    REOPEN = auto()
    END = auto()


class _Books(NamedTuple):
    """What the thread has done with the lines that it took.

    The thread replaces the whole value after each chunk, so whoever reads it sees numbers that
    belong together.
    """

    written: int = 0
    written_bytes: int = 0
    lost: int = 0
    settled_bytes: int = 0


class EventFile:
    """A file that lines are appended to, or standard output.

    The methods are for the event loop's thread alone and do not wait for the writing one. The two
    share `SimpleQueue`, which is made for that, and attributes that one of the two assigns and the
    other only reads; the comments of ``__init__`` say which.

    A failed write drops the lines of its chunk. `problem` says what is wrong, and no sooner than
    `RETRY_AFTER` the next lines are tried, on the path opened anew. A line of which only a part was
    written, now or by a process that was killed, is ended by a LF before the next one, so that it
    spoils no other.

    Args:
        path: The file, or `STANDARD_OUTPUT`.
        max_bytes: Most bytes that wait to be written, those of the write under way included.
        clock: Returns a time in seconds that only goes forward.

    Attributes:
        path: The file, or `STANDARD_OUTPUT`.
        problem: Why lines are being lost; None as soon as some were written again. It is there to
            be logged now and then: the thread itself logs nothing.
        failure: The exception, a bug of ours, that ended the thread; None as it should be.
    """

    def __init__(
        self, path: str, max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self._clock = clock
        self._items: SimpleQueue[bytes | _Mark] = SimpleQueue()
        # Assigned by the loop.
        self._max_bytes = max_bytes
        self._accepted = 0
        self._accepted_bytes = 0
        self._refused = dict.fromkeys(DropReason, 0)
        self._final_books: _Books | None = None  # when closed; what the thread does then is void
        # Assigned by the thread.
        self.problem: str | None = None
        self.failure: Exception | None = None
        self._books = _Books()
        self._fd: int | None = None  # by `open` before there is a thread
        self._torn = False  # the file does not end with a LF
        self._retry_at = 0.0
        # Done when the thread has ended.
        self._ended: Future[None] = Future()

    # For the event loop --------------------------------------------------------------------------

    @property
    def written(self) -> int:
        """Lines that reached the file."""
        return self._settled.written

    @property
    def written_bytes(self) -> int:
        """Their bytes."""
        return self._settled.written_bytes

    @property
    def dropped(self) -> dict[DropReason, int]:
        """Lines that did not, by reason."""
        dropped = {**self._refused, DropReason.WRITE_ERROR: self._settled.lost}
        if self._final_books is not None:
            left = self._accepted - self._final_books.written - self._final_books.lost
            dropped[DropReason.ABANDONED] += left
        return dropped

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait to be written, those of the write under way included."""
        if self._final_books is not None:
            return 0
        return self._accepted_bytes - self._books.settled_bytes

    def open(self) -> None:
        """Open the file, with mode 0640 less the umask if it is new, and start to write.

        Raises:
            StartupError: It cannot be written to; names it.
        """
        try:
            self._fd = self._open_target()
        except OSError as error:
            raise StartupError(
                "events", f"cannot write to {self.path}: {_reason(error)}"
            ) from error
        self._ended.set_running_or_notify_cancel()
        # A daemon thread: one that hangs in a write does not keep the process from ending.
        threading.Thread(target=self._run, name="event file", daemon=True).start()

    def write(self, line: bytes) -> None:
        """Have a line written, its LF included; over the bound it is dropped and counted."""
        size = len(line)
        if self._accepted_bytes - self._books.settled_bytes + size > self._max_bytes:
            closed = self._max_bytes < 0
            self._refused[DropReason.ABANDONED if closed else DropReason.QUEUE_FULL] += 1
            return
        self._accepted += 1
        self._accepted_bytes += size
        self._items.put(line)  # wakes the thread if it sleeps, and only then

    def reopen(self) -> None:
        """Have the path opened anew, after the lines so far are in the file that it named before.

        Standard output stays what it is.
        """
        self._items.put(_Mark.REOPEN)

    async def close(self, flush_timeout: float) -> None:
        """Write what waits for so many seconds at most; the rest is abandoned and counted.

        Lines of a write that is under way at that time count as abandoned, although some of them
        may arrive.
        """
        if self._final_books is not None:
            return
        self._max_bytes = -1  # no line fits any more
        self._items.put(_Mark.END)
        try:
            if self._ended.running():
                await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=flush_timeout)
        finally:
            self._final_books = self._books

    @property
    def _settled(self) -> _Books:
        return self._books if self._final_books is None else self._final_books

    # In the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self.failure = error
        finally:
            self._close(self._fd)
            self._ended.set_result(None)

    def _work(self) -> None:
        while self._final_books is None:
            lines, mark = self._take()
            if lines:
                self._deliver(lines)
            if mark is _Mark.REOPEN:
                self._reopen()
            elif mark is _Mark.END:
                return

    def _take(self) -> tuple[list[bytes], _Mark | None]:
        """Wait for a line, then take those that are there as well, up to a mark or a full chunk."""
        lines: list[bytes] = []
        size = 0
        item = self._items.get()
        while not isinstance(item, _Mark):
            lines.append(item)
            size += len(item)
            if size >= _CHUNK_BYTES or self._items.empty():
                return lines, None
            item = self._items.get_nowait()  # nobody else takes
        return lines, item

    def _deliver(self, lines: list[bytes]) -> None:
        """Write lines, or lose them, and enter that in the books."""
        if self._fd is None and self._clock() >= self._retry_at:
            self._try_to_open()
        data = b"".join(lines)
        done = 0 if self._fd is None else self._append(self._fd, data)
        whole, whole_bytes = len(lines), done
        if done < len(data):
            ends = list(accumulate(map(len, lines)))
            whole = bisect_right(ends, done)
            whole_bytes = ends[whole - 1] if whole else 0
            self._torn = self._torn or done > whole_bytes
        books = self._books
        self._books = _Books(
            written=books.written + whole,
            written_bytes=books.written_bytes + whole_bytes,
            lost=books.lost + len(lines) - whole,
            settled_bytes=books.settled_bytes + len(data),
        )

    def _append(self, fd: int, data: bytes) -> int:
        """Write ``data``; return how many bytes of it are written, which is all unless it fails."""
        done = 0
        try:
            if self._torn:
                _write(fd, memoryview(b"\n"))
                self._torn = False
            rest = memoryview(data)
            while rest:
                count = _write(fd, rest)
                done += count
                rest = rest[count:]
        except OSError as error:
            self._fail(error)
        else:
            self.problem = None
        return done

    def _reopen(self) -> None:
        old, self._fd = self._fd, None
        self._try_to_open()  # before the other is closed, or the reader of a FIFO sees its end
        self._close(old)

    def _try_to_open(self) -> None:
        try:
            self._fd = self._open_target()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.problem = _reason(error)
        self._retry_at = self._clock() + RETRY_AFTER
        fd, self._fd = self._fd, None
        self._close(fd)

    def _open_target(self) -> int:
        if self.path == STANDARD_OUTPUT:
            # Where it was closed before the start its number is that of some other file by now.
            if sys.__stdout__ is None:
                raise OSError(errno.EBADF, "it is closed")
            return _STDOUT_FD
        fd = os.open(self.path, _OPEN_FLAGS, _MODE)
        self._torn = _is_torn(fd, self.path)
        return fd

    def _close(self, fd: int | None) -> None:
        if fd is not None and self.path != STANDARD_OUTPUT:
            with suppress(OSError):  # such as a late error of NFS: which lines, nobody can tell
                os.close(fd)


def _write(fd: int, data: memoryview) -> int:
    """Write a part of ``data``, at least a byte; return how much."""
    while True:
        try:
            return os.write(fd, data)
        except BlockingIOError:
            # A FIFO, or a standard output that somebody who shares it made non-blocking.
            writable = select.poll()
            writable.register(fd, select.POLLOUT)
            writable.poll()


def _is_torn(fd: int, path: str) -> bool:
    """Tell whether a file ends within a line."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return False
    with suppress(OSError), Path(path).open("rb") as file:  # we may be allowed to write only
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
    return False


def _reason(error: OSError) -> str:
    if error.errno == errno.ENXIO:  # its own text is about devices
        return "nobody reads from it"
    return error.strerror or str(error)
