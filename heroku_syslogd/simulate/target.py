"""Drain URLs. Source: heroku/logplex, ``logplex_drain.erl`` and the drain modules."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS: Final = {
    "syslog": 601,
    "syslog+tls": 6514,
    "udpsyslog": 514,
    "http": 80,
    "https": 443,
}
"""Schemes that can be simulated, each with Logplex's default port."""

SCHEMES: Final = ", ".join(f"{scheme}://" for scheme in DEFAULT_PORTS)

_OF_HTTP: Final = frozenset({"http", "https"})
_OF_TLS: Final = frozenset({"syslog+tls", "https"})
_NOT_IN_A_REQUEST: Final = re.compile(r"[^!-~]")


class UnsupportedURL(ValueError):  # noqa: N818 - named after what it is, as in urllib3
    """The URL is not one that the simulator can send to."""


class Target(NamedTuple):
    """Where a drain sends to.

    Attributes:
        scheme: Scheme, in lower case.
        host: Host name or address; an IPv6 address without its brackets.
        port: Port.
        is_insecure: TLS: whether the certificate of the receiver is not checked.
        path: HTTP: path with query, as it stands in the request line.
        authority: HTTP: the ``Host`` header; it has a port only if the URL has one.
        userinfo: HTTP: ``user:password`` for Basic authentication, or None.
    """

    scheme: str
    host: str
    port: int
    is_insecure: bool = False
    path: str = "/"
    authority: str = ""
    userinfo: str | None = None

    @property
    def is_http(self) -> bool:
        """Whether the transport is HTTP, with or without TLS."""
        return self.scheme in _OF_HTTP

    @property
    def is_tls(self) -> bool:
        """Whether the transport is TLS."""
        return self.scheme in _OF_TLS


def parse_url(url: str) -> Target:
    """Return the target that a drain URL names.

    ``#insecure`` switches the checks of the certificate off. In Logplex it does so for
    ``syslog+tls`` alone, because its HTTPS drains never check any.

    Raises:
        UnsupportedURL: The scheme is not supported, the host is missing, the port is no port, or
            a part of the URL cannot be sent in a request.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UnsupportedURL(f"{url!r}: not a URL: {error}") from error
    scheme = parts.scheme
    if scheme not in DEFAULT_PORTS:
        example = "for example syslog://127.0.0.1:5140"
        raise UnsupportedURL(f"{url!r}: expected one of {SCHEMES}, {example}")
    try:
        port = parts.port
    except ValueError as error:
        raise UnsupportedURL(f"{url!r}: expected a port from 1 to 65535") from error
    if not parts.hostname or port == 0:
        raise UnsupportedURL(f"{url!r}: expected a host and a port from 1 to 65535")
    port = port or DEFAULT_PORTS[scheme]
    target = Target(
        scheme, parts.hostname, port, scheme in _OF_TLS and parts.fragment == "insecure"
    )
    return _with_request(target, url, parts) if target.is_http else target


def _with_request(target: Target, url: str, parts: SplitResult) -> Target:
    """Return ``target`` with what stands in a request. The fragment does not."""
    if _NOT_IN_A_REQUEST.search(url):
        raise UnsupportedURL(f"{url!r}: expected ASCII without blanks; percent-encode the rest")
    userinfo, _, authority = parts.netloc.rpartition("@")
    path = parts.path or "/"
    return target._replace(
        path=f"{path}?{parts.query}" if parts.query else path,
        authority=authority.removesuffix(":"),
        userinfo=_credentials(userinfo, url),
    )


def _credentials(userinfo: str, url: str) -> str | None:
    """Return ``user:password`` as Logplex takes it from the URL (``cowboy_client:auth_header/1``).

    ``user`` alone has an empty password, ``:password`` is a user without one. Nothing is
    percent-decoded.
    """
    if not userinfo:
        return None
    tokens = [token for token in userinfo.split(":") if token]
    if not 1 <= len(tokens) <= 2:
        problem = "expected user:password, and no colon in either: Logplex cannot send one"
        raise UnsupportedURL(f"{url!r}: {problem}")
    return ":".join(tokens) if len(tokens) == 2 else f"{tokens[0]}:"
