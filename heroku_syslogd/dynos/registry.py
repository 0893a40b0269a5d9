"""All dynos that report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from heroku_syslogd.dynos.dyno import Dyno, DynoIdentity
from heroku_syslogd.heroku import ENDED_STATES, DynoStateChange, RuntimeSample, SampleLine

MAX_CLOCK_AHEAD: Final = 300.0
"""A sample from further in the future than this many seconds is dated by its arrival."""

_SERIES_BESIDE_VALUES: Final = 3  # last sample timestamp, info, state
_FEWEST_SERIES: Final = 1 + _SERIES_BESIDE_VALUES


def believed_time(at: float | None, now: float) -> float:
    """Return the time that a line is held to be of: Heroku's, unless that makes no sense.

    Args:
        at: Heroku's time of the line, None if it gave none that can be read.
        now: Our time. Both are seconds since the epoch.
    """
    return now if at is None or at > now + MAX_CLOCK_AHEAD else at


SampleObserver = Callable[[Dyno, SampleLine, Mapping[str, float], float], None]
"""Shown each sample of a run that is shown, those that came late, too, and its time."""

EndObserver = Callable[[Dyno, float], None]
"""Told of each dyno whose run has ended, and when. A dyno that fell silent is not told of: with
several receivers it may be heard by another one."""


class DynoRegistry:
    """All dynos that report, bounded by expiry and by the series budget.

    Args:
        expire_after: Seconds of silence after which a dyno is forgotten.

    Attributes:
        on_sample: Who is shown the samples, if anybody, with Heroku's time in seconds since the
            epoch.
        on_end: Who is told when dynos end, if anybody.
        scanned: Samples that were taken over without an event being made of them.
    """

    def __init__(self, expire_after: float) -> None:
        self.expire_after = expire_after
        self.on_sample: SampleObserver | None = None
        self.on_end: EndObserver | None = None
        self.scanned = 0
        self._dynos: dict[tuple[str, str], Dyno] = {}

    def __len__(self) -> int:
        return len(self._dynos)

    def shown(self) -> Iterator[Dyno]:
        """Return the dynos that have a sample to show."""
        return (dyno for dyno in self._dynos.values() if dyno.values)

    def all(self) -> Iterator[Dyno]:
        """Return every dyno that is remembered, those without a sample to show, too."""
        return iter(self._dynos.values())

    def find(self, identity: DynoIdentity) -> Dyno | None:
        """Return a dyno that is remembered, None for any other."""
        return self._dynos.get((identity.app, identity.name))

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
        timestamp = believed_time(timestamp, now)
        dyno = self._dynos.get((identity.app, identity.name))
        if dyno is None:
            if isinstance(event, DynoStateChange) and event.new in ENDED_STATES:
                return
            dyno = Dyno(identity, now)
            if not self._admit(dyno):
                return
        if isinstance(event, RuntimeSample):
            if dyno.admits(event.dyno_id, timestamp, now) and self._reserve(dyno, event):
                dyno.take(event.line, event.values, timestamp, now)
                if self.on_sample is not None:
                    self.on_sample(dyno, event.line, event.values, timestamp)
        elif event.new not in ENDED_STATES:
            dyno.state, dyno.heard_at = event.new, now
        elif dyno.end_run(event.new, timestamp, now):
            dyno.state, dyno.heard_at = event.new, now
            if self.on_end is not None:
                self.on_end(dyno, timestamp)
        self._settle(dyno)

    def expire(self, now: float) -> int:
        """Forget the dynos that have been silent too long; return how many."""
        horizon = now - self.expire_after
        silent = [key for key, dyno in self._dynos.items() if dyno.heard_at <= horizon]
        for key in silent:
            dyno = self._dynos.pop(key)
            dyno.run = None  # whoever remembers it has to ask again
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
