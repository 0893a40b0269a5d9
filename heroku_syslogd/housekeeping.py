"""What has to be done from time to time while the daemon runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from heroku_syslogd import log
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.dynos import DynoRegistry
from heroku_syslogd.listeners import Listener
from heroku_syslogd.systemd import Notifier
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.worker import Worker

TICK: Final = 0.5
"""Seconds between two rounds."""

_STATUS_EVERY: Final = 10
_EXPIRE_AT_LEAST_EVERY: Final = 5.0


class Housekeeping:
    """Measures the event loop, expires dynos, looks after the listeners, feeds the watchdog.

    Args:
        telemetry: Where the lag of the event loop goes.
        queue: The queue between listeners and workers.
        dynos: The dynos to expire.
        worker: The worker that is to make room.
        listeners: The listeners to look after.
        notifier: The service manager.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        queue: BoundedQueue,
        dynos: DynoRegistry,
        worker: Worker,
        listeners: Mapping[str, Listener],
        notifier: Notifier,
        clock: Callable[[], float],
    ) -> None:
        self._telemetry = telemetry
        self._queue = queue
        self._dynos = dynos
        self._worker = worker
        self._log = log.get("housekeeping")
        self._listeners = listeners
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
            for listener in self._listeners.values():
                listener.tick(now)
            if loop.time() >= next_expiry:
                self._dynos.expire(now)
                if forgotten := self._worker.make_room(now):
                    self._log.info("drains.forgotten", count=forgotten)
                period = min(_EXPIRE_AT_LEAST_EVERY, self._dynos.expire_after / 4)
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
        queued, dynos = self._queue.messages, len(self._dynos)
        return f"{received} messages received, {lost} lost, {queued} queued, {dynos} dynos"
