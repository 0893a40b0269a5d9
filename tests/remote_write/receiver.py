"""A receiver on loopback that answers as it is told, and keeps what came."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from heroku_syslogd.config import HeaderValue, RemoteWriteConfig, RemoteWriteURL


class Taken(NamedTuple):
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: object


Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """Answers each request with the next of its replies, then with 204.

    Args:
        replies: What to do.
        scheme: Of its URL.
    """

    def __init__(self, replies: tuple[Reply, ...], scheme: str) -> None:
        self.requests: list[Taken] = []
        self.port = 0
        self.scheme = scheme
        self._replies = iter(replies)

    def url(self, path: str = "/api/v1/write", host: str = "127.0.0.1") -> RemoteWriteURL:
        return RemoteWriteURL(f"{self.scheme}://{host}:{self.port}{path}")

    def config(self, path: str = "/api/v1/write", **keys: Any) -> RemoteWriteConfig:
        """Return a configuration that sends here."""
        return msgspec.structs.replace(RemoteWriteConfig(url=self.url(path)), **keys)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        body = await request.read()
        taken = Taken(request.path_qs, request.headers, body, request.transport)
        self.requests.append(taken)
        reply = next(self._replies, answers(204))
        return await reply(request)  # type: ignore[arg-type]


@asynccontextmanager
async def receiving(*replies: Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(replies, "https" if tls else "http")
    runner = web.ServerRunner(
        web.Server(receiver.handle, handler_cancellation=True), shutdown_timeout=0
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        receiver.port = runner.addresses[0][1]
        yield receiver
    finally:
        await runner.cleanup()


def answers(status: int, text: str = "", **headers: str) -> Reply:
    """Answer with a status; underscores in names of headers stand for hyphens."""

    async def reply(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text or None, headers=named)

    return reply


async def hangs(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def breaks_off_after(status: int, *, head: str = "") -> Reply:
    """Answer with a status and the beginning of a body, and close the connection in it."""

    async def reply(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        lines = f"HTTP/1.1 {status} Whatever\r\nContent-Length: 1000\r\n{head}\r\nthe beginning"
        request.transport.write(lines.encode())
        request.transport.close()
        return web.Response()

    return reply


HEADERS: Final = {"X-Scope-OrgID": HeaderValue("heroku")}
