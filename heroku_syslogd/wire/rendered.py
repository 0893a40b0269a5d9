"""Lines as ``heroku logs`` prints them: ``TIME APP-NAME[PROCID]: MSG``.

No drain sends them, but people save them, and they hold what a message says beside HOSTNAME and
PRI. Behind a PRI and VERSION such a line is a message with the header that some Router 2.0 lines
have, so `header.parse_message` reads it in either dialect.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.wire.framing import Decoded, FrameFault, Malformed

HEAD_BYTES: Final = 14
"""Bytes from the start of a capture that `is_rendered` needs."""

_BOM: Final = b"\xef\xbb\xbf"
_DATE: Final = re.compile(rb"(?:\xef\xbb\xbf)?[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_LINE: Final = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ \n]{1,64}"
    rb" [^ \[\]:\n]{1,255}\[[^ \[\]\n]{1,255}\]:(?: [^\n]*)?"
)
# No PRI is printed; this is user.notice, the default of RFC 3164, section 4.3.3.
_PRI_VERSION: Final = b"<13>1 "


def is_rendered(head: bytes) -> bool:
    """Tell by its first bytes whether a capture is rendered: no frame begins with a date."""
    return _DATE.match(head) is not None


def frame_of_rendered(line: bytes) -> bytes | None:
    """Return the message that a rendered line stands for; None if it is not of that form.

    Total. A line end of either kind is left out, and so is a byte-order mark.
    """
    text = line.removeprefix(_BOM).removesuffix(b"\n").removesuffix(b"\r")
    return _PRI_VERSION + text if _LINE.fullmatch(text) else None


class RenderedDecoder:
    """Splits a rendered capture into messages, as `FrameDecoder` does a stream.

    Any split of a capture into calls of `feed` yields the same messages. Never raises because of
    what was fed. Retains at most ``max_frame_bytes`` between calls.

    Args:
        max_frame_bytes: Longest line accepted, in bytes without its LF.
    """

    def __init__(self, max_frame_bytes: int = 65536) -> None:
        self._max = max_frame_bytes
        self._held = bytearray()
        self._skipping = False  # within a line that is too long
        self._frames: list[bytes] = []
        self._faults: list[Malformed] = []

    @property
    def retained(self) -> int:
        """Bytes kept between calls."""
        return len(self._held)

    def feed(self, data: bytes) -> Decoded:
        """Take bytes as they came and return the messages that they complete.

        A line that is not of the form is passed on as it is: the header parser says what it lacks.
        """
        self._frames, self._faults = [], []
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._end_line(part)
        if rest:
            self._hold(rest)
        return Decoded(self._frames, self._faults)

    def finish(self) -> Decoded:
        """Take the end of the capture: a line without its LF is complete now."""
        self._frames, self._faults = [], []
        if self._held:
            self._take(bytes(self._held), 0)
        self._held = bytearray()
        return Decoded(self._frames, self._faults)

    def _end_line(self, part: bytes) -> None:
        if self._skipping:
            self._skipping = False
            self._drop(FrameFault.TOO_LONG, len(part) + 1, continued=True)
            return
        if self._held:
            part, self._held = bytes(self._held) + part, bytearray()
        self._take(part, 1)

    def _hold(self, part: bytes) -> None:
        """Keep the part of a line whose end has not come, or drop it if that is too long."""
        if self._skipping:
            self._drop(FrameFault.TOO_LONG, len(part), continued=True)
        elif len(self._held) + len(part) > self._max:
            self._drop(FrameFault.TOO_LONG, len(self._held) + len(part))
            self._held, self._skipping = bytearray(), True
        else:
            self._held += part

    def _take(self, line: bytes, line_end: int) -> None:
        if len(line) > self._max:
            self._drop(FrameFault.TOO_LONG, len(line) + line_end)
        elif line in (b"", b"\r"):
            self._drop(FrameFault.BLANK, len(line) + line_end)
        else:
            self._frames.append(frame_of_rendered(line) or line)

    def _drop(self, reason: FrameFault, count: int, *, continued: bool = False) -> None:
        self._faults.append(Malformed(reason, count, continued))
