"""Metrics that applications print, summed up per application, name and unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from heroku_syslogd.app_metrics.scanner import AppMetricScanner
from heroku_syslogd.app_metrics.series import Count, Measure, Sample, Table, Unique
from heroku_syslogd.heroku import AppMetric, AppMetrics, AppMetricType
from heroku_syslogd.series_budget import SeriesBudget

_UNIQUE: Final = AppMetricType.UNIQUE  # looking it up on the class takes 0.1 us in Python 3.11


class AppMetricRegistry:
    """All metrics that applications printed, bounded by expiry and by the series budget.

    A count or a measure below zero is left out: what adds up must not fall.

    Args:
        expire_after: Seconds of silence after which a series is dropped.
    """

    def __init__(self, expire_after: float) -> None:
        self.expire_after = expire_after
        self._counts = Table(Count, cost=1)
        self._measures = Table(Measure, cost=2)
        self._samples = Table(Sample, cost=1)
        self._uniques = Table(Unique, cost=1)
        self._tables: Mapping[AppMetricType, Table[Any]] = {
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
            find = partial(self._find, app, budget)
            scanner = self._scanners[app] = AppMetricScanner(find, budget, self._values)
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
            series = self._find(app, budget, metric, now)
            if series is not None:
                series.add(metric.member if metric.type is _UNIQUE else metric.value)

    def _find(self, app: str, budget: SeriesBudget, metric: AppMetric, now: float) -> Any:
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
