"""Every metric: name, type, labels, unit, where it comes from. The one table of them.

The exposition, the state and docs/metrics.md all read it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from heroku_syslogd.catalogue import addons, apps, daemon, dynos
from heroku_syslogd.catalogue.metric import Metric, MetricType
from heroku_syslogd.heroku import Addon

__all__ = ["SECTIONS", "Metric", "MetricType", "Section", "addons", "apps", "daemon", "dynos"]


class Section(NamedTuple):
    """Metrics that belong together."""

    title: str
    metrics: tuple[Metric, ...]


SECTIONS: Final = (
    Section("Dynos", dynos.METRICS),
    Section("Router", apps.ROUTER),
    Section("Errors, releases and builds", apps.PLATFORM),
    Section("Heroku Postgres", addons.METRICS[Addon.POSTGRES]),
    Section("Heroku Postgres: server log", apps.POSTGRES_LOG),
    Section("Heroku Postgres: connection pooler", addons.METRICS[Addon.PGBOUNCER]),
    Section("Heroku Key-Value Store (Redis)", addons.METRICS[Addon.REDIS]),
    Section("Metrics that applications print (l2met)", apps.APP_METRICS),
    Section("Logs", apps.LOGS),
    Section("The daemon itself", daemon.METRICS),
)
