"""What is known about each dyno: the latest sample of its newest run, and its state.

Heroku gives a dyno a stable name (``web.1``) and every run of it a new UUID. Around a restart, and
for longer with preboot, the old and the new run report under the same name. The newer run is
shown, never a mixture; the rules that tell them apart are in `Dyno.admits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from heroku_syslogd.heroku import DynoStateChange, RuntimeSample, SampleLine
from heroku_syslogd.heroku.lifecycle import ENDED_STATES
from heroku_syslogd.series_budget import SeriesBudget

SAMPLE_INTERVAL: Final = 20.0
"""Seconds between the samples of one dyno."""

HANDOVER_AFTER: Final = 2.5 * SAMPLE_INTERVAL
"""Silence of the shown run, in seconds, after which a run that was held to be older is believed.

Only a daemon that starts in the middle of an overlap can have mistaken the two."""

MAX_CLOCK_AHEAD: Final = 300.0
"""A sample from further in the future than this many seconds is dated by its arrival."""

COUNTERS: Final = ("memory_pgpgin", "memory_pgpgout")
"""Fields that count up within a run; `Dyno.carried` keeps them rising over restarts."""

_MOST_RIVALS: Final = 4
_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
_SERIES_BESIDE_VALUES: Final = 3  # last sample timestamp, info, state
_FEWEST_SERIES: Final = 1 + _SERIES_BESIDE_VALUES


class DynoIdentity(NamedTuple):
    """Which dyno a line is about.

    Attributes:
        app: Label value of the application.
        process_type: ``web`` of ``web.1``.
        name: ``web.1``.
        budget: Bound on the series of the application.
    """

    app: str
    process_type: str
    name: str
    budget: SeriesBudget


class Dyno:
    """One dyno by name, with its newest run.

    Attributes:
        identity: Which dyno it is.
        run: UUID of the run that is shown; None while none is.
        values: Latest values of that run by field name, in base units.
        carried: What earlier runs added to the counters.
        state: Last state that Heroku logged; None while it has logged none.
        sampled_at: Heroku's time of the newest sample, seconds since the epoch.
        heard_at: Our time of the last line that counted, seconds since the epoch.
    """

    __slots__ = (
        "_first_sample_at",
        "_load_at",
        "_memory_at",
        "_rivals",
        "carried",
        "heard_at",
        "identity",
        "run",
        "sampled_at",
        "series",
        "state",
        "values",
    )

    def __init__(self, identity: DynoIdentity, now: float) -> None:
        self.identity = identity
        self.run: str | None = None
        self.values: dict[str, float] = {}
        self.carried: Mapping[str, float] = _NOTHING
        self.state: str | None = None
        self.sampled_at = 0.0
        self.heard_at = now
        self.series = 0
        self._load_at = 0.0
        self._memory_at = 0.0
        self._first_sample_at = 0.0
        # Runs that reported under this name and are not the one shown, and when last heard.
        self._rivals: tuple[tuple[str, float], ...] = ()

    def admits(self, dyno_id: str, timestamp: float, now: float) -> bool:
        """Decide whether a sample's run is to be shown; a newer run takes the dyno over.

        A run that was replaced stays replaced while the newer one reports. A run never seen before
        is the newer one, unless its sample is older than the first one of the run that is shown:
        then it is a late line of a run that had ended.
        """
        if not dyno_id or dyno_id == self.run:
            return True
        if any(rival == dyno_id for rival, _ in self._rivals):
            self._note_rival(dyno_id, now)
            if now - self.heard_at < HANDOVER_AFTER:
                return False
        elif self.run is not None and timestamp < self._first_sample_at:
            self._note_rival(dyno_id, now)
            return False
        self._start_run(dyno_id, timestamp, now)
        return True

    def apply(self, sample: RuntimeSample, timestamp: float, now: float) -> None:
        """Take over a sample of the shown run, unless a newer one of its kind was taken before.

        Logplex does not keep the order of lines.
        """
        self.heard_at = now
        if sample.line is SampleLine.LOAD:
            if timestamp < self._load_at:
                return
            self._load_at = timestamp
        else:
            if timestamp < self._memory_at:
                return
            self._memory_at = timestamp
        self.sampled_at = max(self.sampled_at, timestamp)
        self.values.update(sample.values)

    def end_run(self, now: float) -> bool:
        """Note that a run ended; True if it was the one shown, False if it was an older one.

        State lines do not name their run. While an older run still reports, it is the one that
        ends: with preboot the new one is up before the old one goes down. Where that guess is
        wrong, the silence of the run that did end expires it.
        """
        while self._rivals:
            *others, (_, heard_at) = self._rivals
            self._rivals = tuple(others)
            if now - heard_at < HANDOVER_AFTER:
                return False
        if self.run:
            self._note_rival(self.run, now)
        self._clear()
        return True

    def _start_run(self, dyno_id: str, timestamp: float, now: float) -> None:
        if self.run:
            self._note_rival(self.run, now)
        for field in COUNTERS:
            if field in self.values:
                total = self.carried.get(field, 0.0) + self.values[field]
                self.carried = {**self.carried, field: total}
        self._clear()
        self.run = dyno_id
        self._first_sample_at = timestamp
        if self.state in ENDED_STATES:  # its start was not logged, or the line was lost
            self.state = None

    def _clear(self) -> None:
        self.run = None
        self.values = {}
        self._load_at = self._memory_at = 0.0
        self.sampled_at = 0.0

    def _note_rival(self, dyno_id: str, now: float) -> None:
        others = [rival for rival in self._rivals if rival[0] != dyno_id]
        self._rivals = (*others, (dyno_id, now))[-_MOST_RIVALS:]


class DynoRegistry:
    """All dynos that report, bounded by expiry and by the series budget.

    Args:
        expire_after: Seconds of silence after which a dyno is forgotten.
    """

    def __init__(self, expire_after: float) -> None:
        self.expire_after = expire_after
        self._dynos: dict[tuple[str, str], Dyno] = {}

    def __len__(self) -> int:
        return len(self._dynos)

    def shown(self) -> Iterator[Dyno]:
        """Return the dynos that have a sample to show."""
        return (dyno for dyno in self._dynos.values() if dyno.values)

    def apply(
        self,
        event: RuntimeSample | DynoStateChange,
        identity: DynoIdentity,
        timestamp: float | None,
        now: float,
    ) -> None:
        """Apply what a line said about a dyno.

        Args:
            event: What the line means.
            identity: Which dyno it is about.
            timestamp: Heroku's time of the line, None if it gave none that can be read.
            now: Our time. Both are seconds since the epoch.
        """
        if timestamp is None or timestamp > now + MAX_CLOCK_AHEAD:
            timestamp = now
        dyno = self._dynos.get((identity.app, identity.name))
        if dyno is None:
            if isinstance(event, DynoStateChange) and event.new in ENDED_STATES:
                return
            dyno = Dyno(identity, now)
            if not self._admit(dyno):
                return
        if isinstance(event, RuntimeSample):
            if dyno.admits(event.dyno_id, timestamp, now) and self._reserve(dyno, event):
                dyno.apply(event, timestamp, now)
        elif event.new not in ENDED_STATES or dyno.end_run(now):
            dyno.state, dyno.heard_at = event.new, now
        self._settle(dyno)

    def expire(self, now: float) -> int:
        """Forget the dynos that have been silent too long; return how many."""
        horizon = now - self.expire_after
        silent = [key for key, dyno in self._dynos.items() if dyno.heard_at <= horizon]
        for key in silent:
            dyno = self._dynos.pop(key)
            dyno.identity.budget.give_back(dyno.series)
            dyno.identity.budget.dynos -= 1
        return len(silent)

    def _admit(self, dyno: Dyno) -> bool:
        """Add a dyno. One without samples has no series, so their number is bounded here."""
        app, _, name, budget = dyno.identity
        if budget.dynos >= budget.limit // _FEWEST_SERIES:
            budget.refuse(_FEWEST_SERIES)
            return False
        budget.dynos += 1
        self._dynos[app, name] = dyno
        return True

    def _reserve(self, dyno: Dyno, sample: RuntimeSample) -> bool:
        """Take the series that a sample adds; a dyno that gets none goes on with what it has."""
        if sample.values.keys() <= dyno.values.keys():
            return True
        wanted = len(sample.values.keys() | dyno.values.keys()) + _SERIES_BESIDE_VALUES
        if wanted > dyno.series:
            if not dyno.identity.budget.take(wanted - dyno.series):
                return False
            dyno.series = wanted
        return True

    def _settle(self, dyno: Dyno) -> None:
        """Give back the series that a dyno no longer has."""
        has = len(dyno.values) + _SERIES_BESIDE_VALUES if dyno.values else 0
        if has < dyno.series:
            dyno.identity.budget.give_back(dyno.series - has)
            dyno.series = has
