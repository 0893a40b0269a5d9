"""Syslog framing over a byte stream (RFC 6587), push in, messages out, no I/O.

Theory of operation. At every message boundary the first byte chooses the framing:

* ``1``-``9``: octet counting (section 3.4.1), ``MSG-LEN SP SYSLOG-MSG``. This is what Logplex
  sends; nothing stands between two frames.
* ``<``: non-transparent framing (section 3.4.2), ended by LF or NUL.
* anything else is malformed.

The decoder is a state machine with one method per state; each takes the data and a position,
consumes what it can and returns the new position::

    BOUNDARY ──count known, octets missing──> COUNTED ────────────┐
       │  └──"<", terminator missing────────> LINE ──too long──┐  │
       │                                       └───────────────┼──┤ message complete
       ├──count above the limit──> SKIP_COUNTED ───────────────┼──┤
       ├──line above the limit───> SKIP_LINE <─────────────────┘──┤
       ├──blank──────────────────> BLANK ────anything else────────┤
       └──malformed──────────────> RESYNC ───boundary found───────┴──> BOUNDARY
    any ──fault budget spent─────> SPENT: everything that follows is dropped

Staying in step. A counted message that is too long is skipped by its count. A boundary that makes
no sense is followed by a search for the next plausible one: the byte after an LF, or a count that
is followed by a PRI. For the same reason a count whose message does not begin with ``<`` is not
believed: after a miscounted message the boundary lies inside some text, where digits and a space
are common, but a PRI behind them is not. So a count that disagrees with its message costs at most
the messages that it overlaps, even where no LF ever comes.

A stream survives faults as long as it has messages: every message makes up for one fault, and when
``fault_budget`` faults are left that nothing made up for, the stream is given up. Looking for
messages costs more than finding them, so that is also what bounds the work that garbage can cause.
"""

from __future__ import annotations

import re
from enum import Enum, StrEnum
from typing import Final, NamedTuple

MAX_COUNT_DIGITS: Final = 7
"""A longer MSG-LEN is refused before conversion (rsyslog's CVE-2022-24903 was such a count)."""

_LT: Final = 0x3C

# The fast path's trick: three digits, the space and the "<" behind it are five bytes, and one
# look-up of them stands for finding the space, checking the digits, converting them and checking
# the "<". Nearly every message of Heroku has between 100 and 999 bytes.
_THREE_DIGITS: Final = {b"%d <" % count: count for count in range(100, 1000)}
_BLANKS: Final = b"\n\r\0 "

# What may follow a malformed stretch. Five digits reach past every sane message size, and keep a
# chance match in garbage from swallowing megabytes. The lookbehind keeps the tail of a longer run
# of digits from passing for a count.
_NEXT_BOUNDARY: Final = re.compile(rb"[\n\0]|(?<![0-9])[1-9][0-9]{0,4} <[0-9]{1,3}>")
_NEXT_COUNT: Final = re.compile(rb"(?<![0-9])[1-9][0-9]{0,4} <[0-9]{1,3}>")
_PARTIAL_BOUNDARY: Final = re.compile(rb"(?<![0-9])[1-9][0-9]{0,4}(?: (?:<[0-9]{0,3})?)?\Z")
_DIGITS: Final = re.compile(rb"[0-9]*")
_TERMINATOR: Final = re.compile(rb"[\n\0]")
_BLANK_RUN: Final = re.compile(rb"[\n\r\0 ]+")

_TLS_HELLO: Final = b"\x16\x03"
_HTTP_METHODS: Final = b"GET POST PUT HEAD DELETE OPTIONS CONNECT TRACE PATCH PRI".split()
_FOREIGN_PROTOCOLS: Final = (_TLS_HELLO, *(method + b" " for method in _HTTP_METHODS))


