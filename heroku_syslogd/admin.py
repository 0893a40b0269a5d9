"""The admin server: metrics, health and the status page. Read-only, on an address of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web
from prometheus_client.exposition import gzip_accepted

from heroku_syslogd.certificate_watch import CertificateWatch
from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.config import Address
from heroku_syslogd.credentials import Accepted, Credentials, Denial
from heroku_syslogd.exposition import Exposition, Scrape
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.request_log import request_logger
from heroku_syslogd.sockets import bind, bound_address
from heroku_syslogd.status import StatusPages
from heroku_syslogd.telemetry import Telemetry

MOST_SCRAPES: Final = 8
"""Scrapes under way, most of which will be on their way to a slow client: each is held in memory
until it is sent."""

SCRAPE_TIMEOUT: Final = 60.0
"""Seconds that a client may take to read; Prometheus takes 10 at most unless told otherwise."""

_COMPONENT: Final = "admin"
_PIECE: Final = 2**19
"""Bytes that are handed to a connection before the event loop turns."""


class AdminServer:
    """Serves ``/metrics``, ``/-/healthy``, ``/-/ready`` and the status page.

    Args:
        exposition: What is scraped.
        status: The status page.
        telemetry: Where the state of the certificate is noted.
        is_ready: Whether the daemon listens and is not stopping.
        faults: Where requests that are no HTTP are logged.
        users: Who may read; everybody if there are none.
        certificate: Ours, if it is to speak TLS.
    """

    def __init__(
        self,
        exposition: Exposition,
        status: StatusPages,
        telemetry: Telemetry,
        is_ready: Callable[[], bool],
        faults: PeerFaultLog,
        users: Credentials | None = None,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self.users = users or Credentials()
        self.certificate = certificate
        self._certificate_watch = CertificateWatch(_COMPONENT, certificate, telemetry)
        self._exposition = exposition
        self._status = status
        self._scrapes = 0
        self._rendering = asyncio.Lock()  # two at once would take longer each, and twice the memory
        self._is_ready = is_ready
        self._faults = faults
        self._runner: web.AppRunner | None = None
        self.address = ""

    @property
    def url(self) -> str:
        """Where it is, once it is open."""
        return f"{'https' if self.certificate else 'http'}://{self.address}"

    async def open(self, address: Address) -> None:
        """Begin to serve.

        Raises:
            StartupError: The address cannot be bound.
        """
        sock = bind(address, socket.SOCK_STREAM, _COMPONENT)
        self.address = bound_address(sock)
        app = web.Application(middlewares=[self._authenticate])
        app.add_routes(
            [
                *self._status.routes(),
                web.get("/metrics", self._metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
            ]
        )
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            logger=request_logger(_COMPONENT, self._faults),
        )
        await self._runner.setup()
        await web.SockSite(self._runner, sock, ssl_context=self._ssl_context()).start()

    def tick(self, now: float) -> None:
        """Look whether the certificate's files have changed."""
        self._certificate_watch.tick(now)

    async def close(self) -> None:
        """Stop serving."""
        self._status.close()
        if self._runner:
            await self._runner.cleanup()

    def _ssl_context(self) -> ssl.SSLContext | None:
        """Return a context that hands every handshake on to that of the present certificate."""
        certificate = self.certificate
        if certificate is None:
            return None

        def hand_on(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = certificate.context

        context = certificate.context
        context.sni_callback = hand_on
        return context

    @web.middleware
    async def _authenticate(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Ask for a user and password, where the configuration has any."""
        if self.users.required:
            header = request.headers.get("Authorization")
            peer = request.remote or ""
            account = self.users.known(header) or await self.users.verify(header, peer)
            if not isinstance(account, Accepted):
                status = 401 if account is Denial.REFUSED else 503
                challenge = {"WWW-Authenticate": 'Basic realm="heroku-syslogd", charset="UTF-8"'}
                return web.Response(status=status, headers=challenge if status == 401 else None)
        return await handler(request)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        if self._scrapes >= MOST_SCRAPES:
            return web.Response(status=503, text="too many scrapes at once\n")
        self._scrapes += 1
        try:
            async with self._rendering:
                scrape = await self._exposition.render(request.headers.get("Accept", ""))
            return await self._send(scrape, request)
        finally:
            self._scrapes -= 1

    async def _send(self, scrape: Scrape, request: web.Request) -> web.StreamResponse:
        """Send a scrape in pieces; a client that does not take them delays nobody."""
        headers = {"Content-Type": scrape.content_type, "Vary": "Accept, Accept-Encoding"}
        if gzip_accepted(request.headers.get("Accept-Encoding", "")):
            scrape = await scrape.compressed()
            headers["Content-Encoding"] = "gzip"
        response = web.StreamResponse(headers=headers)
        response.content_length = scrape.size
        pieces = scrape.pieces(_PIECE) if request.method != hdrs.METH_HEAD else ()
        try:
            async with asyncio.timeout(SCRAPE_TIMEOUT):
                await response.prepare(request)
                for piece in pieces:
                    await response.write(piece)
                    await asyncio.sleep(0)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # closing would wait until all has been sent
        except ConnectionError:
            pass  # the client has left
        return response

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self._is_ready():
            return web.Response(text="ready\n")
        return web.Response(text="not ready\n", status=503)
