"""Recordings of fleets of any size: the same mix of lines, of more or fewer dynos."""

from __future__ import annotations

from typing import Final, NamedTuple

from heroku_syslogd.simulate import SimulateOptions, drain_tokens, record

DYNOS_PER_APP: Final = 50

SEED: Final = 1

DAY: Final = "2023-11-14"
"""Date of all lines that are recorded."""

WARM_UP_PER_DYNO: Final = 35
"""Messages of the mix per dyno after which all have reported and written: of each 35, two are
samples of the dyno whose turn it is, and 24 are output of dynos that were drawn."""

_ANY_URL: Final = "syslog://127.0.0.1"
_FEWEST_WARM_UP: Final = 50_000
"""The mix has lines that come seldom, however few dynos there are."""


class FleetSize(NamedTuple):
    """How large a fleet is.

    Attributes:
        apps: How many apps, each with one drain.
        dynos_per_app: How many dynos each has, one-off dynos not counted.
    """

    apps: int
    dynos_per_app: int

    @property
    def dynos(self) -> int:
        """Dynos of all apps."""
        return self.apps * self.dynos_per_app

    @property
    def warm_up(self) -> int:
        """Messages of `messages_of` after which every stream is open and every dyno is shown."""
        return max(_FEWEST_WARM_UP, self.dynos * WARM_UP_PER_DYNO)

    @classmethod
    def of(cls, dynos: int) -> FleetSize:
        """Return the size of a fleet with at least so many dynos, 50 per app."""
        per_app = min(dynos, DYNOS_PER_APP)
        return cls(-(-dynos // per_app), per_app)


def messages_of(size: FleetSize, count: int) -> list[bytes]:
    """Return the first ``count`` messages of a fleet, as `record` does: always the same."""
    return record(count, apps=size.apps, dynos=size.dynos_per_app, seed=SEED)


def tokens_of(size: FleetSize) -> dict[str, str]:
    """Return the drain tokens of that fleet with the names of their apps."""
    options = SimulateOptions(_ANY_URL, apps=size.apps, dynos=size.dynos_per_app, seed=SEED)
    return drain_tokens(options)
