"""Sends what is in the spool, oldest first, again and again until it is taken or refused."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from heroku_syslogd import log
from heroku_syslogd.config import RemoteWriteConfig
from heroku_syslogd.remote_write.client import Failure, Later, Outcome, Refused, Sent
from heroku_syslogd.remote_write.encoding import halves
from heroku_syslogd.remote_write.spool import Request, Spool

T = TypeVar("T")

REPORT_EVERY: Final = 60.0
"""Seconds between two log lines about requests that are refused."""


MOST_PARTS: Final = 100
"""Parts of one request that are sent, enough to find four bad samples among two thousand."""

_OF_SAMPLES: Final = (400, 500)
"""Statuses that say something of samples, and not of who sends them."""

_TOO_MANY_PARTS: Final = Refused(400, "there is too much in its request that is refused")


class Poster(Protocol):
    """Whoever posts requests."""

    async def post(self, body: bytes) -> Outcome:
        """Post one."""


class Sender:
    """Sends requests, one at a time: samples of a series have to come in the order of their times.

    Args:
        spool: The requests.
        client: Posts them.
        config: How long to wait between two attempts.
        clock: Returns our time in seconds since the epoch.
        monotonic: Returns seconds that nobody sets.
        sleep: Waits for so many seconds.
        draw: Returns a random number from 0 to 1.

    Attributes:
        sent_requests: Requests that were taken.
        sent_samples: Their samples.
        sent_bytes: Bytes of their bodies, compressed.
        failures: Attempts after which the request is sent again, by reason.
        refused_samples: Samples that were dropped because their request was refused, by status.
        last_success_at: When a request was last taken, seconds since the epoch; 0 if never.
        is_failing: Whether the last attempt brought no request to where it should go.
    """

    def __init__(
        self,
        spool: Spool,
        client: Poster,
        config: RemoteWriteConfig,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.sent_requests = 0
        self.sent_samples = 0
        self.sent_bytes = 0
        self.failures = dict.fromkeys(Failure, 0)
        self.refused_samples: Counter[int] = Counter()
        self.last_success_at = 0.0
        self.is_failing = False
        self._spool = spool
        self._client = client
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._draw = draw
        self._log = log.get("remote_write")
        self._failing_since: float | None = None
        self._parts: list[Request] = []  # of the present request, that are left to be sent
        self._attempts = 0  # in vain, of the present request
        self._next_report = 0.0
        self._reported = 0
        self._stopping = asyncio.Event()
        self._given_up = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self.configure(config)

    def configure(self, config: RemoteWriteConfig) -> None:
        """Take over how long to wait; a wait that has begun stays as it is."""
        self._min_backoff, self._max_backoff = config.min_backoff, config.max_backoff

    async def run(self) -> None:
        """Send what is there and what comes, until `finish`."""
        self._ended.clear()
        try:
            while (request := await _unless(self._stopping, self._spool.first())) is not None:
                wait = await _unless(self._given_up, self._attempt(request))
                if wait:
                    await _unless(self._stopping, self._sleep(wait))
        finally:
            self._ended.set()

    async def finish(self, flush_timeout: float) -> None:
        """Send what waits, and then no more; the rest stays in the spool.

        It is tried again as long as there is time for it. `run` has ended then: a request that it
        has under way is waited for as long.

        Args:
            flush_timeout: Seconds.
        """
        deadline = self._monotonic() + flush_timeout
        self._stopping.set()
        try:
            async with asyncio.timeout(flush_timeout):
                await self._ended.wait()
                while self._spool.waiting:
                    wait = await self._attempt(await self._spool.first())
                    if self._monotonic() + wait > deadline:
                        break
                    if wait:
                        await self._sleep(wait)
        except TimeoutError:
            self._given_up.set()
            await self._ended.wait()
        if left := self._spool.waiting:
            self._log.warning("remote_write.left", requests=left)

    async def _attempt(self, request: Request) -> float:
        """Send a request once; return the seconds to wait before the next attempt."""
        # Parts of it that are left, the next one last. Of a request that is refused for one bad
        # sample the engine stores nothing, so the halves of it are sent, and the halves of those.
        parts, self._parts = self._parts or [request], []
        for sent in range(MOST_PARTS):
            part = parts.pop()
            outcome = await self._client.post(part.body)
            if isinstance(outcome, Later):
                self._parts = [*parts, part]
                return self._note_failure(outcome)
            self._attempts = 0
            if isinstance(outcome, Sent):
                self._note_success(part)
            elif new := self._halves(part, outcome):
                parts += new
            else:
                self._note_refusal(outcome, part)
            if not parts or sent == MOST_PARTS - 1:
                break
        for part in parts:
            self._note_refusal(_TOO_MANY_PARTS, part)
        await self._spool.done()
        return 0.0

    def _halves(self, part: Request, refusal: Refused) -> list[Request]:
        """Return the halves of what was refused, the second one first, if they may be taken."""
        if refusal.status not in _OF_SAMPLES:
            return []
        return [Request(*half) for half in reversed(halves(part.body))]

    def _note_success(self, request: Request) -> None:
        self.sent_requests += 1
        self.sent_samples += request.samples
        self.sent_bytes += len(request.body)
        self.last_success_at = self._clock()
        self.is_failing = False
        if self._failing_since is not None:
            seconds = round(self._monotonic() - self._failing_since, 3)
            self._failing_since = None
            self._log.info("remote_write.working_again", after_seconds=seconds)

    def _note_failure(self, failure: Later) -> float:
        self.failures[failure.reason] += 1
        self.is_failing = True
        if self._failing_since is None:
            self._failing_since = self._monotonic()
            self._log.warning(
                "remote_write.failing", reason=str(failure.reason), problem=failure.text
            )
        wait = max(self._backoff(), failure.retry_after or 0.0)
        self._attempts += 1
        return wait

    def _note_refusal(self, refusal: Refused, request: Request) -> None:
        self.refused_samples[refusal.status] += request.samples
        self.is_failing = True
        now, refused = self._monotonic(), self.refused_samples.total()
        if now < self._next_report:
            return
        self._log.warning(
            "remote_write.refused",
            status=refusal.status,
            samples=refused - self._reported,
            problem=refusal.text,
        )
        self._reported, self._next_report = refused, now + REPORT_EVERY

    def _backoff(self) -> float:
        """Return seconds, twice as many after each attempt, of which chance takes up to a half.

        Many receivers of drains that lost their target together must not come back together.
        """
        # 2^32 times any backoff is more than the longest; more would overflow in the end.
        longest = min(self._max_backoff, self._min_backoff * 2.0 ** min(self._attempts, 32))
        return max(self._min_backoff, longest * (0.5 + self._draw() / 2))


async def _unless(event: asyncio.Event, awaited: Awaitable[T]) -> T | None:
    """Wait for something; return None, and cancel it, if an event comes first."""
    work, stop = asyncio.ensure_future(awaited), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
    finally:
        work.cancel()
        stop.cancel()
        await asyncio.wait((work, stop))
    if work.cancelled() and event.is_set():
        return None
    result = work.result()
    return None if event.is_set() else result
