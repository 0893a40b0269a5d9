"""Drains over TCP and TLS.

Source: heroku/logplex, ``logplex_tcpsyslog_drain.erl`` and ``logplex_tlssyslog_drain.erl``, which
do the same over different sockets.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Final

from heroku_syslogd.simulate.damage import pieces
from heroku_syslogd.simulate.drain import Counts, back_off, in_words, set_within
from heroku_syslogd.simulate.faults import SLOW_PIECES, SLOW_SECONDS, Fault, FaultPlan, no_faults
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import TARGET_BYTES, LogBuffer
from heroku_syslogd.simulate.target import Target
from heroku_syslogd.simulate.tcp_connection import TcpConnection, connect
from heroku_syslogd.simulate.tcp_packet import Written, written

CONNECT_TIMEOUT: Final = 4.0
"""Seconds for name lookup, connect and TLS handshake together."""

WRITE_TIMEOUT: Final = 4.0
"""Seconds that one packet may take to get into the kernel."""

_BIG_BYTES: Final = 102_400


class TcpDrain:
    """A drain over TCP or TLS: one connection, opened by the first message.

    Messages of a packet that breaks off are lost and, as in Logplex, not reported by L10. Messages
    that the kernel took are sent, even if the receiver never read them.

    Args:
        target: Where to.
        app: Index of the app.
        token: Drain token.
        tls: Context for TLS, None without.
        faults: What goes wrong on purpose.
        scale: Factor on all waiting times, for tests.
        clock: Present time in seconds since the epoch, for L10 lines.
    """

    def __init__(
        self,
        target: Target,
        app: int,
        token: str,
        *,
        tls: ssl.SSLContext | None = None,
        faults: FaultPlan | None = None,
        scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._target = target
        self._tls = tls
        self._faults = faults or no_faults()
        self._scale = scale
        self._clock = clock
        self._buffer = LogBuffer(app, token)
        self._counts = Counts()
        self._broken_off = 0
        self._before: Written | None = None
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
                except OSError as error:
                    self._counts.last_error = in_words(error)
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
        """Send packet after packet over one connection, until finished or disconnected by a fault.

        Raises:
            OSError: The connection broke, the receiver closed it, or it read nothing for too long.
        """
        async with asyncio.timeout(CONNECT_TIMEOUT * self._scale):
            connection = await connect(self._target, self._tls, self._wake)
        self._counts.connections += 1
        self._before = None
        try:
            while await self._anything_to_send_over(connection):
                fault = self._faults.draw()
                if fault is Fault.BIG_BATCH:
                    await self._big_packet(connection)
                await self._send_packet(connection, fault)
                if fault is Fault.DISCONNECT:
                    return
        finally:
            await connection.close()

    async def _anything_to_send_over(self, connection: TcpConnection) -> bool:
        """Do as `_anything_to_send`, as long as there is the connection."""
        connection.check()
        while not self._buffer and not self._finishing.is_set():
            await self._news(connection)
        return bool(self._buffer)

    async def _big_packet(self, connection: TcpConnection) -> None:
        while not self._buffer.holds(_BIG_BYTES) and not self._finishing.is_set():
            await self._news(connection)

    async def _news(self, connection: TcpConnection) -> None:
        self._wake.clear()
        await self._wake.wait()
        connection.check()

    async def _send_packet(self, connection: TcpConnection, fault: Fault | None) -> None:
        packet = self._buffer.take(
            self._clock(),
            _BIG_BYTES if fault is Fault.BIG_BATCH else TARGET_BYTES,
            invents_loss=fault is Fault.UNTERMINATED_LOSS,
        )
        assert packet is not None
        sending = written(packet, fault, self._faults.rng)
        try:
            await self._write(connection, sending.data, slowly=fault is Fault.SLOW)
        except BaseException:
            self._broken_off += sending.messages
            raise
        counts = self._counts
        damaged = sending.damaged_by(self._before)
        counts.sent += sending.whole - damaged
        counts.damaged += damaged
        self._broken_off += sending.messages - sending.whole
        counts.bytes += len(sending.data)
        counts.announced += sending.announced
        if fault is not None:
            counts.faults += 1
        self._before = sending

    async def _write(self, connection: TcpConnection, data: bytes, *, slowly: bool) -> None:
        """Write a packet.

        Raises:
            OSError: The connection broke, the receiver closed it, or it read nothing for too long.
        """
        for piece in pieces(data, SLOW_PIECES) if slowly else (data,):
            if slowly:
                await asyncio.sleep(SLOW_SECONDS / SLOW_PIECES * self._scale)
            connection.write(piece)
            if connection.paused:
                async with asyncio.timeout(WRITE_TIMEOUT * self._scale):
                    await connection.resumed()
            connection.check()
