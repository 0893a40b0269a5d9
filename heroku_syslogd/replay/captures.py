"""Reading captures: files and standard input, with progress, and an end when Ctrl-C asks for it."""

from __future__ import annotations

import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from os import fstat
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self

from heroku_syslogd.errors import HerokuSyslogdError
from heroku_syslogd.replay.replay import Replay

READ_SIZE: Final = 65536
STANDARD_INPUT: Final = "-"

_REPORT_EVERY: Final = 0.1


class CaptureError(HerokuSyslogdError):
    """Raised when a capture cannot be read.

    Args:
        name: The capture, as it was named.
        problem: Why it cannot be read.
    """

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(name, problem)

    def __str__(self) -> str:
        return f"cannot read {self.name}: {self.problem}"


class Progress(NamedTuple):
    """Where a replay is.

    Attributes:
        bytes: Bytes read.
        messages: Messages found in them.
        seconds: Seconds since the start.
    """

    bytes: int
    messages: int
    seconds: float


class Capture(NamedTuple):
    """A capture that is open.

    Attributes:
        name: As it was named.
        file: The bytes.
        size: How many there are, None where that cannot be told.
    """

    name: str
    file: Any  # BinaryIO with read1, which BufferedReader and BytesIO have
    size: int | None


@contextmanager
def opened(names: Sequence[str]) -> Iterator[list[Capture]]:
    """Open captures, all of them before the first is read; ``-`` is standard input.

    Raises:
        CaptureError: One cannot be opened.
    """
    with ExitStack() as stack:
        captures = []
        for name in names:
            if name == STANDARD_INPUT:
                if sys.stdin is None:
                    raise CaptureError("standard input", "it is closed")
                captures.append(Capture("standard input", sys.stdin.buffer, None))
                continue
            try:
                file = stack.enter_context(Path(name).open("rb"))
            except OSError as error:
                raise CaptureError(name, error.strerror or str(error)) from error
            captures.append(Capture(name, file, _size(file)))
        yield captures


def total_size(captures: Sequence[Capture]) -> int | None:
    """Return the bytes of all captures, None where that of one cannot be told."""
    sizes = [capture.size for capture in captures if capture.size is not None]
    return sum(sizes) if len(sizes) == len(captures) else None


def replay_captures(
    replay: Replay,
    captures: Sequence[Capture],
    after_read: Callable[[], object],
    report: Callable[[Progress], None],
) -> bool:
    """Read captures to their ends, or until SIGINT.

    Args:
        replay: What takes them.
        captures: The captures, in the order of time.
        after_read: Called after each read was taken.
        report: Told some times a second where it is.

    Returns:
        Whether they were read to their ends.

    Raises:
        CaptureError: One cannot be read on. What was read is in the state.
    """
    began = time.monotonic()
    next_report = 0.0
    try:
        with Interruption() as interruption:
            for capture in captures:
                replay.begin()
                for data in _reads(capture, interruption):
                    replay.feed(data)
                    after_read()
                    if (seconds := time.monotonic() - began) >= next_report:
                        counters = replay.counters
                        report(
                            Progress(counters.received_bytes, counters.received_messages, seconds)
                        )
                        next_report = seconds + _REPORT_EVERY
                replay.end()
                after_read()
    except KeyboardInterrupt:
        return False
    finally:
        replay.finish()
    return True


class Interruption:
    """Makes SIGINT end a replay between two reads, not within one: so the books stay right.

    A second SIGINT does not wait.
    """

    def __init__(self) -> None:
        self._asked = False
        self._allowed = False
        self._previous: Any = None

    def __enter__(self) -> Self:
        self._previous = signal.getsignal(signal.SIGINT)
        if self._previous is not signal.SIG_IGN:  # as under nohup
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._previous)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let SIGINT interrupt what is done within; one that came before does so at once."""
        self._allowed = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._allowed = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._allowed or self._asked:
            raise KeyboardInterrupt
        self._asked = True


def _reads(capture: Capture, interruption: Interruption) -> Iterator[bytes]:
    while True:
        with interruption.allowed():
            try:
                data: bytes = capture.file.read1(READ_SIZE)
            except OSError as error:
                raise CaptureError(capture.name, error.strerror or str(error)) from error
        if not data:
            return
        yield data


def _size(file: BinaryIO) -> int | None:
    status = fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None