class FrameFault(StrEnum):
    """Why bytes of a stream were rejected. A closed vocabulary: it labels a metric."""

    BAD_COUNT = "bad_count"
    """A count with a leading zero, a foreign character in it, or no space behind it."""
    BLANK = "blank"
    """LF, CR, NUL or SP between messages: a sender whose count leaves out its line ending."""
    COUNT_DIGITS = "count_digits"
    """A count of more than `MAX_COUNT_DIGITS` digits."""
    EMPTY = "empty"
    """A datagram without content."""
    HTTP_REQUEST = "http_request"
    """An HTTP request on a syslog port."""
    NO_PRI = "no_pri"
    """A count that no PRI follows: the boundary is wrong, or the message is not syslog."""
    TLS_HELLO = "tls_hello"
    """A TLS handshake on a port without TLS."""
    TOO_LONG = "too_long"
    """A message above the size limit."""
    TRUNCATED = "truncated"
    """The stream ended inside a message."""
    UNEXPECTED_BYTE = "unexpected_byte"
    """A byte that begins neither a count nor a PRI."""


class Malformed(NamedTuple):
    """A stretch of the stream that is no message.

    Attributes:
        reason: What was wrong at its start.
        dropped: Bytes given up.
        continued: True where an earlier call reported the start of this stretch already.
    """

    reason: FrameFault
    dropped: int
    continued: bool = False


class Decoded(NamedTuple):
    """What one call of `FrameDecoder.feed` found."""

    frames: list[bytes]
    faults: list[Malformed]


class _State(Enum):
    BOUNDARY = "boundary"
    COUNTED = "counted"
    LINE = "line"
    SKIP_COUNTED = "skip counted"
    SKIP_LINE = "skip line"
    RESYNC = "resync"
    BLANK = "blank"
    SPENT = "spent"


