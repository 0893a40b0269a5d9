"""Logplex and our HTTP drain as one machine: whatever goes wrong, each line counts once.

The sender is the simulator's model of Logplex, attempt by attempt; the receiver is the real
listener on a real socket, with the real queue and worker. Hypothesis chooses what is said, when it
is sent, which fault happens to which attempt, and when the worker stands still so that the queue
fills.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import pytest
import uvloop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from heroku_syslogd.bounded_queue import Batch
from heroku_syslogd.config import Config, DrainsConfig
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.listeners import http_intake
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.simulate import http_client
from heroku_syslogd.simulate.faults import OF_ATTEMPT, Fault
from heroku_syslogd.simulate.http_batches import Attempt, HttpBatches, Outcome, Verdict
from heroku_syslogd.simulate.http_client import HttpClient
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.target import parse_url
from tests.listeners.conftest import Site

T = TypeVar("T")

TOKENS: Final = (
    "d.8f7a4b11-c323-c764-a74f-89bf4c1100ab",
    "d.fc6b856b-3332-4546-93de-7d0ee272c3bd",
)
APPS: Final = ("shop", "blog")
NAMELESS: Final = "host"
"""Label of a batch without headers: HOSTNAME is this word, and nothing else names the drain."""

CAPACITY: Final = 30
FULL: Final = 25
# What Logplex passes on: with and without LF, empty, with LF and digits inside, not UTF-8.
_TEXTS: Final = (
    b"State changed from starting to up\n",
    b"source=web.1 dyno=heroku.1.2 sample#load_avg_1m=0.01 sample#load_avg_5m=0.02\n",
    b"",
    b"\n",
    b"12 <13>1 - - - - - no frame\n7 <13>1 a\n",
    b"- item",
    b"[YELLOW] \xff\xfe\x00 x",
    b"x" * 800,
)
lines = st.tuples(st.sampled_from(_TEXTS), st.sampled_from(["app", "heroku"]))
faults = st.sampled_from([None, None, *Fault])


class LogplexAndDaemon(RuleBasedStateMachine):
    """Two drains, one daemon."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = uvloop.new_event_loop()
        self.crashes: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.crashes.append(context))
        self.run(self._open())
        self.batches = [HttpBatches(app, TOKENS[app], capacity=CAPACITY) for app in (0, 1)]
        self.clients = [self._client(app) for app in (0, 1)]
        self.counted: set[str] = set()  # Frame-Ids that the daemon has answered with 200
        self.least = dict.fromkeys((*APPS, NAMELESS), 0)
        self.most = dict.fromkeys((*APPS, NAMELESS), 0)
        self.announced = dict.fromkeys((*APPS, NAMELESS), 0)
        self.duplicates = 0
        self.was_damaged = False

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)

    async def _open(self) -> None:
        self.site = Site(max_messages=FULL)
        tokens = dict(zip(TOKENS, APPS, strict=True))
        config = Config(drains=DrainsConfig(tokens=tokens))
        self.pipeline = Pipeline(config, self.site.telemetry, lambda *_: None)
        self.address = await self.site.open("http")
        self.is_working = True

    def _client(self, app: int) -> HttpClient:
        host, port = self.address
        target = parse_url(f"http://{host}:{port}/logplex")
        return HttpClient(target, TOKENS[app])

    def teardown(self) -> None:
        self.run(self._close())
        self.loop.close()
        assert self.crashes == []

    async def _close(self) -> None:
        for client in self.clients:
            await client.close()
        for listener in self.site.listeners:
            await listener.close(1)

    # What can happen ------------------------------------------------------------------------------

    @rule(app=st.integers(0, 1), said=st.lists(lines, min_size=1, max_size=CAPACITY + 5))
    def say(self, app: int, said: list[tuple[bytes, str]]) -> None:
        for msg, source in said:
            line = Line(app, TOKENS[app], 190, "2022-01-26T20:25:08+00:00", source, "web.1", msg)
            self.batches[app].push(line, self.site.now)

    @rule(app=st.integers(0, 1), fault=faults)
    def attempt(self, app: int, fault: Fault | None) -> None:
        batches = self.batches[app]
        attempt = batches.next_attempt(self.site.now, fault)
        if attempt is None:
            return
        taken = self._taken()
        outcome = self.run(self._post(app, attempt, fault if fault in OF_ATTEMPT else None))
        batches.settle(outcome)
        is_taken = self._taken() > taken
        assert outcome.verdict is not Verdict.REFUSED, outcome
        if fault is not Fault.LOST_REPLY:  # the one fault that hides the answer
            assert is_taken == (outcome.verdict is Verdict.ACKNOWLEDGED)
        if is_taken:
            self._note_delivered(app, attempt)
        if self.is_working:
            self.work()

    @rule()
    def stop_working(self) -> None:
        self.is_working = False

    @rule()
    def work(self) -> None:
        """Let the worker apply what is queued."""
        self.is_working = True
        self.run(self._drain())

    @rule(app=st.integers(0, 1))
    def reconnect(self, app: int) -> None:
        self.run(self.clients[app].close())

    @rule(seconds=st.sampled_from([1.0, 30.0]))
    def wait(self, seconds: float) -> None:
        """Time passes, far less in all than Frame-Ids are remembered for."""
        self.site.now += seconds

    # What must be true ----------------------------------------------------------------------------

    @invariant()
    def every_line_that_was_delivered_counts_once(self) -> None:
        if not self.is_working:
            return
        counted = {app: self._messages(app) for app in self.least}
        for app, messages in counted.items():
            assert self.least[app] <= messages <= self.most[app], (app, counted)

    @invariant()
    def every_loss_that_was_announced_counts_once(self) -> None:
        if self.is_working and not self.was_damaged:
            counted = self._announced()
            for app, announced in self.announced.items():
                assert counted.get(app, 0) == announced, app

    @invariant()
    def the_books_balance(self) -> None:
        telemetry = self.site.telemetry
        queued = self.site.queue.messages
        applied, lost = telemetry.applied_messages, telemetry.lost_messages
        assert telemetry.received_messages == applied + lost + queued
        assert telemetry.duplicate_batches == self.duplicates
        if not self.was_damaged:
            assert telemetry.message_count_mismatches == 0
            assert sum(self.site.counters("http").frame_errors.values()) == 0

    # How ------------------------------------------------------------------------------------------

    async def _post(self, app: int, attempt: Attempt, fault: Fault | None) -> Outcome:
        client = self.clients[app]
        if not client.is_connected:
            await client.connect()
        return await client.post(attempt, fault)

    def _note_delivered(self, app: int, attempt: Attempt) -> None:
        """Note what the daemon has to have counted: a batch the first time that it is delivered."""
        if attempt.frame_id in self.counted:
            self.duplicates += 1
            return
        label = APPS[app] if attempt.frame_id else NAMELESS
        if attempt.frame_id:
            self.counted.add(attempt.frame_id)
        self.was_damaged |= attempt.damaged > 0
        self.least[label] += attempt.msg_count - attempt.damaged
        self.most[label] += attempt.msg_count + attempt.damaged
        # Today's L10 names its drain. Without a header nobody knows that the batch came by it.
        if label != NAMELESS or app % 2 == 0:
            self.announced[label] += attempt.announced

    async def _drain(self) -> None:
        queue = self.site.queue
        while len(queue):
            batch: Batch = await queue.get()
            self.pipeline.worker.apply(batch)
            await asyncio.sleep(0)

    def _taken(self) -> int:
        return self.site.counters("http").http_requests[200]

    def _messages(self, app: str) -> int:
        logs = self.pipeline.registry.tallies.logs()
        return sum(log.messages for log in logs if log.app == app)

    def _announced(self) -> dict[str, float]:
        """Return what the metrics say that Logplex has dropped, by application."""
        collector = HerokuCollector(self.pipeline.registry, lambda: self.site.now)
        return {
            sample.labels["app"]: sample.value
            for family in collector.collect()
            for sample in family.samples
            if sample.name == "heroku_logplex_dropped_messages_total"
        }


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long: neither for room that will not come, nor for a slow sender."""
    monkeypatch.setattr(http_intake, "HOLD", 0.002)
    monkeypatch.setattr(http_client, "SLOW_SECONDS", 0.01)


LogplexAndDaemon.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TestLogplexAndDaemon = LogplexAndDaemon.TestCase
