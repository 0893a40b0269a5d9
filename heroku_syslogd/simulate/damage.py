"""What faults do to frames. Pure: frames in, frames or bytes out."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

MOST_BYTES_OFF: Final = 5
"""How far a wrong octet count is off, at most, in bytes: far less than any frame has."""


class Miscounted(NamedTuple):
    """Frames, one of them with a wrong octet count.

    Attributes:
        frames: All frames.
        position: Which one it is. Too high, its count reaches into the frame behind it; too low, it
            leaves bytes in front of that one. So a receiver may lose these two, and no others.
    """

    frames: list[bytes]
    position: int


class BrokenOff(NamedTuple):
    """What was sent before a connection was closed in the middle of a frame.

    Attributes:
        data: Whole frames, and the beginning of another one.
        whole: How many whole frames.
    """

    data: bytes
    whole: int


def miscount(frames: Sequence[bytes], rng: Random) -> Miscounted:
    """Give one of ``frames`` an octet count that is off by up to `MOST_BYTES_OFF`."""
    position = rng.randrange(len(frames))
    count, _, message = frames[position].partition(b" ")
    off = rng.choice((-1, 1)) * rng.randint(1, MOST_BYTES_OFF)
    damaged = list(frames)
    damaged[position] = b"%d %b" % (max(1, int(count) + off), message)
    return Miscounted(damaged, position)


def break_off(frames: Sequence[bytes], rng: Random) -> BrokenOff:
    """Cut ``frames`` in the middle of one of them."""
    whole = rng.randrange(len(frames))
    part = frames[whole][: rng.randrange(1, len(frames[whole]))]
    return BrokenOff(b"".join([*frames[:whole], part]), whole)


def pieces(data: bytes, count: int) -> list[bytes]:
    """Split ``data`` into up to ``count`` pieces of about the same size."""
    size = max(1, -(-len(data) // count))
    return [data[at : at + size] for at in range(0, len(data), size)]
