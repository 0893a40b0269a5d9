"""The daemon's own state as families of prometheus-client.

They are built from the catalogue, so that `describe` and `collect` cannot differ.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector

from heroku_syslogd import __version__
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.catalogue import Metric, daemon
from heroku_syslogd.exposition.families import family
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.telemetry import Telemetry

Row = tuple[tuple[str, ...], float]
"""Label values in the catalogue's order, and the value."""


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
        yield from self._remote_write_rows()
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

    def _remote_write_rows(self) -> Iterator[tuple[Metric, list[Row]]]:
        read = self._telemetry.remote_write
        state = read() if read is not None else None
        for metric, counts in (
            (daemon.REMOTE_WRITE_FAILURES, state.failures if state else {}),
            (daemon.REMOTE_WRITE_DROPPED_SAMPLES, state.dropped_samples if state else {}),
        ):
            yield metric, [((str(reason),), count) for reason, count in counts.items()]
        for metric, value in (
            (daemon.REMOTE_WRITE_SENT_SAMPLES, state.sent_samples if state else 0),
            (daemon.REMOTE_WRITE_SENT_REQUESTS, state.sent_requests if state else 0),
            (daemon.REMOTE_WRITE_SENT_BYTES, state.sent_bytes if state else 0),
            (daemon.REMOTE_WRITE_WAITING_SAMPLES, state.waiting_samples if state else 0),
            (daemon.REMOTE_WRITE_WAITING_BYTES, state.waiting_bytes if state else 0),
            (daemon.REMOTE_WRITE_LAST_SUCCESS, state.last_success_at if state else 0),
        ):
            yield metric, [((), value)] if state is not None else []

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


class OpenMetricsView:
    """A registry as OpenMetrics can express it.

    A counter's family has the name without ``_total`` there, so ``heroku_syslogd_connections``, a
    gauge, and ``heroku_syslogd_connections_total`` would be one family twice, which a strict parser
    refuses. Such a counter is sent with the type unknown; its sample is the same.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[MetricFamily]:
        """Return its families."""
        families = list(self._registry.collect())
        others = {one.name for one in families if one.type != "counter"}
        for one in families:
            if one.type == "counter" and one.name in others:
                twin = MetricFamily(f"{one.name}_total", one.documentation, "unknown")
                twin.samples = one.samples
                yield twin
            else:
                yield one
