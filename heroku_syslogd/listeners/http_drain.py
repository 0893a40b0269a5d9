"""HTTP and HTTPS drains: Logplex batches, each admitted to the queue whole or not at all."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final, cast

from aiohttp import web

from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.acceptor import Acceptor
from heroku_syslogd.listeners.back_pressure import BackPressure
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.gate import Gate
from heroku_syslogd.listeners.hints import REJECT_HINTS
from heroku_syslogd.listeners.http_connection import HttpConnection
from heroku_syslogd.listeners.http_intake import BAD_REQUEST, UNAVAILABLE, Intake, RequestTimeout
from heroku_syslogd.listeners.http_policy import answer
from heroku_syslogd.listeners.limits import Place
from heroku_syslogd.request_log import request_logger
from heroku_syslogd.telemetry import HTTP_CODES, RejectReason

_DRAIN_POLL: Final = 0.02
_QUIET_POLLS: Final = 2
"""Polls in a row that find a connection idle before it is closed at a stop."""


class HttpListener:
    """Takes Logplex batches over HTTP.

    Args:
        config: The listener.
        context: What listeners share.
        certificate: Ours, if peers speak TLS.

    Attributes:
        server: Where aiohttp finds what handles requests.
        options: Further arguments of aiohttp's protocol.
    """

    def __init__(
        self,
        config: ListenerConfig,
        context: ListenerContext,
        certificate: ServerCertificate | None = None,
    ) -> None:
        # Whoever left waits for no answer, and what is held of its body is held in vain.
        self.server = web.Server(self._serve, handler_cancellation=True)
        self.options: dict[str, Any] = {"logger": request_logger("http", context.faults)}
        self._label = config.label
        self._context = context
        self._counters = context.telemetry.listener(config.label)
        self._counters.http_requests = dict.fromkeys(HTTP_CODES, 0)
        self._intake = Intake(config.label, config.drain_path, context)
        self._back_pressure = BackPressure(self._counters, context.clock)
        self._open: dict[HttpConnection, Gate] = {}
        self._all_left = asyncio.Event()
        self._acceptor = Acceptor(config, context, self._connection, certificate)

    @property
    def addresses(self) -> list[str]:
        """Where it listens."""
        return self._acceptor.addresses

    @property
    def certificate(self) -> ServerCertificate | None:
        """The certificate that it presents."""
        return self._acceptor.certificate

    def open(self, sockets: list[socket.socket]) -> None:
        """Begin to accept connections."""
        self._acceptor.open(sockets)

    def configure(self, config: ListenerConfig) -> None:
        """Take over who may connect."""
        self._acceptor.configure(config)

    # What the housekeeping and the connections tell -----------------------------------------------

    def tick(self, now: float) -> None:
        """Close the connections that take too long; look after the certificate."""
        self._acceptor.tick(now)
        limits = self._context.limits
        for connection in [one for one in self._open if not one.is_busy]:
            began_at = connection.head_began_at
            if began_at is not None and began_at <= now - limits.handshake_timeout:
                connection.reject(RejectReason.HANDSHAKE_TIMEOUT)
            elif connection.last_read_at <= now - limits.idle_timeout:
                connection.reject(RejectReason.IDLE)

    def now(self) -> float:
        """Return our time in seconds since the epoch."""
        return self._context.clock()

    def enter(self, connection: HttpConnection) -> None:
        """Look after a connection that was made."""
        self._open[connection] = Gate(self._context.queue, self._back_pressure)

    def leave(self, connection: HttpConnection) -> None:
        """Look after a connection no longer."""
        if gate := self._open.pop(connection, None):
            gate.remove()
        if not self._open:
            self._all_left.set()

    def note_rejection(self, peer: str, reason: RejectReason) -> None:
        """Count and log that a connection was closed by us."""
        self._counters.connections_rejected[reason] += 1
        hint = REJECT_HINTS[reason]
        self._warn("connection.closed", peer, reason, hint)

    def answer_error(self, peer: str, status: int, error: BaseException | None) -> web.Response:
        """Return the answer to what is no request, or to a bug of ours."""
        if status < 500:
            self._warn("http.bad_request", peer, type(error).__name__, "this is not HTTP")
            return self._answer(BAD_REQUEST)
        context = {"message": "a request could not be handled", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
        return self._answer(UNAVAILABLE)

    def _warn(self, event: str, peer: str, reason: str, hint: str) -> None:
        faults = self._context.faults
        faults.warning(event, listener=self._label, peer=peer, reason=reason, hint=hint)

    def _connection(self, peer: str, place: Place) -> HttpConnection:
        return HttpConnection(self, peer, place)

    # Requests -------------------------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        connection = cast("HttpConnection", request.protocol)
        connection.request_began(request.content)
        try:
            await self._let_answers_be_read(request)
            if (gate := self._open.get(connection)) is None:
                raise ConnectionResetError
            response = self._answer(await self._intake.take(request, connection.peer, gate))
        except RequestTimeout:
            connection.reject(RejectReason.REQUEST_TIMEOUT)
            return answer(UNAVAILABLE)  # aiohttp wants one; nobody reads it
        except ConnectionError:
            connection.force_close()
            return answer(UNAVAILABLE)
        finally:
            connection.request_ended()
        # What follows a request for another protocol may be of that, but aiohttp would take it for
        # requests.
        if self._intake.is_stopping or "Upgrade" in request.headers:
            response.force_close()
        return response

    async def _let_answers_be_read(self, request: web.BaseRequest) -> None:
        """Wait while answers pile up: else a peer that reads none could send requests for ever."""
        try:
            async with asyncio.timeout(self._context.limits.request_timeout):
                await request.writer.drain()
        except TimeoutError:
            raise RequestTimeout from None

    def _answer(self, status: int) -> web.Response:
        self._counters.http_requests[status] += 1
        return answer(status)

    # Stop -----------------------------------------------------------------------------------------

    async def close(self, drain_timeout: float) -> None:
        """Stop accepting, finish the requests whose head has come, then close every connection.

        What waits to be accepted is left alone: where systemd holds the socket, the next process
        takes it, and else Logplex finds out and tries again.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain_timeout
        self._intake.is_stopping = True
        await self._acceptor.close(take_backlog=False)
        while (self._open or self._acceptor.arriving) and loop.time() < deadline:
            for connection in list(self._open):
                is_idle = not connection.is_busy and not connection.has_unread()
                connection.quiet_polls = connection.quiet_polls + 1 if is_idle else 0
                if connection.quiet_polls >= _QUIET_POLLS:
                    connection.abort()
            await asyncio.sleep(_DRAIN_POLL)
        self._intake.is_closed = True
        for gate in self._open.values():
            gate.wake()  # whoever waits for room sees that there will be none
        await self._acceptor.abort()
        self._all_left.clear()
        for connection in list(self._open):
            connection.abort()
        # The transports tell on their next turn that they are closed.
        if self._open:
            await self._all_left.wait()
