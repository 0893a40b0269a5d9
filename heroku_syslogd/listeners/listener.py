"""What all listeners have in common, and the table of their types."""

from __future__ import annotations

import socket
from typing import Final, Protocol

from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.syslog_datagram import DatagramListener
from heroku_syslogd.listeners.syslog_stream import StreamListener
from heroku_syslogd.sockets import PassedSockets, open_sockets


class Listener(Protocol):
    """One configured listener, open until it is closed."""

    @property
    def addresses(self) -> list[str]:
        """Where it listens, port 0 replaced by the port that the kernel chose."""

    def tick(self, now: float) -> None:
        """Do what has to be done from time to time: idle connections, the kernel's drops."""

    async def close(self, drain_timeout: float) -> None:
        """Stop accepting, read what peers have sent already, then close.

        Args:
            drain_timeout: Most seconds to go on reading.
        """


async def open_listener(
    config: ListenerConfig, context: ListenerContext, passed: PassedSockets
) -> Listener:
    """Open one listener.

    Raises:
        StartupError: Its socket cannot be opened.
    """
    return await _OPENERS[config.type](config.label, open_sockets(config, passed), context)


async def _open_tcp(label: str, sockets: list[socket.socket], context: ListenerContext) -> Listener:
    listener = StreamListener(label, context)
    await listener.open(sockets)
    return listener


async def _open_udp(label: str, sockets: list[socket.socket], context: ListenerContext) -> Listener:
    listener = DatagramListener(label, context)
    listener.open(sockets)
    return listener


_OPENERS: Final = {"tcp": _open_tcp, "udp": _open_udp}
