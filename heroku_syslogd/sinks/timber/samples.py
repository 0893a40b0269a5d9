"""Samples as Timber's ``resource_sample``: dynos, add-ons, and what an application measures.

The schema has its own names and units (``total_mb``), wants some values always and some as
integers. What does not fit is not bent: it stands under our own names and in base units in
``context.custom``, or in ``event.custom`` where nothing fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from heroku_syslogd.heroku.events import (
    Addon,
    AddonSample,
    AppMetric,
    AppMetrics,
    AppMetricType,
    ProcessMemory,
    RuntimeSample,
)
from heroku_syslogd.heroku.naming import free_text
from heroku_syslogd.sinks.timber.draft import MAX_NAME, Document, Draft, Line, compact, custom

_DYNO: Final = re.compile(rb"(?:^| )dyno=([^ ]{1,%d})(?![^ ])" % MAX_NAME)
_EXACT_BELOW: Final = 2**53  # up to here every integer is a float, in JSON readers too
_LEAST_RATIO: Final = 0.001  # the least above zero that "(0.1%)" can say


def _megabytes(value: float) -> float:
    """Return bytes as Heroku's MB of 2^20; exact, so 21.22MB on the wire is 21.22 here."""
    return value / 2**20


def _integer(value: float) -> int | None:
    return round(value) if abs(value) <= _EXACT_BELOW else None


def _digits(value: float) -> str | None:
    return str(round(value)) if abs(value) <= _EXACT_BELOW else None


class _Place(NamedTuple):
    """Where a value belongs in ``resource_sample``.

    Attributes:
        part: The object in it.
        key: The key in that.
        convert: Gives the schema's unit and type, or None where that cannot hold the value.
        required: Whether the part cannot do without.
    """

    part: str
    key: str
    convert: Callable[[float], float | int | str | None] = float
    required: bool = False


_LOAD: Final = {
    "load_avg_1m": _Place("cpu", "load_avg_1m", required=True),
    "load_avg_5m": _Place("cpu", "load_avg_5m"),
    "load_avg_15m": _Place("cpu", "load_avg_15m"),
}
_RUNTIME: Final = {
    **_LOAD,
    "memory_total": _Place("memory", "total_mb", _megabytes, required=True),
    "memory_rss": _Place("memory", "rss_mb", _megabytes),
    "memory_cache": _Place("memory", "cache_mb", _megabytes),
    "memory_swap": _Place("memory", "swap_mb", _megabytes),
    "memory_pgpgin": _Place("memory", "pgpgin"),
    "memory_pgpgout": _Place("memory", "pgpgout"),
    "memory_quota": _Place("memory", "quota_mb", _megabytes),  # ours: the schema has no quota
}
"""By `heroku.runtime_metrics.RuntimeField.name`."""

_SERVER: Final = {
    **_LOAD,
    "memory_total_bytes": _Place("memory", "total_mb", _megabytes, required=True),
    "memory_free_bytes": _Place("memory", "free_mb", _megabytes),
    "memory_cached_bytes": _Place("memory", "cache_mb", _megabytes),
    "read_iops": _Place("disk", "read_iops", _integer, required=True),
    "write_iops": _Place("disk", "write_iops", _integer, required=True),
}
ADDON_PLACES: Final[Mapping[Addon, Mapping[str, _Place]]] = {
    Addon.POSTGRES: {
        **_SERVER,
        "db_size_bytes": _Place("database", "db_size", _integer),
        "tables": _Place("database", "tables", _integer),
        "active_connections": _Place("database", "active_connections", _integer),
        "waiting_connections": _Place("database", "waiting_connections", _integer),
        "transactions_total": _Place("database", "current_transaction", _digits),
        "index_cache_hit_ratio": _Place("database", "index_cache_hit_rate"),
        "table_cache_hit_ratio": _Place("database", "table_cache_hit_rate"),
    },
    Addon.REDIS: {
        **_SERVER,
        "active_connections": _Place("cache", "active_connections", _integer),
        "evicted_keys": _Place("cache", "evicted_keys", _integer),
        # The schema describes this key as the part of reads that succeeded: Redis' hit rate.
        "hit_ratio": _Place("cache", "index_cache_hit_rate"),
    },
    Addon.PGBOUNCER: {},
}
"""By add-on and `heroku.addons.AddonField.name`."""


def runtime_sample(event: RuntimeSample, line: Line) -> list[Draft]:
    """Map a load or memory line of a dyno; the whole ``dyno=`` of the line is the hostname."""
    dyno = _DYNO.search(line.msg)
    hostname = free_text(dyno[1]) if dyno else ""
    context = compact({"system": compact({"hostname": hostname})})
    parts, rest = _sort(event.values, _RUNTIME)
    if parts:
        sample = compact({"runtime_sample": rest})
        return [Draft("debug", {"resource_sample": parts}, context, custom=sample)]
    return [Draft("debug", custom("runtime_sample", rest), context)] if rest else []


def addon_sample(event: AddonSample, line: Line) -> list[Draft]:
    """Map a line of samples of an add-on; ``context.custom.addon`` says which, and what is left."""
    parts, rest = _sort(event.values, ADDON_PLACES[event.addon])
    addon = compact({"name": event.name, "source": event.source})
    if parts:
        sample: Document = {"resource_sample": parts}
        return [Draft("debug", sample, custom=compact({"addon": {**rest, **addon}}))]
    sample = custom(f"{event.addon.value}_sample", rest)
    return [Draft("debug", sample, custom=compact({"addon": addon}))] if rest else []


def process_memory(event: ProcessMemory, line: Line) -> list[Draft]:
    """Map the line before an R14 or R15; the quota follows from its percentage, to about a MB."""
    memory: Document = {"total_mb": _megabytes(event.bytes)}
    if event.ratio >= _LEAST_RATIO:
        memory["quota_mb"] = float(round(_megabytes(event.bytes) / event.ratio))
    return [Draft("debug", {"resource_sample": {"memory": memory}})]


def app_metrics(event: AppMetrics, line: Line) -> list[Draft]:
    """Map the l2met metrics of a line; of several with the same name the last one stands."""
    values = {f"{metric.type.value}#{metric.name}": _app_metric(metric) for metric in event.metrics}
    return [Draft("debug", custom("app_metrics", values))] if values else []


def _app_metric(metric: AppMetric) -> Any:
    """Return a number as such, with its unit where it has one; of ``unique#`` its member."""
    if metric.type is AppMetricType.UNIQUE:
        return {"member": free_text(metric.member, MAX_NAME)}
    return {"value": metric.value, "unit": metric.unit} if metric.unit else metric.value


def _sort(
    values: Mapping[str, float], places: Mapping[str, _Place]
) -> tuple[dict[str, Document], dict[str, float]]:
    """Sort values into the parts of ``resource_sample``; return those, and what did not fit.

    A part that lacks what it requires is left out; its values did not fit. A fraction that the
    schema wants as an integer stands in both.
    """
    converted = {
        name: value
        for name, place in places.items()
        if name in values and (value := place.convert(values[name])) is not None
    }
    lacking = {
        place.part for name, place in places.items() if place.required and name not in converted
    }
    parts: dict[str, Document] = {}
    rest: dict[str, float] = {}
    for name, value in values.items():
        place = places.get(name)
        if place is None or name not in converted or place.part in lacking:
            rest[name] = value
            continue
        parts.setdefault(place.part, {})[place.key] = converted[name]
        if isinstance(converted[name], int) and converted[name] != value:
            rest[name] = value
    return parts, rest
