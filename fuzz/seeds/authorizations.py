"""Authorization headers; the credential that the target knows is logplex, s3cr:et."""

from __future__ import annotations

from typing import Final

from fuzz.seeds import Seed

_RFC7617: Final = "RFC 7617, section 2"
_LOGPLEX: Final = "heroku/logplex, src/cowboy_client.erl"

AUTHORIZATIONS: Final = (
    Seed("good", b"Basic bG9ncGxleDpzM2NyOmV0", "good", _RFC7617),
    Seed("other", b"Basic b3RoZXI6eA==", "good", _RFC7617),
    Seed("scheme-lower", b"basic bG9ncGxleDpzM2NyOmV0", "case", _RFC7617),
    Seed("two-spaces", b"Basic  bG9ncGxleDpzM2NyOmV0 ", "space", _RFC7617),
    Seed("user-alone", b"Basic bG9ncGxleDo=", "no password", _LOGPLEX),
    Seed("no-colon", b"Basic bG9ncGxleA==", "no colon", _RFC7617),
    Seed("colon-alone", b"Basic Og==", "empty", _LOGPLEX),
    Seed("no-padding", b"Basic b3RoZXI6eA", "base64", _RFC7617),
    Seed("padding-inside", b"Basic b3Ro=ZXI6eA==", "base64", _RFC7617),
    Seed("url-alphabet", b"Basic bG9ncGxleDp-_w==", "base64", _RFC7617),
    Seed("control", b"Basic bG9ncGxleDoA", "control", _RFC7617),
    Seed("invalid-utf-8", b"Basic bG9ncGxleDr//g==", "UTF-8", _RFC7617),
    Seed("not-ascii", b"Basic \xc3\xa9\xff", "UTF-8", _RFC7617),
    Seed("bearer", b"Bearer bG9ncGxleDpzM2NyOmV0", "scheme", "RFC 6750, section 2.1"),
    Seed("scheme-alone", b"Basic", "cut", _RFC7617),
    Seed("too-long", b"Basic " + b"QUJD" * 300, "size", _RFC7617),
    Seed("password-100-bytes", b"Basic bG9ncGxleDp4" + b"eHh4" * 33, "bcrypt", _RFC7617),
    Seed("empty", b"", "empty", _RFC7617),
)

PAIRS: Final = (
    Seed("good", b"logplex:s3cr:et", "good", _RFC7617),
    Seed("other", b"other:x", "good", _RFC7617),
    Seed("other-case", b"Logplex:s3cr:et", "case", _RFC7617),
    Seed("longer", b"other:xx", "prefix", _RFC7617),
    Seed("nobody", b"nobody:s3cr:et", "user", _RFC7617),
    Seed("password-alone", b":s3cr:et", "no user", _LOGPLEX),
    Seed("user-alone", b"logplex:", "no password", _LOGPLEX),
    Seed("no-colon", b"logplex", "no colon", _RFC7617),
    Seed("control", b"logplex:s3cr:et\n", "control", _RFC7617),
    Seed("invalid-utf-8", b"logplex:s3cr:et\xff", "UTF-8", _RFC7617),
)
