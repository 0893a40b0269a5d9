"""A fleet of Heroku apps: pure state, driven by a seed and by ``now``.

Nothing here knows of lines in time, sockets or asyncio. `rhythm` and `mix` decide when a dyno is
sampled or asked; `stories` starts and stops its runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Final

from heroku_syslogd.simulate.addons import Addons
from heroku_syslogd.simulate.dyno import Dyno, Run
from heroku_syslogd.simulate.line import Line, timestamp
from heroku_syslogd.simulate.names import uuid4

_NAMES: Final = ("storefront", "billing-api", "newsletter", "search", "imageworks", "backoffice")
_WORKERS: Final = ("worker", "sidekiq", "celery_worker")
_FRAMEWORKS: Final = ("rails", "node", "django")
_COMMANDS: Final = {
    "web": "bundle exec puma -C config/puma.rb",
    "worker": "bundle exec rake jobs:work",
    "sidekiq": "bundle exec sidekiq -C config/sidekiq.yml",
    "celery_worker": "celery -A shop worker --loglevel=info",
    "celery_beat": "celery -A shop beat --loglevel=info",
    "mailer": "python manage.py send_queued_mail",
}
_ECO_TYPES: Final = ("web", "celery_worker", "celery_beat", "mailer")
"""Eco dynos do not scale: such an app has one of each process type."""

_QUOTAS: Final = {"Eco": 512.0, "Standard-1X": 512.0, "Standard-2X": 1024.0}
"""Memory of the dyno sizes in MB (Heroku Dev Center, "Dyno Types")."""


@dataclass(slots=True, eq=False)
class App:
    """An app with one drain.

    Attributes:
        index: Position in the fleet.
        name: Name of the app.
        host: Host name that its requests ask for.
        token: Drain token, ``d.`` and a UUID.
        uuid: Its id, as addresses of the dashboard have it.
        app_id: The number in ``dyno=heroku.<number>.<uuid>``.
        framework: Whose log lines its web dynos write.
        router_2: Whether Router 2.0 serves it, else the legacy router.
        size: Dyno size as ``Scaled to`` lines call it.
        stack: The stack that it runs on.
        release: Number of the present release.
        addons: Its add-ons.
        formation: The scaled dynos; one-off dynos are not among them.
        one_offs: Run, scheduler and release dynos that are up.
        features: Features that somebody enabled.
        in_maintenance: Whether maintenance mode is on.
        is_deserted: Whether nobody asks for it at present.
        scaled_at: When it was last scaled, in seconds.
    """

    index: int
    name: str
    host: str
    token: str
    uuid: str
    app_id: int
    framework: str
    router_2: bool
    size: str
    stack: str
    release: int
    addons: Addons
    formation: list[Dyno]
    one_offs: list[Dyno] = field(default_factory=list)
    features: set[str] = field(default_factory=set)
    in_maintenance: bool = False
    is_deserted: bool = False
    scaled_at: float = -inf

    @property
    def quota(self) -> float:
        """Memory quota of its dynos in MB."""
        return _QUOTAS[self.size]

    @property
    def dynos(self) -> list[Dyno]:
        """Every dyno that may report: the formation and the one-off dynos."""
        return self.formation + self.one_offs

    def line(self, pri: int, app_name: str, procid: str, text: str, now: float) -> Line:
        """Return a line of this app; ``text`` is MSG without LF, ``now`` in seconds."""
        msg = text.encode()
        return Line(self.index, self.token, pri, timestamp(now), app_name, procid, msg)

    def of_type(self, process_type: str) -> list[Dyno]:
        """Return the dynos of a process type in the formation, in any state."""
        return [dyno for dyno in self.formation if dyno.process_type == process_type]

    def new_dyno(self, process_type: str, number: int) -> Dyno:
        """Return a dyno for the formation, in which it is not yet. Another one had its name."""
        dyno = _dyno(process_type, number, self.size)
        dyno.has_run = True
        return dyno

    def serving(self) -> list[Dyno]:
        """Return the web dynos that the router may ask."""
        return [dyno for dyno in self.of_type("web") if dyno.state == "up" and dyno.runs]

    def refusal(self) -> str:
        """Return the code with which the router answers instead of asking a dyno, or nothing."""
        if self.in_maintenance:
            return "H80"
        web = self.of_type("web")
        if not web:
            return "H14"
        return "H10" if all(dyno.state == "crashed" for dyno in web) else ""

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
        self._running: list[tuple[App, Dyno]] = []
        self.apps = [self._app(index, dynos_per_app, now) for index in range(apps)]
        self.apps[0].formation[-1].leaks = dynos_per_app > 1
        for app in self.apps:
            for dyno in app.formation:
                self.start(app, dyno, now)
                dyno.state = "up"

    def start(self, app: App, dyno: Dyno, now: float) -> Run:
        """Start a new run of ``dyno``; an older one goes on until `stop`."""
        if dyno.has_run:
            dyno.restarted_at = now
        dyno.has_run = True
        run = Run(dyno, app.app_id, self.rng, now)
        dyno.runs.append(run)
        self._running.clear()
        return run

    def stop(self, dyno: Dyno, run: Run) -> None:
        """End ``run``. It sends no last sample."""
        dyno.runs.remove(run)
        self._running.clear()

    def running(self) -> list[tuple[App, Dyno]]:
        """Return every dyno of a formation that runs, with its app."""
        if not self._running:
            dynos = [(app, dyno) for app in self.apps for dyno in app.formation]
            self._running = [(app, dyno) for app, dyno in dynos if dyno.runs]
        return self._running

    def _app(self, index: int, dynos: int, now: float) -> App:
        rng = self.rng
        generation, position = divmod(index, len(_NAMES))
        name = _NAMES[position] + (f"-{generation + 1}" if generation else "")
        is_eco = index % 3 == 2 and dynos <= len(_ECO_TYPES)
        size = "Eco" if is_eco else "Standard-2X" if index % 3 == 1 else "Standard-1X"
        if is_eco:
            kinds = [(kind, 1) for kind in _ECO_TYPES[:dynos]]
        else:
            workers = dynos // 3 if dynos > 3 else dynos // 2
            worker = _WORKERS[index % len(_WORKERS)]
            kinds = [("web", number + 1) for number in range(dynos - workers)]
            kinds += [(worker, number + 1) for number in range(workers)]
        return App(
            index=index,
            name=name,
            host=f"{name}-{rng.getrandbits(48):012x}.herokuapp.com",
            token=f"d.{uuid4(rng)}",
            uuid=uuid4(rng),
            app_id=rng.randrange(20_000_000, 300_000_000),
            framework=_FRAMEWORKS[index % len(_FRAMEWORKS)],
            router_2=index % 3 != 2,
            size=size,
            stack="heroku-22",
            release=rng.randrange(12, 400),
            addons=Addons(rng, now, has_follower=not is_eco),
            formation=[_dyno(kind, number, size) for kind, number in kinds],
        )


def _dyno(process_type: str, number: int, size: str) -> Dyno:
    name = f"{process_type}.{number}"
    return Dyno(name, process_type, _QUOTAS[size], _COMMANDS[process_type])
