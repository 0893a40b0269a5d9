"""A fleet of Heroku apps: pure state, driven by a seed and by ``now``.

Nothing here knows of lines in time, sockets or asyncio. `rhythm` and `mix` decide when a dyno is
sampled or asked; `stories` starts and stops its runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from random import Random
from typing import Final, NamedTuple

from heroku_syslogd.simulate.line import Line, timestamp
from heroku_syslogd.simulate.load_average import LoadAverage
from heroku_syslogd.simulate.request import Request

SAMPLE_INTERVAL: Final = 20.0
"""Seconds between two samples of a dyno (Heroku Dev Center, "log-runtime-metrics")."""

_NAMES: Final = ("storefront", "billing-api", "newsletter", "search", "imageworks", "backoffice")
_WORKERS: Final = ("worker", "sidekiq", "celery_worker")
_FRAMEWORKS: Final = ("rails", "node", "django")
_COMMANDS: Final = {
    "web": "bundle exec puma -C config/puma.rb",
    "worker": "bundle exec rake jobs:work",
    "sidekiq": "bundle exec sidekiq -C config/sidekiq.yml",
    "celery_worker": "celery -A shop worker --loglevel=info",
}


def uuid4(rng: Random) -> str:
    """Return a lower-case random UUID, version 4, from ``rng``."""
    text = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


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
        self._settles_in = 45.0 if dyno.leaks else 120.0
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
        runs: Runs that are up, oldest first; two while an old one is still shutting down.
        request: The request that it served last.
    """

    name: str
    process_type: str
    quota: float
    command: str
    leaks: bool = False
    runs: list[Run] = field(default_factory=list)
    request: Request | None = None


@dataclass(slots=True, eq=False)
class App:
    """An app with one drain.

    Attributes:
        index: Position in the fleet.
        name: Name of the app.
        host: Host name that its requests ask for.
        token: Drain token, ``d.`` and a UUID.
        app_id: The number in ``dyno=heroku.<number>.<uuid>``.
        framework: Whose log lines its web dynos write.
        router_2: Whether Router 2.0 serves it, else the legacy router.
        size: Dyno size as ``Scaled to`` lines call it.
        release: Number of the present release.
        formation: The scaled dynos; one-off dynos are not among them.
        one_offs: Run, scheduler and release dynos that are up.
    """

    index: int
    name: str
    host: str
    token: str
    app_id: int
    framework: str
    router_2: bool
    size: str
    release: int
    formation: list[Dyno]
    one_offs: list[Dyno] = field(default_factory=list)

    @property
    def quota(self) -> float:
        """Memory quota of its dynos in MB."""
        return self.formation[0].quota

    @property
    def dynos(self) -> list[Dyno]:
        """Every dyno that may report: the formation and the one-off dynos."""
        return self.formation + self.one_offs

    def line(self, pri: int, app_name: str, procid: str, text: str, now: float) -> Line:
        """Return a line of this app; ``text`` is MSG without LF, ``now`` in seconds."""
        msg = text.encode()
        return Line(self.index, self.token, pri, timestamp(now), app_name, procid, msg)

    def web_dynos(self) -> list[Dyno]:
        """Return the web dynos that are up."""
        return [dyno for dyno in self.formation if dyno.process_type == "web" and dyno.runs]

    def scale_items(self) -> str:
        """Return the formation as the API writes it: ``web@3:Standard-1X worker@1:Standard-1X``."""
        types = [dyno.process_type for dyno in self.formation]
        return " ".join(f"{kind}@{types.count(kind)}:{self.size}" for kind in dict.fromkeys(types))


class Fleet:
    """Apps and dynos, the same for the same seed.

    Args:
        apps: How many apps, each with one drain; at least 1.
        dynos_per_app: How many dynos in the formation of each; at least 1.
        seed: Seed of everything random.
        now: Start of all first runs, in seconds.

    Raises:
        ValueError: A count is less than 1.
    """

    def __init__(self, apps: int, dynos_per_app: int, seed: int, now: float) -> None:
        if apps < 1 or dynos_per_app < 1:
            raise ValueError("a fleet has at least one app, and an app at least one dyno")
        self.rng = Random(seed)
        self.apps = [self._app(index, dynos_per_app) for index in range(apps)]
        self.apps[-1].formation[-1].leaks = dynos_per_app > 1
        for app in self.apps:
            for dyno in app.formation:
                self.start(app, dyno, now)

    def start(self, app: App, dyno: Dyno, now: float) -> Run:
        """Start a new run of ``dyno``; an older one goes on until `stop`."""
        run = Run(dyno, app.app_id, self.rng, now)
        dyno.runs.append(run)
        return run

    @staticmethod
    def stop(dyno: Dyno, run: Run) -> None:
        """End ``run``. It sends no last sample."""
        dyno.runs.remove(run)

    def _app(self, index: int, dynos: int) -> App:
        rng = self.rng
        generation, position = divmod(index, len(_NAMES))
        name = _NAMES[position] + (f"-{generation + 1}" if generation else "")
        large = index % 3 == 1
        workers = dynos // 3 if dynos > 3 else dynos // 2
        worker = _WORKERS[index % len(_WORKERS)]
        kinds = [("web", number + 1) for number in range(dynos - workers)]
        kinds += [(worker, number + 1) for number in range(workers)]
        quota = 1024.0 if large else 512.0
        return App(
            index=index,
            name=name,
            host=f"{name}-{rng.getrandbits(48):012x}.herokuapp.com",
            token=f"d.{uuid4(rng)}",
            app_id=rng.randrange(20_000_000, 300_000_000),
            framework=_FRAMEWORKS[index % len(_FRAMEWORKS)],
            router_2=index % 3 != 2,
            size="Standard-2X" if large else "Standard-1X",
            release=rng.randrange(12, 400),
            formation=[Dyno(f"{kind}.{n}", kind, quota, _COMMANDS[kind]) for kind, n in kinds],
        )
