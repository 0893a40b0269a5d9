"""One connection of an HTTP drain: aiohttp's, with our limits."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol, cast

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from heroku_syslogd.listeners.bodies import BodyGivenUp
from heroku_syslogd.listeners.limits import Place
from heroku_syslogd.sockets import unread_bytes
from heroku_syslogd.telemetry import RejectReason

MAX_LINE: Final = 8190
"""Bytes of a request line, or of one header. Logplex's are below 200."""
MAX_HEADERS: Final = 64
"""Headers of a request; Logplex sends nine, a load balancer adds some."""

_NEVER: Final = 1e8
_LINGER: Final = 2.0
"""Seconds in which the rest of a refused body is read, so that the connection can go on: Logplex
keeps it after a 4xx (heroku/logplex, ``logplex_http_drain.erl``)."""

_READ_AHEAD: Final = 65536
"""Bytes of a body that are kept while nobody reads it; twice that before reading is paused."""

_REST_IS_GONE: Final = (BodyGivenUp, web.RequestPayloadError, HttpProcessingError, OSError)
"""Why the rest of a refused body may not come; no bug of ours."""

_TLS_HANDSHAKE: Final = 0x16
_SYSLOG: Final = frozenset(b"<123456789")


class HttpHost(Protocol):
    """The listener that a connection belongs to."""

    @property
    def server(self) -> web.Server:
        """Where aiohttp finds what handles requests."""

    @property
    def options(self) -> dict[str, Any]:
        """Further arguments of aiohttp's protocol."""

    def enter(self, connection: HttpConnection) -> None:
        """Look after a connection that was made."""

    def leave(self, connection: HttpConnection) -> None:
        """Look after a connection no longer."""

    def now(self) -> float:
        """Return our time in seconds since the epoch."""

    def note_rejection(self, peer: str, reason: RejectReason) -> None:
        """Count and log that a connection was closed by us."""

    def answer_error(self, peer: str, status: int, error: BaseException | None) -> web.Response:
        """Return the answer to what is no request, or to a bug of ours."""


class HttpConnection(web.RequestHandler):
    """One connection.

    aiohttp bounds the size of a head, the number of headers, and how many requests may be sent
    ahead. It has no limit on how long a head may take, and tells TLS or syslog from other junk as
    little as from a typing error; that is added here.

    Attributes:
        peer: Address of the peer, without its port.
        last_read_at: When something was last read, or a request done with, seconds since the epoch.
        head_began_at: When the request began whose head is not there yet; None between requests
            and while one is handled.
        is_busy: Whether a request is handled.
        quiet_polls: Polls in a row, while stopping, that found nothing to read.
    """

    def __init__(self, host: HttpHost, peer: str, place: Place) -> None:
        super().__init__(
            host.server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runners do
            keepalive_timeout=_NEVER,  # limits.idle_timeout is looked after by the listener
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_HEADERS,
            lingering_time=_LINGER,
            read_bufsize=_READ_AHEAD,
            auto_decompress=False,  # it would know no bound
            **host.options,
        )
        self._host = host
        self._place = place
        self._is_judged = False
        self._is_rejected = False
        self._body: StreamReader = EMPTY_PAYLOAD
        self._transport: asyncio.Transport | None = None  # aiohttp's is gone before it is closed
        self.peer = peer
        self.last_read_at = host.now()
        self.head_began_at: float | None = None
        self.is_busy = False
        self.quiet_polls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        super().connection_made(transport)
        self._host.enter(self)

    def data_received(self, data: bytes) -> None:
        """Take what was read, unless it shows at its first byte to be no HTTP."""
        if data:  # without any, aiohttp goes on with what it has
            self.last_read_at = self._host.now()
            if not self.is_busy and self.head_began_at is None and self._body.is_eof():
                self.head_began_at = self.last_read_at
            if not self._is_judged:
                self._is_judged = True
                if data[0] == _TLS_HANDSHAKE:
                    return self.reject(RejectReason.TLS_ON_PLAIN_PORT)
                if data[0] in _SYSLOG:
                    return self.reject(RejectReason.SYSLOG_ON_HTTP_PORT)
        super().data_received(data)
        self._check_body()
        return None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        super().connection_lost(exc)
        self._host.leave(self)
        self._place.release()

    def request_began(self, body: StreamReader) -> None:
        """Note that a head has come whole; its body may still come."""
        self.is_busy = True
        self.head_began_at = None
        self._body = body
        self._check_body()

    def request_ended(self) -> None:
        """Note that a request has been handled."""
        self.is_busy = False
        self.last_read_at = self._host.now()  # its silence was our doing

    def reject(self, reason: RejectReason) -> None:
        """Close the connection for a reason, which is counted and logged once."""
        if self._is_rejected:
            return
        self._is_rejected = True
        self._host.note_rejection(self.peer, reason)
        if self.transport is None or self.transport.get_write_buffer_size():
            self.abort()  # a peer that reads no answers would keep it open for ever
        else:
            self.force_close()

    def has_unread(self) -> bool:
        """Tell whether the peer has sent something that has not been read."""
        sock = self.transport.get_extra_info("socket") if self.transport else None
        return sock is not None and sock.fileno() >= 0 and unread_bytes(sock.fileno()) > 0

    def abort(self) -> None:
        """Close the connection without waiting for the peer; over TLS, with a word of farewell."""
        self.force_close()
        if self._transport is not None:
            self._transport.abort()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log a bug of ours; aiohttp calls this when it cannot read the rest of a body, too.

        A reader whose connection was closed by ourselves gets a plain RuntimeError of it.
        """
        expected = (*_REST_IS_GONE, RuntimeError) if self.transport is None else _REST_IS_GONE
        if not isinstance(kw.get("exc_info"), expected):
            super().log_exception(*args, **kw)

    def _check_body(self) -> None:
        """End a body whose chunks are broken.

        aiohttp queues the error behind the request and leaves the reader of its body waiting. No
        request can have begun before a body has ended, so what is queued can be nothing else.
        """
        if self._messages and not self._body.is_eof():
            self._body.set_exception(web.RequestPayloadError("malformed"))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request, without quoting it; aiohttp calls this."""
        response = self._host.answer_error(self.peer, status, exc)
        response.force_close()
        return response
