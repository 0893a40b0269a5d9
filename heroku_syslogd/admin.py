"""The admin server: metrics and health. Read-only, on an address of its own."""

from __future__ import annotations

import html
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from heroku_syslogd import __version__
from heroku_syslogd.certificate_watch import CertificateWatch
from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.config import Address
from heroku_syslogd.credentials import Accepted, Credentials, Denial
from heroku_syslogd.exposition import render
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.request_log import request_logger
from heroku_syslogd.sockets import bind, bound_address
from heroku_syslogd.telemetry import Telemetry

_COMPONENT: Final = "admin"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>heroku-syslogd</title></head>
<body><h1>heroku-syslogd {version}</h1>
<p>Point a drain here: <code>heroku drains:add syslog://HOST:PORT</code></p>
<ul><li><a href="/metrics">/metrics</a></li>
<li><a href="/-/healthy">/-/healthy</a></li>
<li><a href="/-/ready">/-/ready</a></li></ul></body></html>
"""


class AdminServer:
    """Serves ``/metrics``, ``/-/healthy``, ``/-/ready`` and a page that links them.

    Args:
        registry: What is scraped.
        telemetry: Where the duration of scrapes is noted.
        is_ready: Whether the daemon listens and is not stopping.
        faults: Where requests that are no HTTP are logged.
        users: Who may read; everybody if there are none.
        certificate: Ours, if it is to speak TLS.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        telemetry: Telemetry,
        is_ready: Callable[[], bool],
        faults: PeerFaultLog,
        users: Credentials | None = None,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self.users = users or Credentials()
        self.certificate = certificate
        self._certificate_watch = CertificateWatch(_COMPONENT, certificate, telemetry)
        self._registry = registry
        self._telemetry = telemetry
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
                web.get("/", self._index),
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

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = render(
            self._registry, request.headers.get("Accept", ""), self._telemetry
        )
        response = web.Response(body=body, headers={"Content-Type": content_type})
        response.enable_compression()  # only if Accept-Encoding names gzip or deflate
        return response

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self._is_ready():
            return web.Response(text="ready\n")
        return web.Response(text="not ready\n", status=503)

    async def _index(self, _request: web.Request) -> web.Response:
        page = _PAGE.format(version=html.escape(__version__))
        return web.Response(text=page, content_type="text/html")
