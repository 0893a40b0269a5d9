"""Syslog headers: one message's bytes to its fields.

The dialect belongs to the listener and is never guessed from content: TCP, TLS and UDP drains carry
RFC 5424 with STRUCTURED-DATA, HTTPS drains carry ``application/logplex-1``, which has no such field
(heroku/logplex issue 204). Within its dialect the parser is liberal, because one odd header must
not cost a message: fields of any length, missing STRUCTURED-DATA, missing MSG, the
``heroku[router]:`` header of some Router 2.0 lines, and RFC 3164 from relays.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final, NamedTuple

_BOM: Final = b"\xef\xbb\xbf"
_NILVALUE: Final = b"-"

VALID_PRI_VERSION: Final = frozenset(b"<%d>1" % pri for pri in range(192))
"""Every PRI and VERSION of RFC 5424 as they stand on the wire (facility 0-23, severity 0-7)."""

_PRI: Final = re.compile(rb"<([0-9]{1,3})>")
_VERSION: Final = re.compile(rb"[1-9][0-9]{0,2} ")
_TAGGED: Final = re.compile(rb"([^ \[\]:\n]{1,255})\[([^ \[\]\n]{1,255})\]:\Z")
_STRUCTURED_DATA: Final = re.compile(
    rb'(?:\[[^ =\]"\n]{1,255}(?: [^ =\]"\n]{1,255}="(?:[^"\\]|\\.)*+")*+\])++(?= |\n?\Z)', re.DOTALL
)
_RFC3164: Final = re.compile(
    rb"(?P<timestamp>[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}) "
    rb"(?P<hostname>[^ \n]{1,255}) "
    rb"(?P<tag>[^ :\[\n]{1,255})(?:\[(?P<pid>[^ \]\n]{1,255})\])?:? ?"
)


class Dialect(Enum):
    """Which header form a listener carries."""

    RFC5424 = "rfc5424"
    LOGPLEX_1 = "logplex"


# Looking a member up on its class takes longer in Python 3.11 than all that is done with it here.
_RFC5424: Final = Dialect.RFC5424


class HeaderReason(StrEnum):
    """Why a message could not be parsed. A closed vocabulary: it labels a metric."""

    PRI = "pri"
    """No PRI, or one above 191 (RFC 5424, section 6.2.1)."""
    VERSION = "version"
    """A VERSION other than 1."""
    FIELDS = "fields"
    """The message ends before its PROCID."""


class HeaderFault(NamedTuple):
    """A message that could not be parsed.

    Attributes:
        reason: What is wrong.
        column: Offset in bytes at which it was noticed.
        expected: What should have stood there.
    """

    reason: HeaderReason
    column: int
    expected: str


class Message(NamedTuple):
    """One syslog message; field names as in RFC 5424, section 6. Absent fields are ``b"-"``."""

    pri: int
    timestamp: bytes
    hostname: bytes
    app_name: bytes
    procid: bytes
    msgid: bytes
    structured_data: bytes
    msg: bytes


def parse_message(frame: bytes, dialect: Dialect) -> Message | HeaderFault:
    """Parse one message. Total: any bytes give a `Message` or a `HeaderFault`.

    One trailing LF, which Logplex adds, and a byte-order mark (RFC 5424, section 6.4) are not part
    of ``msg``. The TIME token is passed on as it came: Logplex does not validate it either.
    """
    match = _PRI.match(frame)
    if match is None or (pri := int(match[1])) > 191:
        return HeaderFault(HeaderReason.PRI, 0, "a PRI from <0> to <191>")
    position = match.end()
    version = _VERSION.match(frame, position)
    if version is None:
        return _parse_rfc3164(pri, frame[position:])
    if version[0] != b"1 ":
        return HeaderFault(HeaderReason.VERSION, position, "VERSION 1")
    return _parse_fields(pri, frame, version.end(), dialect)


def _parse_fields(pri: int, frame: bytes, position: int, dialect: Dialect) -> Message | HeaderFault:
    """Parse what follows VERSION."""
    fields = frame[position:].split(b" ", 5)
    if len(fields) > 1 and (tagged := _TAGGED.match(fields[1].rstrip(b"\n"))):
        text = frame[position:].split(b" ", 2)[2:]
        msg = _clean(text[0]) if text else b""
        nil = _NILVALUE
        return Message(pri, fields[0], nil, tagged[1], tagged[2], nil, nil, msg)
    if len(fields) < 4 or not fields[3].rstrip(b"\n"):
        return HeaderFault(HeaderReason.FIELDS, len(frame), "HOSTNAME APP-NAME PROCID")
    fields = [*fields, b"", b""][:6]
    timestamp, hostname, app_name, procid, msgid, rest = fields
    if dialect is _RFC5424:
        structured_data, rest = _split_structured_data(rest)
    else:
        structured_data = _NILVALUE
    procid, msgid = procid.rstrip(b"\n"), msgid.rstrip(b"\n") or _NILVALUE
    return Message(pri, timestamp, hostname, app_name, procid, msgid, structured_data, _clean(rest))


def _split_structured_data(rest: bytes) -> tuple[bytes, bytes]:
    """Split STRUCTURED-DATA from MSG; what is no STRUCTURED-DATA is MSG."""
    if rest.startswith(b"- "):
        return _NILVALUE, rest[2:]
    if rest in (b"-", b"-\n"):
        return _NILVALUE, b""
    match = _STRUCTURED_DATA.match(rest)
    if match is None:
        return _NILVALUE, rest
    return match[0], rest[match.end() + 1 :]


def _parse_rfc3164(pri: int, text: bytes) -> Message:
    """Parse a BSD syslog message; without a recognisable header all of it is MSG (4.3.3)."""
    match = _RFC3164.match(text)
    if match is None:
        nil = _NILVALUE
        return Message(pri, nil, nil, nil, nil, nil, nil, _clean(text))
    return Message(
        pri,
        match["timestamp"],
        match["hostname"],
        match["tag"],
        match["pid"] or _NILVALUE,
        _NILVALUE,
        _NILVALUE,
        _clean(text[match.end() :]),
    )


def _clean(msg: bytes) -> bytes:
    return msg.removesuffix(b"\n").removeprefix(_BOM)


def stream_key(message: Message) -> bytes:
    """Return ``HOSTNAME SP APP-NAME SP PROCID``, which names the stream a message belongs to.

    A frame with a nil MSGID, as all of Logplex's, yields the same bytes without being parsed::

        pri_version, timestamp, rest = frame.split(b" ", 2)
        key, _, rest = rest.partition(b" - ")

    If such a ``key`` has two spaces, as every key from here, and ``pri_version`` is one of
    `VALID_PRI_VERSION`, `parse_message` would find the same stream. That is the fast path of the
    worker: it needs a fifth of the time.
    """
    return b" ".join((message.hostname, message.app_name, message.procid))


def message_text(rest: bytes, dialect: Dialect) -> bytes:
    """Return MSG from what follows the nil MSGID and its space, as `parse_message` does."""
    if dialect is _RFC5424:
        if rest[:2] == b"- ":
            msg = rest[2:-1] if rest[-1:] == b"\n" else rest[2:]
            return msg.removeprefix(_BOM)
        rest = _split_structured_data(rest)[1]
    return _clean(rest)


def parse_timestamp(token: bytes) -> float | None:
    """Convert an RFC 5424 TIMESTAMP to seconds since the epoch, or None if it is not one.

    Logplex passes any token on, so this is decided here and not in the header. Any number of
    fractional digits is accepted; a time without an offset is not (RFC 5424, section 6.2.3).
    """
    try:
        moment = datetime.fromisoformat(token.decode("ascii"))
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
