"""Drains over UDP. Source: heroku/logplex, ``logplex_udpsyslog_drain.erl``."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from heroku_syslogd.simulate.drain import Counts, back_off, set_within
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import CAPACITY, udp_datagram
from heroku_syslogd.simulate.target import Target


class UdpDrain:
    """A drain over UDP: one message per datagram, no buffer, no report of losses.

    Args:
        target: Host and port.
        scale: Factor on all waiting times, for tests.
    """

    def __init__(self, target: Target, *, scale: float = 1.0) -> None:
        self._target = target
        self._scale = scale
        self._counts = Counts()
        self._socket: _DatagramSocket | None = None
        # Only until the socket is there: name lookup must not cost the first messages.
        self._early: deque[Line] = deque()
        self._finishing = asyncio.Event()

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""
        return self._counts

    def offer(self, line: Line) -> None:
        """Send a line, or lose it if the kernel has no room."""
        if self._socket is not None:
            self._send(self._socket, udp_datagram(line))
        elif len(self._early) < CAPACITY:
            self._early.append(line)
        else:
            self._counts.lost += 1

    def finish(self) -> None:
        """Ask `run` to close and return."""
        self._finishing.set()

    async def run(self) -> None:
        """Open the socket, again and again if need be, and keep it until finished."""
        failures = 0
        try:
            while not await self._open():
                failures += 1
                if await set_within(self._finishing, back_off(failures) * self._scale):
                    return
            while self._early:
                self.offer(self._early.popleft())
            await self._finishing.wait()
        finally:
            self._counts.lost += len(self._early)
            self._early.clear()
            if self._socket is not None:
                await self._socket.close()

    async def _open(self) -> bool:
        loop = asyncio.get_running_loop()
        try:
            _, self._socket = await loop.create_datagram_endpoint(
                lambda: _DatagramSocket(self._counts),
                remote_addr=(self._target.host, self._target.port),
            )
        except OSError as error:
            self._counts.last_error = str(error)
            return False
        self._counts.connections += 1
        return True

    def _send(self, socket: _DatagramSocket, datagram: bytes) -> None:
        if not socket.send(datagram):
            self._counts.lost += 1
            return
        self._counts.sent += 1
        self._counts.bytes += len(datagram)


class _DatagramSocket(asyncio.DatagramProtocol):
    """A UDP socket that refuses instead of holding back."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._writable = True
        self._closed = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True

    def error_received(self, exc: Exception) -> None:
        # Nobody listens there: one datagram came back for each such report.
        self._counts.last_error = str(exc)
        self._counts.sent -= 1
        self._counts.lost += 1

    def send(self, datagram: bytes) -> bool:
        if self._transport is None or not self._writable:
            return False
        self._transport.sendto(datagram)
        return True

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()
