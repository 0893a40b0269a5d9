"""Metrics that applications print (l2met), summed up per application, name and unit.

Applications choose the names, so the series budget bounds how many there are, and those that fall
silent are dropped. The same name in another unit is another series: seconds and bytes do not add.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from heroku_syslogd.distinct import DistinctCounter
from heroku_syslogd.heroku import (
    MOST_METRICS,
    AppMetric,
    AppMetrics,
    AppMetricType,
    parse_app_metrics,
    token_metric,
)
from heroku_syslogd.series_budget import SeriesBudget

MINUTE: Final = 60.0
"""Seconds over which distinct members are counted: the period in which Librato, for which libraries
print ``unique#``, puts log metrics together."""

_HASH: Final = ord("#")
_QUOTE: Final = ord('"')
_MEMBER: Final = re.compile(rb'[^\s"]\S{0,255}')
_UNIQUE: Final = AppMetricType.UNIQUE  # looking it up on the class takes 0.1 us in Python 3.11
_NO_METRIC: Final[dict[str, Any]] = {}
_LONGEST_NAME: Final = 120
_LONGEST_VALUE: Final = 40
_MOST_VALUES: Final = 20_000
_MOST_KNOWN: Final = 5_000


class Series:
    """What every metric has.

    Attributes:
        budget: The budget that its series were taken from.
        heard_at: Our time of the last line that counted, seconds since the epoch.
    """

    __slots__ = ("budget", "heard_at")

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        self.budget = budget
        self.heard_at = now


class Count(Series):
    """Adds up."""

    __slots__ = ("value",)

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self.value = 0.0

    def add(self, value: float) -> None:
        """Add a value, which is not negative."""
        self.value += value


class Sample(Series):
    """The last value stays."""

    __slots__ = ("value",)

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self.value = 0.0

    def add(self, value: float) -> None:
        """Take over a value."""
        self.value = value


