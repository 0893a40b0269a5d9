"""Raw syslog over UDP (RFC 5426): one message per datagram."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from itertools import groupby
from typing import Final, TypeVar

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.allow_list import AllowList
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.hints import HINTS, REJECT_HINTS
from heroku_syslogd.sockets import (
    UDP_RECEIVE_BUFFER,
    bound_address,
    enlarge_receive_buffer,
    kernel_drops,
    peer_host,
)
from heroku_syslogd.telemetry import LostReason, RejectReason
from heroku_syslogd.wire import Dialect, FrameFault, Malformed

_SHARE: Final = 1 / 2
"""Part of the queue that the datagrams of a listener may fill: they cannot wait elsewhere."""

_LARGEST_DATAGRAM: Final = 65536
_BUSY_GAP: Final = 0.005
"""Two wake-ups within so many seconds are a load worth sparing work for."""

_REST: Final = 0.001
"""Seconds: at 100,000 datagrams a second one or two hundred of them gather."""
_LARGE_BUFFER: Final = 2**20
"""Bytes of a receive buffer that holds the datagrams of several rests. Each takes some 800 to 1,300
bytes of twice as many, so that what the kernel grants by default, 208 KiB, is full after three to
five milliseconds at that rate: with that nobody rests."""

_BURST: Final = 256
"""Datagrams read before the event loop turns again: a fraction of a millisecond."""

_BUFFER_HINT: Final = (
    f"set net.core.rmem_max to {UDP_RECEIVE_BUFFER} (sysctl), or let systemd open the socket with"
    " ReceiveBuffer=8M: what comes too fast is dropped by the kernel"
)

T = TypeVar("T")
Received = tuple[bytes, tuple[str, int]]
"""A datagram and the address of its sender."""


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
        self._lane = context.queue.lane(share=_SHARE)
        self._woken_at = 0.0
        self._may_rest: dict[socket.socket, bool] = {}
        self._drops_seen: dict[socket.socket, int] = {}
        self.configure(config)

    def configure(self, config: ListenerConfig) -> None:
        """Take over who may send."""
        self._allowed = AllowList(config.allow)

    def open(self, sockets: list[socket.socket]) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        for sock in sockets:
            granted = enlarge_receive_buffer(sock)
            self._may_rest[sock] = granted >= _LARGE_BUFFER
            self._warn_of_buffer(sock, granted)
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
        self._lane.leave()

    def _warn_of_buffer(self, sock: socket.socket, granted: int) -> None:
        """Say once that the kernel will drop datagrams earlier than need be."""
        if granted < UDP_RECEIVE_BUFFER:
            self._context.log.warning(
                "udp.receive_buffer",
                listener=self.label,
                address=bound_address(sock),
                granted=granted,
                wanted=UDP_RECEIVE_BUFFER,
                hint=_BUFFER_HINT,
            )

    def _wake(self, sock: socket.socket) -> None:
        """Read what is there; under load let more gather before the next wake-up.

        A wake-up costs several times what a datagram does, and to learn the sender of a datagram
        costs a third of reading it. So under load nobody asks who has sent a message, unless not
        everybody may.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        is_busy = now - self._woken_at < _BUSY_GAP
        self._woken_at = now
        more = self._read_burst(sock, is_busy=is_busy)
        if is_busy and not more and self._may_rest[sock]:
            loop.remove_reader(sock)
            loop.call_later(_REST, self._watch, sock)

    def _watch(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            asyncio.get_running_loop().add_reader(sock, self._wake, sock)

    def _read_burst(self, sock: socket.socket, *, is_busy: bool = False) -> bool:
        """Read up to `_BURST` datagrams; True if there may be more."""
        if is_busy and self._allowed.permits_all:
            frames: list[bytes] = []
            more = self._receive(sock.recv, frames)
            self._deliver(frames, "")
            return more
        received: list[Received] = []
        more = self._receive(sock.recvfrom, received)
        for host, group in groupby(received, key=lambda one: one[1][0]):
            self._deliver([datagram for datagram, _ in group], peer_host((host,)))
        return more

    def _receive(self, receive: Callable[[int], T], received: list[T]) -> bool:
        """Append a burst to what was received; True if there may be more."""
        try:
            for _ in range(_BURST):
                received.append(receive(_LARGEST_DATAGRAM))  # noqa: PERF401 - it may end early
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:  # such as an ICMP error that came back; the socket goes on
            self._context.faults.warning("udp.error", peer=self.label, reason=str(error.errno))
        return True

    def _deliver(self, datagrams: list[bytes], sender: str) -> None:
        """Queue the datagrams of one sender, or of several that are not known."""
        self._counters.received_bytes += sum(map(len, datagrams))
        longest = self._context.limits.max_frame_bytes
        frames = [datagram for datagram in datagrams if 0 < len(datagram) <= longest]
        if len(frames) < len(datagrams):
            for datagram in datagrams:
                if not 0 < len(datagram) <= longest:
                    self._reject(datagram, sender)
        if not frames:
            return
        self._counters.received_messages += len(frames)
        if not self._allowed.permits(sender):
            self._refuse(len(frames), sender)
            return
        origin = Origin(self.label, sender, Dialect.RFC5424)
        batch = Batch(frames, origin, self._context.clock(), sum(map(len, frames)))
        if not self._lane.offer(batch):
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
