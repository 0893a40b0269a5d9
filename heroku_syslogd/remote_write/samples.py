"""Samples of dynos and add-ons, each with the time that Heroku gave it.

They bear no label of this receiver: a series goes on whichever receiver gets the next line, and a
line that two receivers got is the same sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from heroku_syslogd.addons import AddonIdentity
from heroku_syslogd.catalogue import Metric, addons, dynos
from heroku_syslogd.dynos import Dyno
from heroku_syslogd.heroku import SampleLine
from heroku_syslogd.registry import Registry
from heroku_syslogd.remote_write.encoding import (
    ONE,
    FieldEncoder,
    SeriesEncoder,
    encode_beginning,
    encode_end,
    encode_name,
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

MOST_PENDING: Final = 50_000
"""Lines that wait to be queued, some 50 MB. So many come only while the disk stands still."""

_LAST_SAMPLE: Final = "last_sample"
"""Field of what is no value of a line: its time."""
_DYNO_NAMES: Final = {
    **{field: encode_name(metric.name) for field, metric in dynos.RUNTIME.items()},
    _LAST_SAMPLE: encode_name(dynos.DYNO_LAST_SAMPLE.name),
}
_INFO: Final = encode_name(dynos.DYNO_INFO.name)
_STATE: Final = encode_name(dynos.DYNO_STATE.name)
_ADDON_NAMES: Final = {
    addon: {
        **{field: encode_name(metric.name) for field, metric in metrics.items()},
        _LAST_SAMPLE: encode_name(addons.ADDON_LAST_SAMPLE[addon].name),
    }
    for addon, metrics in addons.ADDON_VALUES.items()
}
_LOAD: Final = SampleLine.LOAD  # looking it up on the class takes 0.1 us in Python 3.11
_FEWEST_SPARE: Final = 1000


class Encoded(NamedTuple):
    """Series as they stand in a request.

    Attributes:
        data: The bytes.
        samples: How many samples they hold.
    """

    data: bytes
    samples: int


class _Mark:
    """A series that is 1 as long as a label of a dyno has one value: its run, or its state.

    Args:
        name: Encoded name.
        encoder: Of its labels.
    """

    __slots__ = ("_beginning", "_encoder", "_labels", "_name", "_shown")

    def __init__(self, name: bytes, encoder: SeriesEncoder) -> None:
        self._name = name
        self._encoder = encoder
        self._shown: str | None = None
        self._labels = self._beginning = b""

    def show(self, of: tuple[str, ...], value: str, timestamp: bytes) -> list[bytes]:
        """Return the series for a value, after the end of the one for another value."""
        ended = self.end(timestamp) if self._shown not in (None, value) else []
        if self._shown != value:
            self._shown = value
            self._labels = self._encoder.labels((*of, value))
            self._beginning = encode_beginning(self._name, self._labels) + ONE
        return [*ended, self._beginning + timestamp]

    def end(self, timestamp: bytes) -> list[bytes]:
        """Return the end of the series, if there is one."""
        return [encode_end(self._name, self._labels, timestamp)] if self._shown is not None else []


class _Series:
    """The series of one dyno that have been sent and have not ended.

    Attributes:
        labels: Its labels, encoded.
        run: Which run is shown.
        state: Which state it is in.
    """

    __slots__ = ("labels", "run", "state")

    def __init__(self, labels: bytes, run: _Mark, state: _Mark) -> None:
        self.labels = labels
        self.run = run
        self.state = state


class SampleCollector:
    """Encodes samples while messages are applied, and keeps them for a moment.

    Args:
        registry: Where they come from.
        constant: Labels that every series has.

    Attributes:
        dropped_samples: Samples of lines that came while `MOST_PENDING` waited.
    """

    def __init__(self, registry: Registry, constant: Mapping[str, str]) -> None:
        self.dropped_samples = 0
        self._dynos = registry.dynos
        self._pending: list[Encoded] = []
        self._series: dict[Dyno, _Series] = {}
        self._dyno_labels = SeriesEncoder(dynos.DYNO_LAST_SAMPLE.labels, constant)
        self._info_labels = SeriesEncoder(dynos.DYNO_INFO.labels, constant)
        self._state_labels = SeriesEncoder(dynos.DYNO_STATE.labels, constant)
        self._addon_labels = SeriesEncoder(addons.LABELS, constant)
        self._dyno_encoder = FieldEncoder(_DYNO_NAMES)
        self._addon_encoders = {addon: FieldEncoder(n) for addon, n in _ADDON_NAMES.items()}
        registry.dynos.on_sample = self._note_sample
        registry.dynos.on_end = self._note_end
        registry.addons.on_sample = self._note_addon

    def __len__(self) -> int:
        """Return how many lines wait to be queued."""
        return len(self._pending)

    def drain(self) -> Iterator[Encoded]:
        """Yield the series of each line that has come since the last time, in their order."""
        pending, self._pending = self._pending, []
        yield from pending
        self._forget_silent()

    def _note_sample(
        self, dyno: Dyno, line: SampleLine, values: Mapping[str, float], at: float
    ) -> None:
        # Encoded at once: whatever is kept until later costs more than this.
        encode = self._of_load if line is _LOAD else self._of_memory
        self._note(encode(dyno, values, at))

    def _note_end(self, dyno: Dyno, at: float) -> None:
        self._note(self._of_end(dyno, at))

    def _note_addon(self, identity: AddonIdentity, values: Mapping[str, float], at: float) -> None:
        self._note(self._of_addon(identity, values, at))

    def _note(self, line: Encoded) -> None:
        if len(self._pending) < MOST_PENDING:
            self._pending.append(line)
        else:
            self.dropped_samples += line.samples

    def _of_load(self, dyno: Dyno, values: Mapping[str, float], at: float) -> Encoded:
        series = self._series_of(dyno)
        data = self._dyno_encoder.series(series.labels, values.items(), encode_timestamp(at))
        return Encoded(data, len(values))

    def _of_memory(self, dyno: Dyno, values: Mapping[str, float], at: float) -> Encoded:
        """Return the values, and what is sent once for both lines of a sample.

        What earlier runs added to counters is left out: other receivers do not know it, and the
        engine sees that they begin anew.
        """
        series, timestamp = self._series_of(dyno), encode_timestamp(at)
        shown = {**values, _LAST_SAMPLE: at}
        data = self._dyno_encoder.series(series.labels, shown.items(), timestamp)
        of = dyno.identity[:3]
        marks = series.run.show(of, dyno.run or "", timestamp)
        marks += series.state.show(of, dyno.shown_state, timestamp)
        return Encoded(b"".join((data, *marks)), len(shown) + len(marks))

    def _of_end(self, dyno: Dyno, at: float) -> Encoded:
        """Return the ends of all series that a dyno may have: others may have sent some of them."""
        series, timestamp = self._series_of(dyno), encode_timestamp(at)
        del self._series[dyno]
        ended = [encode_end(name, series.labels, timestamp) for name in _DYNO_NAMES.values()]
        ended += series.run.end(timestamp) + series.state.end(timestamp)
        return Encoded(b"".join(ended), len(ended))

    def _of_addon(self, identity: AddonIdentity, values: Mapping[str, float], at: float) -> Encoded:
        addon, *label_values = identity
        shown, timestamp = {**values, _LAST_SAMPLE: at}, encode_timestamp(at)
        labels = self._addon_labels.labels(label_values)
        data = self._addon_encoders[addon].series(labels, shown.items(), timestamp)
        return Encoded(data, len(shown))

    def _series_of(self, dyno: Dyno) -> _Series:
        series = self._series.get(dyno)
        if series is None:
            series = self._series[dyno] = _Series(
                self._dyno_labels.labels(dyno.identity[:3]),
                _Mark(_INFO, self._info_labels),
                _Mark(_STATE, self._state_labels),
            )
        return series

    def _forget_silent(self) -> None:
        """Forget dynos that fell silent; perhaps another receiver hears them, so no end is sent."""
        if len(self._series) > 2 * len(self._dynos) + _FEWEST_SPARE:
            known = set(self._dynos.all())
            self._series = {dyno: one for dyno, one in self._series.items() if dyno in known}
