"""What the HTTP drain makes of a request's head, and how it answers.

Logplex reads nothing of an answer but its status: 2xx is done, 4xx other than 429 throws the batch
away for good, anything else is tried again, three times in all and back to back. It understands a
body only by its Content-Length, and no chunks (heroku/logplex, ``logplex_http_drain.erl``,
``cowboy_client.erl``). Dev Center asks for an empty body with ``Content-Length: 0``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

CONTENT_TYPE: Final = "application/logplex-1"

_GZIP: Final = frozenset({"gzip", "x-gzip"})
_PLAIN: Final = frozenset({"", "identity"})

_HEADERS: Final[dict[int, dict[str, str]]] = {
    401: {"WWW-Authenticate": 'Basic realm="heroku-syslogd", charset="UTF-8"'},
    405: {"Allow": "POST"},
    415: {"Accept": CONTENT_TYPE, "Accept-Encoding": "gzip"},
    503: {"Retry-After": "1"},
}
_CLOSING: Final = frozenset({400, 413, 417})
"""Answers after which the rest of what the peer sends is not worth reading."""


def refusal_of_target(request: web.BaseRequest, path: str) -> int | None:
    """Return the status for a request that is none of the drain's, None if it is."""
    if request.path != path:
        return 404
    return None if request.method == "POST" else 405


def refusal_of_head(headers: Mapping[str, str], length: int | None, max_body: int) -> int | None:
    """Return the status for a body that is not to be read, None if it is to be.

    All headers of Logplex's own are optional: drains of Private Spaces do not have them.

    Args:
        headers: Of the request.
        length: Content-Length, None if it has none.
        max_body: Longest body accepted, in bytes.
    """
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        return 415
    if _coding(headers) not in _PLAIN | _GZIP:
        return 415
    if length is not None and length > max_body:
        return 413
    if headers.get("Expect", "100-continue").lower() != "100-continue":
        return 417
    return None


def is_gzipped(headers: Mapping[str, str]) -> bool:
    """Tell whether the body is compressed."""
    return _coding(headers) in _GZIP


def answer(status: int) -> web.Response:
    """Return an answer: a status, and no body."""
    response = web.Response(status=status, headers=_HEADERS.get(status))
    response.headers["Server"] = "heroku-syslogd"  # whose version is nobody's business
    if status in _CLOSING:
        response.force_close()
    return response


def _coding(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Encoding", "").strip().lower()
