"""How a target reads an input: some bytes of options, then the payload.

Options stand at the front and have a fixed number of bytes; what is missing is 0. So any bytes are
an input, and a fuzzer that changes the payload leaves the options alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

PUMPED_BYTES: Final = 57344
"""About how much a payload grows that is pumped: with it the longest input of any target is as long
as the longest message of a listener, and not cut off."""

_PUMPED_OF_ALL: Final = 16


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
        length: Its bytes, up to 255; 0 leaves it to the payload.
    """
    return bytes([start, length])


def pumped(payload: bytes, options: bytes) -> bytes:
    """Return a payload with a stretch of it repeated for `PUMPED_BYTES`, or as it is.

    A search that takes time in the square of its text takes seconds then, which the fuzzer
    notices; with random bytes alone it would hardly ever meet a text that long.

    Args:
        payload: What to pump up.
        options: Where the stretch begins, and how long it is. If they say nothing, the payload's
            checksum does: every sixteenth is pumped somewhere.
    """
    start, length = options
    if not length and payload:
        checksum = crc32(payload)
        is_chosen = checksum % _PUMPED_OF_ALL == 0
        start, length = (checksum >> 4) % len(payload), is_chosen * (1 + (checksum >> 28) % 4)
    pump = payload[start : start + length]
    if not pump:
        return payload
    return payload[:start] + pump * (PUMPED_BYTES // len(pump)) + payload[start + len(pump) :]
