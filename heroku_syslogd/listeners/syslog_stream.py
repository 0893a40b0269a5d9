"""Raw syslog over TCP and TLS: one `SyslogConnection` per peer, one `StreamListener` for all."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Final, cast

from heroku_syslogd.bounded_queue import Origin
from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.acceptor import Acceptor
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.delivery import deliver
from heroku_syslogd.listeners.hints import HINTS, REJECT_HINTS
from heroku_syslogd.listeners.limits import Place
from heroku_syslogd.sockets import unread_bytes
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import Decoded, Dialect, FrameDecoder, FrameFault, Malformed

READ_SIZE: Final = 262144
"""Bytes of one read: some 250 messages of Heroku, a fraction of a millisecond's work."""

_TLS_RECORD: Final = 2**14 + 2048
"""Bytes of the longest record (RFC 5246, section 6.2.3), a part of which may wait for its rest."""

_READ_WHILE_FULL: Final = 1024
_DRAIN_POLL: Final = 0.02
_QUIET_POLLS: Final = 2
"""Polls in a row that find a socket empty before its connection is closed at a stop: what was on
its way over the loopback or the local network has arrived by then."""
_QUIET_POLLS_AFTER_LEAVE: Final = 15
"""The same where the peer was told that we leave: 0.3 s, in which that reaches another continent,
and what the peer sent before reaches us."""

_FOREIGN: Final = {
    FrameFault.TLS_HELLO: RejectReason.TLS_ON_PLAIN_PORT,
    FrameFault.HTTP_REQUEST: RejectReason.HTTP_ON_SYSLOG_PORT,
}


class SyslogConnection(asyncio.BufferedProtocol):
    """One connection: bytes to batches.

    All connections of a listener read into one buffer: a read is over before the next one begins.

    Attributes:
        last_read_at: When something was last read, seconds since the epoch.
        quiet_polls: Polls in a row, while stopping, that found nothing to read.
    """

    def __init__(self, listener: StreamListener, peer: str, place: Place) -> None:
        context = listener.context
        self._listener = listener
        self._context = context
        self._counters = listener.counters
        self._queue = context.queue
        self._clock = context.clock
        self._place = place
        limits = context.limits
        self._decoder = FrameDecoder(limits.max_frame_bytes, limits.fault_budget)
        self._rejected = False
        self._transport: asyncio.Transport | None = None
        self._origin = Origin(listener.label, peer, Dialect.RFC5424)
        self.last_read_at = context.clock()
        self.quiet_polls = 0

    @property
    def peer(self) -> str:
        """Address of the peer, without its port."""
        return self._origin.peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._listener.enter(self)
        if self._listener.certificate is not None:
            # uvloop forgets what TLS holds back during a pause when it finds the connection ended.
            # So TLS may hold back one read at most: the rest, and the end, are left to the kernel.
            transport.set_read_buffer_limits(high=1)  # type: ignore[attr-defined]
            if self._queue.paused:
                self.pause()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to read to.

        Without TLS, uvloop forgets a pause that is asked for in `connection_made` and reads once
        all the same. While the queue is full that read is kept small, so that many connections made
        then cannot bring in much.
        """
        buffer = self._listener.buffer
        is_small = self._queue.paused and self._listener.certificate is None
        return buffer[:_READ_WHILE_FULL] if is_small else buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Decode one read and queue its messages."""
        if self._transport is None:
            return
        now = self.last_read_at = self._clock()
        self._counters.received_bytes += nbytes
        size = nbytes + self._decoder.retained
        decoded = self._decoder.feed(bytes(self._listener.buffer[:nbytes]))
        self._deliver(decoded, size - self._decoder.retained, now)
        if self._queue.paused:
            self.pause()

    def connection_lost(self, exc: Exception | None) -> None:
        """Account for what is left, and give the place back."""
        if self._transport is None:
            return
        size = self._decoder.retained
        self._deliver(self._decoder.finish(), size, self._clock())
        self._transport = None
        self._listener.leave(self)
        self._place.release()

    def pause(self) -> None:
        """Stop reading."""
        if self._transport and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()
            self.last_read_at = self._clock()  # its silence was our doing

    def has_unread(self) -> bool:
        """Tell whether the peer has sent something that has not been read."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._queue.paused:
            return True  # there is no telling what waits inside TLS
        sock = self._transport.get_extra_info("socket")
        return sock is not None and sock.fileno() >= 0 and unread_bytes(sock.fileno()) > 0

    def take_leave(self) -> None:
        """Tell the peer over TCP that we leave, and go on reading what it sends until it knows.

        Closing would reset the connection under whatever is on its way. TLS has no such half: after
        our close_notify nothing is read (RFC 5246, section 7.2.1).
        """
        transport = self._transport
        if transport and transport.can_write_eof() and not transport.is_closing():
            with suppress(OSError):  # it is gone, and we have not read so far
                transport.write_eof()

    def close(self) -> None:
        """Close the connection; over TLS, with a word of farewell."""
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection without waiting for the peer; over TLS, with a word of farewell.

        While TLS waited for the peer's farewell, whatever came would be read and thrown away. Now
        a peer that sends more is reset, and knows (RFC 5425, section 4.4, allows either).
        """
        if self._transport:
            self._transport.close()
            self._transport.abort()

    def reject(self, reason: RejectReason) -> None:
        """Close the connection for a reason, which is counted and logged once."""
        if self._rejected:
            return  # TLS takes its time to close
        self._rejected = True
        self._counters.connections_rejected[reason] += 1
        self._context.faults.warning(
            "connection.closed",
            listener=self._listener.label,
            peer=self.peer,
            reason=reason,
            hint=REJECT_HINTS[reason],
        )
        self.close()

    def _deliver(self, decoded: Decoded, size: int, now: float) -> None:
        if decoded.frames:
            self._counters.received_messages += len(decoded.frames)
            deliver(self._queue, decoded.frames, self._origin, now, size)
        if decoded.faults:
            self._note_faults(decoded.faults)

    def _note_faults(self, faults: list[Malformed]) -> None:
        """Count faults, log them, and close once the fault budget is spent."""
        for fault in faults:
            self._counters.count_fault(fault)
            if fault.continued:
                continue
            if self._rejected:
                continue  # closed for an earlier fault of this read, which was logged
            self._context.faults.warning(
                "frame.malformed",
                listener=self._listener.label,
                peer=self.peer,
                reason=fault.reason,
                hint=HINTS[fault.reason],
            )
            if fault.reason in _FOREIGN:
                self.reject(_FOREIGN[fault.reason])
        if self._decoder.spent and not self._rejected:
            self.reject(RejectReason.FAULT_BUDGET)


