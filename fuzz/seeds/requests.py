"""What peers send to an HTTP drain, from the first byte on."""

from __future__ import annotations

import gzip
from typing import Final

from fuzz.seeds import Seed
from fuzz.seeds.bodies import L10, PLAIN

_DRAINS: Final = "heroku/logplex, doc/README.http_drains.md"
_RFC9110: Final = "RFC 9110"
_RFC9112: Final = "RFC 9112"
_SMUGGLING: Final = "RFC 9112, section 11.2"
_TYPE: Final = b"Content-Type: application/logplex-1\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
_TOKEN: Final = b"Logplex-Drain-Token: d.fc6b856b-3332-4546-93de-7d0ee272c3bd\r\n"
_LOGPLEX: Final = (
    _TYPE + b"Logplex-Msg-Count: 1\r\n"
    b"Logplex-Frame-Id: 09C557EAFCFB6CF2740EE62F62971098\r\n"
    + _TOKEN
    + b"User-Agent: Logplex/v49\r\n"
)
# The credential is the one that the target asks for: logplex, s3cr:et.
_BASIC: Final = b"Authorization: Basic bG9ncGxleDpzM2NyOmV0\r\n"


def request(
    body: bytes = PLAIN,
    headers: bytes = _LOGPLEX,
    *,
    line: bytes = b"POST /logplex HTTP/1.1",
    length: int | None = -1,
) -> bytes:
    """Return a request.

    Args:
        body: Its body.
        headers: Its headers but Host and Content-Length.
        line: Its first line.
        length: Content-Length; -1 for the right one, None for none.
    """
    stated = len(body) if length == -1 else length
    content_length = b"" if stated is None else b"Content-Length: %d\r\n" % stated
    return line + b"\r\nHost: example.com\r\n" + headers + content_length + b"\r\n" + body


