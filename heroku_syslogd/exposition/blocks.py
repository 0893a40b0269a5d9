"""The state of Heroku's things, read in blocks of some hundred series.

A block is read in one go, so each series of it is consistent; between two blocks messages may be
applied. Whatever iterates here iterates over a copy: the state changes under it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple, TypeVar

from heroku_syslogd.catalogue import SECTIONS, Metric, addons, apps, daemon, dynos
from heroku_syslogd.dynos import CARRIED_FIELDS, Dyno
from heroku_syslogd.registry import Registry
from heroku_syslogd.tallies import AppTally, Histogram

HEROKU_METRICS: Final = tuple(
    metric
    for section in SECTIONS
    if section.metrics is not daemon.METRICS
    for metric in section.metrics
)
"""``heroku_*``, in the order in which they are shown."""

ROWS: Final = 128
"""Most rows of a block. Dynos have 11 columns, so that is a millisecond's work at most."""

Labels = tuple[str, ...]
"""Label values in the catalogue's order."""

Reading = float | tuple[float, ...]
"""A value, or what a histogram or summary consists of in the order of its samples: of a histogram
the cumulative buckets, then in both cases the number of observations and their sum."""


class Block(NamedTuple):
    """Series of metrics that have the same label names.

    Attributes:
        labels: Label values of each row.
        columns: Readings of each metric, row by row; None where a row has no such series.
    """

    labels: Sequence[Labels]
    columns: Sequence[tuple[Metric, Sequence[Reading | None]]]


def heroku_blocks(registry: Registry, now: float) -> Iterator[Block]:
    """Yield everything that a scrape shows of Heroku.

    Within a metric the order is that of the state: dynos and applications as they were first met.

    Args:
        registry: The state. It may change between one block and the next.
        now: Our time, seconds since the epoch.
    """
    for part in _parts(list(registry.dynos.shown())):
        yield from _dynos([dyno for dyno in part if dyno.values])
    for app in list(registry.tallies.apps()):
        yield from _series(app)
        yield from _logs(app)
    yield from _addons(registry)
    yield from _app_metrics(registry, now)


T = TypeVar("T")


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _dynos(shown: list[Dyno]) -> Iterator[Block]:
    labels: list[Labels] = [dyno.identity[:3] for dyno in shown]
    columns: list[tuple[Metric, Sequence[Reading | None]]] = []
    for field, metric in dynos.RUNTIME.items():
        column = [dyno.values.get(field) for dyno in shown]
        if field in CARRIED_FIELDS:
            column = [
                None if value is None else value + dyno.carried.get(field, 0.0)
                for dyno, value in zip(shown, column, strict=True)
            ]
        columns.append((metric, column))
    columns.append((dynos.DYNO_LAST_SAMPLE, [dyno.sampled_at for dyno in shown]))
    runs = [(*row, dyno.run or "") for row, dyno in zip(labels, shown, strict=True)]
    states = [(*row, dyno.shown_state) for row, dyno in zip(labels, shown, strict=True)]
    ones = [1.0] * len(shown)
    yield Block(labels, columns)
    yield Block(runs, [(dynos.DYNO_INFO, ones)])
    yield Block(states, [(dynos.DYNO_STATE, ones)])


def _series(app: AppTally) -> Iterator[Block]:
    for metric, values in list(app.series.values.items()):
        for part in _parts(list(values.items())):
            yield Block([one for one, _ in part], [(metric, [value.value for _, value in part])])
    for metric, histograms in list(app.series.histograms.items()):
        for rows in _parts(list(histograms.items())):
            yield Block([one for one, _ in rows], [(metric, [_observed(one) for _, one in rows])])


def _observed(histogram: Histogram) -> tuple[float, ...]:
    buckets = tuple(accumulate(histogram.counts))
    return (*buckets, buckets[-1], histogram.sum)


def _logs(app: AppTally) -> Iterator[Block]:
    for part in _parts(list(app.logs.values())):
        yield Block(
            [(log.app, log.source, log.process_type) for log in part],
            [
                (apps.LOG_MESSAGES, [log.messages for log in part]),
                (apps.LOG_BYTES, [log.bytes for log in part]),
                (apps.UNRECOGNISED, [None if log.is_output else log.unrecognised for log in part]),
            ],
        )
    if app.logs:
        yield Block([(app.app,)], [(apps.DRAIN_LAST_MESSAGE, [app.last_message_at])])


def _addons(registry: Registry) -> Iterator[Block]:
    for state in list(registry.addons.shown()):
        addon, app, name, source = state.identity
        metrics = addons.ADDON_VALUES[addon]
        columns = [(metrics[field], [value]) for field, value in state.values.items()]
        columns.append((addons.ADDON_LAST_SAMPLE[addon], [state.sampled_at]))
        yield Block([(app, name, source)], columns)


def _app_metrics(registry: Registry, now: float) -> Iterator[Block]:
    metrics = registry.app_metrics
    measures = ((labels, (count, total)) for labels, count, total in metrics.measures())
    tables: tuple[tuple[Metric, Iterator[tuple[Labels, Reading]]], ...] = (
        (apps.APP_COUNT, metrics.counts()),
        (apps.APP_MEASURE, measures),
        (apps.APP_SAMPLE, metrics.samples()),
        (apps.APP_UNIQUE, metrics.uniques(now)),
    )
    for metric, rows in tables:
        for part in _parts(list(rows)):
            yield Block([labels for labels, _ in part], [(metric, [value for _, value in part])])
