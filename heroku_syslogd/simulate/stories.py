"""What happens to an app: restarts, crashes, deploys, one-off dynos.

A story is a generator of `Entry`: each is one line, and the seconds until the story goes on. What
a line tells is done to the fleet right there, so that samples and states always agree. Texts and
their order follow real captures; see Heroku Dev Center "Dynos" and "Heroku Error Codes".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from heroku_syslogd.simulate.addons import postgres_message, redis_message
from heroku_syslogd.simulate.fleet import App, Dyno, Fleet, Run, Sample
from heroku_syslogd.simulate.line import API, APP_OUTPUT, PLATFORM, Line
from heroku_syslogd.simulate.request import draw_request
from heroku_syslogd.simulate.router import crashed_message, router_pri

_USER: Final = "developer@example.com"
_SCHEDULER: Final = "scheduler@addons.heroku.com"
_ONE_OFFS: Final = {
    "run": ("bin/rails runner Cart.sweep", _USER),
    "scheduler": ("rake reports:daily", _SCHEDULER),
}
_CONFIG_VARS: Final = ("FEATURE_CHECKOUT", "WEB_CONCURRENCY", "LOG_LEVEL", "SMTP_HOST")

REST: Final = 25.0
"""Mean seconds between two stories of one app. Heroku's are hours apart; nobody watches a
simulator for a day."""


class Entry(NamedTuple):
    """One line of a story and the pause after it, in seconds."""

    pri: int
    app_name: str
    procid: str
    text: str
    pause: float = 0.0

    def line(self, app: App, now: float) -> Line:
        """Return it as a line of ``app`` at ``now``."""
        return app.line(self.pri, self.app_name, self.procid, self.text, now)


Story = Iterator[Entry]


def opening(app: App) -> Iterator[Entry]:
    """Tell how the app came up: what a drain sees that was there from the first release."""
    yield Entry(API, "app", "api", f"Release v{app.release} created by user {_USER}")
    yield Entry(API, "app", "api", f"Scaled to {app.scale_items()} by user {_USER}")
    for dyno in app.formation:
        yield _platform(dyno, f"Starting process with command `{dyno.command}`")
        yield _platform(dyno, "State changed from starting to up")


def memory_errors(dyno: Dyno, sample: Sample) -> Iterator[Entry]:
    """Tell of R14 while a dyno is over its quota: the size first, then the error."""
    if sample.total <= dyno.quota:
        return
    share = 100 * sample.total / dyno.quota
    yield _platform(dyno, f"Process running mem={sample.total:.0f}M({share:.1f}%)")
    yield _platform(dyno, "Error R14 (Memory quota exceeded)")


class AppStories:
    """The stories of one app, one after the other.

    Args:
        app: The app.
        fleet: Its fleet, which starts and stops runs.
        now: Present time, in seconds.

    Attributes:
        due: Time of the next line, in seconds.
    """

    def __init__(self, app: App, fleet: Fleet, now: float) -> None:
        self.due = now + fleet.rng.uniform(3.0, 20.0)
        self._app = app
        self._fleet = fleet
        self._rng = fleet.rng
        self._now = now
        self._story: Story | None = None

    def step(self, now: float) -> Line | None:
        """Tell the next line at ``now``, or None where a story has come to its end."""
        self._now = now
        if self._story is None:
            self._story = self._choose()
        entry = next(self._story, None)
        if entry is None:
            self._story = None
            self.due = now + 4.0 + self._rng.expovariate(1 / (REST - 4.0))
            return None
        self.due = now + entry.pause
        return entry.line(self._app, now)

    def _choose(self) -> Story:
        dyno = self._rng.choice(self._app.formation)
        stories: list[tuple[float, Callable[[], Story]]] = [
            (4, lambda: self._cycling(dyno)),
            (2, lambda: self._crash(dyno)),
            (3, lambda: self._one_off("scheduler")),
            (2, lambda: self._one_off("run")),
            (2, self._deploy),
            (1, self._config),
        ]
        tell = self._rng.choices([s for _, s in stories], [weight for weight, _ in stories])[0]
        return tell()

    def _cycling(self, dyno: Dyno) -> Story:
        yield _platform(dyno, "Cycling", 0.003)
        yield from self._restart(dyno)

    def _restart(self, dyno: Dyno) -> Story:
        rng = self._rng
        old = list(dyno.runs)
        yield _platform(dyno, "State changed from up to starting", 0.7)
        yield _platform(dyno, "Stopping all processes with SIGTERM", rng.uniform(0.5, 2.0))
        # SIGTERM leaves 30 s, and the new run does not wait for the old one: one name, two runs.
        overlaps = rng.random() < 0.4
        if not overlaps:
            yield from self._exit(dyno, old, 143)
        yield _platform(
            dyno, f"Starting process with command `{dyno.command}`", rng.uniform(2.0, 6.0)
        )
        self._fleet.start(self._app, dyno, self._now)
        pause = rng.uniform(5.0, 28.0) if overlaps else 0.0
        yield _platform(dyno, "State changed from starting to up", pause)
        if overlaps:
            yield from self._exit(dyno, old, 143)

    def _exit(self, dyno: Dyno, runs: list[Run], status: int) -> Story:
        for run in runs:
            self._fleet.stop(dyno, run)
        yield _platform(dyno, f"Process exited with status {status}", self._rng.uniform(0.1, 1.0))

    def _crash(self, dyno: Dyno) -> Story:
        yield from self._exit(dyno, list(dyno.runs), self._rng.choice((0, 1, 1, 137)))
        yield _platform(dyno, "State changed from up to crashed", 0.4)
        if dyno.process_type == "web":
            request = draw_request(self._rng)
            text = crashed_message(request, self._app)
            yield Entry(router_pri(self._app), "heroku", "router", text, 0.6)
        yield _platform(dyno, "State changed from crashed to starting", 1.0)
        yield _platform(dyno, f"Starting process with command `{dyno.command}`", 4.0)
        self._fleet.start(self._app, dyno, self._now)
        yield _platform(dyno, "State changed from starting to up")

    def _one_off(self, kind: str) -> Story:
        command, user = _ONE_OFFS[kind]
        yield Entry(API, "app", "api", f"Starting process with command `{command}` by user {user}")
        yield from self._one_off_dyno(kind, command, self._rng.uniform(20.0, 60.0))

    def _one_off_dyno(self, kind: str, command: str, lasts: float) -> Story:
        rng, app = self._rng, self._app
        number = rng.randrange(1000, 10_000)
        dyno = Dyno(f"{kind}.{number}", kind, app.quota, command)
        yield _platform(dyno, f"Starting process with command `{command}`", rng.uniform(1.0, 3.0))
        run = self._fleet.start(app, dyno, self._now)
        app.one_offs.append(dyno)
        yield _platform(dyno, "State changed from starting to up", 1.0)
        text = f"{kind}: {rng.randrange(1, 900)} rows to go through"
        yield Entry(APP_OUTPUT, "app", dyno.name, text, lasts)
        app.one_offs.remove(dyno)
        status = 0 if rng.random() < 0.8 else 1
        yield from self._exit(dyno, [run], status)
        # `complete` comes after a failed job too; only the status tells.
        yield _platform(dyno, "State changed from up to complete")

    def _deploy(self) -> Story:
        rng, app = self._rng, self._app
        yield Entry(API, "app", "api", f"Build started by user {_USER}", rng.uniform(3.0, 10.0))
        yield Entry(API, "app", "api", "Build succeeded")
        yield Entry(API, "app", "api", f"Deploy {rng.getrandbits(32):08x} by user {_USER}")
        release = app.release + 1
        if rng.random() < 0.4:
            text = f"Running release v{release} commands by user {_USER}"
            yield Entry(API, "app", "api", text)
            yield from self._one_off_dyno("release", "bin/rails db:migrate", rng.uniform(4.0, 9.0))
        yield from self._release()

    def _config(self) -> Story:
        text = f"Set {self._rng.choice(_CONFIG_VARS)} config vars by user {_USER}"
        yield Entry(API, "app", "api", text)
        yield from self._release()

    def _release(self) -> Story:
        app = self._app
        app.release += 1
        yield Entry(API, "app", "api", f"Release v{app.release} created by user {_USER}", 0.5)
        for dyno in app.formation:
            yield _platform(dyno, "Restarting", 0.003)
            yield from self._restart(dyno)


def addon_entries(app: App, fleet: Fleet) -> Iterator[Entry]:
    """Tell the samples of the app's add-ons, which come about once a minute."""
    yield Entry(PLATFORM, "app", "heroku-postgres", postgres_message(app.index, fleet.rng))
    yield Entry(PLATFORM, "app", "heroku-redis", redis_message(app.index, fleet.rng))


def _platform(dyno: Dyno, text: str, pause: float = 0.0) -> Entry:
    return Entry(PLATFORM, "heroku", dyno.name, text, pause)
