"""Queries, made of the metrics of the catalogue.

Each knows which metrics it reads and which unit it gives, so that panels need not say it again. All
of them hold for several processes that share the drains: see docs/scaling.md.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from heroku_syslogd.catalogue import Metric, addons, dynos
from heroku_syslogd.heroku import Addon

WINDOW: Final = "$__rate_interval"
RANGE: Final = "$__range"
"""The time that the dashboard shows."""

_GAP: Final = "10m"
"""How long a scrape may have failed before a counter is taken for a new one."""

_UNITS: Final = {
    "seconds": "s",
    "bytes": "bytes",
    "ratio": "percentunit",
    "bytes per second": "binBps",
    "operations per second": "iops",
    "load per CPU": "percentunit",
    "version": "none",  # 1234 is not 1.23 K
}
"""Grafana's name of a unit of the catalogue; what is counted is ``short``."""

_RATES: Final = {
    "seconds": "percentunit",  # per second: the part of the time
    "bytes": "binBps",
    "requests": "reqps",
    "messages": "mps",
}
"""The same for rates; ``cps`` for anything else that is counted."""


class Expr(NamedTuple):
    """A query, or a part of one.

    Attributes:
        text: PromQL.
        metrics: What it reads.
        unit: Unit of its value, by Grafana's name.
    """

    text: str
    metrics: tuple[Metric, ...]
    unit: str


def _rate_unit(metric: Metric) -> str:
    return _RATES.get(metric.unit, "cps")


def _aggregate(function: str, by: str, text: str) -> str:
    return f"{function} by ({by}) ({text})" if by else f"{function}({text})"


def series(metric: Metric, where: str = "", suffix: str = "") -> str:
    """Return the selector of a metric, with the variables that its labels allow.

    Args:
        metric: The metric.
        where: More matchers.
        suffix: ``_bucket``, ``_sum`` or ``_count`` of a histogram or summary.
    """
    own = 'app=~"$app"' if "app" in metric.labels else 'instance=~"$instance"'
    matchers = ", ".join(filter(None, ('job=~"$job"', own, where)))
    return f"{metric.name}{suffix}{{{matchers}}}"


# Counters -----------------------------------------------------------------------------------------


def rate(metric: Metric, by: str = "", where: str = "", suffix: str = "") -> Expr:
    """Return the rate of each process, summed: of a counter, or a part of a histogram."""
    text = f"rate({series(metric, where, suffix)}[{WINDOW}])"
    unit = "cps" if suffix == "_count" else _rate_unit(metric)
    return Expr(_aggregate("sum", by, text), (metric,), unit)


def rate_of_largest(metric: Metric, by: str, where: str = "") -> Expr:
    """Return the rate of what Heroku counts: every process sees the whole of it."""
    text = f"rate({series(metric, where)}[{WINDOW}])"
    return Expr(_aggregate("max", by, text), (metric,), _rate_unit(metric))


