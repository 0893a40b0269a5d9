"""Authorization headers (`heroku_syslogd.credentials.Credentials`). No options."""

from __future__ import annotations

import base64
from functools import cache
from typing import Final

from heroku_syslogd.credentials import Accepted, Credential, Credentials, Denial

USER: Final = "logplex"
PASSWORD: Final = b"s3cr:et"
_APP: Final = "shop"
_PEER: Final = "192.0.2.1"


@cache
def _credentials() -> Credentials:
    # Plain secrets alone: to check a bcrypt hash takes a thread and a tenth of a second.
    return Credentials([Credential(USER, PASSWORD, _APP), Credential("other", b"x")])


def check(data: bytes) -> None:
    """Present a header: whoever comes in has said user and password, and nobody waits."""
    text = data.decode("utf-8", "surrogateescape")  # as aiohttp reads headers
    credentials = _credentials()
    known = credentials.known(text)
    try:
        credentials.verify(text, _PEER).send(None)
    except StopIteration as end:
        verified = end.value
    else:
        raise AssertionError("a plain secret was checked in a thread")
    assert verified == (known or Denial.REFUSED), "known and verified differ"
    if known is not None:
        scheme, _, encoded = text.partition(" ")
        assert scheme.lower() == "basic"
        pair = base64.b64decode(encoded, validate=False)
        expected = {USER.encode() + b":" + PASSWORD: Accepted(USER, _APP)}
        expected[b"other:x"] = Accepted("other", "")
        assert expected.get(pair) == known, "somebody came in with something else"
