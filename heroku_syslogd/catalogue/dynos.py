"""Metrics of dynos: what they use, and what happens to them."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.catalogue.metric import Metric, MetricType

_DYNO: Final = ("app", "process_type", "dyno")
_TYPE: Final = ("app", "process_type")


def _load(period: str, minutes: str) -> Metric:
    return Metric(
        f"heroku_dyno_load_avg_{period}",
        MetricType.GAUGE,
        _DYNO,
        f"Runnable tasks, damped over {minutes}; not divided by the number of processors.",
        unit="tasks",
        line=f"`sample#load_avg_{period}=` under `heroku[web.1]`",
        query=f"max by (app, process_type) (heroku_dyno_load_avg_{period})",
    )


def _memory(part: str, text: str, query: str) -> Metric:
    return Metric(
        f"heroku_dyno_memory_{part}_bytes",
        MetricType.GAUGE,
        _DYNO,
        text,
        unit="bytes",
        line=f"`sample#memory_{part}=` under `heroku[web.1]`",
        query=query,
    )


def _pages(key: str, text: str) -> Metric:
    return Metric(
        f"heroku_dyno_memory_{key}_pages_total",
        MetricType.COUNTER,
        _DYNO,
        text,
        unit="pages",
        line=f"`sample#memory_{key}=` under `heroku[web.1]`",
        query=f"rate(heroku_dyno_memory_{key}_pages_total[5m])",
    )


RUNTIME: Final = {
    "load_avg_1m": _load("1m", "one minute"),
    "load_avg_5m": _load("5m", "five minutes"),
    "load_avg_15m": _load("15m", "fifteen minutes"),
    "memory_total": _memory(
        "total",
        "Resident memory, disk cache and swap.",
        "sum by (app) (heroku_dyno_memory_total_bytes)",
    ),
    "memory_rss": _memory(
        "rss",
        "Memory held in RAM.",
        "heroku_dyno_memory_rss_bytes / heroku_dyno_memory_quota_bytes > 0.9",
    ),
    "memory_cache": _memory(
        "cache", "Memory used as disk cache.", "sum by (app) (heroku_dyno_memory_cache_bytes)"
    ),
    "memory_swap": _memory(
        "swap", "Memory stored on disk.", "heroku_dyno_memory_swap_bytes > 50 * 2^20"
    ),
    "memory_pgpgin": _pages("pgpgin", "Pages read from disk."),
    "memory_pgpgout": _pages("pgpgout", "Pages written to disk."),
    "memory_quota": _memory(
        "quota",
        "Memory at which Heroku raises R14.",
        "heroku_dyno_memory_total_bytes > heroku_dyno_memory_quota_bytes",
    ),
}
"""Per-dyno values, by the name of their `heroku.runtime_metrics.RuntimeField`."""

DYNO_LAST_SAMPLE: Final = Metric(
    "heroku_dyno_last_sample_timestamp_seconds",
    MetricType.GAUGE,
    _DYNO,
    "Heroku's time of the dyno's newest sample.",
    unit="seconds since the epoch",
    line="TIME of any runtime sample",
    query="time() - heroku_dyno_last_sample_timestamp_seconds > 60",
)
DYNO_INFO: Final = Metric(
    "heroku_dyno_info",
    MetricType.GAUGE,
    (*_DYNO, "dyno_id"),
    "UUID of the run that is shown; always 1.",
    line="`dyno=` of any runtime sample",
    query="heroku_dyno_load_avg_1m * on (app, dyno) group_left (dyno_id) heroku_dyno_info",
)
DYNO_STATE: Final = Metric(
    "heroku_dyno_state",
    MetricType.GAUGE,
    (*_DYNO, "state"),
    "1 for the present state; up where Heroku has logged none since the daemon started.",
    line="`State changed from starting to up`",
    query='count by (app, process_type) (heroku_dyno_state{state="up"})',
)
DYNO_STATE_CHANGES: Final = Metric(
    "heroku_dyno_state_changes_total",
    MetricType.COUNTER,
    (*_TYPE, "from", "to"),
    "State changes of dynos.",
    unit="changes",
    line="`State changed from up to crashed`",
    query=(
        "sum by (app, process_type)"
        ' (increase(heroku_dyno_state_changes_total{to="crashed"}[1h])) >= 2'
    ),
)
DYNO_EXITS: Final = Metric(
    "heroku_dyno_exits_total",
    MetricType.COUNTER,
    (*_TYPE, "status"),
    "Processes that exited; 143 is SIGTERM, 137 SIGKILL.",
    unit="exits",
    line="`Process exited with status 137`",
    query='increase(heroku_dyno_exits_total{status!~"0|143"}[1h]) > 0',
)
DYNO_ACTIONS: Final = Metric(
    "heroku_dyno_actions_total",
    MetricType.COUNTER,
    (*_TYPE, "action"),
    "What Heroku says that it does to dynos: start, restart, cycle, relocate, idle, ...",
    unit="actions",
    line="`Cycling`, `Restarting`, `Relocating dyno to a new server`, ...",
    query='sum by (app) (increase(heroku_dyno_actions_total{action="kill"}[1d])) > 0',
)
FORMATION_DYNOS: Final = Metric(
    "heroku_formation_dynos",
    MetricType.GAUGE,
    (*_TYPE, "size"),
    "Dynos that were last asked for, by process type and size.",
    unit="dynos",
    line="`Scaled to web@4:Standard-1X by user ...` under `app[api]`",
    query=(
        "sum by (app, process_type) (heroku_formation_dynos)"
        ' > (count by (app, process_type) (heroku_dyno_state{state="up"})'
        " or 0 * sum by (app, process_type) (heroku_formation_dynos))"
    ),
)

METRICS: Final = (
    *RUNTIME.values(),
    DYNO_LAST_SAMPLE,
    DYNO_INFO,
    DYNO_STATE,
    DYNO_STATE_CHANGES,
    DYNO_EXITS,
    DYNO_ACTIONS,
    FORMATION_DYNOS,
)
