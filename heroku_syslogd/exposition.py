"""State to Prometheus: two collectors on a registry of their own.

Both build their families from the catalogue, so that `describe` and `collect` cannot differ.
Exported samples carry no timestamps: those would switch off Prometheus' staleness handling.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector

from heroku_syslogd import __version__
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.catalogue import SECTIONS, Metric, MetricType, addons, apps, daemon, dynos
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.registry import Registry
from heroku_syslogd.tallies import Histogram
from heroku_syslogd.telemetry import Telemetry

Family = Any
"""A family of prometheus-client; the signature of ``add_metric`` depends on its type."""
Row = tuple[tuple[str, ...], float]
"""Label values in the catalogue's order, and the value."""

ASSUMED_STATE: Final = "up"
"""State of a dyno that sends samples while Heroku has logged none: only running dynos send."""

_FAMILIES: Final[Mapping[MetricType, Callable[..., Family]]] = {
    MetricType.COUNTER: CounterMetricFamily,
    MetricType.GAUGE: GaugeMetricFamily,
    MetricType.HISTOGRAM: HistogramMetricFamily,
    MetricType.SUMMARY: SummaryMetricFamily,
}
_BOUNDS: Final = (*(f"{bound:g}" for bound in apps.BUCKETS), "+Inf")


def family(metric: Metric, rows: Iterable[Row] = ()) -> Family:
    """Build one family of a metric."""
    result = _FAMILIES[metric.type](metric.name, metric.help, labels=metric.labels)
    for labels, value in rows:
        result.add_metric(labels, value)
    return result


