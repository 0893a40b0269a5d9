"""The status page over HTTP: its files, its document, its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from importlib.resources import files
from typing import Final

import msgspec
from aiohttp import hdrs, web

from heroku_syslogd.status.publisher import Publisher

SEND_TIMEOUT: Final = 30.0
"""Seconds that a watcher may take to read a message."""

_TYPES: Final = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_INDEX: Final = "index.html"

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Another version's files may be asked for by the same names.
    "Cache-Control": "no-cache",
}


class StatusPages:
    """Serves ``/``, ``/page/…``, ``/api/v1/status`` and ``/api/v1/stream``.

    Args:
        publisher: Knows the state, and tells of changes.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._files = _load()

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [
            web.get("/", self._file),
            web.get("/page/{name}", self._file),
            web.get("/api/v1/status", self._status),
            web.get("/api/v1/stream", self._stream, allow_head=False),
        ]

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._publisher.close()

    async def _file(self, request: web.Request) -> web.Response:
        found = self._files.get(request.match_info.get("name", _INDEX))
        if found is None:
            raise web.HTTPNotFound(headers=_HEADERS)
        body, content_type = found
        response = web.Response(
            body=body, content_type=content_type, charset="utf-8", headers=_HEADERS
        )
        response.enable_compression()
        return response

    async def _status(self, _request: web.Request) -> web.Response:
        body = msgspec.json.encode(await self._publisher.document())
        headers = {**_HEADERS, hdrs.VARY: hdrs.ACCEPT_ENCODING}
        response = web.Response(body=body, content_type="application/json", headers=headers)
        response.enable_compression()
        return response

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self._publisher.is_full:
            return web.Response(status=503, text="too many watch\n", headers=_HEADERS)
        response = web.StreamResponse(headers=_HEADERS)
        response.content_type = "text/event-stream"
        with suppress(ConnectionError):  # whoever watched has left
            await response.prepare(request)
            async with self._publisher.watcher() as watcher:
                async for data in watcher.messages():
                    if not await _sent(response.write(data), request):
                        break
        return response


async def _sent(writing: Awaitable[None], request: web.Request) -> bool:
    """Wait until a message has been sent; a watcher that does not read is left."""
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            await writing
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return False
    return True


def _load() -> dict[str, tuple[bytes, str]]:
    """Return every file of the page by its name, with its type."""
    loaded = {}
    for file in files(__package__).joinpath("page").iterdir():
        content_type = _TYPES.get(file.name.rpartition(".")[2])
        if content_type is not None:
            loaded[file.name] = file.read_bytes(), content_type
    return loaded
