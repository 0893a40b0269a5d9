"""What the sample lines of all add-ons have in common."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final, Protocol

from heroku_syslogd.simulate.load_average import LoadAverage

INTERVAL: Final = 60.0
"""Seconds between two samples of an add-on."""

PLAN_IOPS: Final = 3000
"""Disk operations per second of the simulated plans."""

_CPUS: Final = 2


class Service(Protocol):
    """Something that logs samples of itself.

    Attributes:
        procid: PROCID of its lines.
    """

    procid: str

    def message(self, now: float) -> str:
        """Return MSG of its line at ``now``, in seconds."""


class Drift:
    """A value that wanders between two bounds: what a server measures does not jump.

    Args:
        low: Lower bound.
        high: Upper bound.
        rng: Source of chance.
    """

    def __init__(self, low: float, high: float, rng: Random) -> None:
        self._low = low
        self._high = high
        self._rng = rng
        self._value = rng.uniform(low, high)

    def after(self, elapsed: float) -> float:
        """Return the value ``elapsed`` seconds on: at most a tenth of the range per `INTERVAL`."""
        most = (self._high - self._low) * 0.1 * min(1.0, elapsed / INTERVAL)
        moved = self._value + self._rng.uniform(-most, most)
        self._value = min(max(moved, self._low), self._high)
        return self._value


class Watch:
    """Tells how long ago a sample was taken.

    Args:
        now: When it is started, in seconds.
    """

    def __init__(self, now: float) -> None:
        self._read_at = now

    def elapsed(self, now: float) -> float:
        """Return the seconds since the last reading; 0 where the clock was set back."""
        elapsed = max(0.0, now - self._read_at)
        self._read_at = now
        return elapsed


def sample_message(source: str, addon: str, samples: Mapping[str, str]) -> str:
    """Return MSG of a sample line."""
    values = " ".join(f"sample#{key}={value}" for key, value in samples.items())
    return f"source={source} addon={addon} {values}"


def load_samples(load: LoadAverage) -> Mapping[str, str]:
    """Return the samples of a server's load, which is divided by its processors."""
    return {
        "load-avg-1m": _shared(load.one_minute),
        "load-avg-5m": _shared(load.five_minutes),
        "load-avg-15m": _shared(load.fifteen_minutes),
    }


def _shared(load: float) -> str:
    return f"{round(load, 2) / _CPUS:g}"
