"""The series of metrics that applications print, and tables of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from heroku_syslogd.distinct import DistinctCounter
from heroku_syslogd.heroku import AppMetric
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


class Table(Generic[S]):
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
