"""A queue, counters and listeners on ports that the kernel chooses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from heroku_syslogd import log
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.config import Address, Duration, LimitsConfig, ListenerConfig
from heroku_syslogd.credentials import Credential, Credentials
from heroku_syslogd.listeners import (
    ConnectionLimits,
    FrameIds,
    Listener,
    ListenerContext,
    open_listener,
)
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.telemetry import ListenerCounters, Telemetry

LIMITS = LimitsConfig(
    max_frame_bytes=1024,
    max_connections=4,
    max_connections_per_peer=3,
    idle_timeout=Duration(600),
    fault_budget=5,
)


class Site:
    """Listeners over one queue that no worker empties: the test does."""

    def __init__(
        self,
        *,
        max_messages: int = 100,
        max_bytes: int = 100_000,
        credentials: Iterable[Credential] = (),
    ) -> None:
        self.now = 1_700_000_000.0
        self.queue = BoundedQueue(max_messages, max_bytes)
        self.telemetry = Telemetry()
        self.listeners: list[Listener] = []
        self.context = ListenerContext(
            queue=self.queue,
            telemetry=self.telemetry,
            limits=LIMITS,
            connections=ConnectionLimits(LIMITS.max_connections, LIMITS.max_connections_per_peer),
            credentials=Credentials(credentials),
            frame_ids=FrameIds(),
            faults=PeerFaultLog(lambda: self.now),
            log=log.get("listener"),
            clock=lambda: self.now,
        )

    async def open(self, kind: str, host: str = "127.0.0.1", **keys: Any) -> tuple[str, int]:
        config = ListenerConfig(type=kind, address=Address(host, 0), **keys)  # type: ignore[arg-type]
        listener = await open_listener(config, self.context, {})
        self.listeners.append(listener)
        host, _, port = listener.addresses[0].rpartition(":")
        return host.strip("[]"), int(port)

    def counters(self, kind: str) -> ListenerCounters:
        return self.telemetry.listener(kind)

    async def take(self, messages: int) -> list[bytes]:
        """Take that many messages from the queue."""
        taken: list[bytes] = []
        async with asyncio.timeout(10):
            while len(taken) < messages:
                taken += (await self.queue.get()).frames
        return taken


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    yield site
    for listener in site.listeners:
        await listener.close(0)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds; other processes and the kernel take part."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event to tell
            await asyncio.sleep(0.001)


class Client:
    """A TCP sender."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed_by_peer(self) -> bool:
        """Wait for the other side to close."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()
