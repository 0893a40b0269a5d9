"""How much memory the bodies that are being received may take, all connections together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import StreamReader


class BodyGivenUp(Exception):  # noqa: N818 - others' need, not an error
    """Raised to the reader of a body that had to give way to others."""


class Bodies:
    """Bounds the memory of unfinished bodies: the oldest of them gives way.

    Logplex sends a body within milliseconds. One that comes drop by drop is the one that can be
    spared, and so a peer that opens many and finishes none keeps nobody out. A body that is alone
    may be larger than the limit: else it would be refused however often it came.

    Args:
        limit: Most bytes in all, unless one body is larger.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._unfinished: dict[HeldBody, None] = {}  # oldest first

    @property
    def bytes(self) -> int:
        """Bytes that are held now."""
        return self._bytes

    @contextmanager
    def open(
        self, content: StreamReader, discard: Callable[[], None] = lambda: None
    ) -> Iterator[HeldBody]:
        """Hold what is received of a body until the block ends.

        Args:
            content: Where it is read from.
            discard: Frees what has been received, at once: its reader learns only with its next
                turn that the body was given up, and by then others have been read.
        """
        held = HeldBody(self, content, discard)
        self._unfinished[held] = None
        try:
            yield held
        finally:
            self._release(held)

    def resize(self, held: HeldBody, size: int) -> None:
        """Note that a body takes ``size`` bytes now; make room if that is too much.

        Raises:
            BodyGivenUp: It is this body that has to give way.
        """
        self._bytes += size - held.size
        held.size = size
        while self._bytes > max(self._limit, held.size):
            oldest = next(iter(self._unfinished), held)
            self._release(oldest)
            oldest.discard()
            oldest.content.set_exception(BodyGivenUp())
            if oldest is held:
                raise BodyGivenUp

    def finish(self, held: HeldBody) -> None:
        """Note that a body is there whole: it waits for the queue alone, and not for long."""
        self._unfinished.pop(held, None)

    def _release(self, held: HeldBody) -> None:
        self._unfinished.pop(held, None)
        self._bytes -= held.size
        held.size = 0


class HeldBody:
    """What is held of one body.

    Attributes:
        content: Where it is read from.
        discard: Frees what has been received.
        size: Bytes that it takes.
    """

    __slots__ = ("_bodies", "content", "discard", "size")

    def __init__(self, bodies: Bodies, content: StreamReader, discard: Callable[[], None]) -> None:
        self._bodies = bodies
        self.content = content
        self.discard = discard
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Note that it takes ``size`` bytes now.

        Raises:
            BodyGivenUp: It has to give way.
        """
        self._bodies.resize(self, size)

    def finish(self) -> None:
        """Note that it is there whole."""
        self._bodies.finish(self)
