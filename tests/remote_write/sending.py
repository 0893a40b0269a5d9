"""A sender whose client answers as it is told, with time that passes while it sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from heroku_syslogd.config import Duration, RemoteWriteConfig
from heroku_syslogd.remote_write.client import Failure, Later, Outcome, Refused, Sent
from heroku_syslogd.remote_write.sender import Sender
from heroku_syslogd.remote_write.spool import Request, Spool

NOW: Final = 1_700_000_000.0
DOWN: Final = Later(Failure.CONNECTION, "Connection refused")
BUSY: Final = Later(Failure.THROTTLED, "status 429")
OLD: Final = Refused(400, "out of order sample")
TAKEN: Final = Sent(204)
CONFIG: Final = RemoteWriteConfig(min_backoff=Duration(1), max_backoff=Duration(30))


async def until(holds: Callable[[], object]) -> None:
    """Let the loop go on until something holds."""
    while not holds():  # noqa: ASYNC110 - neither spool nor sender tells of it
        await asyncio.sleep(0)


class Bench:
    """A sender whose client answers as it is told, with time that passes while it sleeps.

    Args:
        outcomes: What becomes of each attempt; after them every request is taken.
        draw: What chance draws.
        config: How long to wait.
    """

    def __init__(
        self,
        outcomes: Iterable[Outcome] = (),
        *,
        draw: float = 1.0,
        config: RemoteWriteConfig = CONFIG,
    ) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []
        self.posted: list[bytes] = []
        self.held: asyncio.Event | None = None
        self.spool = Spool(None, 2**20, 2**20)
        self._outcomes = iter(outcomes)
        self.sender = Sender(
            self.spool,
            self,
            config,
            clock=lambda: NOW + self.elapsed,
            monotonic=lambda: self.elapsed,
            sleep=self.sleep,
            draw=lambda: draw,
        )

    async def post(self, body: bytes) -> Outcome:
        self.posted.append(body)
        if self.held is not None:
            await self.held.wait()
        return next(self._outcomes, TAKEN)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds

    async def put(self, *bodies: bytes, samples: int = 1) -> None:
        for body in bodies:
            await self.spool.put(Request(body, samples))

    async def until_empty(self) -> None:
        """Wait until nothing is left to be sent."""
        await until(lambda: not self.spool.waiting)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.sender.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def drain(self) -> None:
        """Send everything."""
        async with self.running():
            await self.until_empty()