def chunked(*parts: bytes) -> bytes:
    """Return a body in chunks (RFC 9112, section 7.1)."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


_ZIPPED: Final = gzip.compress(PLAIN, mtime=0)
_GZIP: Final = _TYPE + b"Content-Encoding: gzip\r\n"

REQUESTS: Final = (
    Seed("batch", request(), "batch", _DRAINS),
    Seed("batch-twice", request() * 2, "same Frame-Id", _DRAINS),
    Seed("batch-l10", request(L10), "Msg-Count", "heroku/logplex#105"),
    Seed("batch-basic", request(headers=_BASIC + _LOGPLEX), "credential", _DRAINS),
    Seed(
        "batch-basic-wrong",
        request(headers=b"Authorization: Basic eDp5\r\n" + _LOGPLEX),
        "credential",
        _DRAINS,
    ),
    Seed(
        "batch-bearer",
        request(headers=b"Authorization: Bearer x\r\n" + _LOGPLEX),
        "credential",
        _RFC9110,
    ),
    Seed(
        "space-level",
        request(headers=b"Connection: close\r\n" + _TYPE),
        "no headers",
        "vectordotdev/vector#6607",
    ),
    Seed(
        "query",
        request(line=b"POST /logplex?app_name=x HTTP/1.1"),
        "query",
        "vectordotdev/vector#4732",
    ),
    Seed("pipelined", request(headers=_TYPE) * 4, "pipelined", _RFC9112),
    Seed("empty-batch", request(b""), "empty", _DRAINS),
    Seed("odd-message", request(b"17 no syslog at all" + PLAIN), "malformed", "grafana/loki#7619"),
    Seed("troll", request(b"trolllllll"), "malformed", "fivegoodfriends/heroku_drain_datadog"),
    Seed("gzip", request(_ZIPPED, _GZIP), "gzip", _RFC9110),
    Seed("gzip-broken", request(_ZIPPED[:-5], _GZIP), "gzip", _RFC9110),
    Seed(
        "gzip-bomb",
        request(gzip.compress(b"\0" * 100_000), _GZIP),
        "bomb",
        "vectordotdev/vector 0.57",
    ),
    Seed("deflate", request(headers=_TYPE + b"Content-Encoding: deflate\r\n"), "coding", _RFC9110),
    Seed(
        "chunks",
        request(chunked(PLAIN[:9], PLAIN[9:]), _TYPE + _CHUNKED, length=None),
        "chunked",
        _RFC9112,
    ),
    Seed(
        "chunks-cut", request(b"49\r\n" + PLAIN, _TYPE + _CHUNKED, length=None), "chunked", _RFC9112
    ),
    Seed(
        "chunks-bad-size",
        request(b"zz\r\nx\r\n", _TYPE + _CHUNKED, length=None),
        "chunked",
        _RFC9112,
    ),
    Seed(
        "chunks-huge-size",
        request(b"f" * 20 + b"\r\n", _TYPE + _CHUNKED, length=None),
        "overflow",
        _RFC9112,
    ),
    Seed(
        "chunks-extension",
        request(b"1;x=y\r\n0\r\n0\r\nA: b\r\n\r\n", _TYPE + _CHUNKED, length=None),
        "chunked",
        _RFC9112,
    ),
    Seed("chunks-and-length", request(chunked(PLAIN), _TYPE + _CHUNKED), "smuggling", _SMUGGLING),
    Seed("two-lengths", request(headers=_TYPE + b"Content-Length: 3\r\n"), "smuggling", _SMUGGLING),
    Seed("negative-length", request(headers=_TYPE, length=-2), "length", _SMUGGLING),
    Seed("length-too-small", request(headers=_TYPE, length=20), "length", _RFC9112),
    Seed("length-too-large", request(headers=_TYPE, length=500), "truncated", _RFC9112),
    Seed("too-large", request(b"x" * 10, _TYPE, length=99_999_999), "size", _RFC9110),
    Seed(
        "too-large-unstated",
        request(chunked(b"x" * 5000), _TYPE + _CHUNKED, length=None),
        "size",
        _RFC9110,
    ),
    Seed("get", request(b"", line=b"GET /logplex HTTP/1.1"), "method", _RFC9110),
    Seed("head", request(b"", line=b"HEAD /logplex HTTP/1.1"), "method", _RFC9110),
    Seed("put", request(line=b"PUT /logplex HTTP/1.1"), "method", _RFC9110),
    Seed("connect", request(b"", line=b"CONNECT example.com:443 HTTP/1.1"), "method", _RFC9110),
    Seed("options-star", request(b"", line=b"OPTIONS * HTTP/1.1"), "target", _RFC9112),
    Seed("absolute", request(line=b"POST http://example.com/logplex HTTP/1.1"), "target", _RFC9112),
    Seed("other-path", request(line=b"POST /events HTTP/1.1"), "path", _RFC9110),
    Seed("other-type", request(headers=b"Content-Type: text/plain\r\n"), "type", _RFC9110),
    Seed(
        "type-with-parameter",
        request(headers=_TYPE.replace(b"\r", b"; charset=utf-8\r")),
        "type",
        _RFC9110,
    ),
    Seed("http-1.0", request(line=b"POST /logplex HTTP/1.0"), "version", _RFC9112),
    Seed(
        "http-1.0-keep-alive",
        request(headers=_TYPE + b"Connection: keep-alive\r\n", line=b"POST /logplex HTTP/1.0") * 2,
        "version",
        _RFC9112,
    ),
    Seed("http-2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version", "RFC 9113, section 3.4"),
    Seed("http-9.9", request(line=b"POST /logplex HTTP/9.9"), "version", _RFC9112),
    Seed("expect", request(headers=_TYPE + b"Expect: 100-continue\r\n"), "Expect", _RFC9110),
    Seed("expect-other", request(headers=_TYPE + b"Expect: tea\r\n"), "Expect", _RFC9110),
    Seed(
        "upgrade-h2c",
        request(headers=_TYPE + b"Connection: Upgrade\r\nUpgrade: h2c\r\n") * 2,
        "Upgrade",
        _RFC9110,
    ),
    Seed(
        "upgrade-websocket",
        request(b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n", line=b"GET / HTTP/1.1"),
        "Upgrade",
        "RFC 6455",
    ),
    Seed(
        "token-invalid-utf-8",
        request(headers=_TYPE + b"Logplex-Drain-Token: \xff\xfe\r\n"),
        "UTF-8",
        _RFC9110,
    ),
    Seed("header-folded", request(headers=_TYPE + b"X-A: b\r\n c\r\n"), "folded", _RFC9112),
    Seed("header-nul", request(headers=_TYPE + b"X-A: b\0c\r\n"), "NUL", _RFC9112),
    Seed("header-no-colon", request(headers=_TYPE + b"nonsense\r\n"), "header", _RFC9112),
    Seed(
        "header-space-before-colon",
        request(headers=_TYPE + b"X-A : b\r\n"),
        "smuggling",
        _SMUGGLING,
    ),
    Seed("headers-100", request(headers=_TYPE + b"X-A: b\r\n" * 100), "many", _RFC9110),
    Seed(
        "no-host",
        b"POST /logplex HTTP/1.1\r\n" + _TYPE + b"Content-Length: 0\r\n\r\n",
        "Host",
        _RFC9110,
    ),
    Seed("lone-lf", request().replace(b"\r\n", b"\n"), "LF", _RFC9112),
    Seed("head-cut", request()[:60], "cut", _RFC9112),
    Seed("blank-lines-first", b"\r\n\r\n" + request(), "blank", _RFC9112),
    Seed("good-then-junk", request() + b"junk\r\n\r\n", "junk", _RFC9112),
    Seed("junk", b"this is not HTTP\r\n\r\n", "junk", _RFC9112),
    Seed(
        "tls-hello", b"\x16\x03\x01\x00\x3f\x01\x00\x00\x3b\x03\x03", "TLS", "RFC 8446, section 5.1"
    ),
    Seed("syslog-frame", PLAIN, "syslog", _DRAINS),
    Seed("syslog-line", b"<13>1 - host app web.1 - - x\n", "syslog", "RFC 6587, section 3.4.2"),
    Seed("empty", b"", "empty", _RFC9112),
)
