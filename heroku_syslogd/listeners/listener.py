"""What all listeners have in common, and the table of their types."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.config import LimitsConfig, ListenerConfig
from heroku_syslogd.listeners.limits import ConnectionLimits
from heroku_syslogd.listeners.syslog_datagram import DatagramListener
from heroku_syslogd.listeners.syslog_stream import StreamListener
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.sockets import PassedSockets, open_sockets
from heroku_syslogd.telemetry import Telemetry


class Listener(Protocol):
    """One configured listener, open until it is closed."""

    @property
    def addresses(self) -> list[str]:
        """Where it listens, port 0 replaced by the port that the kernel chose."""

    def tick(self, now: float) -> None:
        """Do what has to be done from time to time: idle connections, the kernel's drops."""

    def configure(self, limits: LimitsConfig) -> None:
        """Take over changed limits; open connections keep their frame limit."""

    async def close(self, drain_timeout: float) -> None:
        """Stop accepting, read what peers have sent already, then close.

        Args:
            drain_timeout: Most seconds to go on reading.
        """


@dataclass(frozen=True)
class ListenerContext:
    """What listeners are handed.

    Attributes:
        queue: Where batches go.
        telemetry: Where messages, bytes and faults are counted.
        limits: What a peer may cost.
        connections: Places for connections, shared by all listeners.
        faults: Where faults are logged.
        clock: Returns our time in seconds since the epoch.
    """

    queue: BoundedQueue
    telemetry: Telemetry
    limits: LimitsConfig
    connections: ConnectionLimits
    faults: PeerFaultLog
    clock: Callable[[], float]


async def open_listener(
    config: ListenerConfig, context: ListenerContext, passed: PassedSockets
) -> Listener:
    """Open one listener.

    Raises:
        StartupError: Its socket cannot be opened.
    """
    return await _OPENERS[config.type](config.label, open_sockets(config, passed), context)


async def _open_tcp(label: str, sockets: list[socket.socket], context: ListenerContext) -> Listener:
    listener = StreamListener(
        label,
        queue=context.queue,
        counters=context.telemetry.listener(label),
        limits=context.limits,
        connections=context.connections,
        faults=context.faults,
        clock=context.clock,
    )
    await listener.open(sockets)
    return listener


async def _open_udp(label: str, sockets: list[socket.socket], context: ListenerContext) -> Listener:
    listener = DatagramListener(
        label,
        queue=context.queue,
        counters=context.telemetry.listener(label),
        max_frame_bytes=context.limits.max_frame_bytes,
        faults=context.faults,
        clock=context.clock,
    )
    listener.open(sockets)
    return listener


_OPENERS: Final = {"tcp": _open_tcp, "udp": _open_udp}
