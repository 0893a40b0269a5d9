"""Requests of the router as Timber's ``http_response``, its error codes as ``platform_error``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from heroku_syslogd.heroku.events import RouterRequest
from heroku_syslogd.sinks.timber.draft import (
    MAX_NAME,
    Document,
    Draft,
    Level,
    Line,
    compact,
    custom,
    milliseconds,
)
from heroku_syslogd.sinks.timber.platform import level_of_code

_MAX_PATH: Final = 2048

_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
"""All that the schema knows; the router takes any word."""

_LEVEL_OF_AT: Final[Mapping[str, Level]] = {"info": "info", "warning": "warn", "error": "error"}


def router_request(event: RouterRequest, line: Line) -> list[Draft]:
    """Map a request; one with an error code gives a second document, of the platform error."""
    service_ms = milliseconds(event.service)
    request = {
        "method": event.method if event.method in _METHODS else "",
        "host": event.host[:MAX_NAME],
        "path": event.path[:_MAX_PATH],
    }
    response = {
        "status": event.status,
        "content_length": event.bytes,
        "time_ms": service_ms,
        "request": compact(request),
    }
    # The schema requires a status, which H24 has not.
    if event.status is None:
        happened = custom("router_request", response)
    else:
        happened = {"http_response": compact(response)}
    context, extra = _contexts(event, request)
    level: Level = "info" if event.code else _LEVEL_OF_AT.get(event.at, "info")
    drafts = [Draft(level, happened, context, extra, time_ms=service_ms)]
    if event.code:
        level = _LEVEL_OF_AT.get(event.at) or level_of_code(event.code)
        drafts.append(Draft(level, _platform_error(event), context, extra))
    return drafts


def _platform_error(event: RouterRequest) -> Document:
    return custom(
        "platform_error",
        {
            "code": event.code,
            "name": event.desc,
            "cause": event.cause,
            "sock": event.sock,
            "dyno": event.dyno,
            "status": event.status,
            "connect_ms": milliseconds(event.connect),
            "service_ms": milliseconds(event.service),
        },
    )


def _contexts(event: RouterRequest, request: Mapping[str, str]) -> tuple[Document, Document]:
    """Return what belongs into ``context`` and what into ``context.custom``.

    ``context.http`` requires a method that the schema knows; with any other it stands in the
    latter, with the method as sent.
    """
    http = {
        **request,
        "remote_addr": _remote_address(event.fwd),
        "request_id": event.request_id[:MAX_NAME],
    }
    router = {
        "dyno": event.dyno,
        "connect_ms": milliseconds(event.connect),
        "protocol": event.protocol,
        "tls": event.tls,
        "tls_version": event.tls_version,
    }
    if request["method"]:
        return {"http": compact(http)}, compact({"router": compact(router)})
    http["method"] = event.method[:MAX_NAME]
    return {}, compact({"http": compact(http), "router": compact(router)})


def _remote_address(fwd: str) -> str:
    """Return the address that the router saw and appended; the client wrote what is before it."""
    return fwd.rpartition(",")[2].strip()[:MAX_NAME]
