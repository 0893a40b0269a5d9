"""How a target reads an input: some bytes of options, then the payload.

Options stand at the front and have a fixed number of bytes; what is missing is 0. So any bytes are
an input, and a fuzzer that changes the payload leaves the options alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

PUMPED_BYTES: Final = 65536
"""About how long a payload becomes that is pumped: the longest message of a listener."""

_NO_PUMP: Final = 191


def split_options(data: bytes, count: int) -> tuple[bytes, bytes]:
    """Return the options and the payload of an input.

    Args:
        data: The input.
        count: Bytes of options.
    """
    return data[:count].ljust(count, b"\0"), data[count:]


def chunks(payload: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """Split a payload as a network might: into pieces of these sizes, again and again.

    Args:
        payload: What to split.
        sizes: Bytes of the pieces in turn. A 0 stands for no piece; all of them 0 for no split.
    """
    position = 0
    wanted = [size for size in sizes if size] or [len(payload) or 1]
    while position < len(payload):
        for size in wanted:
            if position < len(payload):
                yield payload[position : position + size]
            position += size


def pump_options(start: int, length: int) -> bytes:
    """Return the two bytes of options that `pumped` takes.

    Args:
        start: Where the stretch begins, up to 255.
        length: Its bytes, up to 64; 0 for none.
    """
    return bytes([start, length + _NO_PUMP if length else 0])


def pumped(payload: bytes, options: bytes) -> bytes:
    """Return a payload with a stretch of it repeated up to about `PUMPED_BYTES`, or as it is.

    A search that takes time in the square of its text takes seconds then, which the fuzzer
    notices; with random bytes alone it would hardly ever meet a text that long.

    Args:
        payload: What to pump up.
        options: Where the stretch begins, and how long it is. Most values of the second byte stand
            for no pumping, for it takes a hundred times as long as other inputs.
    """
    start, length = options[0], options[1] - _NO_PUMP
    pump = payload[start : start + max(length, 0)]
    if not pump:
        return payload
    times = max(PUMPED_BYTES // len(pump), 1)
    return payload[:start] + pump * times + payload[start + len(pump) :]
