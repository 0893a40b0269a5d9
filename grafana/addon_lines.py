"""What panels of all add-ons have in common."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.fields import RED, YELLOW, Column, Query
from grafana.promql import Expr
from heroku_syslogd.catalogue import Metric, addons
from heroku_syslogd.heroku import Addon

ONE: Final = "app, addon, source"
"""What tells an add-on from any other."""

LEGEND: Final = "{{app}} {{source}}"
_HEADS: Final = {
    "connections_used_ratio": "Connections",
    "db_size_used_ratio": "Size",
    "iops_used_ratio": "IOPS",
    "memory_used_ratio": "Memory",
    "wal_used_ratio": "WAL",
}
_FULL: Final = {0.8: YELLOW, 0.95: RED}
LATE: Final = {180.0: YELLOW, 300.0: RED}
"""Seconds since the last sample, which comes about once a minute."""

LIMIT: Final = ", limit$"
"""Names of the lines that are limits of the plan."""


def newest(metric: Metric, by: str = ONE) -> Expr:
    """Return a gauge of every add-on, from the process that has its newest sample."""
    return promql.of_newest_sample(promql.gauge(metric), by)


def lines(*metrics: Metric, suffixes: tuple[str, ...] = ("",)) -> list[Query]:
    """Return a line for every add-on and metric; a suffix tells the metrics apart."""
    return [
        Query(newest(metric), f"{LEGEND}{suffix}")
        for metric, suffix in zip(metrics, suffixes, strict=True)
    ]


def used(metric: Metric) -> Column:
    """Return the column of what is used, as a part of what the plan allows."""
    (name,) = (head for end, head in _HEADS.items() if metric.name.endswith(end))
    return Column(name, newest(metric), steps=_FULL)


def age(addon: Addon) -> Column:
    """Return the column of the time since the newest sample."""
    return Column("Last sample", promql.age(addons.ADDON_LAST_SAMPLE[addon], ONE), steps=LATE)
