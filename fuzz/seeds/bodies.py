"""Bodies of batches, as of an HTTPS drain: plain, compressed, and broken."""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from fuzz.seeds import Seed

_DRAINS: Final = "heroku/logplex, doc/README.http_drains.md"
_RFC1952: Final = "RFC 1952, section 2"

PLAIN: Final = b"70 <174>1 2012-07-22T00:06:26+00:00 host erlang console - Hi from erlang\n"
"""The frame of the documentation, with its line feed."""

L10: Final = (
    b"142 <172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10 (output buffer "
    b"overflow): 1 messages dropped since 2014-11-07T23:29:45+00:00.93 <45>1 "
    b"2014-11-11T08:24:24.064853+00:00 host heroku web.1 - State changed from starting to up\n"
)
"""A loss without a line feed, and the frame behind it."""

PLAIN_BODIES: Final = (
    Seed("minimal", PLAIN, "frame", _DRAINS),
    Seed("l10-glued", L10, "no LF", "heroku/logplex#105"),
    Seed("three", PLAIN * 3, "frames", _DRAINS),
    Seed("lf-inside", b"31 <13>1 - host app web.1 - a\nb\nc\n" + PLAIN, "LF inside", _DRAINS),
    Seed("lines", b"<13>1 - host app web.1 - x\n" * 2, "no counts", "vectordotdev/vector#262"),
    Seed(
        "rendered", b"2016-08-12T12:19:06+00:00 app[web.1]: x\n", "rendered", "heroku_drain_datadog"
    ),
    Seed(
        "troll", b"trolllllll", "no frame", "fivegoodfriends/heroku_drain_datadog, router_spec.rb"
    ),
    Seed("cut", PLAIN[:50], "truncated", _DRAINS),
    Seed("empty", b"", "empty", _DRAINS),
)

_GZIPPED: Final = gzip.compress(PLAIN * 2, mtime=0)
_WITH_NAME: Final = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03body.log\0" + _GZIPPED[10:]

GZIP_BODIES: Final = (
    Seed("gzip", _GZIPPED, "gzip", _RFC1952),
    Seed("gzip-two-members", _GZIPPED * 2, "members", _RFC1952),
    Seed("gzip-150-empty-members", gzip.compress(b"", mtime=0) * 150, "members", _RFC1952),
    Seed("gzip-name", _WITH_NAME, "name", _RFC1952),
    Seed("gzip-cut", _GZIPPED[:-5], "truncated", _RFC1952),
    Seed("gzip-wrong-checksum", _GZIPPED[:-8] + b"\0\0\0\0" + _GZIPPED[-4:], "checksum", _RFC1952),
    Seed("gzip-wrong-size", _GZIPPED[:-4] + b"\xff\xff\xff\xff", "size", _RFC1952),
    Seed("gzip-padded", _GZIPPED + b"\0" * 20, "padding", _RFC1952),
    Seed("gzip-then-plain", _GZIPPED + PLAIN, "trailer", _RFC1952),
    Seed("gzip-magic", b"\x1f\x8b", "truncated", _RFC1952),
    Seed("gzip-reserved-flags", b"\x1f\x8b\x08\xe0" + _GZIPPED[4:], "flags", _RFC1952),
    Seed("gzip-is-plain", PLAIN, "plain", _RFC1952),
    Seed("gzip-is-zlib", zlib.compress(PLAIN), "zlib", "RFC 1950, section 2"),
    Seed(
        "gzip-bomb", gzip.compress(b"\0" * 3_000_000, mtime=0), "bomb", "vectordotdev/vector 0.57"
    ),
    Seed("gzip-empty", gzip.compress(b"", mtime=0), "empty", _RFC1952),
)
