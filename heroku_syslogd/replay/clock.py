"""The time of a capture: that of its messages, not that of the machine which reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from heroku_syslogd.dynos import MAX_CLOCK_AHEAD
from heroku_syslogd.wire import parse_timestamp

_SECOND: Final = len("2023-11-14T22:13:20")


class CaptureClock:
    """Follows the times that messages name; it only goes forward.

    It moves at the first message of each new second. That is fine enough for everything that
    expires, one look at 19 bytes of a message suffices, and it depends on nothing but the messages,
    not on the pieces in which they are read.

    A time before 1970, or one to come, is not believed: it would expire everything at once.

    Args:
        wall: Returns the machine's time; seconds since the epoch, like all times here.

    Attributes:
        began: The first time that a message named; None while none did.
        newest: The newest one.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self.began: float | None = None
        self.newest: float | None = None
        self._wall = wall
        self._second = b""

    @property
    def now(self) -> float:
        """The capture's time; the machine's while no message has named one that can be read."""
        return self._wall() if self.newest is None else self.newest

    def runs(self, frames: list[bytes]) -> Iterator[tuple[list[bytes], float]]:
        """Cut messages where a new second begins.

        Yields:
            Messages that follow each other, and the time at which they are held to have come.
        """
        begin = 0
        now = self.now
        for index, frame in enumerate(frames):
            # As text, because that costs a tenth of reading it: Heroku's times are all UTC. An
            # offset that changed in the middle could hide times, not invent any.
            if frame.partition(b" ")[2][:_SECOND] > self._second and self._advance(frame):
                if begin < index:
                    yield frames[begin:index], now
                begin, now = index, self.now
        if begin < len(frames):
            yield frames[begin:], now

    def _advance(self, frame: bytes) -> bool:
        """Take over the time of a message; False if it is none, or no newer one."""
        timestamp = frame.split(b" ", 2)[1]
        at = parse_timestamp(timestamp)
        if at is None or not 0.0 <= at <= self._wall() + MAX_CLOCK_AHEAD:
            return False
        if self.newest is not None and at <= self.newest:
            return False
        if self.began is None:
            self.began = at
        self.newest = at
        self._second = timestamp[:_SECOND]
        return True
