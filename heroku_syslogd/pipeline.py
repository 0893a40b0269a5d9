"""What messages go through once they are framed: drains, worker, registry.

The daemon and ``replay`` each have one, so that a capture means offline what it means live.
"""

from __future__ import annotations

from heroku_syslogd.addons import AddonRegistry
from heroku_syslogd.app_metrics import AppMetricRegistry
from heroku_syslogd.config import Config
from heroku_syslogd.drains import DrainTable
from heroku_syslogd.dynos import DynoRegistry
from heroku_syslogd.registry import Registry
from heroku_syslogd.sinks import EventSink
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.worker import NOBODY, FaultReporter, Observer, Worker


def observer_of(events: EventSink | None) -> Observer:
    """Return what the worker has to know of a sink."""
    if events is None:
        return NOBODY
    return Observer(events.offered, events.offer, events.kinds)


class Pipeline:
    """Everything between a batch and the metrics.

    Args:
        config: The configuration.
        telemetry: The daemon's own counters.
        report: Told about headers that could not be parsed.
        observer: Shown the events.

    Attributes:
        drains: Maps drain tokens to applications.
        registry: The state.
        worker: Takes batches.
    """

    def __init__(
        self,
        config: Config,
        telemetry: Telemetry,
        report: FaultReporter,
        observer: Observer = NOBODY,
    ) -> None:
        self.drains = DrainTable(
            config.drains.tokens,
            reject_unknown=config.drains.unknown == "reject",
            max_apps=config.limits.max_apps,
            more_apps=_apps_of_credentials(config),
        )
        self.registry = Registry(
            config.limits.max_series,
            config.app_metrics.max_series,
            DynoRegistry(config.dynos.expire_after),
            AddonRegistry(config.addons.expire_after),
            AppMetricRegistry(config.app_metrics.expire_after),
        )
        self.worker = Worker(self.drains, self.registry, telemetry, report, observer)

    def configure(self, config: Config) -> None:
        """Take over a changed configuration."""
        registry = self.registry
        registry.budget.limit = config.limits.max_series
        registry.app_metrics_budget.limit = config.app_metrics.max_series
        registry.dynos.expire_after = config.dynos.expire_after
        registry.addons.expire_after = config.addons.expire_after
        registry.app_metrics.expire_after = config.app_metrics.expire_after
        promoted = self.drains.configure(
            config.drains.tokens,
            reject_unknown=config.drains.unknown == "reject",
            max_apps=config.limits.max_apps,
            more_apps=_apps_of_credentials(config),
        )
        self.worker.forget_streams(promoted)

    def tidy(self, now: float) -> int:
        """Forget what has been silent too long; return how many drains lost their places."""
        self.registry.expire(now)
        return self.worker.make_room(now)


def _apps_of_credentials(config: Config) -> list[str]:
    return [credential.app for credential in config.credentials if credential.app]
