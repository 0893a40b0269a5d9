"""First bytes of connections that come through a proxy, or seem to."""

from __future__ import annotations

from typing import Final

from fuzz.seeds import Seed
from heroku_syslogd.wire.proxy_protocol import (
    MAX_V2_BYTES,
    encode_proxy_local,
    encode_proxy_v1,
    encode_proxy_v2,
)

_SPECIFICATION: Final = "haproxy/haproxy, doc/proxy-protocol.txt"
_SYSLOG_NG: Final = "syslog-ng/syslog-ng#4211"
_LOGSTASH: Final = "elastic/logstash#18220"

_V4: Final = ("192.0.2.7", 56324, "198.51.100.1", 443)
_V6: Final = ("2001:db8::7", 56324, "2001:db8::1", 443)
_V2: Final = encode_proxy_v2(*_V4)
_SIGNATURE: Final = _V2[:12]
_BEHIND: Final = b"70 <174>1 2012-07-22T00:06:26+00:00 host erlang console - Hi from erlang\n"
_LONGEST: Final = b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

PROXY_HEADERS: Final = (
    Seed("v1-tcp4", encode_proxy_v1(*_V4) + _BEHIND, "good", _SPECIFICATION),
    Seed("v1-tcp6", encode_proxy_v1(*_V6) + _BEHIND, "good", _SPECIFICATION),
    Seed("v1-unknown", b"PROXY UNKNOWN\r\n" + _BEHIND, "good", _SPECIFICATION),
    Seed("v1-unknown-text", b"PROXY UNKNOWN ff \n x 1 2\r\n" + _BEHIND, "good", _SPECIFICATION),
    Seed(
        "v1-longest",
        b"PROXY TCP6 %s %s 65535 65535\r\n" % (_LONGEST, _LONGEST),
        "good",
        _SPECIFICATION,
    ),
    Seed("v1-then-tls", encode_proxy_v1(*_V4) + b"\x16\x03\x01", "good", _LOGSTASH),
    Seed("v1-mapped", b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "mapped", _SYSLOG_NG),
    Seed("v1-108-bytes", b"PROXY UNKNOWN ".ljust(106, b"x") + b"\r\n", "too long", _SPECIFICATION),
    Seed("v1-107-bytes", b"PROXY UNKNOWN ".ljust(105, b"x") + b"\r\n", "longest", _SPECIFICATION),
    Seed("v1-lone-lf", b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n" + _BEHIND, "LF", _SPECIFICATION),
    Seed("v1-lone-cr", b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r" + _BEHIND, "CR", _SPECIFICATION),
    Seed("v1-port-65536", b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n", "port", _SPECIFICATION),
    Seed(
        "v1-port-leading-zero",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
        "port",
        _SPECIFICATION,
    ),
    Seed(
        "v1-address-leading-zero",
        b"PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n",
        "address",
        _SPECIFICATION,
    ),
    Seed("v1-zone", b"PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", "zone", _SPECIFICATION),
    Seed("v1-families-mixed", b"PROXY TCP4 ::1 ::2 1 2\r\n", "address", _SPECIFICATION),
    Seed("v1-two-spaces", b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n", "space", _SPECIFICATION),
    Seed("v1-lower-case", b"proxy tcp4 192.0.2.7 198.51.100.1 1 2\r\n", "case", _SPECIFICATION),
    Seed("v1-cut", b"PROXY TCP4 192.0", "cut", _SPECIFICATION),
    Seed("v2-tcp4", _V2 + _BEHIND, "good", _SPECIFICATION),
    Seed("v2-tcp6", encode_proxy_v2(*_V6) + _BEHIND, "good", _SPECIFICATION),
    Seed(
        "v2-tlvs",
        encode_proxy_v2(*_V4, b"\x04\x00\x03abc\x03\x00\x04\xde\xad\xbe\xef"),
        "TLV",
        _SPECIFICATION,
    ),
    Seed("v2-tlv-too-long", encode_proxy_v2(*_V4, b"\x04\xff\xffabc"), "TLV", _SPECIFICATION),
    Seed("v2-mapped", encode_proxy_v2("::ffff:192.0.2.7", 1, "::1", 2), "mapped", _SYSLOG_NG),
    Seed("v2-local", encode_proxy_local() + _BEHIND, "LOCAL", _SPECIFICATION),
    Seed(
        "v2-local-block", encode_proxy_local(b"\x04\x00\x03abc") + _BEHIND, "LOCAL", _SPECIFICATION
    ),
    Seed("v2-unspecified", _SIGNATURE + b"\x21\x00\x00\x00" + _BEHIND, "UNSPEC", _SPECIFICATION),
    Seed(
        "v2-unix",
        _SIGNATURE + b"\x21\x31\x00\xd8" + b"/run/a".ljust(216, b"\0"),
        "UNIX",
        _SPECIFICATION,
    ),
    Seed(
        "v2-short-block", _SIGNATURE + b"\x21\x11\x00\x04\xc0\x00\x02\x07", "block", _SPECIFICATION
    ),
    Seed("v2-length-65535", _SIGNATURE + b"\x21\x11\xff\xff" + _BEHIND, "too long", _SPECIFICATION),
    Seed(
        "v2-longest-block",
        encode_proxy_v2(*_V4, bytes(MAX_V2_BYTES - 12)) + _BEHIND,
        "longest",
        _SPECIFICATION,
    ),
    Seed("v2-version-3", _SIGNATURE + b"\x31\x11\x00\x0c" + _V2[16:], "version", _SPECIFICATION),
    Seed("v2-command-2", _SIGNATURE + b"\x22\x11\x00\x0c" + _V2[16:], "command", _SPECIFICATION),
    Seed("v2-family-4", _SIGNATURE + b"\x21\x41\x00\x0c" + _V2[16:], "family", _SPECIFICATION),
    Seed("v2-cut", _V2[:20], "cut", _SPECIFICATION),
    Seed("v2-signature", _SIGNATURE, "cut", _SPECIFICATION),
    Seed(
        "signature-byte-wrong", _SIGNATURE[:8] + b"X" + _SIGNATURE[9:], "signature", _SPECIFICATION
    ),
    Seed("frame", _BEHIND, "no header", _SYSLOG_NG),
    Seed("http", b"POST /logplex HTTP/1.1\r\n\r\n", "no header", _LOGSTASH),
    Seed("tls-hello", b"\x16\x03\x01\x00\x3f\x01", "no header", _LOGSTASH),
    Seed("empty", b"", "empty", _SPECIFICATION),
)
