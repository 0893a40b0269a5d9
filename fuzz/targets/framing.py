"""The framing of a stream (`heroku_syslogd.wire.FrameDecoder`).

Options: flags (1: octet counting alone; 6: which fault budget), frame limit, two sizes of pieces,
begin and length of what is pumped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from fuzz.inputs import chunks, pump_options, pumped, split_options
from heroku_syslogd.wire import FrameDecoder, FrameFault, Malformed, encode_frame

_OPTIONS: Final = 6
_COUNTED_ONLY: Final = 1
_BUDGETS: Final = (None, 1, 2, 5)
_LIMITS: Final = (65536, 1, 2, 7, 16, 99, 100, 300)
_FEW_BYTES: Final = 16
"""What the decoder may retain beside a message: the beginning of a boundary."""

_LONGEST_COMPARED: Final = 8192
"""Longest stream that is fed in several ways; one that is pumped up takes long enough in one."""

_READ: Final = 16384
_TERMINATORS: Final = frozenset(b"\n\0")


class Outcome(NamedTuple):
    """What became of a stream.

    Attributes:
        frames: Its messages.
        stretches: Reason and bytes of each malformed stretch.
        is_spent: Whether it was given up.
    """

    frames: list[bytes]
    stretches: list[tuple[FrameFault, int]]
    is_spent: bool


def encode(
    stream: bytes,
    *,
    counted_only: bool = False,
    limit: int = 65536,
    budget: int | None = None,
    sizes: Sequence[int] = (0, 0),
    pump: tuple[int, int] = (0, 0),
) -> bytes:
    """Return the input for a stream."""
    flags = counted_only * _COUNTED_ONLY | _BUDGETS.index(budget) << 1
    return bytes([flags, _LIMITS.index(limit), *sizes]) + pump_options(*pump) + stream


def check(data: bytes) -> None:
    """Hold a decoder against itself with other pieces, and against the bytes that it was fed."""
    options, stream = split_options(data, _OPTIONS)
    flags, which_limit, *sizes = options[:4]
    stream = pumped(stream, options[4:])
    limit = _LIMITS[which_limit % len(_LIMITS)]
    budget = _BUDGETS[flags >> 1 & 3]
    counted_only = bool(flags & _COUNTED_ONLY)

    def decode(pieces: Iterable[bytes]) -> tuple[Outcome, int]:
        return _decode(FrameDecoder(limit, budget, counted_only=counted_only), pieces, limit)

    if len(stream) <= _LONGEST_COMPARED:
        whole, _ = decode([stream])
        assert decode(chunks(stream, sizes))[0] == whole, "another split gives another outcome"
        single, framing = decode(chunks(stream, (1,)))
        assert single == whole, "byte by byte gives another outcome"
        dropped = sum(count for _, count in single.stretches)
        accounted = sum(map(len, single.frames)) + framing + dropped
        assert accounted == len(stream), f"{accounted} of {len(stream)} bytes are accounted for"
        assert not counted_only or framing == _framing_of(single.frames)
    else:
        whole, _ = decode(chunks(stream, (_READ,)))
    again = FrameDecoder(limit, budget, counted_only=counted_only)
    assert again.feed(b"".join(map(encode_frame, whole.frames))) == (whole.frames, [])


def _decode(decoder: FrameDecoder, pieces: Iterable[bytes], limit: int) -> tuple[Outcome, int]:
    """Decode pieces; return the outcome and, if each is a byte, the bytes of all framing."""
    frames: list[bytes] = []
    faults: list[Malformed] = []
    framing = 0
    for piece in pieces:
        was_spent = decoder.spent
        found = decoder.feed(piece)
        assert decoder.retained <= limit + _FEW_BYTES, "more than one message is retained"
        assert not was_spent or (decoder.spent and not found.frames), "it went on after its end"
        for frame in found.frames:
            assert frame[:1] == b"<", "a message without a PRI"
            assert len(frame) <= limit, "a message above the limit"
            # Where the last byte fed ends a line it is no part of the message.
            is_line = piece[-1] in _TERMINATORS and frame[-1] not in _TERMINATORS
            framing += 1 if is_line else _framing_of([frame])
        frames += found.frames
        faults += found.faults
    is_spent = decoder.spent
    rest = decoder.finish()
    assert decoder.retained == 0, "something is retained after the end"
    assert len(rest.frames) <= 1, "more than one message at the end"
    assert all(len(frame) <= limit for frame in rest.frames), "a message above the limit"
    return Outcome(frames + rest.frames, _stretches(faults + rest.faults), is_spent), framing


def _framing_of(frames: Iterable[bytes]) -> int:
    """Return the bytes that octet counting adds to messages."""
    return sum(len(encode_frame(frame)) - len(frame) for frame in frames)


def _stretches(faults: Iterable[Malformed]) -> list[tuple[FrameFault, int]]:
    """Add up the parts of stretches that several calls reported."""
    stretches: list[tuple[FrameFault, int]] = []
    for reason, dropped, continued in faults:
        assert dropped >= 0, "fewer than no bytes were dropped"
        if continued:
            assert stretches, "a stretch goes on that never began"
            assert stretches[-1][0] is reason, "a stretch goes on under another reason"
            stretches[-1] = reason, stretches[-1][1] + dropped
        else:
            stretches.append((reason, dropped))
    return stretches
