"""What each kind of line adds to the series of an empty daemon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from heroku_syslogd.heroku.events import Addon, FormationItem, RouterRequest
from tests.corpus.example import Series

NOT_GIVEN: Final = "none"
NO_UNIT: Final = ""

_RUNTIME: Final = {
    "load_avg_1m": "heroku_dyno_load_avg_1m",
    "load_avg_5m": "heroku_dyno_load_avg_5m",
    "load_avg_15m": "heroku_dyno_load_avg_15m",
    "memory_total": "heroku_dyno_memory_total_bytes",
    "memory_rss": "heroku_dyno_memory_rss_bytes",
    "memory_cache": "heroku_dyno_memory_cache_bytes",
    "memory_swap": "heroku_dyno_memory_swap_bytes",
    "memory_pgpgin": "heroku_dyno_memory_pgpgin_pages_total",
    "memory_pgpgout": "heroku_dyno_memory_pgpgout_pages_total",
    "memory_quota": "heroku_dyno_memory_quota_bytes",
}


def one(metric: str, value: float = 1.0, /, **labels: str) -> Series:
    """Return one series; ``from_`` stands for the label ``from``."""
    pairs = ",".join(f'{name.rstrip("_")}="{label}"' for name, label in labels.items())
    return {f"{metric}{{{pairs}}}": value}


def unrecognised(app: str, source: str, process_type: str, count: float = 1.0) -> Series:
    """Return what lines of the platform add that no rule knows."""
    name = "heroku_unrecognised_messages_total"
    return one(name, count, app=app, source=source, process_type=process_type)


# Dynos -------------------------------------------------------------------------------------------


def runtime(app: str, dyno: str, dyno_id: str, values: Mapping[str, float]) -> Series:
    """Return what a dyno shows that has sampled ``values`` (by `RuntimeField.name`)."""
    labels = {"app": app, "process_type": dyno.partition(".")[0], "dyno": dyno}
    series = one("heroku_dyno_info", **labels, dyno_id=dyno_id)
    series |= one("heroku_dyno_state", **labels, state="up")
    for field, value in values.items():
        series |= one(_RUNTIME[field], value, **labels)
    return series


def state_change(app: str, process_type: str, old: str, new: str) -> Series:
    """Return what ``State changed from <old> to <new>`` adds."""
    name = "heroku_dyno_state_changes_total"
    return one(name, app=app, process_type=process_type, from_=old, to=new)


def exited(app: str, process_type: str, status: str) -> Series:
    """Return what ``Process exited with status <n>`` adds."""
    return one("heroku_dyno_exits_total", app=app, process_type=process_type, status=status)


def action(app: str, process_type: str, name: str, count: float = 1.0) -> Series:
    """Return what lines such as ``Cycling`` add."""
    metric = "heroku_dyno_actions_total"
    return one(metric, count, app=app, process_type=process_type, action=name)


# Router and errors -------------------------------------------------------------------------------


def served(app: str, request: RouterRequest) -> Series:
    """Return what a request adds; what was not measured is not observed."""
    series = one(
        "heroku_router_requests_total",
        app=app,
        dyno=request.dyno or NOT_GIVEN,
        method=request.method,
        status=NOT_GIVEN if request.status is None else str(request.status),
    )
    if request.connect is not None:
        series |= one("heroku_router_connect_seconds_count", app=app)
        series |= one("heroku_router_connect_seconds_sum", request.connect, app=app)
    if request.service is not None:
        series |= one("heroku_router_service_seconds_count", app=app)
        series |= one("heroku_router_service_seconds_sum", request.service, app=app)
    if request.bytes is not None:
        series |= one("heroku_router_response_bytes_total", request.bytes, app=app)
    if request.code:
        series |= error(app, request.dyno.partition(".")[0] or "router", request.code)
    return series


def error(app: str, process_type: str, code: str) -> Series:
    """Return what an error of the platform adds."""
    return one("heroku_errors_total", app=app, process_type=process_type, code=code)


def loss(app: str, code: str, count: float) -> Series:
    """Return what a notice of lost messages adds."""
    return one("heroku_logplex_dropped_messages_total", count, app=app) | error(
        app, "logplex", code
    )


# The API -----------------------------------------------------------------------------------------


def change(app: str, name: str) -> Series:
    """Return what a change of the app adds; releases and deploys add a gauge of their own."""
    return one("heroku_releases_total", app=app, action=name)


def release(app: str, version: float) -> Series:
    """Return what ``Release vN created`` adds."""
    return change(app, "release") | one("heroku_release_version", version, app=app)


def deploy(app: str, at: float) -> Series:
    """Return what ``Deploy <commit>`` adds; ``at`` is Heroku's time."""
    return change(app, "deploy") | one("heroku_last_deploy_timestamp_seconds", at, app=app)


def build(app: str, result: str) -> Series:
    """Return what ``Build <result>`` adds."""
    return one("heroku_builds_total", app=app, result=result)


def formation(app: str, *items: FormationItem) -> Series:
    """Return what ``Scaled to ...`` shows."""
    series: Series = {}
    for process_type, quantity, size in items:
        labels = {"app": app, "process_type": process_type, "size": size or NOT_GIVEN}
        series |= one("heroku_formation_dynos", quantity, **labels)
    return series


# Add-ons -----------------------------------------------------------------------------------------


def sampled(app: str, addon: Addon, name: str, source: str, values: Mapping[str, float]) -> Series:
    """Return what a line of samples shows (``values`` by `AddonField.name`)."""
    series: Series = {}
    for field, value in values.items():
        labels = {"app": app, "addon": name or NOT_GIVEN, "source": source}
        series |= one(f"heroku_{addon}_{field}", value, **labels)
    return series


def record(app: str, source: str, level: str) -> Series:
    """Return what a record of the Postgres server log adds."""
    return one("heroku_postgres_log_records_total", app=app, source=source, level=level)


def slow_query(app: str, source: str, seconds: float) -> Series:
    """Return what a slow query adds, its LOG record included."""
    series = record(app, source, "LOG")
    series |= one("heroku_postgres_slow_queries_total", app=app, source=source)
    series |= one("heroku_postgres_slow_query_seconds_count", app=app, source=source)
    series |= one("heroku_postgres_slow_query_seconds_sum", seconds, app=app, source=source)
    return series


# Applications ------------------------------------------------------------------------------------


def counted(app: str, name: str, value: float, unit: str = NO_UNIT) -> Series:
    """Return what ``count#<name>=<value>`` adds."""
    return one("heroku_app_count_total", value, app=app, name=name, unit=unit)


def measured(app: str, name: str, value: float, unit: str = NO_UNIT) -> Series:
    """Return what ``measure#<name>=<value>`` adds."""
    return one("heroku_app_measure_count", app=app, name=name, unit=unit) | one(
        "heroku_app_measure_sum", value, app=app, name=name, unit=unit
    )


def gauged(app: str, name: str, value: float, unit: str = NO_UNIT) -> Series:
    """Return what ``sample#<name>=<value>`` shows."""
    return one("heroku_app_sample", value, app=app, name=name, unit=unit)
