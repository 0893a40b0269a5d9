"""The admin server: metrics and health. Read-only, on an address of its own."""

from __future__ import annotations

import html
import logging
import socket
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry

from heroku_syslogd import __version__, log
from heroku_syslogd.config import Address
from heroku_syslogd.exposition import render
from heroku_syslogd.log import PeerFaultLog
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
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        telemetry: Telemetry,
        is_ready: Callable[[], bool],
        faults: PeerFaultLog,
    ) -> None:
        self._registry = registry
        self._telemetry = telemetry
        self._is_ready = is_ready
        self._faults = faults
        self._runner: web.AppRunner | None = None
        self.address = ""

    async def open(self, address: Address) -> None:
        """Begin to serve.

        Raises:
            StartupError: The address cannot be bound.
        """
        sock = bind(address, socket.SOCK_STREAM, _COMPONENT)
        self.address = bound_address(sock)
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/metrics", self._metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
            ]
        )
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, logger=_request_logger(self._faults)
        )
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()

    async def close(self) -> None:
        """Stop serving."""
        if self._runner:
            await self._runner.cleanup()

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


class _RequestErrors(logging.Handler):
    """Takes what aiohttp logs of a request: our bug with its traceback, a peer's junk without."""

    def __init__(self, faults: PeerFaultLog) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults
        self._log = log.get("admin")

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record. The text of a protocol error quotes the request, so it is left out."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            peer = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
            self._faults.warning("admin.bad_request", peer=peer, reason=type(error).__name__)
        else:
            self._log.error("admin.error", message=record.getMessage(), exc_info=error)


def _request_logger(faults: PeerFaultLog) -> logging.Logger:
    logger = logging.Logger("heroku_syslogd.admin")  # of this server alone
    logger.addHandler(_RequestErrors(faults))
    return logger
