"""Headers (`heroku_syslogd.wire.parse_message`), and the short cut that the worker takes past them.

Options: begin and length of what is pumped.
"""

from __future__ import annotations

import math
from typing import Final

from fuzz.inputs import pump_options, pumped, split_options
from heroku_syslogd.wire import (
    VALID_PRI_VERSION,
    Dialect,
    HeaderFault,
    HeaderReason,
    Message,
    message_text,
    parse_message,
    parse_timestamp,
    stream_key,
)

_OPTIONS: Final = 2
_BOM: Final = b"\xef\xbb\xbf"
_NIL: Final = b"-"


def encode(frame: bytes, *, pump: tuple[int, int] = (0, 0)) -> bytes:
    """Return the input for a message without its framing."""
    return pump_options(*pump) + frame


def check(data: bytes) -> None:
    """Parse a message in both dialects and hold the result against the bytes and the short cut."""
    options, frame = split_options(data, _OPTIONS)
    frame = pumped(frame, options)
    for dialect in Dialect:
        found = parse_message(frame, dialect)
        if not frame.endswith(b"\n"):
            with_line_feed = parse_message(frame + b"\n", dialect)
            assert with_line_feed[:1] == found[:1], "a line feed at the end matters"
            assert with_line_feed == found or isinstance(found, HeaderFault)
        if isinstance(found, HeaderFault):
            assert found.reason in HeaderReason
            assert 0 <= found.column <= len(frame), "a fault beside the message"
            assert _fast_path(frame, dialect) is None, "the short cut takes what is refused"
            continue
        _check_fields(found, frame)
        _check_round_trip(found, dialect)
        fast = _fast_path(frame, dialect)
        if fast is not None:
            slow = (stream_key(found), found.timestamp, found.msg)
            assert fast == slow, f"short cut {fast!r}, parser {slow!r}"


def _check_fields(message: Message, frame: bytes) -> None:
    assert 0 <= message.pri <= 191
    for field in message[1:]:
        assert field == _NIL or field in frame, "a field that is not in the message"
    assert stream_key(message).count(b" ") == 2, "a space within a field"
    time = parse_timestamp(message.timestamp)
    assert time is None or math.isfinite(time)


def _check_round_trip(message: Message, dialect: Dialect) -> None:
    """Write a message down in its plain form and read it again."""
    if b" " in message.timestamp or message.hostname.endswith(b"]:"):
        return  # those of RFC 3164; and that HOSTNAME would be a header of another form
    fields = [message.timestamp, message.hostname, message.app_name, message.procid, message.msgid]
    if dialect is Dialect.RFC5424:
        fields.append(message.structured_data)
    # A byte-order mark and a line feed, because one of each is taken off.
    text = b"%s%s\n" % (_BOM, message.msg)
    written = b"<%d>1 %s %s" % (message.pri, b" ".join(fields), text)
    assert parse_message(written, dialect) == message, f"written down: {written!r}"


def _fast_path(frame: bytes, dialect: Dialect) -> tuple[bytes, bytes, bytes] | None:
    """Return stream, TIME and MSG as the worker finds them; None where it takes the parser."""
    head, _, rest = frame.partition(b" - ")
    fields = head.split(b" ", 2)
    if len(fields) < 3 or fields[0] not in VALID_PRI_VERSION:
        return None
    # The worker knows no stream that the parser has not named before.
    key = fields[2]
    first = parse_message(b"<13>1 - %s - - x" % key, dialect)
    if isinstance(first, HeaderFault) or stream_key(first) != key:
        return None
    return key, fields[1], message_text(rest, dialect)
