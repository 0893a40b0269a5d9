"""The targets: functions that take any bytes, do what the daemon does with them, and check it.

A target raises `AssertionError` where something does not hold that has to; any other exception is a
defect as well. It keeps nothing from one input to the next, so that an input alone repeats what it
has found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from fuzz.targets import (
    authorization,
    classifier,
    framing,
    header,
    http_body,
    http_request,
    proxy_protocol,
)


class Target(NamedTuple):
    """One thing to fuzz.

    Attributes:
        check: Takes an input; raises if something does not hold.
        max_bytes: Longest input that is worth trying.
    """

    check: Callable[[bytes], None]
    max_bytes: int


TARGETS: Final[Mapping[str, Target]] = {
    "framing": Target(framing.check, 4096),
    "header": Target(header.check, 4096),
    "classifier": Target(classifier.check, 8192),
    "http_body": Target(http_body.check, 4096),
    "http_request": Target(http_request.check, 8192),
    "proxy_protocol": Target(proxy_protocol.check, 5000),
    "authorization": Target(authorization.check, 2000),
}
"""By the name that the command line and the seeds have for them."""
