"""The body of an HTTPS drain's request (``application/logplex-1``), push in, messages out, no I/O.

A body is octet-counted frames and nothing else (heroku/logplex, ``doc/README.http_drains.md``). It
is decoded while it comes; the messages are kept until it has come whole, because a batch is taken
whole or not at all.
"""

from __future__ import annotations

import zlib
from enum import Enum
from typing import Final

from heroku_syslogd.wire.framing import Decoded, FrameDecoder, Malformed

_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE: Final = 65536
"""Most bytes that are decompressed at a time: what a bomb can make of one step."""

_MOST_MEMBERS: Final = 100
"""Members of one gzip body (RFC 1952, section 2.2). Each costs a decompressor, however empty."""

MESSAGE_OVERHEAD: Final = 64
"""Bytes of memory that a message takes beside its own, or a fault, about."""


class BodyFault(Enum):
    """Why a body as a whole is refused."""

    TOO_LARGE = "longer than limits.max_body_bytes, as sent or decompressed"
    BAD_CODING = "not of the content or transfer coding that its head says"


class BatchBody:
    """Decodes one body.

    Never raises because of what was fed. Odd frames are no fault of the body: they are in the
    faults of `finish`.

    Args:
        max_body_bytes: Longest body accepted, as sent and decompressed.
        max_frame_bytes: Longest message accepted.
        fault_budget: Malformed stretches that no message makes up for, at which the rest of the
            body is dropped.
        gzipped: Whether it is compressed (RFC 1952).

    Attributes:
        size: Bytes decoded so far, decompressed.
    """

    def __init__(
        self, max_body_bytes: int, max_frame_bytes: int, fault_budget: int, *, gzipped: bool = False
    ) -> None:
        self.size = 0
        self._max = max_body_bytes
        self._received = 0
        self._members = 0
        self._inflater = zlib.decompressobj(_GZIP) if gzipped else None
        self._compressed = b""  # what was fed and is not decompressed yet
        self._is_inside = False  # whether the decompressor holds more of it
        self._decoder = FrameDecoder(max_frame_bytes, fault_budget, counted_only=True)
        self._frames: list[bytes] = []
        self._faults: list[Malformed] = []

    @property
    def memory(self) -> int:
        """Bytes of memory that its messages and faults take, about."""
        return self.size + MESSAGE_OVERHEAD * (len(self._frames) + len(self._faults))

    @property
    def has_more(self) -> bool:
        """Whether something that was fed waits for `go_on`: little can become very much."""
        return bool(self._compressed) or self._is_inside

    def feed(self, data: bytes) -> BodyFault | None:
        """Take a piece of the body as it came; a fault if the body is to be refused.

        Of what is compressed one step is decoded, and `has_more` tells whether there are others.
        They have to be taken before the next piece is fed.
        """
        self._received += len(data)
        if self._received > self._max:
            return BodyFault.TOO_LARGE
        if self._inflater is None:
            return self._decode(data)
        self._compressed = data
        return self.go_on() if data else None

    def go_on(self) -> BodyFault | None:
        """Decode the next step of what was fed; a fault if the body is to be refused."""
        if self._inflater is None or self._inflater.eof:
            self._members += 1
            if self._members >= _MOST_MEMBERS:
                return BodyFault.BAD_CODING
            self._inflater = zlib.decompressobj(_GZIP)
        try:
            piece = self._inflater.decompress(self._compressed, _PIECE)
        except zlib.error:
            return BodyFault.BAD_CODING
        is_over = self._inflater.eof
        self._is_inside = not is_over and len(piece) == _PIECE
        self._compressed = self._inflater.unused_data if is_over else self._inflater.unconsumed_tail
        return self._decode(piece)

    def finish(self) -> Decoded | BodyFault:
        """Take the end of the body; return all its messages and faults."""
        while self.has_more:
            if fault := self.go_on():
                return fault
        if self._inflater is not None and not self._inflater.eof:
            return BodyFault.BAD_CODING
        self._keep(self._decoder.finish())
        return Decoded(self._frames, self._faults)

    def discard(self) -> None:
        """Free what has been decoded: nobody will ask for it."""
        self._frames.clear()
        self._faults.clear()

    def _decode(self, data: bytes) -> BodyFault | None:
        self.size += len(data)
        if self.size > self._max:
            return BodyFault.TOO_LARGE
        self._keep(self._decoder.feed(data))
        return None

    def _keep(self, decoded: Decoded) -> None:
        self._frames += decoded.frames
        self._faults += decoded.faults
