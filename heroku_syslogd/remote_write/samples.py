"""Samples of dynos and add-ons, each with the time that Heroku gave it.

They bear no label of this receiver: a series goes on whichever receiver gets the next line, and a
line that two receivers got is the same sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from heroku_syslogd.addons import AddonIdentity
from heroku_syslogd.catalogue import Metric, addons, dynos
from heroku_syslogd.dynos import CARRIED_FIELDS, Dyno
from heroku_syslogd.heroku import SampleLine
from heroku_syslogd.registry import Registry
from heroku_syslogd.remote_write.encoding import (
    SeriesEncoder,
    encode_end,
    encode_name,
    encode_series,
    encode_timestamp,
)

SAMPLE_METRICS: Final[frozenset[Metric]] = frozenset(
    {
        *dynos.RUNTIME.values(),
        *(dynos.DYNO_LAST_SAMPLE, dynos.DYNO_INFO, dynos.DYNO_STATE),
        *(metric for of_addon in addons.METRICS.values() for metric in of_addon),
    }
)
"""What is sent from here; everything else is read from the state, at intervals."""

ASSUMED_STATE: Final = "up"
"""State of a dyno that sends samples while Heroku has logged none: only running dynos send."""

_RUNTIME: Final = {field: encode_name(metric.name) for field, metric in dynos.RUNTIME.items()}
_DYNO_LAST_SAMPLE: Final = encode_name(dynos.DYNO_LAST_SAMPLE.name)
_INFO: Final = encode_name(dynos.DYNO_INFO.name)
_STATE: Final = encode_name(dynos.DYNO_STATE.name)
_ADDON: Final = {
    addon: {field: encode_name(metric.name) for field, metric in metrics.items()}
    for addon, metrics in addons.ADDON_VALUES.items()
}
_ADDON_LAST_SAMPLE: Final = {
    addon: encode_name(metric.name) for addon, metric in addons.ADDON_LAST_SAMPLE.items()
}
_CARRIED: Final = frozenset(CARRIED_FIELDS)
_FEWEST_SPARE: Final = 1000


class _DynoSample(NamedTuple):
    """A line, and what the dyno was like when it came."""

    dyno: Dyno
    line: SampleLine
    values: Mapping[str, float]
    at: float
    run: str
    state: str
    carried: Mapping[str, float]


class _DynoEnd(NamedTuple):
    dyno: Dyno
    at: float


class _AddonSample(NamedTuple):
    identity: AddonIdentity
    values: Mapping[str, float]
    at: float


class _Series:
    """The series of one dyno that have been sent and have not ended.

    Attributes:
        labels: Its labels, encoded.
        info: Those of the run that is shown; empty while there is none. `state` likewise.
        names: Encoded names of the others.
    """

    __slots__ = ("info", "labels", "names", "run", "state", "state_name")

    def __init__(self, labels: bytes) -> None:
        self.labels = labels
        self.run = self.state_name = ""
        self.info = self.state = b""
        self.names: set[bytes] = set()


class SampleCollector:
    """Takes samples while messages are applied, and encodes them later.

    Args:
        registry: Where they come from.
        constant: Labels that every series has.
    """

    def __init__(self, registry: Registry, constant: Mapping[str, str]) -> None:
        self._dynos = registry.dynos
        self._pending: list[_DynoSample | _DynoEnd | _AddonSample] = []
        self._series: dict[Dyno, _Series] = {}
        self._dyno_labels = SeriesEncoder(dynos.DYNO_LAST_SAMPLE.labels, constant)
        self._info_labels = SeriesEncoder(dynos.DYNO_INFO.labels, constant)
        self._state_labels = SeriesEncoder(dynos.DYNO_STATE.labels, constant)
        self._addon_labels = SeriesEncoder(addons.LABELS, constant)
        registry.dynos.on_sample = self._note_sample
        registry.dynos.on_end = self._note_end
        registry.addons.on_sample = self._note_addon

    def __len__(self) -> int:
        """Return how many lines wait to be encoded."""
        return len(self._pending)

    def drain(self) -> Iterator[bytes]:
        """Yield the series of everything that has come since the last time, in its order."""
        pending, self._pending = self._pending, []
        for one in pending:
            if isinstance(one, _DynoSample):
                yield from self._of_sample(one)
            elif isinstance(one, _DynoEnd):
                yield from self._of_end(one)
            else:
                yield from self._of_addon(one)
        self._forget_silent()

    # While messages are applied ------------------------------------------------------------------

    def _note_sample(
        self, dyno: Dyno, line: SampleLine, values: Mapping[str, float], at: float
    ) -> None:
        state = dyno.state or ASSUMED_STATE
        self._pending.append(
            _DynoSample(dyno, line, values, at, dyno.run or "", state, dyno.carried)
        )

    def _note_end(self, dyno: Dyno, at: float) -> None:
        self._pending.append(_DynoEnd(dyno, at))

    def _note_addon(self, identity: AddonIdentity, values: Mapping[str, float], at: float) -> None:
        self._pending.append(_AddonSample(identity, values, at))

    # Later ---------------------------------------------------------------------------------------

    def _of_sample(self, sample: _DynoSample) -> Iterator[bytes]:
        dyno = sample.dyno
        series = self._series.get(dyno)
        if series is None:
            labels = self._dyno_labels.labels(dyno.identity[:3])
            series = self._series[dyno] = _Series(labels)
        timestamp = encode_timestamp(sample.at)
        for field, value in sample.values.items():
            if field in _CARRIED:
                value += sample.carried.get(field, 0.0)
            name = _RUNTIME[field]
            series.names.add(name)
            yield encode_series(name, series.labels, value, timestamp)
        if sample.line is SampleLine.MEMORY:  # once for both lines of a sample
            series.names.add(_DYNO_LAST_SAMPLE)
            yield encode_series(_DYNO_LAST_SAMPLE, series.labels, sample.at, timestamp)
            yield from self._of_run(series, sample, timestamp)
            yield from self._of_state(series, sample, timestamp)

    def _of_run(self, series: _Series, sample: _DynoSample, timestamp: bytes) -> Iterator[bytes]:
        if sample.run != series.run:
            if series.info:
                yield encode_end(_INFO, series.info, timestamp)
            series.run = sample.run
            series.info = self._info_labels.labels((*sample.dyno.identity[:3], sample.run))
        yield encode_series(_INFO, series.info, 1.0, timestamp)

    def _of_state(self, series: _Series, sample: _DynoSample, timestamp: bytes) -> Iterator[bytes]:
        if sample.state != series.state_name:
            if series.state:
                yield encode_end(_STATE, series.state, timestamp)
            series.state_name = sample.state
            series.state = self._state_labels.labels((*sample.dyno.identity[:3], sample.state))
        yield encode_series(_STATE, series.state, 1.0, timestamp)

    def _of_end(self, end: _DynoEnd) -> Iterator[bytes]:
        series = self._series.pop(end.dyno, None)
        if series is None:
            return
        timestamp = encode_timestamp(end.at)
        for name in sorted(series.names):
            yield encode_end(name, series.labels, timestamp)
        for name, labels in ((_INFO, series.info), (_STATE, series.state)):
            if labels:
                yield encode_end(name, labels, timestamp)

    def _of_addon(self, sample: _AddonSample) -> Iterator[bytes]:
        addon, *values = sample.identity
        labels, timestamp = self._addon_labels.labels(values), encode_timestamp(sample.at)
        names = _ADDON[addon]
        for field, value in sample.values.items():
            yield encode_series(names[field], labels, value, timestamp)
        yield encode_series(_ADDON_LAST_SAMPLE[addon], labels, sample.at, timestamp)

    def _forget_silent(self) -> None:
        """Forget dynos that fell silent; perhaps another receiver hears them, so no end is sent."""
        if len(self._series) > 2 * len(self._dynos) + _FEWEST_SPARE:
            known = set(self._dynos.all())
            self._series = {dyno: one for dyno, one in self._series.items() if dyno in known}
