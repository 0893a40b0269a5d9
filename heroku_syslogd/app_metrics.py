"""Metrics that applications print (l2met), summed up per application, name and unit.

Applications choose the names, so the series budget bounds how many there are, and those that fall
silent are dropped. The same name in another unit is another series: seconds and bytes do not add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from heroku_syslogd.distinct import DistinctCounter
from heroku_syslogd.heroku.events import AppMetric, AppMetrics, AppMetricType
from heroku_syslogd.series_budget import SeriesBudget

MINUTE: Final = 60.0
"""Seconds over which distinct members are counted: the period in which Librato, for which libraries
print ``unique#``, puts log metrics together."""


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


class Value(Series):
    """A count, which adds up, or a sample, of which the last one stays."""

    __slots__ = ("value",)

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self.value = 0.0


class Measure(Series):
    """How many values there were, and their sum."""

    __slots__ = ("count", "sum")

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self.count = 0
        self.sum = 0.0


class Unique(Series):
    """Distinct members of the last minute that had some, and how many the one before that had."""

    __slots__ = ("_before", "_members", "_minute")

    def __init__(self, budget: SeriesBudget, now: float) -> None:
        super().__init__(budget, now)
        self._minute = now // MINUTE
        self._members = DistinctCounter()
        self._before: float | None = None

    def add(self, member: bytes, now: float) -> None:
        """Count a member in the minute of ``now``."""
        minute = now // MINUTE
        if minute != self._minute:  # also where the clock was set back
            self._before = self.complete(now)
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


class AppMetricRegistry:
    """All metrics that applications printed, bounded by expiry and by the series budget.

    A count or a measure below zero is left out: what adds up must not fall.

    Args:
        expire_after: Seconds of silence after which a series is dropped.
    """

    def __init__(self, expire_after: float) -> None:
        self.expire_after = expire_after
        self._counts = _Table(Value, cost=1)
        self._measures = _Table(Measure, cost=2)
        self._samples = _Table(Value, cost=1)
        self._uniques = _Table(Unique, cost=1)
        self._tables = (self._counts, self._measures, self._samples, self._uniques)

    def apply(self, event: AppMetrics, app: str, budget: SeriesBudget, now: float) -> None:
        """Apply the metrics of a line; those that the budget refuses are left out.

        Args:
            event: What the line holds.
            app: Label value of the application.
            budget: Bound on the series of the application.
            now: Our time, seconds since the epoch.
        """
        for metric in event.metrics:
            match metric.type:
                case AppMetricType.COUNT:
                    if metric.value >= 0 and (count := self._counts.find(app, metric, budget, now)):
                        count.value += metric.value
                case AppMetricType.MEASURE:
                    if metric.value >= 0 and (
                        measure := self._measures.find(app, metric, budget, now)
                    ):
                        measure.count += 1
                        measure.sum += metric.value
                case AppMetricType.SAMPLE:
                    if sample := self._samples.find(app, metric, budget, now):
                        sample.value = metric.value
                case AppMetricType.UNIQUE:
                    if unique := self._uniques.find(app, metric, budget, now):
                        unique.add(metric.member, now)

    def expire(self, now: float) -> int:
        """Drop what was silent longer than ``expire_after``; return how many series that frees."""
        return sum(table.expire(now - self.expire_after) for table in self._tables)

    def forget(self, app: str) -> None:
        """Drop an application's series; if it comes back they begin anew, as after a restart."""
        for table in self._tables:
            table.forget(app)

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
