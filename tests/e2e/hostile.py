"""What nobody should send, and what is to become of every byte of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from heroku_syslogd.wire import encode_frame
from tests.daemon_process import Address
from tests.e2e.traffic import app_line, send_and_reset, send_slowly, send_tcp, token

SECRET: Final = "hunter2-of-the-hostile-sender"
TOKEN: Final = token(66)

_TLS_HELLO: Final = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(range(0x80, 0xA0)) * 2
_GOOD: Final = app_line(TOKEN, SECRET)
_FRAME: Final = encode_frame(_GOOD)


class Hostile(NamedTuple):
    """One connection's worth of trouble.

    Attributes:
        name: What it is.
        data: What is sent.
        messages: Messages that this is all the same.
        kept: Bytes of those with their framing; all others are rejected.
        unparsable: How many of the messages have a header that is no header.
        send: How it is sent.
    """

    name: str
    data: bytes
    messages: int = 0
    kept: int = 0
    unparsable: int = 0
    send: Callable[[Address, bytes], int] = send_tcp


def _whole(
    name: str,
    data: bytes,
    messages: int = 1,
    unparsable: int = 0,
    send: Callable[[Address, bytes], int] = send_tcp,
) -> Hostile:
    return Hostile(name, data, messages, len(data), unparsable, send)


def _with(name: str, before: bytes, after: bytes = b"") -> Hostile:
    """Trouble around a good frame, which must not be lost."""
    return Hostile(name, before + _FRAME + after, 1, len(_FRAME))


CASES: Final = (
    # Messages all the same
    _whole("LF framing", _GOOD * 3, 3),
    _whole("NUL framing", _GOOD.rstrip(b"\n") + b"\0"),
    _whole("a line without its end", _GOOD.rstrip(b"\n")),
    _whole("framings mixed", _FRAME + _GOOD + _FRAME, 3),
    _whole("NUL, CR and LF inside", encode_frame(app_line(TOKEN, "a\0b\rc\nd"))),
    _whole("invalid UTF-8", encode_frame(_GOOD.replace(b"GET", b"\xff\xfe\xc3"))),
    _whole("a drain token of 10 kB", encode_frame(app_line("d." + "x" * 10_000, SECRET))),
    _whole("dripped", _FRAME + _FRAME, 2, send=send_slowly),
    _whole("reset behind a frame", _FRAME * 5, 5, send=send_and_reset),
    # Messages without a header
    _whole("PRI 999", encode_frame(b"<999>1 - - - - - - " + SECRET.encode()), unparsable=1),
    _whole("VERSION 2", encode_frame(b"<14>2 - - - - - - " + SECRET.encode()), unparsable=1),
    _whole("too few fields", b"<14>1 x\n<14>1 x y z\n", 2, unparsable=2),
    _whole("an empty PRI", b"<>1 - - - - - -\n", unparsable=1),
    Hostile("vector#4895", b"1 <23>41 <23>4", 1, 3, 1),
    # No messages
    _with("garbage", b"what " + SECRET.encode() + b" is this?\n"),
    _with("garbage that ends nowhere", b"%" * 5000),
    _with("blanks", b"\r\n\0\0  \n", b"\0"),
    _with("ten digits", b"1234567890 <14>1 x\n"),
    _with("a hundred digits", b"1" * 100 + b" <14>1 x\n"),
    _with("leading zero", b"007 <14>1 a\n"),
    _with("a count of nothing", b"0 \n"),
    _with("a count without its space", b"12<14>1 a\n"),
    _with("a signed count", b"+1\n"),
    _with("a count in other digits", "١٢ <14>1 a\n".encode()),
    _with("a message above the limit", b"70000 <14>1 " + SECRET.encode().ljust(69_994, b"x")),
    _with("a line above the limit", b"<14>1 " + b"x" * 70_000 + b"\n"),
    _with("a cut frame", b"", b"500 <14>1 2026"),
    _with("a cut count", b"", b"12"),
    Hostile("dripped garbage", b"drip drip\n" + _FRAME, 1, len(_FRAME), send=send_slowly),
    Hostile("reset inside a frame", b"500 <14>1 half", send=send_and_reset),
    Hostile("a frame of 9.9 MB, never sent", b"9999999 <14>1 ", send=send_and_reset),
    Hostile("TLS", _TLS_HELLO),
    Hostile("HTTP GET", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Hostile("HTTP POST", b"POST / HTTP/1.1\r\nAuthorization: " + SECRET.encode() + b"\r\n\r\n"),
)

DATAGRAMS: Final = (
    # (datagram, whether it is a message, whether it can be parsed)
    (b"", False, False),
    (b"\0", True, False),
    (b"\n", True, False),
    (b"no syslog, but " + SECRET.encode(), True, False),
    (b"<999>1 - - - - - -", True, False),
    (_FRAME, True, False),
    (b"<14>" + b"\xff" * 1400, True, True),
    (_GOOD, True, True),
    (b"<14>1 2026-03-05T09:51:04Z " + TOKEN.encode() + b" app web.1", True, True),
)


def noise(seed: int, size: int) -> bytes:
    """Return bytes of which many are special to the framing."""
    rng = random.Random(seed)
    return bytes(rng.choice(b"0123456789 <>\n\0ab") for _ in range(size))
