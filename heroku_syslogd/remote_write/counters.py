"""Everything else: counters and histograms of this receiver, read from the state at intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry

from heroku_syslogd.catalogue import Metric, MetricType
from heroku_syslogd.exposition.blocks import Block, Labels, Reading
from heroku_syslogd.exposition.families import BOUNDS
from heroku_syslogd.remote_write.encoding import (
    SeriesEncoder,
    encode_labels,
    encode_name,
    encode_series,
    encode_timestamp,
)
from heroku_syslogd.remote_write.samples import SAMPLE_METRICS

_LE: Final = "le"


class CounterEncoder:
    """Encodes what is read at intervals.

    Args:
        constant: Labels that every series has, that of this receiver among them.
    """

    def __init__(self, constant: Mapping[str, str]) -> None:
        self._constant = dict(constant)
        self._encoders: dict[tuple[str, ...], SeriesEncoder] = {}
        self._names: dict[str, bytes] = {}

    def blocks(self, blocks: Iterable[Block], now: float) -> Iterator[list[bytes]]:
        """Yield the series of each block, samples of dynos and add-ons left out.

        Args:
            blocks: The state.
            now: Our time, seconds since the epoch.
        """
        timestamp = encode_timestamp(now)
        for block in blocks:
            columns = [one for one in block.columns if one[0] not in SAMPLE_METRICS]
            if columns:
                yield list(self._block(block.labels, columns, timestamp))

    def own(self, registry: CollectorRegistry, now: float) -> Iterator[bytes]:
        """Yield the series of the daemon itself.

        Args:
            registry: Its collectors.
            now: Our time, seconds since the epoch.
        """
        timestamp = encode_timestamp(now)
        for family in registry.collect():
            for sample in family.samples:
                labels = {**self._constant, **sample.labels}
                name, encoded = self._name(sample.name), encode_labels(labels.items())
                yield encode_series(name, encoded, sample.value, timestamp)

    def _block(
        self,
        rows: Iterable[Labels],
        columns: Iterable[tuple[Metric, Iterable[Reading | None]]],
        timestamp: bytes,
    ) -> Iterator[bytes]:
        rows = list(rows)
        encoded: list[bytes] | None = None  # the columns of a block have the same labels
        for metric, readings in columns:
            if encoded is None:
                encoder = self._encoder(metric.labels)
                encoded = [encoder.labels(row) for row in rows]
            for row, labels, reading in zip(rows, encoded, readings, strict=True):
                if isinstance(reading, tuple):
                    yield from self._parts(metric, row, labels, reading, timestamp)
                elif reading is not None:
                    yield encode_series(self._name(metric.name), labels, reading, timestamp)

    def _parts(
        self, metric: Metric, row: Labels, labels: bytes, reading: tuple[float, ...], at: bytes
    ) -> Iterator[bytes]:
        """Yield the samples of a histogram or a summary."""
        *buckets, count, total = reading
        if metric.type is MetricType.HISTOGRAM:
            name, encoder = (
                self._name(f"{metric.name}_bucket"),
                self._encoder((*metric.labels, _LE)),
            )
            for bound, value in zip(BOUNDS, buckets, strict=True):
                yield encode_series(name, encoder.labels((*row, bound)), value, at)
        yield encode_series(self._name(f"{metric.name}_count"), labels, count, at)
        yield encode_series(self._name(f"{metric.name}_sum"), labels, total, at)

    def _encoder(self, names: tuple[str, ...]) -> SeriesEncoder:
        encoder = self._encoders.get(names)
        if encoder is None:
            encoder = self._encoders[names] = SeriesEncoder(names, self._constant)
        return encoder

    def _name(self, name: str) -> bytes:
        encoded = self._names.get(name)
        if encoded is None:
            encoded = self._names[name] = encode_name(name)
        return encoded
