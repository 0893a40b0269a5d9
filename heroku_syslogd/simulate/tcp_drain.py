"""Drains over TCP. Source: heroku/logplex, ``logplex_tcpsyslog_drain.erl``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, cast

from heroku_syslogd.simulate.drain import Counts, back_off, set_within
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import LogBuffer
from heroku_syslogd.simulate.target import Target

CONNECT_TIMEOUT: Final = 4.0
"""Seconds for name lookup and connect together."""

WRITE_TIMEOUT: Final = 4.0
"""Seconds that one packet may take to get into the kernel."""


class TcpDrain:
    """A drain over TCP: one connection, opened by the first message.

    Messages of a packet that breaks off are lost and, as in Logplex, not reported by L10. Messages
    that the kernel took are sent, even if the receiver never read them.

    Args:
        target: Host and port.
        app: Index of the app.
        token: Drain token.
        scale: Factor on all waiting times, for tests.
        clock: Present time in seconds since the epoch, for L10 lines.
    """

    def __init__(
        self,
        target: Target,
        app: int,
        token: str,
        *,
        scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._target = target
        self._scale = scale
        self._clock = clock
        self._buffer = LogBuffer(app, token)
        self._counts = Counts()
        self._broken_off = 0
        self._wake = asyncio.Event()
        self._finishing = asyncio.Event()

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""
        self._counts.lost = self._buffer.dropped + self._broken_off
        return self._counts

    def offer(self, line: Line) -> None:
        """Put a line into the buffer; a full one drops its oldest."""
        self._buffer.push(line, self._clock())
        self._wake.set()

    def finish(self) -> None:
        """Ask `run` to send what it holds, close, and return."""
        self._finishing.set()
        self._wake.set()

    async def run(self) -> None:
        """Connect, send, and connect again with a growing delay, until finished."""
        failures = 0
        try:
            while await self._anything_to_send():
                if failures and await set_within(self._finishing, back_off(failures) * self._scale):
                    return
                before = self._counts.sent
                try:
                    await self._connect_and_send()
                except TimeoutError:
                    self._counts.last_error = "the receiver took too long"
                except OSError as error:
                    self._counts.last_error = str(error)
                failures = 1 if self._counts.sent > before else failures + 1
        finally:
            self._broken_off += len(self._buffer)

    async def _anything_to_send(self) -> bool:
        """Wait for the first message; False if the drain is finished and holds none."""
        while not self._buffer and not self._finishing.is_set():
            self._wake.clear()
            await self._wake.wait()
        return bool(self._buffer)

    async def _connect_and_send(self) -> None:
        """Send over one connection until finished; raises what `_send_all` raises."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT * self._scale):
            _, connection = await loop.create_connection(
                lambda: _Connection(self._wake), self._target.host, self._target.port
            )
        self._counts.connections += 1
        try:
            await self._send_all(connection)
        finally:
            await connection.close()

    async def _send_all(self, connection: _Connection) -> None:
        """Send packet after packet until finished.

        Raises:
            OSError: The connection broke, or the receiver closed it.
            TimeoutError: The receiver read nothing for too long.
        """
        counts = self._counts
        while True:
            connection.check()
            packet = self._buffer.take(self._clock())
            if packet is None:
                if self._finishing.is_set():
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                connection.write(packet.data)
                if connection.paused:
                    async with asyncio.timeout(WRITE_TIMEOUT * self._scale):
                        await connection.resumed()
                connection.check()
            except BaseException:
                self._broken_off += packet.messages
                raise
            counts.sent += packet.messages
            counts.bytes += len(packet.data)


class _Connection(asyncio.Protocol):
    """A connection that tells when the kernel has taken all it was given."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from it
        # Logplex has one write under way: what the kernel does not take at once pauses us.
        transport.set_write_buffer_limits(high=0)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc
        self._closed.set()
        self._writable.set()
        self._wake.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    @property
    def paused(self) -> bool:
        return not self._writable.is_set()

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    async def resumed(self) -> None:
        await self._writable.wait()

    def check(self) -> None:
        """Raise OSError if the connection is gone or going."""
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
