"""A queue, counters and listeners on ports that the kernel chooses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heroku_syslogd import log
from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin
from heroku_syslogd.config import Address, Duration, LimitsConfig, ListenerConfig, Network
from heroku_syslogd.credentials import Credential, Credentials
from heroku_syslogd.listeners import (
    ConnectionLimits,
    FrameIds,
    Listener,
    ListenerContext,
    open_listener,
)
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.telemetry import ListenerCounters, RejectReason, Telemetry
from heroku_syslogd.wire import Dialect
from tests.listeners.authority import Authority
from tests.listeners.client import Client as Client
from tests.listeners.door import Door

LIMITS = LimitsConfig(
    max_frame_bytes=1024,
    max_connections=4,
    max_connections_per_peer=3,
    idle_timeout=Duration(600),
    fault_budget=5,
)
FILLER = Origin("filler", "192.0.2.1", Dialect.RFC5424)


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
        self.mistakes: list[dict[str, Any]] = []
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

    def limit(self, **keys: Any) -> None:
        """Change limits, as a reload does."""
        limits = self.context.limits = msgspec.structs.replace(self.context.limits, **keys)
        self.context.connections.max_connections = limits.max_connections
        self.context.connections.max_per_peer = limits.max_connections_per_peer

    def counters(self, kind: str) -> ListenerCounters:
        return self.telemetry.listener(kind)

    def rejected(self, kind: str) -> dict[RejectReason, int]:
        """Return how many connections a listener has closed, by reason."""
        rejected = self.counters(kind).connections_rejected
        return {reason: count for reason, count in rejected.items() if count}

    @property
    def places(self) -> int:
        """Places that are taken, however they are counted: all counts agree, or it is a bug."""
        limits = self.context.connections
        counted = sum(one.connections for one in self.telemetry.listeners.values())
        assert limits._open == counted
        assert sum(limits._by_peer.values()) <= counted
        assert counted or not limits._by_peer
        return counted

    async def take(self, messages: int) -> list[bytes]:
        """Take that many messages from the queue."""
        taken: list[bytes] = []
        async with asyncio.timeout(10):
            while len(taken) < messages:
                taken += (await self.queue.get()).frames
        return taken

    async def take_batch(self) -> Batch:
        async with asyncio.timeout(10):
            return await self.queue.get()

    def fill(self) -> None:
        """Fill the queue with one batch."""
        batch = Batch([b"<1>"] * self.queue.max_messages, FILLER, self.now, 1)
        self.queue.put(batch)
        assert self.queue.full

    async def close(self) -> None:
        """Close everything, and look for what should not be."""
        for listener in self.listeners:
            async with asyncio.timeout(10):
                await listener.close(0)
        self.context.credentials.close()
        await until(lambda: self.places == 0)
        assert self.mistakes == []


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: site.mistakes.append(context))
    yield site
    await site.close()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def door(site: Site, authority: Authority, tmp_path: Path, request: pytest.FixtureRequest) -> Door:
    """A listener of the type that the test is parametrised with, not open yet."""
    return Door(site, request.param, authority, tmp_path)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds; other processes and the kernel take part."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event to tell
            await asyncio.sleep(0.001)


async def seen() -> None:
    """Let the listeners read all that has been sent."""
    for _ in range(20):
        await asyncio.sleep(0.001)


def networks(*blocks: str) -> tuple[Network, ...]:
    return tuple(map(Network.parse, blocks))
