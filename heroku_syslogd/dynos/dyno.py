"""What is known about each dyno: the latest sample of its newest run, and its state.

Heroku gives a dyno a stable name (``web.1``) and every run of it a new UUID. Around a restart, and
for longer with preboot, the old and the new run report under the same name. The newer run is
shown, never a mixture; the rules that tell them apart are in `Dyno.admits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from heroku_syslogd.heroku import ENDED_STATES, SampleLine
from heroku_syslogd.series_budget import SeriesBudget

SAMPLE_INTERVAL: Final = 20.0
"""Seconds between the samples of one dyno."""

HANDOVER_AFTER: Final = 2.5 * SAMPLE_INTERVAL
"""Silence of the shown run, in seconds, after which a run that was held to be older is believed.

Only a daemon that starts in the middle of an overlap can have mistaken the two."""

CARRIED_FIELDS: Final = ("memory_pgpgin", "memory_pgpgout")
"""Fields that count up within a run; `Dyno.carried` keeps them rising over restarts."""

ASSUMED_STATE: Final = "up"
"""State of a dyno that sends samples while Heroku has logged none: only running dynos send."""

_MOST_RIVALS: Final = 4
_CRASHED: Final = "crashed"
_LOAD: Final = SampleLine.LOAD  # looking it up on the class takes 0.1 us in Python 3.11
_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


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


class Rival(NamedTuple):
    """A run that reported under a dyno's name and is not the one shown.

    Attributes:
        run: Its UUID.
        heard_at: Our time of its last sample.
        ended_at: Heroku's time at which it ended, None if it was replaced while it went on.
    """

    run: str
    heard_at: float
    ended_at: float | None


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
        self._rivals: tuple[Rival, ...] = ()

    @property
    def shown_state(self) -> str:
        """The state that it is shown with."""
        return self.state or ASSUMED_STATE

    def admits(self, dyno_id: str, timestamp: float, now: float) -> bool:
        """Decide whether a sample's run is to be shown; a newer run takes the dyno over.

        A run that was replaced stays replaced while the newer one reports. A run never seen before
        is the newer one, unless its sample is older than the first one of the run that is shown:
        then it is a late line of a run that had ended.
        """
        if not dyno_id or dyno_id == self.run:
            return True
        rival = next((one for one in self._rivals if one.run == dyno_id), None)
        if rival is not None:
            if rival.ended_at is not None and timestamp < rival.ended_at + HANDOVER_AFTER:
                return False  # a process that was told to end has 30 seconds for it
            self._note_rival(dyno_id, now)
            if now - self.heard_at < HANDOVER_AFTER:
                return False
        elif self.run is not None and timestamp < self._first_sample_at:
            self._note_rival(dyno_id, now)
            return False
        self._start_run(dyno_id, timestamp, now)
        return True

    def take(
        self, line: SampleLine, values: Mapping[str, float], timestamp: float, now: float
    ) -> None:
        """Take over a sample of the shown run, unless a newer one of its kind was taken before.

        Logplex does not keep the order of lines.
        """
        self.heard_at = now
        if line is _LOAD:
            if timestamp < self._load_at:
                return
            self._load_at = timestamp
        else:
            if timestamp < self._memory_at:
                return
            self._memory_at = timestamp
        if timestamp > self.sampled_at:
            self.sampled_at = timestamp
        self.values.update(values)

    def end_run(self, state: str, timestamp: float, now: float) -> bool:
        """Note that a run ended; True if it was the one shown, False if it was an older one.

        State lines do not name their run. It is the newest one that crashes. But while an older
        run still reports, it is the one that goes down: with preboot the new one is up before the
        old one goes down. Where that guess is wrong, the silence of the run that did end expires
        it.
        """
        if state != _CRASHED:
            for rival in reversed(self._rivals):
                if rival.ended_at is None and now - rival.heard_at < HANDOVER_AFTER:
                    self._note_rival(rival.run, rival.heard_at, ended_at=timestamp)
                    return False
        if self.run:
            self._note_rival(self.run, now, ended_at=timestamp)
        self._clear()
        return True

    def _start_run(self, dyno_id: str, timestamp: float, now: float) -> None:
        if self.run:
            self._note_rival(self.run, now)
        self._clear()
        self.run = dyno_id
        self._first_sample_at = timestamp
        if self.state in ENDED_STATES:  # its start was not logged, or the line was lost
            self.state = None

    def _clear(self) -> None:
        for field in CARRIED_FIELDS:
            if field in self.values:
                total = self.carried.get(field, 0.0) + self.values[field]
                self.carried = {**self.carried, field: total}
        self.run = None
        self.values = {}
        self._load_at = self._memory_at = 0.0
        self.sampled_at = 0.0

    def _note_rival(self, dyno_id: str, now: float, ended_at: float | None = None) -> None:
        others = [rival for rival in self._rivals if rival.run != dyno_id]
        self._rivals = (*others, Rival(dyno_id, now, ended_at))[-_MOST_RIVALS:]
