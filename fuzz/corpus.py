"""The inputs that fuzzing begins with, for each target, and the tokens that it may put into others.

They are made from the tables of `fuzz.seeds` and from the published lines in ``tests/corpus``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from fuzz.seeds import Seed
from fuzz.seeds.authorizations import AUTHORIZATIONS, PAIRS
from fuzz.seeds.bodies import GZIP_BODIES, PLAIN_BODIES
from fuzz.seeds.messages import MESSAGES
from fuzz.seeds.proxy_headers import PROXY_HEADERS
from fuzz.seeds.requests import REQUESTS, request
from fuzz.seeds.streams import STREAMS
from fuzz.targets import (
    authorization,
    classifier,
    framing,
    header,
    http_body,
    http_request,
    proxy_protocol,
)
from heroku_syslogd.wire import Dialect, FrameDecoder
from tests.corpus.examples import EXAMPLES

_PUBLISHED: Final = "tests/corpus"
_SMALL_LIMIT: Final = 300
_TOGETHER: Final = 20
"""Published messages of one input that holds several."""


def seeds_of(target: str) -> list[Seed]:
    """Return the inputs that a target begins with.

    Raises:
        KeyError: There is no such target.
    """
    seeds: dict[str, Seed] = {}
    for seed in _SEEDS[target]():
        name = seed.name if seed.name not in seeds else f"{seed.name}-{len(seeds)}"
        seeds[name] = seed._replace(name=name)
    return list(seeds.values())


def write_seeds(target: str, directory: Path) -> None:
    """Write the inputs of a target into a directory, one file each, named as they are."""
    for seed in seeds_of(target):
        (directory / seed.name).write_bytes(seed.data)


def write_tokens(path: Path) -> None:
    """Write the tokens as a dictionary of libFuzzer (LLVM, "libFuzzer", Dictionaries)."""
    lines = ('"{}"\n'.format("".join(f"\\x{byte:02x}" for byte in token)) for token in TOKENS)
    path.write_text("".join(lines))


# From tables to inputs ---------------------------------------------------------------------------


def _made(seeds: Iterable[Seed], encode: Callable[[bytes], bytes], prefix: str = "") -> list[Seed]:
    return [seed._replace(name=prefix + seed.name, data=encode(seed.data)) for seed in seeds]


def _published(name: str, data: bytes) -> Seed:
    return Seed(re.sub(r"[^A-Za-z0-9.]+", "-", name)[:100], data, "published", _PUBLISHED)


def _messages(body: bytes, *, framed: bool) -> list[bytes]:
    if not framed:
        return [body]
    decoder = FrameDecoder()
    return decoder.feed(body).frames + decoder.finish().frames


def _framing() -> Iterator[Seed]:
    yield from _made(STREAMS, lambda stream: framing.encode(stream, sizes=(5, 3)))
    yield from _made(
        STREAMS, lambda stream: framing.encode(stream, counted_only=True, sizes=(7, 0)), "counted-"
    )
    yield from _made(
        STREAMS, lambda stream: framing.encode(stream, limit=_SMALL_LIMIT, budget=2), "small-"
    )
    for example in EXAMPLES:
        if example.framed:
            yield _published(example.name, framing.encode(example.body, sizes=(64, 1)))


def _header() -> Iterator[Seed]:
    yield from _made(MESSAGES, header.encode)
    # Of the same form but for numbers and names are many, so some are enough.
    for example in EXAMPLES[::4]:
        for number, frame in enumerate(_messages(example.body, framed=example.framed)):
            yield _published(f"{example.name} {number}", header.encode(frame))


def _classifier() -> Iterator[Seed]:
    yield from _made(MESSAGES, lambda message: classifier.encode([message, message]))
    yield from _made(
        MESSAGES,
        lambda message: classifier.encode([message, message], Dialect.LOGPLEX_1, first_batch=1),
        "https-",
    )
    for dialect in Dialect:
        published: list[bytes] = []
        for example in EXAMPLES:
            if example.dialect is dialect:
                messages = _messages(example.body, framed=example.framed)
                published += messages
                if messages:
                    yield _published(example.name, classifier.encode(messages * 2, dialect))
        for start in range(0, len(published), _TOGETHER):
            together = published[start : start + _TOGETHER]
            data = classifier.encode(together, dialect, first_batch=_TOGETHER // 2)
            yield _published(f"together {dialect.value} {start}", data)


def _http_body() -> Iterator[Seed]:
    yield from _made(PLAIN_BODIES, lambda body: http_body.encode(body, sizes=(9, 0)))
    yield from _made(
        PLAIN_BODIES, lambda body: http_body.encode(body, gzipped=True, packed=True), "packed-"
    )
    yield from _made(GZIP_BODIES, lambda body: http_body.encode(body, gzipped=True, sizes=(11, 2)))
    yield from _made(
        GZIP_BODIES, lambda body: http_body.encode(body, gzipped=True, most=100), "small-"
    )
    yield from _made(
        STREAMS,
        lambda body: http_body.encode(body, gzipped=True, packed=True, two_members=True),
        "stream-",
    )


def _http_request() -> Iterator[Seed]:
    yield from _made(REQUESTS, lambda sent: http_request.encode(sent, sizes=(100, 41)))
    yield from _made(
        REQUESTS, lambda sent: http_request.encode(sent, asks=True, is_full=True), "asks-"
    )
    for example in EXAMPLES:
        if example.framed and example.dialect is Dialect.LOGPLEX_1:
            yield _published(example.name, http_request.encode(request(example.body)))


def _proxy_protocol() -> Iterator[Seed]:
    yield from _made(PROXY_HEADERS, lambda head: proxy_protocol.encode(head, sizes=(10, 3)))


def _authorization() -> Iterator[Seed]:
    yield from _made(AUTHORIZATIONS, authorization.encode)
    yield from _made(PAIRS, lambda pair: authorization.encode(pair, is_pair=True), "pair-")


_SEEDS: Final[Mapping[str, Callable[[], Iterator[Seed]]]] = {
    "framing": _framing,
    "header": _header,
    "classifier": _classifier,
    "http_body": _http_body,
    "http_request": _http_request,
    "proxy_protocol": _proxy_protocol,
    "authorization": _authorization,
}

_WORDS: Final = (
    # Framing and headers
    *(b"1 <", b"12 <13>", b"129 <45>1 ", b"0 ", b"9999999 ", b"<13>1 ", b"<134>1 ", b"<192>1 "),
    *(b" - ", b" - - ", b"\n", b"\0", b"\r\n", b"\x1e", b"\xef\xbb\xbf", b'[a b="c"]', b"[", b"]:"),
    *(b"host", b"heroku", b"app", b"heroku[router]: ", b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"),
    *(b"router", b"logplex", b"api", b"web.1", b"postgres.1", b"heroku-postgres", b"heroku-redis"),
    *(b"2024-01-02T03:04:05.678901+00:00", b"2012-12-10T03:51:41Z", b"Oct 11 22:14:15 "),
    # Lines of the platform
    *(
        b"source=web.1",
        b"source=",
        b" dyno=heroku.1.",
        b"sample#load_avg_1m=",
        b"sample#memory_rss=",
    ),
    *(b"sample#memory_pgpgin=", b"MB", b"pages", b"sample#", b"measure#", b"count#", b"unique#"),
    *(b'at=info method=GET path="', b'at=error code=H12 desc="', b'" host=', b' fwd="', b" dyno="),
    *(b" connect=", b" service=", b" status=", b" bytes=", b" protocol=http2.0", b" tls=true"),
    *(b' agent="', b"code=H31", b"sock=client", b"request_id=", b"Error R14 (", b"Error L10 ("),
    *(b"State changed from up to down", b"State changed from starting to up", b"Process exited"),
    *(b"Release v1 created by user ", b"Scaled to web@1:Free", b"Starting process with command `"),
    *(b"[DATABASE] [1-1] ", b" sql_error_code = 00000", b"LOG:  duration: 1 ms  statement: "),
    # HTTP
    *(
        b"POST /logplex HTTP/1.1\r\n",
        b"GET ",
        b"HTTP/1.0",
        b"Host: x\r\n",
        b"\r\n\r\n",
        b"0\r\n\r\n",
    ),
    *(
        b"Content-Type: application/logplex-1\r\n",
        b"Content-Length: ",
        b"Content-Encoding: gzip\r\n",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n"),
    *(b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Logplex-Frame-Id: ", b"Logplex-Msg-Count: "),
    *(b"Logplex-Drain-Token: ", b"Authorization: Basic ", b"bG9ncGxleDpzM2NyOmV0", b"Basic "),
    *(b"\x1f\x8b\x08\x00", b"\x1f\x8b\x08\x08", b"\x03\x00", b"\x16\x03\x01"),
    # PROXY
    *(b"\r\n\r\n\0\r\nQUIT\n", b"\x21\x11\x00\x0c", b"\x20\x00", b"PROXY TCP4 ", b"PROXY TCP6 "),
    *(b"PROXY UNKNOWN", b"192.0.2.1 ", b"::ffff:192.0.2.1 "),
)

TOKENS: Final = tuple(dict.fromkeys(_WORDS))
"""Pieces that mean something to somebody; a fuzzer would take long to find them byte by byte."""
