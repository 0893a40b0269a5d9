"""Raw syslog over TCP: one `SyslogConnection` per peer, one `StreamListener` per socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Final, cast

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.hints import HINTS
from heroku_syslogd.sockets import BACKLOG, bound_address, is_readable, peer_host, unread_bytes
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import Decoded, Dialect, FrameDecoder, FrameFault, Malformed

READ_SIZE: Final = 262144
"""Bytes of one read: some 250 messages of Heroku, a fraction of a millisecond's work."""

_READ_WHILE_FULL: Final = 1024
_LARGEST_BATCH: Final = 1024
"""Messages of one batch; a read holds more only where they are tiny."""

_DRAIN_POLL: Final = 0.02
_QUIET_POLLS: Final = 2
"""Polls in a row that find a socket empty before its connection is closed at a stop: what was on
its way over the loopback or the local network has arrived by then."""

_FOREIGN: Final = frozenset({FrameFault.TLS_HELLO, FrameFault.HTTP_REQUEST})


class SyslogConnection(asyncio.BufferedProtocol):
    """One connection: bytes to batches.

    All connections of a listener read into one buffer: a read is over before the next one begins.

    Attributes:
        last_read_at: When something was last read, seconds since the epoch.
        quiet_polls: Polls in a row, while stopping, that found nothing to read.
    """

    def __init__(self, listener: StreamListener) -> None:
        context = listener.context
        self._listener = listener
        self._context = context
        self._counters = listener.counters
        self._queue = context.queue
        self._clock = context.clock
        limits = context.limits
        self._decoder = FrameDecoder(limits.max_frame_bytes, limits.fault_budget)
        self._rejected = False
        self._transport: asyncio.Transport | None = None
        self._origin = Origin(listener.label, "", Dialect.RFC5424)
        self.last_read_at = context.clock()
        self.quiet_polls = 0

    @property
    def peer(self) -> str:
        """Address of the peer, without its port."""
        return self._origin.peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place among the connections, or be closed at once."""
        peer = peer_host(transport.get_extra_info("peername"))
        self._origin = self._origin._replace(peer=peer)
        stream = cast("asyncio.Transport", transport)
        if self._listener.admit(self):
            self._transport = stream
        else:
            stream.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to read to.

        uvloop forgets a pause that is asked for in `connection_made` and reads once all the same.
        While the queue is full that read is kept small, so that many connections made then cannot
        bring in much.
        """
        buffer = self._listener.buffer
        return buffer[:_READ_WHILE_FULL] if self._queue.paused else buffer

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
        sock = self._transport.get_extra_info("socket") if self._transport else None
        return sock is not None and sock.fileno() >= 0 and unread_bytes(sock.fileno()) > 0

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()

    def reject(self, reason: RejectReason, hint: str) -> None:
        """Close the connection for a reason, which is counted and logged."""
        self._rejected = True
        self._counters.connections_rejected[reason] += 1
        self._context.faults.warning(
            "connection.closed",
            listener=self._listener.label,
            peer=self.peer,
            reason=reason,
            hint=hint,
        )
        self.close()

    def _deliver(self, decoded: Decoded, size: int, now: float) -> None:
        frames = decoded.frames
        if frames:
            self._counters.received_messages += len(frames)
            if len(frames) <= _LARGEST_BATCH:
                self._queue.put(Batch(frames, self._origin, now, size))
            else:
                self._deliver_in_parts(frames, now)
        if decoded.faults:
            self._note_faults(decoded.faults)

    def _deliver_in_parts(self, frames: list[bytes], now: float) -> None:
        """Queue the messages of one read as several batches: a worker does not yield within one."""
        for start in range(0, len(frames), _LARGEST_BATCH):
            part = frames[start : start + _LARGEST_BATCH]
            self._queue.put(Batch(part, self._origin, now, sum(map(len, part))))

    def _note_faults(self, faults: list[Malformed]) -> None:
        """Count faults, log them, and close once the fault budget is spent."""
        for fault in faults:
            self._counters.count_fault(fault)
            if fault.continued:
                continue
            if self._rejected:
                continue  # closed for an earlier fault of this read, which was logged
            hint = HINTS[fault.reason]
            self._context.faults.warning(
                "frame.malformed",
                listener=self._listener.label,
                peer=self.peer,
                reason=fault.reason,
                hint=hint,
            )
            if fault.reason in _FOREIGN:
                self.reject(RejectReason.WRONG_PROTOCOL, hint)
        if self._decoder.spent and not self._rejected:
            self.reject(RejectReason.FAULT_BUDGET, "almost nothing it sends is syslog")


class StreamListener:
    """Accepts connections and pauses them when the queue is full.

    Args:
        label: The ``listener`` label.
        context: What listeners share.

    Attributes:
        addresses: Where it listens.
        buffer: Where its connections read to.
        counters: Where messages, bytes and faults are counted.
    """

    def __init__(self, label: str, context: ListenerContext) -> None:
        self.label = label
        self.context = context
        self.counters = context.telemetry.listener(label)
        self.buffer = memoryview(bytearray(READ_SIZE))
        self.addresses: list[str] = []
        self._open: set[SyslogConnection] = set()
        self._all_left = asyncio.Event()
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []

    async def open(self, sockets: list[socket.socket]) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()
        for sock in sockets:
            # asyncio calls listen() again, so a backlog of systemd's is stated anew.
            server = await loop.create_server(
                lambda: SyslogConnection(self), sock=sock, backlog=BACKLOG
            )
            self._servers.append(server)
            self._sockets.append(sock)
            self.addresses.append(bound_address(sock))
        self.context.queue.register(self)

    def tick(self, now: float) -> None:
        """Close the connections that have been idle too long."""
        if self.context.queue.paused:
            return
        horizon = now - self.context.limits.idle_timeout
        for connection in [c for c in self._open if c.last_read_at <= horizon]:
            connection.reject(RejectReason.IDLE, "nothing was sent for limits.idle_timeout")

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

    def admit(self, connection: SyslogConnection) -> bool:
        """Take a place for a new connection; False, and counted, if there is none."""
        reason = self.context.connections.admit(connection.peer)
        if reason is not None:
            connection.reject(reason, "limits.max_connections or limits.max_connections_per_peer")
            return False
        self._open.add(connection)
        self.counters.connections += 1
        self.counters.connections_total += 1
        return True

    def leave(self, connection: SyslogConnection) -> None:
        """Give a connection's place back."""
        self._open.discard(connection)
        if not self._open:
            self._all_left.set()
        self.context.connections.leave(connection.peer)
        self.counters.connections -= 1

    async def close(self, drain_timeout: float) -> None:
        """Stop accepting, read what peers have sent already, then close every connection."""
        await self._accept_backlog()
        while self._servers:
            self._servers.pop().close()
        self._all_left.clear()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain_timeout
        while self._open and loop.time() < deadline:
            for connection in list(self._open):
                connection.quiet_polls = (
                    0 if connection.has_unread() else connection.quiet_polls + 1
                )
                if connection.quiet_polls >= _QUIET_POLLS:
                    connection.close()
            await asyncio.sleep(_DRAIN_POLL)
        for connection in list(self._open):
            connection.close()
        # The transports tell on their next turn that they are closed.
        if self._open:
            await self._all_left.wait()

    async def _accept_backlog(self) -> None:
        """Accept the connections that peers believe to be open; closing would reset them."""
        while self._sockets:
            sock, turns = self._sockets.pop(), 0
            while is_readable(sock) and turns < BACKLOG:
                turns += 1
                await asyncio.sleep(0)
        await asyncio.sleep(_DRAIN_POLL)  # an accepted connection is made some turns later