class FrameDecoder:
    """Splits a byte stream into syslog messages.

    Any split of a stream into calls of `feed` yields the same messages. Never raises because of
    what was fed. Retains less than ``max_frame_bytes`` plus a few bytes between calls.

    Args:
        max_frame_bytes: Longest message accepted, in bytes without its framing.
        fault_budget: Faults not made up for by messages at which the stream is given up; None to
            go on for ever.
        counted_only: Whether octet counting is the only framing, as in the body of an HTTPS drain.
            There LF delimits nothing, not even where a boundary is looked for.
    """

    def __init__(
        self,
        max_frame_bytes: int = 65536,
        fault_budget: int | None = None,
        *,
        counted_only: bool = False,
    ) -> None:
        self._max = max_frame_bytes
        self._counted_only = counted_only
        self._next_boundary = _NEXT_COUNT if counted_only else _NEXT_BOUNDARY
        self._fault_budget = fault_budget
        self._state = _State.BOUNDARY
        self._tail = b""  # start of a boundary that cannot be judged yet: a few bytes
        # The part of one incomplete message. Appending is cheap however small the pieces, and it
        # costs no object per piece, which a slow sender could make very many of.
        self._held = bytearray()
        self._count_size = 0  # COUNTED: bytes of MSG-LEN and its space
        self._missing = 0  # bytes that COUNTED waits for, or SKIP_COUNTED has left to skip
        self._after_digit = False  # RESYNC: the byte before the data was a digit
        self._reason = FrameFault.UNEXPECTED_BYTE  # of the stretch that is being skipped
        self._frames: list[bytes] = []
        self._faults: list[Malformed] = []
        self._open_faults = 0  # that no message has made up for
        self._credited = 0  # of _frames, the messages that have made up for faults
        self._steps = {
            _State.BOUNDARY: self._boundary,
            _State.COUNTED: self._counted,
            _State.LINE: self._line,
            _State.SKIP_COUNTED: self._skip_counted,
            _State.SKIP_LINE: self._skip_line,
            _State.RESYNC: self._resync,
            _State.BLANK: self._blank,
            _State.SPENT: self._spend,
        }

    @property
    def retained(self) -> int:
        """Bytes kept between calls."""
        return len(self._held) + len(self._tail)

    @property
    def spent(self) -> bool:
        """Whether the stream has been given up."""
        return self._state is _State.SPENT

    def feed(self, data: bytes) -> Decoded:
        """Take bytes as they came and return the messages that they complete.

        A message is returned exactly as its framing delimits it: a trailing LF that the count
        includes is kept, the LF that ends a non-transparent frame is not part of it.
        """
        self._frames, self._faults = [], []
        if self._tail:
            data, self._tail = self._tail + data, b""
        position, size = 0, len(data)
        while position < size:
            position = self._steps[self._state](data, position)
        if self._open_faults:
            self._credit()
        self._credited = 0
        return Decoded(self._frames, self._faults)

    def finish(self) -> Decoded:
        """Take the end of the stream; the decoder may not be fed again.

        A line without its terminator is complete now (non-transparent framing has no other way to
        tell). A counted message without all its octets, or a cut boundary, is truncated.
        """
        self._frames, self._faults = [], []
        if self._state is _State.LINE:
            self._frames.append(bytes(self._held))
        elif self.retained or self._state is _State.COUNTED:
            count = self._count_size if self._state is _State.COUNTED else 0
            self._fault(FrameFault.TRUNCATED, count + self.retained)
        self._held, self._tail = bytearray(), b""
        return Decoded(self._frames, self._faults)

    # One method per state -------------------------------------------------------------------

    def _boundary(self, data: bytes, position: int) -> int:
        """Decode message after message while they are whole; leave at the first that is not."""
        size, limit = len(data), self._max
        find, add, three_digits = data.find, self._frames.append, _THREE_DIGITS.get
        while position < size:
            length = three_digits(data[position : position + 5])
            if length is not None:
                start = position + 4
                end = start + length
                if end <= size and length <= limit:
                    add(data[start:end])
                    position = end
                    continue
            space = find(b" ", position, position + MAX_COUNT_DIGITS + 1)
            # isdigit() first: int() would take b"+1", b"1_0" and leading zeros.
            if space < 0 or not (count := data[position:space]).isdigit() or count[0] == 0x30:
                return self._unusual(data, position)
            start = space + 1
            if start == size:
                return self._keep_tail(data, position)
            if data[start] != _LT:
                return self._reject(FrameFault.NO_PRI, data, position)
            end = start + int(count)
            if end - start > limit:
                self._state, self._missing = _State.SKIP_COUNTED, end - start
                self._fault(FrameFault.TOO_LONG, start - position)
                return start
            if end > size:
                self._state, self._missing = _State.COUNTED, end - start
                self._count_size = start - position
                return start
            add(data[start:end])
            position = end
        return position

    def _unusual(self, data: bytes, position: int) -> int:
        """Handle a boundary at which no complete count stands."""
        first = data[position]
        if first == _LT and not self._counted_only:
            return self._lines(data, position)
        head = data[position : position + MAX_COUNT_DIGITS + 1]
        if 0x30 <= first <= 0x39:
            if first == 0x30 or not head.isdigit():
                return self._reject(FrameFault.BAD_COUNT, data, position)
            if len(head) > MAX_COUNT_DIGITS:
                return self._reject(FrameFault.COUNT_DIGITS, data, position)
            return self._keep_tail(data, position)
        if first in _BLANKS:
            self._state = _State.BLANK
            self._fault(FrameFault.BLANK, 0)
            return position
        if any(head.startswith(protocol) for protocol in _FOREIGN_PROTOCOLS):
            reason = FrameFault.TLS_HELLO if first == _TLS_HELLO[0] else FrameFault.HTTP_REQUEST
            return self._reject(reason, data, position)
        at_end = position + len(head) == len(data)
        if at_end and any(protocol.startswith(head) for protocol in _FOREIGN_PROTOCOLS):
            return self._keep_tail(data, position)
        return self._reject(FrameFault.UNEXPECTED_BYTE, data, position)

    def _lines(self, data: bytes, position: int) -> int:
        """Decode line after line while they are whole."""
        while data[position : position + 1] == b"<":
            match = _TERMINATOR.search(data, position)
            if match is None or match.start() - position > self._max:
                self._state = _State.LINE
                return position
            self._frames.append(data[position : match.start()])
            position = match.end()
        return position

    def _blank(self, data: bytes, position: int) -> int:
        """Skip a run of line endings and blanks; it needs no search for the next boundary."""
        match = _BLANK_RUN.match(data, position)
        end = match.end() if match else position
        if end < len(data):
            self._state = _State.BOUNDARY
        return self._drop(end - position, position)

    def _counted(self, data: bytes, position: int) -> int:
        part = data[position : position + self._missing]
        self._held += part
        self._missing -= len(part)
        if not self._missing:
            self._complete()
        return position + len(part)

    def _line(self, data: bytes, position: int) -> int:
        match = _TERMINATOR.search(data, position)
        end = match.start() if match else len(data)
        if len(self._held) + end - position > self._max:
            self._state = _State.SKIP_LINE
            self._fault(FrameFault.TOO_LONG, len(self._held))
            self._held = bytearray()
            return position
        self._held += data[position:end]
        if match:
            self._complete()
            return end + 1
        return end

    def _skip_counted(self, data: bytes, position: int) -> int:
        skipped = min(self._missing, len(data) - position)
        self._missing -= skipped
        if not self._missing:
            self._state = _State.BOUNDARY
        return self._drop(skipped, position)

    def _skip_line(self, data: bytes, position: int) -> int:
        match = _TERMINATOR.search(data, position)
        if match:
            self._state = _State.BOUNDARY
        end = match.end() if match else len(data)
        return self._drop(end - position, position)

    def _resync(self, data: bytes, position: int) -> int:
        """Drop bytes up to the next plausible boundary."""
        begin = position
        if self._after_digit and (digits := _DIGITS.match(data, position)):
            position = digits.end()
        match = self._next_boundary.search(data, position)
        if match:
            self._state = _State.BOUNDARY
            end = match.end() if match[0] in (b"\n", b"\0") else match.start()
            return self._drop(end - begin, begin)
        partial = _PARTIAL_BOUNDARY.search(data, position)
        end = partial.start() if partial else len(data)
        # No boundary ends here, but one may have begun: its bytes wait for the next call.
        self._after_digit = not partial and data[-1:].isdigit()
        self._tail = data[end:]
        self._drop(end - begin, begin)
        return len(data)

    def _spend(self, data: bytes, position: int) -> int:
        return self._drop(len(data) - position, position)

    # Helpers ----------------------------------------------------------------------------------

    def _complete(self) -> None:
        self._frames.append(bytes(self._held))
        self._held = bytearray()
        self._state = _State.BOUNDARY

    def _keep_tail(self, data: bytes, position: int) -> int:
        self._tail = data[position:]
        return len(data)

    def _reject(self, reason: FrameFault, data: bytes, position: int) -> int:
        """Give up the byte at a senseless boundary and look for the next one behind it."""
        self._state = _State.RESYNC
        self._after_digit = 0x30 <= data[position] <= 0x39
        self._fault(reason, 1)
        return position + 1

    def _fault(self, reason: FrameFault, dropped: int) -> None:
        """Note a fault; the last one of the budget overrules the state that the caller has set."""
        self._faults.append(Malformed(reason, dropped))
        self._reason = reason
        self._credit()
        self._open_faults += 1
        if self._fault_budget is not None and self._open_faults >= self._fault_budget:
            self._state = _State.SPENT

    def _credit(self) -> None:
        """Let the messages since the last time make up for one fault each."""
        made_up = len(self._frames) - self._credited
        self._open_faults = max(self._open_faults - made_up, 0)
        self._credited = len(self._frames)

    def _drop(self, count: int, position: int) -> int:
        """Add dropped bytes to the stretch that is being skipped."""
        if count:
            if self._faults and self._faults[-1].reason is self._reason:
                last = self._faults.pop()
                self._faults.append(last._replace(dropped=last.dropped + count))
            else:
                self._faults.append(Malformed(self._reason, count, continued=True))
        return position + count


def encode_frame(message: bytes) -> bytes:
    """Frame a message by octet counting (RFC 6587, section 3.4.1)."""
    return b"%d %s" % (len(message), message)
