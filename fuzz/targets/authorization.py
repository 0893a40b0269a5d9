"""Authorization headers (`heroku_syslogd.credentials.Credentials`).

Options: flags (1: the payload is user and password, and is put into a header here).
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Final

from fuzz.inputs import split_options
from heroku_syslogd.credentials import Accepted, Credential, Credentials, Denial

USER: Final = "logplex"
PASSWORD: Final = b"s3cr:et"
_PEER: Final = "192.0.2.1"
_OPTIONS: Final = 1
_IS_PAIR: Final = 1

_PAIRS: Final = {
    USER.encode() + b":" + PASSWORD: Accepted(USER, "shop"),
    b"other:x": Accepted("other", ""),
}
"""Who has to come in, and nobody else."""


@cache
def _credentials() -> Credentials:
    # Plain secrets alone: to check a bcrypt hash takes a thread and a tenth of a second.
    return Credentials([Credential(USER, PASSWORD, "shop"), Credential("other", b"x")])


def encode(payload: bytes, *, is_pair: bool = False) -> bytes:
    """Return the input for a header, or for user, colon and password."""
    return bytes([is_pair * _IS_PAIR]) + payload


def check(data: bytes) -> None:
    """Present a header: whoever comes in has said user and password, and nobody waits."""
    options, payload = split_options(data, _OPTIONS)
    is_pair = bool(options[0] & _IS_PAIR)
    header = b"Basic " + base64.b64encode(payload) if is_pair else payload
    text = header.decode("utf-8", "surrogateescape")  # as aiohttp reads headers
    credentials = _credentials()
    known = credentials.known(text)
    try:
        credentials.verify(text, _PEER).send(None)
    except StopIteration as end:
        verified = end.value
    else:
        raise AssertionError("a plain secret was checked in a thread")
    assert verified == (known or Denial.REFUSED), "known and verified differ"
    if is_pair:
        assert _PAIRS.get(payload) == known, "the wrong one came in, or the right one did not"
    elif known is not None:
        scheme, _, encoded = text.partition(" ")
        assert scheme.lower() == "basic"
        assert _PAIRS.get(base64.b64decode(encoded)) == known, "the wrong one came in"
