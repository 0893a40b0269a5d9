"""Where the requests of a connection wait until the queue has room for them."""

from __future__ import annotations

import asyncio

from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.listeners.back_pressure import BackPressure


class Gate:
    """The lane of one connection, and whoever waits for room in it.

    Args:
        queue: Where batches go.
        back_pressure: Told while it is shut.

    Attributes:
        lane: The lane.
    """

    def __init__(self, queue: BoundedQueue, back_pressure: BackPressure) -> None:
        self._room = asyncio.Event()
        self._room.set()
        self._back_pressure = back_pressure
        self.lane = queue.lane(self)

    def pause(self) -> None:
        """Hold the answers; the queue asks for it."""
        self._back_pressure.begin()
        self._room.clear()

    def resume(self) -> None:
        """Let the batches in that wait; the queue allows it."""
        self._back_pressure.end()
        self._room.set()

    async def wait(self) -> None:
        """Wait until there may be room."""
        await self._room.wait()

    def wake(self) -> None:
        """Let who waits see that waiting is over."""
        self._room.set()

    def remove(self) -> None:
        """Give up the lane of a connection that is gone."""
        if self.lane.paused:
            self._back_pressure.end()
        self.lane.leave()
