"""What has to be done from time to time while the daemon runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from heroku_syslogd import log
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.sinks import EventSink
from heroku_syslogd.systemd import Notifier
from heroku_syslogd.telemetry import Telemetry

TICK: Final = 0.5
"""Seconds between two rounds."""

_STATUS_EVERY: Final = 10
_EXPIRE_AT_LEAST_EVERY: Final = 5.0


class Server(Protocol):
    """Something that listens and has to be looked after."""

    def tick(self, now: float) -> None:
        """Do what has to be done from time to time; ``now`` in seconds since the epoch."""


class Housekeeping:
    """Measures the event loop, expires dynos, looks after the servers, feeds the watchdog.

    Args:
        telemetry: Where the lag of the event loop goes.
        queue: The queue between listeners and workers.
        pipeline: What is to be tidied.
        servers: Returns the servers to look after.
        events: The sink of structured events, None if there is none.
        notifier: The service manager.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        queue: BoundedQueue,
        pipeline: Pipeline,
        servers: Callable[[], Iterable[Server]],
        events: EventSink | None,
        notifier: Notifier,
        clock: Callable[[], float],
    ) -> None:
        self._telemetry = telemetry
        self._queue = queue
        self._pipeline = pipeline
        self._events = events
        self._log = log.get("housekeeping")
        self._servers = servers
        self._notifier = notifier
        self._clock = clock
        self._taken = -1

    async def run(self) -> None:
        """Make a round every `TICK` seconds."""
        loop = asyncio.get_running_loop()
        ticks, next_expiry = 0, 0.0
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self._telemetry.loop_lags.append(max(loop.time() - due, 0.0))
            now = self._clock()
            for server in self._servers():
                server.tick(now)
            if loop.time() >= next_expiry:
                if forgotten := self._pipeline.tidy(now):
                    self._log.info("drains.forgotten", count=forgotten)
                if self._events is not None:
                    self._events.report(now)
                expire_after = self._pipeline.registry.dynos.expire_after
                period = min(_EXPIRE_AT_LEAST_EVERY, expire_after / 4)
                next_expiry = loop.time() + period
            ticks += 1
            if ticks % _STATUS_EVERY == 0:
                self._notifier.status(self.status())

    async def run_watchdog(self, interval: float) -> None:
        """Feed the watchdog thrice within the interval that systemd expects."""
        while True:
            self.feed_watchdog()
            await asyncio.sleep(interval / 3)

    def feed_watchdog(self) -> None:
        """Tell systemd that we are alive: the loop turns, and a queue that is not empty moves."""
        if not len(self._queue) or self._queue.taken != self._taken:
            self._notifier.watchdog()
        self._taken = self._queue.taken

    def status(self) -> str:
        """Return one line for ``systemctl status``."""
        received, lost = self._telemetry.received_messages, self._telemetry.lost_messages
        queued, dynos = self._queue.messages, len(self._pipeline.registry.dynos)
        return f"{received} messages received, {lost} lost, {queued} queued, {dynos} dynos"
