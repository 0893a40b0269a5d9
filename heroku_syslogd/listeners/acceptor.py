"""From a listening socket to a connection that may speak: what TCP, TLS, HTTP and HTTPS share.

A peer passes these gates in this order, and is refused at the first that it does not pass, before
anything dearer is spent on it::

    accept ── allowed? ── place free? ─── PROXY header ── is it TLS? ─────── handshake ─── protocol
              not_allowed max_connections proxy_header    plain_on_tls_port  tls_handshake
                          (per peer)      └───────────── handshake_timeout ───────────┘

Accepting ourselves, instead of leaving it to the event loop's servers, is what lets a connection be
counted, and refused, before its TLS handshake begins.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Final

from heroku_syslogd.certificate_watch import CertificateWatch
from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.allow_list import AllowList
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.hints import PROXY_HINTS, REJECT_HINTS, tls_hint
from heroku_syslogd.listeners.limits import Place
from heroku_syslogd.sockets import BACKLOG, bound_address, peer_host
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import ProxyDecoder, ProxyFault

ProtocolFactory = Callable[[str, Place], asyncio.BaseProtocol]
"""Makes the protocol of a connection, given the peer's address and its place. The protocol releases
the place in `connection_lost`."""

_BURST: Final = 64
"""Connections accepted before the event loop turns again."""

_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REST: Final = 1.0
"""Seconds without accepting when the system has no descriptor or memory for a connection."""

_BACKLOG_REST: Final = 0.02
"""Seconds in which a connection that is in the backlog now will have been made."""

SHUTDOWN_TIMEOUT: Final = 2.0
"""Seconds that a peer has to answer our TLS close_notify."""

_TLS_HANDSHAKE: Final = b"\x16"
"""First byte of a ClientHello's record (RFC 8446, section 5.1)."""


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """Raised when a peer is not to be served."""

    def __init__(self, reason: RejectReason, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint or REJECT_HINTS[reason]


class _Gone(Exception):  # noqa: N818 - it never leaves this module
    """Raised when a peer left before it said anything, as a health check does."""


class Acceptor:
    """Accepts the connections of one listener.

    Args:
        config: The listener.
        context: What listeners share.
        factory: Makes protocols.
        certificate: Ours, if peers speak TLS.

    Attributes:
        addresses: Where it listens.
        arriving: Whether a peer that has begun to speak is on its way to its protocol.
    """

    def __init__(
        self,
        config: ListenerConfig,
        context: ListenerContext,
        factory: ProtocolFactory,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self.addresses: list[str] = []
        self.certificate = certificate
        self._label = config.label
        self._context = context
        self._counters = context.telemetry.listener(config.label)
        self._factory = factory
        self._expects_proxy = config.proxy_protocol
        self._sockets: list[socket.socket] = []
        self._arriving: set[asyncio.Task[None]] = set()
        self._silent: set[asyncio.Task[None] | None] = set()  # of those, who have said nothing
        self._through: set[asyncio.Task[None] | None] = set()  # and who have passed every gate
        self._certificate_watch = CertificateWatch(config.label, certificate, context.telemetry)
        self.configure(config)

    def configure(self, config: ListenerConfig) -> None:
        """Take over who may connect; what is open stays open."""
        self._allowed = AllowList(config.allow)
        self._proxies = AllowList(config.proxies)

    def open(self, sockets: list[socket.socket]) -> None:
        """Begin to accept connections."""
        for sock in sockets:
            self._sockets.append(sock)
            self.addresses.append(bound_address(sock))
            self._watch(sock)

    @property
    def arriving(self) -> bool:
        """Whether a peer that has begun to speak is on its way to its protocol."""
        return len(self._arriving) > len(self._silent)

    def tick(self, now: float) -> None:
        """Look whether the certificate's files have changed."""
        self._certificate_watch.tick(now)

    async def close(self, *, take_backlog: bool) -> None:
        """Stop accepting.

        Args:
            take_backlog: Whether to accept what waits, whose peers believe to be connected already:
                closing would reset it.
        """
        loop = asyncio.get_running_loop()
        rest = _BACKLOG_REST if take_backlog and self._sockets else 0.0
        while self._sockets:
            sock = self._sockets.pop()  # now, so that nobody watches it again
            loop.remove_reader(sock)
            bursts = BACKLOG // _BURST if take_backlog else 0
            try:
                while bursts and self._accept(sock):
                    bursts -= 1  # peers that go on connecting do not keep us
                    await asyncio.sleep(0)
            finally:
                sock.close()
        await asyncio.sleep(rest)

    async def abort(self) -> None:
        """Give up the connections that are arriving; one that is through gets its protocol first.

        uvloop, when it is cancelled between making a connection and returning it, never tells the
        protocol that the connection is lost.
        """
        await asyncio.sleep(0)  # a task that is cancelled before it began would not clean up
        for task in self._arriving - self._through:
            task.cancel()
        if self._arriving:
            await asyncio.wait(self._arriving)

    # Accepting ------------------------------------------------------------------------------------

    def _watch(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            asyncio.get_running_loop().add_reader(sock, self._accept, sock)

    def _accept(self, sock: socket.socket) -> bool:
        """Accept a burst of connections; False if there is none left that can be accepted."""
        for _ in range(_BURST):
            try:
                connection, address = sock.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except OSError as error:
                if error.errno in _NO_DESCRIPTORS:
                    self._rest(sock, error)
                    return False
                continue  # the peer was gone already (accept(2), ECONNABORTED and the like)
            connection.setblocking(False)
            self._admit(connection, peer_host(address))
        return True

    def _rest(self, sock: socket.socket, error: OSError) -> None:
        """Stop accepting for a while: the socket stays readable, and would keep the loop busy."""
        hint = "raise LimitNOFILE= or lower limits.max_connections"
        self._context.faults.warning(
            "accept.failed", peer="", listener=self._label, reason=str(error.strerror), hint=hint
        )
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock)
        loop.call_later(_REST, self._watch, sock)

    def _admit(self, sock: socket.socket, peer: str) -> None:
        """Find a place for a connection, and let it go on through the gates."""
        direct = self._proxies if self._expects_proxy else self._allowed
        place = (
            self._context.connections.admit(self._counters)
            if direct.permits(peer)
            else RejectReason.NOT_ALLOWED
        )
        if isinstance(place, RejectReason):
            sock.close()
            self._report(peer, _Refused(place))
            return
        task = asyncio.get_running_loop().create_task(self._arrive(sock, peer, place))
        self._arriving.add(task)
        self._silent.add(task)
        for tasks in (self._arriving, self._silent, self._through):
            task.add_done_callback(tasks.discard)

    async def _arrive(self, sock: socket.socket, peer: str, place: Place) -> None:
        """Take a connection through the gates to its protocol."""
        client, connected = peer, False
        try:
            deadline = asyncio.get_running_loop().time() + self._context.limits.handshake_timeout
            try:
                async with asyncio.timeout_at(deadline):
                    if self._expects_proxy:
                        client = await self._read_proxy_header(sock) or peer
                    self._identify(client, place)
                    if self.certificate is not None:
                        await self._expect_tls(sock)
            except TimeoutError:
                raise _Refused(RejectReason.HANDSHAKE_TIMEOUT) from None
            await self._connect(sock, lambda: self._factory(client, place), deadline)
            connected = True
        except _Refused as refusal:
            sock.close()
            self._report(client, refusal)
        except (_Gone, OSError):
            sock.close()
        except BaseException:
            sock.close()
            raise
        finally:
            if not connected:
                place.release()

    def _identify(self, client: str, place: Place) -> None:
        """Judge the client's address, now that it is known, also behind a proxy."""
        if self._expects_proxy and not self._allowed.permits(client):
            raise _Refused(RejectReason.NOT_ALLOWED)
        if (reason := place.identify(client)) is not None:
            raise _Refused(reason)

    async def _read_proxy_header(self, sock: socket.socket) -> str | None:
        """Read a PROXY header and not one byte more; return the address that it states."""
        loop = asyncio.get_running_loop()
        decoder = ProxyDecoder()
        header = None
        while header is None:
            data = await loop.sock_recv(sock, decoder.wanted)
            if not data:
                raise _Gone
            self._silent.discard(asyncio.current_task())
            header = decoder.feed(data)
        if isinstance(header, ProxyFault):
            raise _Refused(RejectReason.PROXY_HEADER, PROXY_HINTS[header])
        return header.source

    async def _expect_tls(self, sock: socket.socket) -> None:
        """Look at the first byte and leave it there: what is no TLS is not worth a handshake."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(sock, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(sock)
        first = sock.recv(1, socket.MSG_PEEK)
        if not first:
            raise _Gone
        if first != _TLS_HANDSHAKE:
            raise _Refused(RejectReason.PLAIN_ON_TLS_PORT)

    async def _connect(
        self, sock: socket.socket, protocol: Callable[[], asyncio.BaseProtocol], deadline: float
    ) -> None:
        """Do the TLS handshake, if there is one, and hand the connection to its protocol."""
        self._silent.discard(asyncio.current_task())
        loop = asyncio.get_running_loop()
        if self.certificate is None:
            self._through.add(asyncio.current_task())
            await loop.connect_accepted_socket(protocol, sock)
            return
        try:
            await loop.connect_accepted_socket(
                protocol,
                sock,
                ssl=self.certificate.context,
                ssl_handshake_timeout=max(deadline - loop.time(), 0.001),
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT,
            )
        except ssl.SSLError as error:
            raise _Refused(RejectReason.TLS_HANDSHAKE, tls_hint(error)) from None
        except ConnectionAbortedError:  # what asyncio raises when the handshake takes too long
            raise _Refused(RejectReason.HANDSHAKE_TIMEOUT) from None
        except OSError:
            raise _Refused(RejectReason.TLS_HANDSHAKE, tls_hint(None)) from None

    def _report(self, peer: str, refusal: _Refused) -> None:
        self._counters.connections_rejected[refusal.reason] += 1
        self._context.faults.warning(
            "connection.closed",
            listener=self._label,
            peer=peer,
            reason=refusal.reason,
            hint=refusal.hint,
        )
