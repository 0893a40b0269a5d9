"""Raw syslog over UDP (RFC 5426): one message per datagram."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.allow_list import AllowList
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.hints import HINTS, REJECT_HINTS
from heroku_syslogd.sockets import bound_address, enlarge_receive_buffer, kernel_drops, peer_host
from heroku_syslogd.telemetry import LostReason, RejectReason
from heroku_syslogd.wire import Dialect, FrameFault, Malformed

_LARGEST_DATAGRAM: Final = 65536
_BUSY_GAP: Final = 0.005
"""Two wake-ups within so many seconds are a load worth resting for."""

_REST: Final = 0.001
"""Seconds: at 100,000 datagrams a second some hundred of them gather, a fifth of what the buffer
holds that the kernel grants by default."""

_BURST: Final = 256
"""Datagrams read before the event loop turns again: a fraction of a millisecond."""


class DatagramListener:
    """Reads datagrams in bursts; each burst of one sender is a batch.

    UDP cannot be paused: when the queue is full the newest datagrams are dropped and counted.

    Args:
        config: The listener.
        context: What listeners share.

    Attributes:
        label: The ``listener`` label.
        addresses: Where it listens.
        certificate: None: there is no TLS over datagrams here.
    """

    certificate = None

    def __init__(self, config: ListenerConfig, context: ListenerContext) -> None:
        self.label = config.label
        self.addresses: list[str] = []
        self._context = context
        self._counters = context.telemetry.listener(config.label)
        self._sockets: list[socket.socket] = []
        self._woken_at = 0.0
        self._drops_seen: dict[socket.socket, int] = {}
        self.configure(config)

    def configure(self, config: ListenerConfig) -> None:
        """Take over who may send."""
        self._allowed = AllowList(config.allow)

    def open(self, sockets: list[socket.socket]) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        for sock in sockets:
            enlarge_receive_buffer(sock)
            self._drops_seen[sock] = kernel_drops(sock)
            self._sockets.append(sock)
            loop.add_reader(sock, self._wake, sock)
        self.addresses += [bound_address(sock) for sock in sockets]

    def tick(self, now: float) -> None:
        """Count what the kernel has dropped since the last time, as received and as lost."""
        for sock in self._sockets:
            drops = kernel_drops(sock)
            new = (drops - self._drops_seen[sock]) % 2**32
            self._drops_seen[sock] = drops
            self._counters.received_messages += new
            self._counters.lost_messages[LostReason.KERNEL] += new

    async def close(self, drain_timeout: float) -> None:
        """Read what the kernel holds already, then close."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain_timeout
        for sock in self._sockets:
            more = True
            while more and loop.time() < deadline:
                more = self._read_burst(sock)
                await asyncio.sleep(0)
        self.tick(self._context.clock())
        for sock in self._sockets:
            loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    def _wake(self, sock: socket.socket) -> None:
        """Read what is there; under load let more gather before the next wake-up.

        A wake-up costs several times what a datagram does. The receive buffer holds far more than
        comes within a rest.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        more = self._read_burst(sock)
        if not more and now - self._woken_at < _BUSY_GAP:
            loop.remove_reader(sock)
            loop.call_later(_REST, self._watch, sock)
        self._woken_at = now

    def _watch(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            asyncio.get_running_loop().add_reader(sock, self._wake, sock)

    def _read_burst(self, sock: socket.socket) -> bool:
        """Read up to `_BURST` datagrams; True if there may be more."""
        frames: list[bytes] = []
        host, sender, size = "", "", 0
        more = True
        for _ in range(_BURST):
            try:
                datagram, address = sock.recvfrom(_LARGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                more = False
                break
            except OSError as error:  # such as an ICMP error that came back; the socket goes on
                self._context.faults.warning("udp.error", peer=self.label, reason=str(error.errno))
                continue
            if address[0] != host:
                self._deliver(frames, sender, size)
                host, sender = address[0], peer_host(address)
                frames, size = [], 0
            self._counters.received_bytes += len(datagram)
            if 0 < len(datagram) <= self._context.limits.max_frame_bytes:
                frames.append(datagram)
                size += len(datagram)
            else:
                self._reject(datagram, sender)
        self._deliver(frames, sender, size)
        return more

    def _deliver(self, frames: list[bytes], sender: str, size: int) -> None:
        if not frames:
            return
        self._counters.received_messages += len(frames)
        if not self._allowed.permits(sender):
            self._refuse(len(frames), sender)
            return
        origin = Origin(self.label, sender, Dialect.RFC5424)
        if not self._context.queue.offer(Batch(frames, origin, self._context.clock(), size)):
            self._counters.lost_messages[LostReason.QUEUE_FULL] += len(frames)

    def _refuse(self, count: int, sender: str) -> None:
        """Count the messages of a sender that may not send as lost."""
        reason = LostReason.NOT_ALLOWED
        self._counters.lost_messages[reason] += count
        hint = REJECT_HINTS[RejectReason.NOT_ALLOWED]
        self._context.faults.warning(
            "message.refused", listener=self.label, peer=sender, reason=reason, hint=hint
        )

    def _reject(self, datagram: bytes, sender: str) -> None:
        reason = FrameFault.TOO_LONG if datagram else FrameFault.EMPTY
        self._counters.count_fault(Malformed(reason, len(datagram)))
        self._context.faults.warning(
            "frame.malformed",
            listener=self.label,
            peer=sender,
            reason=reason,
            hint=HINTS[reason],
        )
