"""Drains over HTTP and HTTPS. Source: heroku/logplex, ``logplex_http_drain.erl``.

`HttpBatches` decides what is sent, `HttpClient` sends it; `HttpDrain` ties them together.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from random import Random
from typing import Final

from heroku_syslogd.simulate.drain import Counts, in_words, set_within
from heroku_syslogd.simulate.faults import OF_ATTEMPT, Fault, FaultPlan, no_faults
from heroku_syslogd.simulate.http_batches import HttpBatches
from heroku_syslogd.simulate.http_client import HttpClient
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.target import Target

IDLE_CLOSE: Final = 144.0
"""Seconds after which an idle connection is closed (``http_drain_idle_timeout``)."""

IDLE_JITTER: Final = 15.0
"""Up to so many seconds more."""

_CONNECT_STEP: Final = 0.01
_MOST_DOUBLINGS: Final = 10


def connect_back_off(failures: int, rng: Random) -> float:
    """Return the seconds to wait after that many failed connects in a row: 0 to 5.11.

    Random and exponential, and 0 for the first ones (``logplex_http_drain:backoff_slot/1``). A
    failed request counts as none: it comes after a connect that succeeded.
    """
    if failures < 2:
        return 0.0
    doublings = rng.randint(1, min(_MOST_DOUBLINGS, failures - 1))
    return _CONNECT_STEP * ((1 << doublings) - 1 >> 1)


class HttpDrain:
    """A drain over HTTP: batches of messages, one request at a time, three attempts for each.

    A batch is sent as soon as there is a message and no other batch is under way. One that is
    refused, or fails three times, is lost and reported by an L10 line.

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
        self._faults = faults or no_faults()
        self._scale = scale
        self._clock = clock
        self._rng = Random(token)
        self._batches = HttpBatches(app, token, rng=self._faults.rng)
        self._client = HttpClient(target, token, tls=tls, faults=self._faults, scale=scale)
        self._injected = 0
        self._wake = asyncio.Event()
        self._finishing = asyncio.Event()

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""
        counts = self._batches.counts
        counts.bytes = self._client.bytes
        counts.connections = self._client.connections
        counts.faults = self._injected
        return counts

    def offer(self, line: Line) -> None:
        """Put a line into the buffer; a full one drops its oldest."""
        self._batches.push(line, self._clock())
        self._wake.set()

    def finish(self) -> None:
        """Ask `run` to send what it holds, close, and return."""
        self._finishing.set()
        self._wake.set()

    async def run(self) -> None:
        """Connect and send batches until finished.

        A connect that fails costs no attempt. New messages do not shorten the wait after it: while
        there are some, the buffer of Logplex does not tell the drain of more.
        """
        failures = 0
        try:
            while await self._anything_to_send():
                if self._client.is_connected:
                    await self._attempt()
                    continue
                pause = connect_back_off(failures, self._rng) * self._scale
                if failures and await set_within(self._finishing, pause):
                    return
                try:
                    await self._client.connect()
                    failures = 0
                except OSError as error:
                    self._batches.counts.last_error = in_words(error)
                    failures += 1
        finally:
            self._batches.abandon()
            await self._client.close()

    async def _anything_to_send(self) -> bool:
        """Wait for the first message; False if the drain is finished and holds none.

        Closes the connection when it has been idle for too long.
        """
        patience = (IDLE_CLOSE + self._rng.uniform(0.0, IDLE_JITTER)) * self._scale
        while not self._batches and not self._finishing.is_set():
            self._wake.clear()
            if not self._client.is_connected:
                await self._wake.wait()
            elif not await set_within(self._wake, patience):
                await self._client.close()
        return bool(self._batches)

    async def _attempt(self) -> None:
        """Make one attempt for the batch that is due."""
        is_retry = self._batches.is_retrying
        fault = self._faults.draw(OF_ATTEMPT) if is_retry else self._faults.draw()
        if fault is Fault.BIG_BATCH:
            await self._big_batch()
        attempt = self._batches.next_attempt(self._clock(), fault)
        assert attempt is not None
        if fault is not None:
            self._injected += 1
        self._batches.settle(await self._client.post(attempt, fault))

    async def _big_batch(self) -> None:
        while not self._batches.has_big_batch and not self._finishing.is_set():
            self._wake.clear()
            await self._wake.wait()
