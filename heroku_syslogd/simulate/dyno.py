"""Dynos and their runs: what they use, and the samples that say so.

Nothing here knows of lines in time: `rhythm` and `mix` decide when a dyno is sampled, `stories`
starts and stops its runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, inf
from random import Random
from typing import Final, NamedTuple

from heroku_syslogd.simulate.load_average import LoadAverage
from heroku_syslogd.simulate.names import uuid4
from heroku_syslogd.simulate.request import Request

SAMPLE_INTERVAL: Final = 20.0
"""Seconds between two samples of a dyno (Heroku Dev Center, "log-runtime-metrics")."""

SETTLED_AFTER: Final = 75.0
"""Seconds after a restart in which the state of a dyno is in doubt.

Its state lines do not name the run that they are about, and two may share the name. Heroku restarts
a dyno once a day; a simulator in which that is minutes leaves this much in between where it can."""


class Sample(NamedTuple):
    """One reading of a dyno run.

    Attributes:
        load: MSG of the load frame.
        memory: MSG of the memory frame, which follows 0.1 to 60 ms later.
        total: Memory in MB, that is rss + cache + swap.
    """

    load: str
    memory: str
    total: float


class Run:
    """One run of a dyno: from its start to its exit, under one UUID.

    Args:
        dyno: The dyno that runs.
        app_id: Numeric id of its app.
        rng: Source of everything random about it.
        now: Start of the run, in seconds.
    """

    def __init__(self, dyno: Dyno, app_id: int, rng: Random, now: float) -> None:
        self.dyno_id = uuid4(rng)
        self.started_at = now
        self._rng = rng
        self._quota = dyno.quota
        self._prefix = f"source={dyno.name} dyno=heroku.{app_id}.{self.dyno_id} "
        self._busy = rng.uniform(0.1, 1.8)
        # A leaking dyno settles above its quota, so that R14 shows up; the others well below.
        share = 1.2 if dyno.leaks else rng.uniform(0.35, 0.8)
        self._settles_at = dyno.quota * share
        self._settles_in = 30.0 if dyno.leaks else 120.0
        self._cache = rng.uniform(0.3, 12.0)
        self._pages_per_second = rng.uniform(40.0, 300.0)
        self._pages_in = float(rng.randrange(50, 900))
        self._pages_out = float(rng.randrange(0, 50))
        self._load = LoadAverage(now)
        self._sampled_at = now

    def sample(self, now: float) -> Sample:
        """Read the run at ``now``, in seconds.

        Keys, their order, units and decimals are those of Heroku's "log-runtime-metrics".
        """
        rng = self._rng
        elapsed = max(0.0, now - self._sampled_at)
        self._sampled_at = now
        load = self._load
        load.read(int(rng.expovariate(1 / (self._busy + 0.35))), now)
        read = self._pages_per_second * elapsed * rng.uniform(0.5, 1.5)
        self._pages_in += read
        self._pages_out += read * rng.uniform(0.5, 0.95)
        rss, swap = self._memory(now)
        cache = self._cache
        total = rss + cache + swap
        prefix = self._prefix
        return Sample(
            f"{prefix}sample#load_avg_1m={load.one_minute:.2f}"
            f" sample#load_avg_5m={load.five_minutes:.2f}"
            f" sample#load_avg_15m={load.fifteen_minutes:.2f}",
            f"{prefix}sample#memory_total={total:.2f}MB sample#memory_rss={rss:.2f}MB"
            f" sample#memory_cache={cache:.2f}MB sample#memory_swap={swap:.2f}MB"
            f" sample#memory_pgpgin={int(self._pages_in)}pages"
            f" sample#memory_pgpgout={int(self._pages_out)}pages"
            f" sample#memory_quota={self._quota:.2f}MB",
            total,
        )

    def _memory(self, now: float) -> tuple[float, float]:
        """Return rss and swap in MB: what does not fit below the quota is swapped."""
        age = max(0.0, now - self.started_at)
        grown = 1 - 0.65 * exp(-age / self._settles_in)
        wanted = self._settles_at * grown * self._rng.uniform(0.985, 1.015)
        resident = min(wanted, self._quota - self._cache - 1.0)
        return resident, wanted - resident


@dataclass(slots=True, eq=False)
class Dyno:
    """A named dyno, and the runs that report under its name.

    Attributes:
        name: The platform's name, for example ``web.1``.
        process_type: The name up to its dot.
        quota: Memory quota in MB.
        command: The command of its process.
        leaks: Whether its memory grows past the quota.
        state: The state that Heroku last told of.
        runs: Runs that are up, oldest first; two while an old one is still shutting down.
        has_run: Whether a dyno of its name ever ran.
        restarted_at: When a run last followed another one, in seconds.
        request: The request that it served last.
    """

    name: str
    process_type: str
    quota: float
    command: str
    leaks: bool = False
    state: str = "starting"
    runs: list[Run] = field(default_factory=list)
    has_run: bool = False
    restarted_at: float = -inf
    request: Request | None = None

    def is_settled(self, now: float) -> bool:
        """Tell whether it is up, and only one run can be meant by its name."""
        return self.state == "up" and now - self.restarted_at >= SETTLED_AFTER
