"""Bodies of batches (`heroku_syslogd.wire.BatchBody`).

Options: flags (1: gzip is said; 2: what follows is packed here first; 4: in two members),
``max_body_bytes``, two sizes of pieces.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fuzz.inputs import chunks, split_options
from heroku_syslogd.wire import BatchBody, BodyFault, Decoded, FrameDecoder, Malformed

_OPTIONS: Final = 4
_GZIPPED: Final = 1
_PACKED: Final = 2
_TWO_MEMBERS: Final = 4
_MOST: Final = (2**20, 0, 16, 100, 4096, 65536)
_MAX_FRAME: Final = 1024
_BUDGET: Final = 5
_STEP: Final = 65536
"""What a body may decompress to beyond its limit, before it is noticed."""

Result = tuple[list[bytes], list[tuple[str, int]]] | BodyFault


def encode(
    body: bytes,
    *,
    gzipped: bool = False,
    packed: bool = False,
    two_members: bool = False,
    most: int = 2**20,
    sizes: Sequence[int] = (0, 0),
) -> bytes:
    """Return the input for a body."""
    flags = gzipped * _GZIPPED | packed * _PACKED | two_members * _TWO_MEMBERS
    return bytes([flags, _MOST.index(most), *sizes]) + body


def check(data: bytes) -> None:
    """Decode a body in several pieces, and hold it against zlib's own reading and the decoder."""
    options, payload = split_options(data, _OPTIONS)
    flags, which_most, *sizes = options
    most = _MOST[which_most % len(_MOST)]
    gzipped = bool(flags & _GZIPPED)
    body = _packed(payload, flags) if gzipped and flags & _PACKED else payload

    whole = _decode([body], most, gzipped=gzipped)
    for pieces in (chunks(body, sizes), chunks(body, (1,))):
        found = _decode(pieces, most, gzipped=gzipped)
        # Of two faults, that one is found first which the split brings to light first.
        both_refused = isinstance(whole, BodyFault) and isinstance(found, BodyFault)
        assert found == whole or both_refused, "another split gives another result"
    if isinstance(whole, BodyFault):
        too_long = max(len(body), len(payload)) > most
        assert gzipped or too_long, "a plain body is refused that is not too long"
        assert not flags & _PACKED or too_long, "a good gzip body is refused"
        return
    assert len(body) <= most, "a body above the limit is accepted"
    plain = gzip.decompress(body) if gzipped else body
    assert len(plain) <= most, "a body above the limit when decompressed is accepted"
    decoder = FrameDecoder(_MAX_FRAME, _BUDGET, counted_only=True)
    fed, rest = decoder.feed(plain), decoder.finish()
    assert whole == _result(Decoded(fed.frames + rest.frames, fed.faults + rest.faults))


def _packed(payload: bytes, flags: int) -> bytes:
    half = len(payload) // 2 if flags & _TWO_MEMBERS else len(payload)
    parts = [payload[:half], payload[half:]] if flags & _TWO_MEMBERS else [payload]
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def _decode(pieces: Iterable[bytes], most: int, *, gzipped: bool) -> Result:
    body = BatchBody(most, _MAX_FRAME, _BUDGET, gzipped=gzipped)
    for piece in pieces:
        size = body.size
        for fault in _steps(body, piece):
            assert body.size <= most + _STEP, "more was decompressed than is bounded"
            assert not gzipped or body.size <= size + _STEP, "a step is longer than is bounded"
            assert body.memory >= body.size
            if fault is not None:
                return fault
            size = body.size
    end = body.finish()
    return end if isinstance(end, BodyFault) else _result(end)


def _steps(body: BatchBody, piece: bytes) -> Iterator[BodyFault | None]:
    yield body.feed(piece)
    while body.has_more:
        yield body.go_on()


def _result(decoded: Decoded) -> Result:
    return decoded.frames, _totals(decoded.faults)


def _totals(faults: Iterable[Malformed]) -> list[tuple[str, int]]:
    totals: list[tuple[str, int]] = []
    for reason, dropped, continued in faults:
        if continued:
            totals[-1] = reason.value, totals[-1][1] + dropped
        else:
            totals.append((reason.value, dropped))
    return totals
