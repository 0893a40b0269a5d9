"""Blocks as families of prometheus-client: for whoever wants samples and not text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector

from heroku_syslogd.catalogue import Metric, MetricType, apps
from heroku_syslogd.exposition.blocks import HEROKU_METRICS, Labels, Reading, heroku_blocks
from heroku_syslogd.registry import Registry

Family = Any
"""A family of prometheus-client; the signature of ``add_metric`` depends on its type."""

_FAMILIES: Final[Mapping[MetricType, Callable[..., Family]]] = {
    MetricType.COUNTER: CounterMetricFamily,
    MetricType.GAUGE: GaugeMetricFamily,
    MetricType.HISTOGRAM: HistogramMetricFamily,
    MetricType.SUMMARY: SummaryMetricFamily,
}
BOUNDS: Final = (*(f"{bound:g}" for bound in apps.BUCKETS), "+Inf")
"""Label values of ``le``."""

SAMPLES_OF: Final[Mapping[MetricType, int]] = {
    MetricType.COUNTER: 1,
    MetricType.GAUGE: 1,
    MetricType.HISTOGRAM: len(BOUNDS) + 2,
    MetricType.SUMMARY: 2,
}
"""Samples of one series, by type."""


def family(metric: Metric, rows: Iterable[tuple[Labels, Reading]] = ()) -> Family:
    """Build one family of a metric.

    Args:
        metric: Which metric.
        rows: Label values, and what was read.
    """
    result = _FAMILIES[metric.type](metric.name, metric.help, labels=metric.labels)
    for labels, reading in rows:
        add_reading(result, labels, reading)
    return result


def add_reading(into: Family, labels: Labels, reading: Reading) -> None:
    """Add the samples of one series to its family."""
    if not isinstance(reading, tuple):
        into.add_metric(labels, reading)
    elif len(reading) > SAMPLES_OF[MetricType.SUMMARY]:
        into.add_metric(labels, list(zip(BOUNDS, reading[:-2], strict=True)), reading[-1])
    else:
        into.add_metric(labels, *reading)


class HerokuCollector(Collector):
    """``heroku_*``: what the applications are up to.

    Args:
        registry: The state.
        clock: Returns our time in seconds since the epoch.
    """

    METRICS: Final = HEROKU_METRICS

    def __init__(self, registry: Registry, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._clock = clock

    def describe(self) -> Iterator[MetricFamily]:
        """Return the families without samples, so that a name clash shows at registration."""
        return map(family, self.METRICS)

    def collect(self) -> Iterator[MetricFamily]:
        """Return the families with their samples."""
        families = {metric: family(metric) for metric in self.METRICS}
        for block in heroku_blocks(self._registry, self._clock()):
            for metric, readings in block.columns:
                for labels, reading in zip(block.labels, readings, strict=True):
                    if reading is not None:
                        add_reading(families[metric], labels, reading)
        return iter(families.values())
