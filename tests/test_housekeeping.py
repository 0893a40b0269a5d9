"""Housekeeping: rounds, expiry, and a watchdog that is not fed by a queue that stands still."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from heroku_syslogd import housekeeping
from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin
from heroku_syslogd.config import Config
from heroku_syslogd.dynos import DynoIdentity
from heroku_syslogd.heroku import RuntimeSample, SampleLine
from heroku_syslogd.housekeeping import Housekeeping
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.systemd import Notifier
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import Dialect

BATCH = Batch([b"x"], Origin("tcp", "192.0.2.1", Dialect.RFC5424), 0.0, 1)


class FakeListener:
    addresses: list[str] = []  # noqa: RUF012 - part of the interface, not used

    def __init__(self) -> None:
        self.ticks: list[float] = []

    def tick(self, now: float) -> None:
        self.ticks.append(now)

    async def close(self, drain_timeout: float) -> None:
        """Nothing to close."""


class House:
    def __init__(self, notify_socket: Path) -> None:
        self.now = 1_700_000_000.0
        self.telemetry = Telemetry()
        self.queue = BoundedQueue(10, 1000)
        pipeline = Pipeline(Config(), self.telemetry, lambda *_: None)
        self.dynos = pipeline.registry.dynos
        self.listener = FakeListener()
        self.keeping = Housekeeping(
            self.telemetry,
            self.queue,
            pipeline,
            lambda: [self.listener],
            None,
            Notifier({"NOTIFY_SOCKET": str(notify_socket)}),
            lambda: self.now,
        )


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        yield sock


@pytest.fixture
async def house(manager: socket.socket, tmp_path: Path) -> House:
    return House(tmp_path / "notify")


def told(manager: socket.socket) -> list[str]:
    messages = []
    with suppress(BlockingIOError):
        while True:
            messages.append(manager.recv(1000).decode())
    return messages


async def test_the_watchdog_is_fed_while_the_queue_is_empty_or_moves(
    house: House, manager: socket.socket
) -> None:
    for _ in range(3):
        house.keeping.feed_watchdog()
    assert told(manager) == ["WATCHDOG=1"] * 3

    for _ in range(3):
        house.queue.put(BATCH)
        house.queue.put(BATCH)
        await house.queue.get()
        house.keeping.feed_watchdog()
    assert told(manager) == ["WATCHDOG=1"] * 3


async def test_a_queue_that_stands_still_starves_the_watchdog(
    house: House, manager: socket.socket
) -> None:
    house.queue.put(BATCH)
    house.keeping.feed_watchdog()
    told(manager)

    for _ in range(3):
        house.keeping.feed_watchdog()
    assert told(manager) == []

    await house.queue.get()
    house.keeping.feed_watchdog()
    assert told(manager) == ["WATCHDOG=1"]


async def test_rounds_tick_listeners_expire_dynos_and_measure_the_loop(
    house: House, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "TICK", 0.001)
    sample = RuntimeSample(SampleLine.LOAD, "run-1", {"load_avg_1m": 1.0})
    identity = DynoIdentity("shop", "web", "web.1", SeriesBudget(100))
    house.dynos.apply(sample, identity, house.now, house.now)
    house.now += 121
    task = asyncio.create_task(house.keeping.run())
    async with asyncio.timeout(10):
        while not (messages := told(manager)):  # noqa: ASYNC110 - the manager is a socket
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert messages[0] == "STATUS=0 messages received, 0 lost, 0 queued, 0 dynos"
    assert len(house.listener.ticks) >= 10
    assert set(house.listener.ticks) == {house.now}
    assert len(house.dynos) == 0
    assert len(house.telemetry.loop_lags) > 1
    assert min(house.telemetry.loop_lags) >= 0.0


async def test_a_loop_that_is_held_up_shows(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "TICK", 0.01)
    task = asyncio.create_task(house.keeping.run())
    await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251 - holding the loop up is the point
    async with asyncio.timeout(10):
        while len(house.telemetry.loop_lags) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert max(house.telemetry.loop_lags) > 0.15
