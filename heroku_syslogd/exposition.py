"""State to Prometheus: two collectors on a registry of their own.

Both build their families from the catalogue, so that `describe` and `collect` cannot differ.
Exported samples carry no timestamps: those would switch off Prometheus' staleness handling.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector

from heroku_syslogd import __version__, catalogue
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.catalogue import Metric, MetricType
from heroku_syslogd.drains import DrainTable
from heroku_syslogd.dynos import DynoRegistry
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies import Tallies
from heroku_syslogd.telemetry import Telemetry

Family = CounterMetricFamily | GaugeMetricFamily
Row = tuple[tuple[str, ...], float]
"""Label values in the catalogue's order, and the value."""

ASSUMED_STATE: Final = "up"
"""State of a dyno that sends samples while Heroku has logged none: only running dynos send."""


def family(metric: Metric, rows: Iterable[Row] = ()) -> Family:
    """Build one family of a metric."""
    result: Family
    if metric.type is MetricType.COUNTER:
        result = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    else:
        result = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in rows:
        result.add_metric(labels, value)
    return result


class HerokuCollector(Collector):
    """``heroku_*``: what the applications are up to."""

    METRICS: Final = (
        *catalogue.RUNTIME.values(),
        catalogue.DYNO_LAST_SAMPLE,
        catalogue.DYNO_INFO,
        catalogue.DYNO_STATE,
        catalogue.LOG_MESSAGES,
        catalogue.LOG_BYTES,
        catalogue.DRAIN_LAST_MESSAGE,
    )

    def __init__(self, dynos: DynoRegistry, tallies: Tallies) -> None:
        self._dynos = dynos
        self._tallies = tallies

    def describe(self) -> Iterator[Family]:
        """Return the families without samples, so that a name clash shows at registration."""
        return map(family, self.METRICS)

    def collect(self) -> Iterator[Family]:
        """Return the families with their samples."""
        families = {metric.name: family(metric) for metric in self.METRICS}
        self._add_dynos(families)
        for tally in self._tallies.logs():
            labels = (tally.app, tally.source, tally.process_type)
            families[catalogue.LOG_MESSAGES.name].add_metric(labels, tally.messages)
            families[catalogue.LOG_BYTES.name].add_metric(labels, tally.bytes)
        for app, at in self._tallies.last_message_at().items():
            families[catalogue.DRAIN_LAST_MESSAGE.name].add_metric((app,), at)
        return iter(families.values())

    def _add_dynos(self, families: dict[str, Family]) -> None:
        by_field = {field: families[metric.name] for field, metric in catalogue.RUNTIME.items()}
        for dyno in self._dynos.shown():
            labels = dyno.identity[:3]
            for field, value in dyno.values.items():
                by_field[field].add_metric(labels, value + dyno.carried.get(field, 0.0))
            families[catalogue.DYNO_LAST_SAMPLE.name].add_metric(labels, dyno.sampled_at)
            families[catalogue.DYNO_INFO.name].add_metric((*labels, dyno.run or ""), 1)
            state = dyno.state or ASSUMED_STATE
            families[catalogue.DYNO_STATE.name].add_metric((*labels, state), 1)