class Measure(Series):
    """How many values there were, and their sum."""

    __slots__ = ("count", "sum")

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self.count = 0
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Add a value, which is not negative."""
        self.count += 1
        self.sum += value


Summable = Count | Sample | Measure


class Unique(Series):
    """Distinct members of the last minute that had some, and how many the one before that had."""

    __slots__ = ("_before", "_members", "_minute")

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self._minute = now // MINUTE
        self._members = DistinctCounter()
        self._before: float | None = None

    def add(self, member: bytes) -> None:
        """Count a member in the minute of `heard_at`."""
        minute = self.heard_at // MINUTE
        if minute != self._minute:  # also where the clock was set back
            self._before = self.complete(self.heard_at)
            self._minute = minute
            self._members = DistinctCounter()
        self._members.add(member)

    def complete(self, now: float) -> float:
        """Return the number of the last minute that is complete, of the first one until it is.

        Does not change anything: a scrape may come at any time.
        """
        minutes_past = now // MINUTE - self._minute
        if minutes_past == 0 and self._before is not None:
            return self._before
        return self._members.count() if minutes_past in (0, 1) else 0.0


S = TypeVar("S", bound=Series)


class _Table(Generic[S]):
    """The series of one type, by application, name and unit.

    Args:
        new: Makes a series.
        cost: How many series of the exposition one is.
    """

    def __init__(self, new: Callable[[SeriesBudget, float], S], cost: int) -> None:
        self._new = new
        self._cost = cost
        self._apps: dict[str, dict[tuple[str, str], S]] = {}

    def find(self, app: str, metric: AppMetric, budget: SeriesBudget, now: float) -> S | None:
        """Return the series of a metric, None if the series budget refuses a new one."""
        key = (metric.name, metric.unit)
        of_app = self._apps.get(app)
        series = of_app.get(key) if of_app is not None else None
        if series is not None:
            series.heard_at = now
        elif budget.take(self._cost):
            series = self._new(budget, now)
            self._apps.setdefault(app, {})[key] = series
        return series

    def expire(self, horizon: float) -> int:
        """Drop what was last heard before ``horizon``; return how many series that frees."""
        dropped = 0
        for app, of_app in list(self._apps.items()):
            silent = [key for key, series in of_app.items() if series.heard_at < horizon]
            for key in silent:
                of_app.pop(key).budget.give_back(self._cost)
            if not of_app:
                del self._apps[app]
            dropped += len(silent) * self._cost
        return dropped

    def forget(self, app: str) -> None:
        """Drop what an application has."""
        for series in self._apps.pop(app, {}).values():
            series.budget.give_back(self._cost)

    def items(self) -> Iterator[tuple[tuple[str, str, str], S]]:
        """Return ((app, name, unit), series)."""
        for app, of_app in self._apps.items():
            for (name, unit), series in of_app.items():
                yield (app, name, unit), series


class AppMetricScanner:
    """Counts the metrics of one application straight from its lines.

    Applications that print metrics print the same ones all the time. So a line is only cut into
    tokens, and what those mean is looked up: the parser worked it out when they were first seen.
    That takes a third of the time of reading the line.

    Args:
        registry: Has the series.
        app: Label value of the application.
        budget: Bound on its series.
        values: Values and units by how they stand on the wire; shared by all applications.

    Attributes:
        scanned: Lines whose metrics were counted.
    """

    def __init__(
        self,
        registry: AppMetricRegistry,
        app: str,
        budget: SeriesBudget,
        values: dict[bytes, tuple[float, str]],
    ) -> None:
        self.budget = budget
        self.scanned = 0
        self._registry = registry
        self._app = app
        self._values = values
        # By what stands in front of the "=", then by unit; no series where it is no metric.
        self._series: dict[bytes, dict[str, Summable]] = {}
        self._uniques: dict[bytes, Unique] = {}

    def forget_series(self) -> None:
        """Look every series up anew: some were dropped."""
        self._series.clear()
        self._uniques.clear()

    def count_lines(self, lines: list[tuple[bytes, bytes]], position: int, now: float) -> int:
        """Count the metrics in the raw bytes behind a MSGID.

        Args:
            lines: TIME of each line, and what follows its nil MSGID.
            position: The first line to look at.
            now: Our time, seconds since the epoch.

        Returns:
            Position of the first line that has to be parsed; nothing of it was counted.
        """
        for _, rest in lines[position:]:
            found = self._find(rest, now)
            if found is None:
                break
            for series, value in found:
                series.heard_at = now
                series.add(value)
            self.scanned += bool(found)
            position += 1
        return position

    def _find(self, rest: bytes, now: float) -> list[tuple[Any, Any]] | None:
        """Find the metrics in a line; None if it has to be parsed."""
        if rest[:1] == b"[":  # it may be STRUCTURED-DATA
            return None
        found: list[tuple[Any, Any]] = []
        all_series, values = self._series, self._values
        for token in rest.split(b" "):
            if _HASH not in token:
                continue
            name, _, text = token.partition(b"=")
            series = all_series.get(name)
            if series is _NO_METRIC:
                if _HASH in text:  # behind a tab or a line feed there may be one
                    return None
                continue
            value = values.get(text)
            if series is None or value is None or value[1] not in series:
                if name[:7] == b"unique#":
                    unique = self._find_unique(token, name, now)
                    if unique is None:
                        return None
                    found.append(unique)
                    continue
                if not self._learn(token, name, text, now):
                    return None
                series = all_series[name]
                if series is _NO_METRIC:
                    continue
                value = values[text]
            found.append((series[value[1]], value[0]))
        return found if len(found) <= MOST_METRICS else None

    def _find_unique(self, token: bytes, name: bytes, now: float) -> tuple[Unique, bytes] | None:
        """Find the series of a ``unique#`` and the member; None if the line has to be parsed."""
        member = token[len(name) + 1 :].removesuffix(b"\n")
        if not _MEMBER.fullmatch(member):
            return None
        series = self._uniques.get(name)
        if series is None:
            metric = token_metric(token)
            if metric is None:
                return None
            series = self._registry.find(self._app, metric, self.budget, now)
            if series is None:
                return None
            if len(self._uniques) >= _MOST_KNOWN:
                self._uniques.clear()
            self._uniques[name] = series
        return series, member

    def _learn(self, token: bytes, name: bytes, text: bytes, now: float) -> bool:
        """Work out what a token means; False if the parser has to look at the whole line."""
        if len(name) > _LONGEST_NAME or len(text) > _LONGEST_VALUE or _QUOTE in token:
            return False
        if len(self._series) >= _MOST_KNOWN:
            self._series.clear()
        if parse_app_metrics(name + b"=1") is None:
            self._series[name] = _NO_METRIC
            return _HASH not in text
        metric = token_metric(token)
        if metric is None or metric.value < 0 or metric.type is AppMetricType.UNIQUE:
            return False
        series = self._registry.find(self._app, metric, self.budget, now)
        if series is None:
            return False
        if len(self._values) >= _MOST_VALUES:
            self._values.clear()
        self._values[text] = metric.value, metric.unit
        known = self._series.get(name)
        if known is None:
            known = self._series[name] = {}
        known[metric.unit] = series
        return True