class StreamListener:
    """Reads raw syslog from connections, and pauses them when the queue is full.

    Args:
        config: The listener.
        context: What listeners share.
        certificate: Ours, if peers speak TLS.

    Attributes:
        label: The ``listener`` label.
        context: What listeners share.
        buffer: Where its connections read to.
        counters: Where messages, bytes and faults are counted.
    """

    def __init__(
        self,
        config: ListenerConfig,
        context: ListenerContext,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self.label = config.label
        self.context = context
        self.counters = context.telemetry.listener(config.label)
        self.buffer = memoryview(bytearray(READ_SIZE + (_TLS_RECORD if certificate else 0)))
        self._open: set[SyslogConnection] = set()
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
        self.context.queue.register(self)

    def configure(self, config: ListenerConfig) -> None:
        """Take over who may connect."""
        self._acceptor.configure(config)

    def tick(self, now: float) -> None:
        """Close the connections that have been idle too long; look after the certificate."""
        self._acceptor.tick(now)
        if self.context.queue.paused:
            return
        horizon = now - self.context.limits.idle_timeout
        for connection in [c for c in self._open if c.last_read_at <= horizon]:
            connection.reject(RejectReason.IDLE)

    def pause(self) -> None:
        """Stop reading from every connection."""
        self.counters.pause(self.context.clock())
        for connection in self._open:
            connection.pause()

    def resume(self) -> None:
        """Read from every connection again."""
        self.counters.resume(self.context.clock())
        for connection in self._open:
            connection.resume()

    def enter(self, connection: SyslogConnection) -> None:
        """Look after a connection that was made."""
        self._open.add(connection)

    def leave(self, connection: SyslogConnection) -> None:
        """Look after a connection no longer."""
        self._open.discard(connection)
        if not self._open:
            self._all_left.set()

    async def close(self, drain_timeout: float) -> None:
        """Stop accepting, read what peers have sent already, then close every connection."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain_timeout
        await self._acceptor.close(take_backlog=True)
        quiet_polls = _QUIET_POLLS if self.certificate else _QUIET_POLLS_AFTER_LEAVE
        while (self._open or self._acceptor.arriving) and loop.time() < deadline:
            for connection in list(self._open):
                connection.take_leave()
                connection.quiet_polls = (
                    0 if connection.has_unread() else connection.quiet_polls + 1
                )
                if connection.quiet_polls >= quiet_polls:
                    connection.abort()
            await asyncio.sleep(_DRAIN_POLL)
        await self._acceptor.abort()
        self._all_left.clear()
        for connection in list(self._open):
            connection.abort()
        # The transports tell on their next turn that they are closed.
        if self._open:
            await self._all_left.wait()

    def _connection(self, peer: str, place: Place) -> SyslogConnection:
        return SyslogConnection(self, peer, place)