def increase(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return by how much a counter rises from one point of a graph to the next."""
    text = f"increase({series(metric, where)}[{WINDOW}])"
    return Expr(_aggregate("sum", by, text), (metric,), "short")


def above(of: Expr, limit: float) -> Expr:
    """Return those that are more than a limit."""
    return of._replace(text=f"{of.text} > {limit:g}")


def occurred(of: Expr) -> Expr:
    """Return those of a long list of reasons or codes that did occur; the others are all 0."""
    return above(of, 0)


def in_range(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return by how much a counter that begins at 0 rose within the time that is shown."""
    text = f"increase({series(metric, where)}[{RANGE}])"
    return Expr(_aggregate("sum", by, text), (metric,), "short")


def events_in_range(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return the same of a counter that appears with its first event counted already.

    What was not there when that time began is taken as it is: see "Useful queries" in
    docs/metrics.md.
    """
    of = series(metric, where)
    known = f"last_over_time({of}[{_GAP}] offset {RANGE})"
    text = f"({of} unless {known}) or increase({of}[{RANGE}])"
    return Expr(_aggregate("sum", by, text), (metric,), "short")


def changes_in_range(metric: Metric, by: str, where: str = "") -> Expr:
    """Return how often a gauge changed within the time that is shown."""
    text = f"changes({series(metric, where)}[{RANGE}])"
    return Expr(_aggregate("sum", by, text), (metric,), "short")


# Histograms ---------------------------------------------------------------------------------------


def quantile(part: float, metric: Metric, by: str = "") -> Expr:
    """Return a quantile of a histogram over all processes; nothing where none was observed."""
    buckets = rate(metric, ", ".join(filter(None, (by, "le"))), suffix="_bucket")
    text = f"histogram_quantile({part:g}, {buckets.text}) >= 0"
    return Expr(text, (metric,), _UNITS[metric.unit])


def mean(metric: Metric, by: str = "") -> Expr:
    """Return the mean of a histogram or summary over all processes."""
    divided = ratio(rate(metric, by, suffix="_sum"), rate(metric, by, suffix="_count"))
    return divided._replace(unit=_UNITS.get(metric.unit, "short"))


# Gauges -------------------------------------------------------------------------------------------


def gauge(metric: Metric, where: str = "") -> Expr:
    """Return a gauge as every process has it."""
    return Expr(series(metric, where), (metric,), _UNITS.get(metric.unit, "short"))


def greatest(of: Expr, by: str = "") -> Expr:
    """Return the maximum of what is computed."""
    return of._replace(text=_aggregate("max", by, of.text))


def least(of: Expr, by: str = "") -> Expr:
    """Return the minimum: of what is 1 or 0, whether it is 1 everywhere."""
    return of._replace(text=_aggregate("min", by, of.text))


def average(of: Expr, by: str = "") -> Expr:
    """Return the mean, where nobody can say whose value is the newest."""
    return of._replace(text=_aggregate("avg", by, of.text))


def largest(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return the maximum, which of what only grows is the newest."""
    return greatest(gauge(metric, where), by)


def age(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return how many seconds ago a time was."""
    newest = largest(metric, by, where)
    return newest._replace(text=f"time() - {newest.text}", unit="s")


def total(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return the sum of a gauge over the processes."""
    of = gauge(metric, where)
    return of._replace(text=_aggregate("sum", by, of.text))


def sum_of_largest(metric: Metric, by: str = "", where: str = "") -> Expr:
    """Return the sum of a gauge that every process has one value of, or an older one."""
    one = largest(metric, f"job, {', '.join(metric.labels)}", where)
    return one._replace(text=_aggregate("sum", by, one.text))


def of_newest_sample(of: Expr, by: str, where: str = "", reduce: str = "max") -> Expr:
    """Return a gauge of dynos, or of add-ons, from the process that has the newest sample.

    Args:
        of: The gauge, or what is computed of several of one dyno or add-on.
        by: Labels to keep.
        where: Matchers that ``of`` has beside those of the variables; for less to look at alone.
        reduce: How several become one.
    """
    clock, key = _clock(of.metrics[0])
    text = series(clock, where)
    newest = f"{text} == on (job, {key}) group_left () max by (job, {key}) ({text})"
    one = f"{of.text} and on (job, instance, {key}) ({newest})"
    if reduce == "max":
        return of._replace(text=_aggregate("max", by, one))
    # Two processes may have the same sample, as after a message that counted twice.
    whole = ", ".join(of.metrics[0].labels)
    return of._replace(text=_aggregate(reduce, by, f"max by (job, {whole}) ({one})"))


def _clock(metric: Metric) -> tuple[Metric, str]:
    """Return the metric that has the time of the newest sample, and the labels that they share."""
    for addon in Addon:
        if metric in addons.METRICS[addon]:
            return addons.ADDON_LAST_SAMPLE[addon], "app, addon, source"
    assert metric in dynos.METRICS, metric.name
    return dynos.DYNO_LAST_SAMPLE, "app, dyno"


# What is computed ---------------------------------------------------------------------------------


def ratio(part: Expr, whole: Expr) -> Expr:
    """Return a part of a whole, from 0 to 1; nothing where the whole is 0, which is no number."""
    text = f"{part.text} / ({whole.text} > 0)"
    return Expr(text, (*part.metrics, *whole.metrics), "percentunit")


def top(count: int, of: Expr) -> Expr:
    """Return the largest."""
    return of._replace(text=f"topk({count}, {of.text})")


def count(of: Expr, by: str = "") -> Expr:
    """Return how many there are."""
    return of._replace(text=_aggregate("count", by, of.text), unit="short")


def seconds_to_milliseconds(of: Expr) -> Expr:
    """Return a time as Grafana takes it."""
    return of._replace(text=f"{of.text} * 1000", unit="dateTimeFromNow")
