"""A pipeline of its own for every input, with its books."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import AppMetricsConfig, Config, LimitsConfig
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.heroku import Event, Kind
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.registry import Subject
from heroku_syslogd.sinks.event_sink import event_lines
from heroku_syslogd.telemetry import LostReason, Telemetry
from heroku_syslogd.worker import Observer

NOW: Final = 1_800_000_000.0
"""Our time, seconds since the epoch: later than every seed, as a time to come is not believed."""

ALL_KINDS: Final = frozenset(Kind)

Series = dict[tuple[str, tuple[str, ...]], float]
"""Values by name and label values."""

_LISTENER: Final = "fuzz"
_FOR_EVER: Final = 1e9
_LABEL: Final = re.compile(r"[A-Za-z0-9_.:/@+-]{0,64}")
_METRIC_NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
_LONGEST_TOKEN_SHOWN: Final = len("d.12345678")


class Bench:
    """A pipeline without configured drains, and room for everything that an input can hold.

    Args:
        every: Kinds of which every event is wanted: their lines are parsed, and not only counted.

    Attributes:
        registry: Its state.
        worker: Takes batches.
    """

    def __init__(self, every: frozenset[Kind] = frozenset()) -> None:
        telemetry = self._telemetry = Telemetry()
        config = Config(
            limits=LimitsConfig(max_series=1_000_000, max_apps=1000),
            app_metrics=AppMetricsConfig(max_series=1_000_000),
        )
        observer = Observer(ALL_KINDS, _write, every)
        self._faults = 0
        self._counters = telemetry.listener(_LISTENER)
        pipeline = Pipeline(config, telemetry, lambda *_: self._note_fault(), observer)
        self.registry = pipeline.registry
        self.worker = pipeline.worker

    def apply(self, frames: list[bytes], origin: Origin) -> None:
        """Apply a batch."""
        self._counters.received_messages += len(frames)
        size = sum(map(len, frames))
        self.worker.apply(Batch(frames, origin._replace(listener=_LISTENER), NOW, size))

    def series(self) -> Series:
        """Return every series of the applications; see that names and values are fit to show."""
        return dict(self._samples())

    @property
    def lost(self) -> dict[str, int]:
        """Messages that were lost, by reason."""
        return {str(reason): n for reason, n in self._counters.lost_messages.items() if n}

    def check_books(self) -> None:
        """See that every message was applied or lost, each for a reason."""
        lost = self._counters.lost_messages
        applied = self._telemetry.applied_messages
        assert self._counters.received_messages == applied + sum(lost.values())
        logs = list(self.registry.tallies.logs())
        assert sum(log.messages for log in logs) == applied, "applied, and in no counter"
        refused = sum(self._telemetry.parse_errors.values())
        assert refused == lost[LostReason.HEADER] == self._faults

    def check_that_all_is_given_back(self) -> None:
        """Forget everything; every series must come back to the budget."""
        registry = self.registry
        registry.expire(NOW + _FOR_EVER)
        assert registry.app_metrics_budget.used == 0, "series of app metrics are left"
        for app in [tally.app for tally in registry.tallies.apps()]:
            registry.forget(app)
        assert registry.budget.used == 0, f"{registry.budget.used} series are left"

    def _samples(self) -> Iterator[tuple[tuple[str, tuple[str, ...]], float]]:
        for family in HerokuCollector(self.registry, lambda: NOW).collect():
            for sample in family.samples:
                for name, value in sample.labels.items():
                    _check_label(sample.name, name, value)
                assert math.isfinite(sample.value), f"{sample.name} is {sample.value}"
                yield (sample.name, tuple(sample.labels.values())), sample.value

    def _note_fault(self) -> None:
        self._faults += 1


def _check_label(metric: str, name: str, value: str) -> None:
    if name == "app" and value.startswith("d."):
        assert len(value) <= _LONGEST_TOKEN_SHOWN, "a drain token is shown"
    alphabet = _METRIC_NAME if metric.startswith("heroku_app_") and name == "name" else _LABEL
    assert alphabet.fullmatch(value), f"{metric} has {name}={value!r}"


def _write(event: Event, subject: Subject, at: float, msg: bytes) -> None:
    """Take an event as a sink does, and see that it becomes lines of JSON."""
    for line in event_lines(event, subject, at, msg, ALL_KINDS):
        assert line.find(b"\n") == len(line) - 1, "an event of several lines"
        msgspec.json.decode(line)