class DaemonCollector(Collector):
    """``heroku_syslogd_*``: how the daemon itself is doing.

    Args:
        telemetry: Its counters.
        queue: The queue between listeners and workers.
        drains: The drain table.
        budget: The series budget.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        queue: BoundedQueue,
        drains: DrainTable,
        budget: SeriesBudget,
        clock: Callable[[], float],
    ) -> None:
        self._telemetry = telemetry
        self._queue = queue
        self._drains = drains
        self._budget = budget
        self._clock = clock

    def describe(self) -> Iterator[Family]:
        """Return the families without samples."""
        return (family(metric) for metric, _ in self._rows())

    def collect(self) -> Iterator[Family]:
        """Return the families with their samples."""
        return (family(metric, rows) for metric, rows in self._rows())

    def _rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        yield catalogue.BUILD_INFO, [((__version__, platform.python_version()), 1)]
        yield from self._listener_rows()
        telemetry, queue, budget = self._telemetry, self._queue, self._budget
        yield (
            catalogue.PARSE_ERRORS,
            [((reason,), count) for reason, count in telemetry.parse_errors.items()],
        )
        for metric, value in (
            (catalogue.APPLIED_MESSAGES, telemetry.applied_messages),
            (catalogue.QUEUE_MESSAGES, queue.messages),
            (catalogue.QUEUE_BYTES, queue.bytes),
            (catalogue.QUEUE_CAPACITY_MESSAGES, queue.max_messages),
            (catalogue.QUEUE_CAPACITY_BYTES, queue.max_bytes),
            (catalogue.UNKNOWN_DRAINS, self._drains.unknown),
            (catalogue.SERIES, budget.used),
            (catalogue.SERIES_LIMIT, budget.limit),
            (catalogue.SERIES_REFUSED, budget.refused),
            (catalogue.LOOP_LAG, max(telemetry.loop_lags)),
            (catalogue.SCRAPE_DURATION, telemetry.scrape_duration),
            (catalogue.RELOAD_SUCCESSFUL, telemetry.reload_successful),
            (catalogue.RELOAD_SUCCESS_TIMESTAMP, telemetry.reload_success_at),
        ):
            yield metric, [((), value)]

    def _listener_rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        listeners = self._telemetry.listeners.values()
        now = self._clock()
        for metric, values in (
            (catalogue.CONNECTIONS, [c.connections for c in listeners]),
            (catalogue.CONNECTIONS_TOTAL, [c.connections_total for c in listeners]),
            (catalogue.RECEIVED_MESSAGES, [c.received_messages for c in listeners]),
            (catalogue.RECEIVED_BYTES, [c.received_bytes for c in listeners]),
            (catalogue.BACKPRESSURE, [c.backpressure_total(now) for c in listeners]),
        ):
            yield metric, [((c.name,), value) for c, value in zip(listeners, values, strict=True)]
        for metric, tables in (
            (catalogue.CONNECTIONS_REJECTED, [c.connections_rejected for c in listeners]),
            (catalogue.LOST_MESSAGES, [c.lost_messages for c in listeners]),
            (catalogue.FRAME_ERRORS, [c.frame_errors for c in listeners]),
            (catalogue.REJECTED_BYTES, [c.rejected_bytes for c in listeners]),
        ):
            yield metric, _by_reason([c.name for c in listeners], tables)


def _by_reason(names: list[str], tables: Sequence[Mapping[Any, int]]) -> list[Row]:
    return [
        ((name, str(reason)), count)
        for name, table in zip(names, tables, strict=True)
        for reason, count in table.items()
    ]


def build_registry(*collectors: Collector) -> CollectorRegistry:
    """Return a private registry with our collectors and the standard process and Python ones."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class _OpenMetricsView:
    """A registry as OpenMetrics can express it.

    A counter's family has the name without ``_total`` there, so ``heroku_syslogd_connections``, a
    gauge, and ``heroku_syslogd_connections_total`` would be one family twice, which a strict parser
    refuses. Such a counter is sent with the type unknown; its sample is the same.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[MetricFamily]:
        families = list(self._registry.collect())
        others = {one.name for one in families if one.type != "counter"}
        for one in families:
            if one.type == "counter" and one.name in others:
                twin = MetricFamily(f"{one.name}_total", one.documentation, "unknown")
                twin.samples = one.samples
                yield twin
            else:
                yield one


def render(registry: CollectorRegistry, accept: str, telemetry: Telemetry) -> tuple[bytes, str]:
    """Render a scrape in the format that ``Accept`` asks for; return it and its content type."""
    encoder, content_type = choose_encoder(accept)
    openmetrics = content_type.startswith("application/openmetrics-text")
    begin = time.perf_counter()
    body: bytes = encoder(_OpenMetricsView(registry) if openmetrics else registry)
    telemetry.scrape_duration = time.perf_counter() - begin
    return body, content_type
