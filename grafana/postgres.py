"""Rows about Heroku Postgres: the database, its server log and its connection pooler."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.addon_lines import LATE, LEGEND, LIMIT, ONE, lines
from grafana.board import Row
from grafana.fields import GREEN, ORANGE, RED, YELLOW, Query
from grafana.panels import graph, number, ranking
from heroku_syslogd.catalogue import addons, apps
from heroku_syslogd.heroku import Addon

_POSTGRES: Final = addons.ADDON_VALUES[Addon.POSTGRES]
_POOLER: Final = addons.ADDON_VALUES[Addon.PGBOUNCER]
_BAD_LEVELS: Final = 'level=~"ERROR|FATAL|PANIC"'

POSTGRES: Final = Row(
    "Postgres",
    (
        graph(
            "Connections",
            *lines(
                _POSTGRES["active_connections"],
                _POSTGRES["max_connections"],
                suffixes=("", ", limit"),
            ),
            limits=LIMIT,
        ),
        graph(
            "Connections that wait for a lock",
            *lines(_POSTGRES["waiting_connections"]),
            steps={1.0: ORANGE},
        ),
        graph(
            "Size",
            *lines(
                _POSTGRES["db_size_bytes"],
                _POSTGRES["db_max_size_bytes"],
                suffixes=("", ", limit"),
            ),
            limits=LIMIT,
        ),
        graph(
            "Transactions",
            Query(promql.rate_of_largest(_POSTGRES["transactions_total"], ONE), LEGEND),
        ),
        graph(
            "Hits of the cache",
            *lines(
                _POSTGRES["index_cache_hit_ratio"],
                _POSTGRES["table_cache_hit_ratio"],
                suffixes=(", indexes", ", tables"),
            ),
            about="Heroku advises more memory where it stays below 99 %.",
            least=None,
            greatest=1,
        ),
        graph(
            "Load",
            *lines(
                _POSTGRES["load_avg_1m"],
                _POSTGRES["load_avg_5m"],
                _POSTGRES["load_avg_15m"],
                suffixes=(", 1 minute", ", 5 minutes", ", 15 minutes"),
            ),
            steps={1.0: RED},
        ),
        graph(
            "Disk operations",
            *lines(
                _POSTGRES["read_iops"],
                _POSTGRES["write_iops"],
                _POSTGRES["max_iops"],
                suffixes=(", reads", ", writes", ", limit"),
            ),
            limits=LIMIT,
        ),
        graph(
            "Memory",
            *lines(
                _POSTGRES["memory_postgres_bytes"],
                _POSTGRES["memory_cached_bytes"],
                _POSTGRES["memory_free_bytes"],
                _POSTGRES["memory_total_bytes"],
                suffixes=(", Postgres", ", page cache", ", free", ", limit"),
            ),
            limits=LIMIT,
        ),
        graph(
            "Temporary disk",
            *lines(
                _POSTGRES["tmp_disk_used_bytes"],
                _POSTGRES["tmp_disk_available_bytes"],
                suffixes=(", used", ", left"),
            ),
        ),
        graph(
            "Lag of followers",
            *lines(_POSTGRES["follower_lag_commits"]),
            empty="No followers",
        ),
    ),
)

SERVER_LOG: Final = Row(
    "Postgres server log",
    (
        graph(
            "Records by level",
            Query(promql.increase(apps.POSTGRES_RECORDS, "level"), "{{level}}"),
            bars=True,
            colors={"LOG": GREEN, "WARNING": YELLOW, "ERROR": ORANGE, "FATAL": RED, "PANIC": RED},
            empty="No records",
        ),
        graph(
            "Slow statements",
            Query(promql.increase(apps.SLOW_QUERIES, "app, source"), LEGEND),
            bars=True,
            empty="No slow statements",
        ),
        graph(
            "Duration of slow statements",
            Query(promql.quantile(0.5, apps.SLOW_QUERY_SECONDS), "p50"),
            Query(promql.quantile(0.95, apps.SLOW_QUERY_SECONDS), "p95"),
            Query(promql.mean(apps.SLOW_QUERY_SECONDS), "mean"),
            about="Quantiles are read off buckets.",
            empty="No slow statements",
        ),
        ranking(
            "Records of errors",
            Query(
                promql.events_in_range(apps.POSTGRES_RECORDS, "app, source, level", _BAD_LEVELS),
                "{{app}} {{source}} {{level}}",
            ),
            about="Within the time shown.",
            color=RED,
            empty="No errors",
        ),
    ),
)

POOLER: Final = Row(
    "Connection pooler",
    (
        graph(
            "Connections of clients",
            *lines(
                _POOLER["client_active_connections"],
                _POOLER["client_waiting_connections"],
                suffixes=(", active", ", waiting"),
            ),
            empty="No connection pooler",
        ),
        graph(
            "Connections to the server",
            *lines(
                _POOLER["server_active_connections"],
                _POOLER["server_idle_connections"],
                suffixes=(", active", ", idle"),
            ),
            empty="No connection pooler",
        ),
        graph(
            "Time of queries and longest wait",
            *lines(
                _POOLER["avg_query_seconds"],
                _POOLER["max_wait_seconds"],
                suffixes=(", query", ", longest wait"),
            ),
            width=8,
            empty="No connection pooler",
        ),
        graph(
            "Bytes of clients",
            *lines(
                _POOLER["avg_recv_bytes_per_second"],
                _POOLER["avg_sent_bytes_per_second"],
                suffixes=(", received", ", sent"),
            ),
            width=8,
            empty="No connection pooler",
        ),
        number(
            "Newest sample of a pooler",
            promql.age(addons.ADDON_LAST_SAMPLE[Addon.PGBOUNCER]),
            steps=LATE,
            base=GREEN,
            width=8,
            height=8,
            empty="none",
        ),
    ),
)
