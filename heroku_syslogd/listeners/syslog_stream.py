"""Raw syslog over TCP and TLS: one `SyslogConnection` per peer, one `StreamListener` for all."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Final, cast

from heroku_syslogd.bounded_queue import Lane, Origin
from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.acceptor import Acceptor
from heroku_syslogd.listeners.back_pressure import BackPressure
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.delivery import LARGEST_BATCH, deliver
from heroku_syslogd.listeners.hints import HINTS, REJECT_HINTS
from heroku_syslogd.listeners.limits import Place
from heroku_syslogd.sockets import unread_bytes
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import Dialect, FrameDecoder, FrameFault, Malformed

READ_SIZE: Final = 262144
"""Bytes of one read: some 1,000 messages of Heroku."""
_PIECE: Final = 65536
"""Bytes of a read that are decoded at a time, while messages are of a usual size."""
_SMALL_PIECE: Final = 2048
"""The same where they are not: these may be 1,000. Soon the lane has enough, and the rest of the
read waits as it came."""
_USUAL_SIZE: Final = 64

_TLS_RECORD: Final = 2**14 + 2048
"""Bytes of the longest record (RFC 5246, section 6.2.3), a part of which may wait for its rest."""

_READ_WHILE_CROWDED: Final = 65536
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
        self._lane: Lane  # once it is connected
        self._clock = context.clock
        self._place = place
        limits = context.limits
        self._decoder = FrameDecoder(limits.max_frame_bytes, limits.fault_budget)
        self._rest = b""  # of a read, not decoded yet
        self._piece = _SMALL_PIECE
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
        self._lane = self._queue.lane(self)
        if self._listener.certificate is not None:
            # uvloop forgets what TLS holds back during a pause when it finds the connection ended.
            # So TLS may hold back one read at most: the rest, and the end, are left to the kernel.
            transport.set_read_buffer_limits(high=1)  # type: ignore[attr-defined]
            if self._lane.paused:
                self._stop_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to read to.

        While the queue is crowded everybody may bring in a read, so it is kept small. And without
        TLS, uvloop forgets a pause that is asked for in `connection_made` and reads once all the
        same.
        """
        buffer = self._listener.buffer
        if not self._queue.crowded or self._listener.certificate is not None:
            return buffer
        return buffer[: _READ_WHILE_FULL if self._queue.full else _READ_WHILE_CROWDED]

    def buffer_updated(self, nbytes: int) -> None:
        """Decode one read and queue its messages."""
        if self._transport is None:
            return
        self.last_read_at = self._clock()
        self._counters.received_bytes += nbytes
        self._decode(self._listener.buffer[:nbytes])
        if self._lane.paused:
            self._stop_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Account for what is left, and give the place back."""
        if self._transport is None:
            return
        self._decode(self._rest, to_its_end=True)
        size = self._decoder.retained
        frames, faults = self._decoder.finish()
        self._deliver(frames, size, self._clock())
        self._note_faults(faults)
        self._transport = None
        if self._lane.paused:
            self._listener.back_pressure.end()
        self._lane.leave()
        self._listener.leave(self)
        self._place.release()

    def pause(self) -> None:
        """Stop reading; the queue asks for it."""
        self._listener.back_pressure.begin()
        self._stop_reading()

    def resume(self) -> None:
        """Read again; the queue allows it."""
        self._listener.back_pressure.end()
        self.last_read_at = self._clock()  # its silence was our doing
        if self._rest:
            asyncio.get_running_loop().call_soon(self._go_on)
        else:
            self._read_again()

    @property
    def is_held_back(self) -> bool:
        """Whether it is we who do not read."""
        return self._lane.paused

    def has_unread(self) -> bool:
        """Tell whether the peer has sent something that has not been read."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._lane.paused or self._rest:
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

    # Reading -------------------------------------------------------------------------------------

    def _stop_reading(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.pause_reading()

    def _read_again(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def _go_on(self) -> None:
        """Decode the rest of a read, and read again after that."""
        if self._transport is None or self._lane.paused:
            return
        self._decode(self._rest)
        if not self._lane.paused:
            self._read_again()

    def _decode(self, data: memoryview | bytes, *, to_its_end: bool = False) -> None:
        """Decode a read piece after piece and queue its messages, while the lane has room for them.

        Args:
            data: The read, or the rest of one.
            to_its_end: Whether to go on without room: nothing will be read after it.
        """
        now, decoder, frames, size, position = self._clock(), self._decoder, [], 0, 0
        while position < len(data) and (to_its_end or not self._lane.paused):
            piece = bytes(data[position : position + self._piece])
            position += len(piece)
            size += len(piece) + decoder.retained
            decoded = decoder.feed(piece)
            size -= decoder.retained
            frames += decoded.frames
            is_usual = len(decoded.frames) * _USUAL_SIZE <= len(piece)
            self._piece = _PIECE if is_usual else _SMALL_PIECE
            if decoded.faults:
                self._note_faults(decoded.faults)
            if len(frames) >= LARGEST_BATCH:
                self._deliver(frames, size, now)
                frames, size = [], 0
        self._deliver(frames, size, now)
        self._rest = bytes(data[position:])

    def _deliver(self, frames: list[bytes], size: int, now: float) -> None:
        if frames:
            self._counters.received_messages += len(frames)
            deliver(self._lane, frames, self._origin, now, size)

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
    """Reads raw syslog from connections, each of which has its lane of the queue.

    Args:
        config: The listener.
        context: What listeners share.
        certificate: Ours, if peers speak TLS.

    Attributes:
        label: The ``listener`` label.
        context: What listeners share.
        buffer: Where its connections read to.
        counters: Where messages, bytes and faults are counted.
        back_pressure: Told of each connection that the queue holds back.
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
        self.back_pressure = BackPressure(self.counters, context.clock)
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

    def configure(self, config: ListenerConfig) -> None:
        """Take over who may connect."""
        self._acceptor.configure(config)

    def tick(self, now: float) -> None:
        """Close the connections that have been idle too long; look after the certificate."""
        self._acceptor.tick(now)
        horizon = now - self.context.limits.idle_timeout
        for connection in tuple(self._open):
            if connection.last_read_at <= horizon and not connection.is_held_back:
                connection.reject(RejectReason.IDLE)

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
