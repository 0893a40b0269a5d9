"""Drain URLs."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

DEFAULT_PORTS: Final = {"syslog": 601, "udpsyslog": 514}
"""Schemes that can be simulated, each with Logplex's default port."""


class UnsupportedURL(ValueError):  # noqa: N818 - named after what it is, as in urllib3
    """The URL is not one that the simulator can send to."""


class Target(NamedTuple):
    """Where a drain sends to."""

    scheme: str
    host: str
    port: int


def parse_url(url: str) -> Target:
    """Return the target that a drain URL names.

    Raises:
        UnsupportedURL: The scheme is not supported, the host is missing, or the port is no port.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UnsupportedURL(f"{url!r}: not a URL: {error}") from error
    supported = " and ".join(f"{scheme}://" for scheme in DEFAULT_PORTS)
    if parts.scheme not in DEFAULT_PORTS:
        raise UnsupportedURL(f"{url!r}: expected {supported}, for example syslog://127.0.0.1:5140")
    try:
        port = parts.port
    except ValueError as error:
        raise UnsupportedURL(f"{url!r}: expected a port from 1 to 65535") from error
    if not parts.hostname or port == 0:
        raise UnsupportedURL(f"{url!r}: expected a host and a port from 1 to 65535")
    return Target(parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme])
