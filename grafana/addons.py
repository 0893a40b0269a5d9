"""Add-ons that log of themselves: Postgres, its connection pooler and server log, and Redis."""

from __future__ import annotations

from typing import Final

from grafana.addon_lines import LIMIT, age, lines, newest, used
from grafana.board import APPS, Row, Uid, board
from grafana.fields import ORANGE, Column
from grafana.panels import graph, rows
from grafana.postgres import POOLER, POSTGRES, SERVER_LOG
from heroku_syslogd.catalogue import addons
from heroku_syslogd.heroku import Addon

_POSTGRES: Final = addons.ADDON_VALUES[Addon.POSTGRES]
_REDIS: Final = addons.ADDON_VALUES[Addon.REDIS]
_LABELS: Final = {"app": "Application", "addon": "Add-on", "source": "Attachment"}

NOW: Final = Row(
    "Add-ons",
    (
        rows(
            "Postgres",
            _LABELS,
            used(_POSTGRES["connections_used_ratio"]),
            used(_POSTGRES["db_size_used_ratio"]),
            used(_POSTGRES["iops_used_ratio"]),
            used(_POSTGRES["memory_used_ratio"]),
            used(_POSTGRES["wal_used_ratio"]),
            Column("Tables", newest(_POSTGRES["tables"])),
            age(Addon.POSTGRES),
            about="What is used, as a part of what the plan allows.",
            height=7,
            empty="No Postgres has sent anything",
        ),
        rows(
            "Redis",
            _LABELS,
            used(_REDIS["connections_used_ratio"]),
            used(_REDIS["iops_used_ratio"]),
            used(_REDIS["memory_used_ratio"]),
            Column("Hits", newest(_REDIS["hit_ratio"])),
            Column("Evicted keys", newest(_REDIS["evicted_keys"]), steps={1.0: ORANGE}),
            age(Addon.REDIS),
            about="What is used, as a part of what the plan allows.",
            height=7,
            empty="No Redis has sent anything",
        ),
    ),
)

REDIS: Final = Row(
    "Redis",
    (
        graph(
            "Connections of Redis",
            *lines(
                _REDIS["active_connections"], _REDIS["max_connections"], suffixes=("", ", limit")
            ),
            limits=LIMIT,
            empty="No Redis",
        ),
        graph(
            "Memory of Redis",
            *lines(
                _REDIS["memory_redis_bytes"],
                _REDIS["memory_cached_bytes"],
                _REDIS["memory_free_bytes"],
                _REDIS["memory_total_bytes"],
                suffixes=(", Redis", ", page cache", ", free", ", limit"),
            ),
            limits=LIMIT,
            empty="No Redis",
        ),
        graph(
            "Hits of Redis", *lines(_REDIS["hit_ratio"]), least=None, greatest=1, empty="No Redis"
        ),
        graph("Evicted keys", *lines(_REDIS["evicted_keys"]), empty="No Redis"),
        graph(
            "Load of Redis",
            *lines(
                _REDIS["load_avg_1m"],
                _REDIS["load_avg_5m"],
                _REDIS["load_avg_15m"],
                suffixes=(", 1 minute", ", 5 minutes", ", 15 minutes"),
            ),
            empty="No Redis",
        ),
        graph(
            "Disk operations of Redis",
            *lines(
                _REDIS["read_iops"],
                _REDIS["write_iops"],
                _REDIS["max_iops"],
                suffixes=(", reads", ", writes", ", limit"),
            ),
            limits=LIMIT,
            empty="No Redis",
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.ADDONS,
    "Add-ons",
    "How the databases of the applications are: Postgres, its connection pooler, and Redis.",
    [APPS],
    (NOW, POSTGRES, SERVER_LOG, POOLER, REDIS),
)