class AppMetricRegistry:
    """All metrics that applications printed, bounded by expiry and by the series budget.

    A count or a measure below zero is left out: what adds up must not fall.

    Args:
        expire_after: Seconds of silence after which a series is dropped.
    """

    def __init__(self, expire_after: float) -> None:
        self.expire_after = expire_after
        self._counts = _Table(Count, cost=1)
        self._measures = _Table(Measure, cost=2)
        self._samples = _Table(Sample, cost=1)
        self._uniques = _Table(Unique, cost=1)
        self._tables: Mapping[AppMetricType, _Table[Any]] = {
            AppMetricType.COUNT: self._counts,
            AppMetricType.MEASURE: self._measures,
            AppMetricType.SAMPLE: self._samples,
            AppMetricType.UNIQUE: self._uniques,
        }
        self._scanners: dict[str, AppMetricScanner] = {}
        self._values: dict[bytes, tuple[float, str]] = {}
        self._scanned_of_forgotten = 0

    @property
    def scanned_lines(self) -> int:
        """Lines whose metrics were counted without an event being made of them."""
        return self._scanned_of_forgotten + sum(one.scanned for one in self._scanners.values())

    def scanner(self, app: str, budget: SeriesBudget) -> AppMetricScanner:
        """Return what counts the metrics of an application straight from its lines."""
        scanner = self._scanners.get(app)
        if scanner is None or scanner.budget is not budget:
            self._forget_scanner(app)
            scanner = self._scanners[app] = AppMetricScanner(self, app, budget, self._values)
        return scanner

    def apply(self, event: AppMetrics, app: str, budget: SeriesBudget, now: float) -> None:
        """Apply the metrics of a line; those that the budget refuses are left out.

        Args:
            event: What the line holds.
            app: Label value of the application.
            budget: Bound on the series of the application.
            now: Our time, seconds since the epoch.
        """
        for metric in event.metrics:
            if metric.value < 0 and metric.type is not AppMetricType.SAMPLE:
                continue
            series = self.find(app, metric, budget, now)
            if series is not None:
                series.add(metric.member if metric.type is _UNIQUE else metric.value)

    def find(self, app: str, metric: AppMetric, budget: SeriesBudget, now: float) -> Any:
        """Return the series of a metric, None if the series budget refuses a new one."""
        return self._tables[metric.type].find(app, metric, budget, now)

    def expire(self, now: float) -> int:
        """Drop what was silent longer than ``expire_after``; return how many series that frees."""
        horizon = now - self.expire_after
        dropped = sum(table.expire(horizon) for table in self._tables.values())
        if dropped:
            for scanner in self._scanners.values():
                scanner.forget_series()
        return dropped

    def forget(self, app: str) -> None:
        """Drop an application's series; if it comes back they begin anew, as after a restart."""
        for table in self._tables.values():
            table.forget(app)
        self._forget_scanner(app)

    def _forget_scanner(self, app: str) -> None:
        if (scanner := self._scanners.pop(app, None)) is not None:
            self._scanned_of_forgotten += scanner.scanned
            scanner.forget_series()

    def counts(self) -> Iterator[tuple[tuple[str, str, str], float]]:
        """Return ((app, name, unit), total) of every count."""
        return ((key, series.value) for key, series in self._counts.items())

    def measures(self) -> Iterator[tuple[tuple[str, str, str], int, float]]:
        """Return ((app, name, unit), number of values, their sum) of every measure."""
        return ((key, series.count, series.sum) for key, series in self._measures.items())

    def samples(self) -> Iterator[tuple[tuple[str, str, str], float]]:
        """Return ((app, name, unit), last value) of every sample."""
        return ((key, series.value) for key, series in self._samples.items())

    def uniques(self, now: float) -> Iterator[tuple[tuple[str, str], float]]:
        """Return ((app, name), distinct members) of the last complete minute.

        0 if that minute had none; while no minute is complete, the present one's so far.
        """
        return (
            ((app, name), series.complete(now)) for (app, name, _), series in self._uniques.items()
        )
