"""The series of one application: counters, gauges and histograms within its budget."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from heroku_syslogd.catalogue import Metric
from heroku_syslogd.catalogue.apps import BUCKETS
from heroku_syslogd.series_budget import SeriesBudget

Labels = tuple[str, ...]
"""Label values in the catalogue's order."""

SERIES_PER_HISTOGRAM: Final = len(BUCKETS) + 3  # +Inf, sum and count


class Value:
    """A counter or a gauge."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0


class Histogram:
    """Observations by `BUCKETS`.

    Attributes:
        counts: Observations by bucket, not cumulative; the last is above every bound.
        sum: Sum of all of them, in seconds.
    """

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Add one observation."""
        self.counts[bucket_of(seconds)] += 1
        self.sum += seconds


def bucket_of(seconds: float) -> int:
    """Return the index of the bucket that an observation falls in: bounds are inclusive."""
    return bisect_left(BUCKETS, seconds)


class AppSeries:
    """All series of one application that live as long as the process.

    Args:
        app: Label value of the application.
        budget: Bound on its series.

    Attributes:
        values: Counters and gauges by metric and labels.
        histograms: Histograms likewise.
        taken: Series taken from the budget.
    """

    def __init__(self, app: str, budget: SeriesBudget) -> None:
        self.app = app
        self.values: dict[Metric, dict[Labels, Value]] = {}
        self.histograms: dict[Metric, dict[Labels, Histogram]] = {}
        self.taken = 0
        self._budget = budget

    def take(self, count: int) -> bool:
        """Take series from the budget; False, and counted as refused, if they do not fit."""
        if not self._budget.take(count):
            return False
        self.taken += count
        return True

    def charge_to(self, budget: SeriesBudget) -> None:
        """Take everything from another budget from now on, unless that has no room for it."""
        if budget is self._budget:
            return
        self._budget.give_back(self.taken)
        if budget.take(self.taken):
            self._budget = budget
        else:
            self._budget.take(self.taken)

    def has_room(self, count: int) -> bool:
        """Tell whether the budget has room for so many series; if not, they count as refused."""
        if self._budget.take(count):
            self._budget.give_back(count)
            return True
        return False

    def value(self, metric: Metric, *labels: str) -> Value | None:
        """Return a counter or gauge, a new one at 0; None if the budget refuses a new one.

        Args:
            metric: Which metric.
            labels: Its label values, that of ``app`` left out.
        """
        series = self.values.setdefault(metric, {})
        key = (self.app, *labels)
        value = series.get(key)
        if value is None:
            if not self.take(1):
                return None
            value = series[key] = Value()
        return value

    def begin(self, metric: Metric, *labels: str) -> None:
        """Begin a counter at 0, if there is room to spare: what did happen comes first."""
        if self._budget.is_roomy:
            self.value(metric, *labels)

    def add(self, metric: Metric, *labels: str, amount: float = 1.0) -> None:
        """Add to a counter."""
        if (value := self.value(metric, *labels)) is not None:
            value.value += amount

    def set(self, metric: Metric, *labels: str, to: float) -> None:
        """Set a gauge."""
        if (value := self.value(metric, *labels)) is not None:
            value.value = to

    def histogram(self, metric: Metric, *labels: str) -> Histogram | None:
        """Return a histogram, an empty one at first; None if the budget refuses a new one."""
        series = self.histograms.setdefault(metric, {})
        key = (self.app, *labels)
        histogram = series.get(key)
        if histogram is None:
            if not self.take(SERIES_PER_HISTOGRAM):
                return None
            histogram = series[key] = Histogram()
        return histogram

    def observe(self, metric: Metric, *labels: str, seconds: float) -> None:
        """Add an observation to a histogram."""
        if (histogram := self.histogram(metric, *labels)) is not None:
            histogram.observe(seconds)

    def remove(self, metric: Metric, *labels: str) -> None:
        """Remove one series of a gauge, if it is there."""
        if self.values.get(metric, {}).pop((self.app, *labels), None) is not None:
            self._budget.give_back(1)
            self.taken -= 1

    def remove_all(self) -> None:
        """Give every series back."""
        self._budget.give_back(self.taken)
        self.taken = 0
        self.values.clear()
        self.histograms.clear()
