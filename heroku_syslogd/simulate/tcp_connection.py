"""A TCP or TLS connection of a drain."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from heroku_syslogd.simulate.drain import pause_at_once
from heroku_syslogd.simulate.target import Target
from heroku_syslogd.simulate.tls import SHUTDOWN_TIMEOUT


async def connect(target: Target, tls: ssl.SSLContext | None, wake: asyncio.Event) -> TcpConnection:
    """Open a connection.

    Args:
        target: Where to.
        tls: Context for TLS, None without.
        wake: Set when the connection is lost.

    Raises:
        OSError: It cannot be opened, or its certificate is not trusted.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: TcpConnection(wake),
        target.host,
        target.port,
        ssl=tls,
        ssl_shutdown_timeout=SHUTDOWN_TIMEOUT if tls else None,
    )
    return connection


class TcpConnection(asyncio.Protocol):
    """A connection that tells when the kernel has taken all it was given.

    Args:
        wake: Set when the connection is lost.
    """

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, as the event loop asks for."""
        transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from it
        pause_at_once(transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits; `check` then says why."""
        self._error = exc
        self._closed.set()
        self._writable.set()
        self._wake.set()

    def pause_writing(self) -> None:
        """Note that the kernel did not take all."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that it did."""
        self._writable.set()

    @property
    def paused(self) -> bool:
        """Whether the kernel has not yet taken all."""
        return not self._writable.is_set()

    def write(self, data: bytes) -> None:
        """Write one packet, or a piece of it."""
        assert self._transport is not None
        self._transport.write(data)

    async def resumed(self) -> None:
        """Wait until the kernel has taken all, or the connection is lost."""
        await self._writable.wait()

    def check(self) -> None:
        """Do nothing while there is a connection.

        Raises:
            OSError: It is gone or going.
        """
        assert self._transport is not None
        if self._transport.is_closing():
            if isinstance(self._error, OSError):
                raise self._error
            raise ConnectionResetError("the receiver closed the connection")

    async def close(self) -> None:
        """Close at once. A packet that was sent is in the kernel: there is nothing to flush."""
        assert self._transport is not None
        if self.paused:
            self._transport.abort()
        else:
            self._transport.close()
        await self._closed.wait()
