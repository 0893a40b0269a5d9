"""Samples of Heroku Key-Value Store, with keys and order of lines captured in 2026."""

from __future__ import annotations

from random import Random
from typing import Final

from heroku_syslogd.simulate.addons.samples import (
    PLAN_IOPS,
    Drift,
    Watch,
    load_samples,
    sample_message,
)
from heroku_syslogd.simulate.load_average import LoadAverage

_MEMORY_KB: Final = 16_167_800
_PLAN_CONNECTIONS: Final = 40


class Redis:
    """One Key-Value Store.

    Args:
        addon: Name of the add-on.
        rng: Source of chance.
        now: When it is first heard of, in seconds.
    """

    procid: str = "heroku-redis"

    def __init__(self, addon: str, rng: Random, now: float) -> None:
        self._addon = addon
        self._rng = rng
        self._watch = Watch(now)
        self._load = LoadAverage(now)
        self._busy = Drift(0.1, 2.0, rng)
        self._connections = Drift(4, 30, rng)
        self._writes = Drift(1, 40, rng)
        self._free_kb = Drift(9_700_000, 10_700_000, rng)
        self._bytes = Drift(2_000_000, 6_000_000, rng)
        self._hits = Drift(0.7, 0.95, rng)

    def message(self, now: float) -> str:
        """Return MSG of its line at ``now``, in seconds."""
        elapsed = self._watch.elapsed(now)
        self._load.read(int(self._busy.after(elapsed) + self._rng.random()), now)
        connections = round(self._connections.after(elapsed))
        writes = self._writes.after(elapsed)
        free = round(self._free_kb.after(elapsed))
        # Unlike those of Postgres, the ratios keep trailing zeros, and `connection` is singular.
        samples = {
            "active-connections": f"{connections}",
            "max-connections": f"{_PLAN_CONNECTIONS}",
            "connection-percentage-used": f"{connections / _PLAN_CONNECTIONS:.5f}",
            **load_samples(self._load),
            "read-iops": "0",
            "write-iops": f"{writes:.5g}",
            "max-iops": f"{PLAN_IOPS}",
            "iops-percentage-used": f"{writes / PLAN_IOPS:.5f}",
            "memory-total": f"{_MEMORY_KB}kB",
            "memory-free": f"{free}kB",
            "memory-percentage-used": f"{1 - free / _MEMORY_KB:.5f}",
            "memory-cached": "979072kB",
            "memory-redis": f"{self._bytes.after(elapsed):.0f}bytes",
            "hit-rate": f"{self._hits.after(elapsed):.5f}",
            "evicted-keys": "0",
        }
        return sample_message("REDIS", self._addon, samples)
