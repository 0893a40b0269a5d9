"""What add-ons last said about themselves, by application, add-on and attachment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from heroku_syslogd.heroku import Addon, AddonSample
from heroku_syslogd.series_budget import SeriesBudget

_SERIES_BESIDE_VALUES: Final = 1  # last sample timestamp


class AddonIdentity(NamedTuple):
    """Which add-on a line is about.

    Attributes:
        addon: Kind of add-on.
        app: Label value of the application.
        name: Name of the add-on, such as ``postgresql-curly-12345``.
        source: Attachment, such as ``DATABASE``.
    """

    addon: Addon
    app: str
    name: str
    source: str


AddonObserver = Callable[[AddonIdentity, Mapping[str, float], float], None]
"""Shown each sample, those that came late, too, and its time in seconds since the epoch."""


class AddonState:
    """One attachment of an add-on.

    Attributes:
        identity: Which one it is.
        budget: Bound on the series of its application.
        values: Latest values by field name, in base units.
        sampled_at: Heroku's time of the newest line, seconds since the epoch.
        heard_at: Our time of the last line, seconds since the epoch.
    """

    __slots__ = ("budget", "heard_at", "identity", "sampled_at", "values")

    def __init__(self, identity: AddonIdentity, budget: SeriesBudget) -> None:
        self.identity = identity
        self.budget = budget
        self.values: dict[str, float] = {}
        self.sampled_at = 0.0
        self.heard_at = 0.0

    @property
    def series(self) -> int:
        """Series that it takes."""
        return len(self.values) + _SERIES_BESIDE_VALUES if self.values else 0


class AddonRegistry:
    """All add-ons that report, bounded by expiry and by the series budget.

    Args:
        expire_after: Seconds of silence after which an add-on is forgotten; it reports about once a
            minute.

    Attributes:
        on_sample: Who is shown the samples, if anybody.
        unknown_keys: Keys that were not understood, by kind of add-on.
    """

    def __init__(self, expire_after: float) -> None:
        self.expire_after = expire_after
        self.on_sample: AddonObserver | None = None
        self.unknown_keys = dict.fromkeys(Addon, 0)
        self._states: dict[AddonIdentity, AddonState] = {}

    def __len__(self) -> int:
        return len(self._states)

    def shown(self) -> Iterator[AddonState]:
        """Return every add-on that has values."""
        return iter(self._states.values())

    def apply(
        self, event: AddonSample, app: str, name: str, budget: SeriesBudget, at: float, now: float
    ) -> None:
        """Take over a line of samples, unless a newer one was taken before.

        Args:
            event: The samples.
            app: Label value of the application.
            name: Label value of the add-on's name.
            budget: Bound on the application's series.
            at: Heroku's time of the line. Both times are seconds since the epoch.
            now: Our time.
        """
        self.unknown_keys[event.addon] += len(event.unknown)
        if not event.values:
            return
        identity = AddonIdentity(event.addon, app, name, event.source)
        state = self._states.get(identity) or AddonState(identity, budget)
        if at < state.sampled_at:  # Logplex does not keep the order of lines
            state.heard_at = now
            self._show(state, event.values, at)
            return
        if event.values.keys() <= state.values.keys():
            state.values.update(event.values)
        else:
            self._admit(state, event.values)
        if state.values:
            state.sampled_at, state.heard_at = at, now
            self._states[identity] = state
            self._show(state, event.values, at)

    def _show(self, state: AddonState, values: Mapping[str, float], at: float) -> None:
        """Show the observer those values that the series budget had room for."""
        if self.on_sample is not None:
            admitted = {field: value for field, value in values.items() if field in state.values}
            self.on_sample(state.identity, admitted, at)

    def _admit(self, state: AddonState, values: dict[str, float]) -> None:
        """Take over values some of which are new; without room for those only the others."""
        new = len(values.keys() - state.values.keys())
        if not state.values:
            new += _SERIES_BESIDE_VALUES
        if state.budget.take(new):  # the one that it gives back to
            state.values.update(values)
        else:
            known = state.values.keys() & values.keys()
            state.values.update({field: values[field] for field in known})

    def expire(self, now: float) -> int:
        """Forget the add-ons that have been silent too long; return how many."""
        horizon = now - self.expire_after
        return self._drop([key for key, one in self._states.items() if one.heard_at <= horizon])

    def forget(self, app: str) -> None:
        """Drop the add-ons of an application."""
        self._drop([identity for identity in self._states if identity.app == app])

    def _drop(self, identities: list[AddonIdentity]) -> int:
        for identity in identities:
            state = self._states.pop(identity)
            state.budget.give_back(state.series)
        return len(identities)