class HerokuCollector(Collector):
    """``heroku_*``: what the applications are up to.

    Args:
        registry: The state.
        clock: Returns our time in seconds since the epoch.
    """

    METRICS: Final = tuple(
        metric
        for section in SECTIONS
        if section.metrics is not daemon.METRICS
        for metric in section.metrics
    )

    def __init__(self, registry: Registry, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._clock = clock

    def describe(self) -> Iterator[MetricFamily]:
        """Return the families without samples, so that a name clash shows at registration."""
        return map(family, self.METRICS)

    def collect(self) -> Iterator[MetricFamily]:
        """Return the families with their samples."""
        families = {metric: family(metric) for metric in self.METRICS}
        self._add_dynos(families)
        self._add_tallies(families)
        self._add_addons(families)
        self._add_app_metrics(families)
        return iter(families.values())

    def _add_dynos(self, families: dict[Metric, Family]) -> None:
        by_field = {field: families[metric] for field, metric in dynos.RUNTIME.items()}
        for dyno in self._registry.dynos.shown():
            labels = dyno.identity[:3]
            for field, value in dyno.values.items():
                by_field[field].add_metric(labels, value + dyno.carried.get(field, 0.0))
            families[dynos.DYNO_LAST_SAMPLE].add_metric(labels, dyno.sampled_at)
            families[dynos.DYNO_INFO].add_metric((*labels, dyno.run or ""), 1)
            state = dyno.state or ASSUMED_STATE
            families[dynos.DYNO_STATE].add_metric((*labels, state), 1)

    def _add_tallies(self, families: dict[Metric, Family]) -> None:
        for app in self._registry.tallies.apps():
            for metric, values in app.series.values.items():
                for labels, value in values.items():
                    families[metric].add_metric(labels, value.value)
            for metric, histograms in app.series.histograms.items():
                for labels, histogram in histograms.items():
                    _add_histogram(families[metric], labels, histogram)
            for log in app.logs.values():
                labels = (log.app, log.source, log.process_type)
                families[apps.LOG_MESSAGES].add_metric(labels, log.messages)
                families[apps.LOG_BYTES].add_metric(labels, log.bytes)
                if not log.is_output:
                    families[apps.UNRECOGNISED].add_metric(labels, log.unrecognised)
            if app.logs:
                families[apps.DRAIN_LAST_MESSAGE].add_metric((app.app,), app.last_message_at)

    def _add_addons(self, families: dict[Metric, Family]) -> None:
        for state in self._registry.addons.shown():
            addon, app, name, source = state.identity
            labels = (app, name, source)
            for field, value in state.values.items():
                families[addons.ADDON_VALUES[addon][field]].add_metric(labels, value)
            families[addons.ADDON_LAST_SAMPLE[addon]].add_metric(labels, state.sampled_at)

    def _add_app_metrics(self, families: dict[Metric, Family]) -> None:
        metrics = self._registry.app_metrics
        for labels, value in metrics.counts():
            families[apps.APP_COUNT].add_metric(labels, value)
        for labels, count, total in metrics.measures():
            families[apps.APP_MEASURE].add_metric(labels, count, total)
        for labels, value in metrics.samples():
            families[apps.APP_SAMPLE].add_metric(labels, value)
        for names, value in metrics.uniques(self._clock()):
            families[apps.APP_UNIQUE].add_metric(names, value)


def _add_histogram(into: Family, labels: tuple[str, ...], histogram: Histogram) -> None:
    buckets = list(zip(_BOUNDS, accumulate(histogram.counts), strict=True))
    into.add_metric(labels, buckets, histogram.sum)


class EventCounters(Protocol):
    """What is known of structured events."""

    @property
    def written(self) -> int:
        """Events written."""

    @property
    def written_bytes(self) -> int:
        """Their bytes."""

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait."""

    @property
    def dropped(self) -> Mapping[Any, int]:
        """Events that were not written, by reason."""


class DaemonCollector(Collector):
    """``heroku_syslogd_*``: how the daemon itself is doing.

    Args:
        telemetry: Its counters.
        queue: The queue between listeners and workers.
        pipeline: What messages go through.
        events: Where structured events go, None if nowhere.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        queue: BoundedQueue,
        pipeline: Pipeline,
        events: EventCounters | None,
        clock: Callable[[], float],
    ) -> None:
        self._telemetry = telemetry
        self._queue = queue
        self._drains = pipeline.drains
        self._registry = pipeline.registry
        self._events = events
        self._clock = clock

    def describe(self) -> Iterator[MetricFamily]:
        """Return the families without samples."""
        return (family(metric) for metric, _ in self._rows())

    def collect(self) -> Iterator[MetricFamily]:
        """Return the families with their samples."""
        return (family(metric, rows) for metric, rows in self._rows())

    def _rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        yield daemon.BUILD_INFO, [((__version__, platform.python_version()), 1)]
        yield from self._listener_rows()
        yield from self._certificate_rows()
        telemetry, queue, registry = self._telemetry, self._queue, self._registry
        for metric, counts in (
            (daemon.PARSE_ERRORS, telemetry.parse_errors),
            (daemon.RECOGNISED_MESSAGES, registry.recognised),
            (daemon.UNKNOWN_SAMPLE_KEYS, registry.addons.unknown_keys),
        ):
            yield metric, [((str(label),), count) for label, count in counts.items()]
        yield from self._event_rows()
        for metric, value in (
            (daemon.APPLIED_MESSAGES, telemetry.applied_messages),
            (daemon.DUPLICATE_BATCHES, telemetry.duplicate_batches),
            (daemon.MESSAGE_COUNT_MISMATCHES, telemetry.message_count_mismatches),
            (daemon.QUEUE_MESSAGES, queue.messages),
            (daemon.QUEUE_BYTES, queue.bytes),
            (daemon.QUEUE_CAPACITY_MESSAGES, queue.max_messages),
            (daemon.QUEUE_CAPACITY_BYTES, queue.max_bytes),
            (daemon.UNKNOWN_DRAINS, self._drains.unknown),
            (daemon.SERIES, registry.budget.used),
            (daemon.SERIES_LIMIT, registry.budget.limit),
            (daemon.SERIES_REFUSED, registry.budget.refused),
            (daemon.APP_METRIC_SERIES, registry.app_metrics_budget.used),
            (daemon.APP_METRIC_SERIES_LIMIT, registry.app_metrics_budget.limit),
            (daemon.APP_METRIC_SERIES_REFUSED, registry.app_metrics_budget.refused),
            (daemon.LOOP_LAG, max(telemetry.loop_lags)),
            (daemon.SCRAPE_DURATION, telemetry.scrape_duration),
            (daemon.RELOAD_SUCCESSFUL, telemetry.reload_successful),
            (daemon.RELOAD_SUCCESS_TIMESTAMP, telemetry.reload_success_at),
        ):
            yield metric, [((), value)]

    def _event_rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        events = self._events
        dropped = events.dropped if events is not None else {}
        yield daemon.EVENTS_DROPPED, [((str(reason),), n) for reason, n in dropped.items()]
        for metric, value in (
            (daemon.EVENTS_WRITTEN, events.written if events is not None else 0),
            (daemon.EVENTS_WRITTEN_BYTES, events.written_bytes if events is not None else 0),
            (daemon.EVENTS_QUEUE_BYTES, events.queued_bytes if events is not None else 0),
        ):
            yield metric, [((), value)] if events is not None else []

    def _listener_rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        listeners = self._telemetry.listeners.values()
        now = self._clock()
        for metric, values in (
            (daemon.CONNECTIONS, [c.connections for c in listeners]),
            (daemon.CONNECTIONS_TOTAL, [c.connections_total for c in listeners]),
            (daemon.RECEIVED_MESSAGES, [c.received_messages for c in listeners]),
            (daemon.RECEIVED_BYTES, [c.received_bytes for c in listeners]),
            (daemon.BACKPRESSURE, [c.backpressure_total(now) for c in listeners]),
        ):
            yield metric, [((c.name,), value) for c, value in zip(listeners, values, strict=True)]
        for metric, tables in (
            (daemon.CONNECTIONS_REJECTED, [c.connections_rejected for c in listeners]),
            (daemon.LOST_MESSAGES, [c.lost_messages for c in listeners]),
            (daemon.FRAME_ERRORS, [c.frame_errors for c in listeners]),
            (daemon.REJECTED_BYTES, [c.rejected_bytes for c in listeners]),
        ):
            yield metric, _by_reason([c.name for c in listeners], tables)
        requests = [c.http_requests for c in listeners]
        yield daemon.HTTP_REQUESTS, _by_reason([c.name for c in listeners], requests)

    def _certificate_rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        shown = self._telemetry.certificates.items()
        yield daemon.CERTIFICATE_NOT_AFTER, [((name,), one.not_after) for name, one in shown]
        yield (
            daemon.CERTIFICATE_RELOAD_SUCCESSFUL,
            [((name,), float(one.reload_ok)) for name, one in shown],
        )


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
