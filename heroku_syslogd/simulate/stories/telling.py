"""How stories are told: entry by entry, several at a time, and who chooses which.

A story is a generator of `Entry`: each is one line, and the seconds until the story goes on. What
a line tells is done to the fleet right there, so that samples and states always agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Final, NamedTuple

from heroku_syslogd.simulate.dyno import Dyno
from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.line import API, PLATFORM, Line

USER: Final = "developer@example.com"

_NOTHING_FITS: Final = 5.0
"""Seconds until a narrator looks for a story again that found none."""


class Entry(NamedTuple):
    """One line of a story and the pause after it, in seconds.

    Attributes:
        pri: PRI of the line.
        app_name: Its APP-NAME.
        procid: Its PROCID.
        text: Its MSG without LF.
        pause: Seconds until the story goes on.
        whole_second: Whether its TIMESTAMP has no fraction, as those of add-ons and builds.
    """

    pri: int
    app_name: str
    procid: str
    text: str
    pause: float = 0.0
    whole_second: bool = False

    def line(self, app: App, now: float) -> Line:
        """Return it as a line of ``app`` at ``now``."""
        at = float(int(now)) if self.whole_second else now
        return app.line(self.pri, self.app_name, self.procid, self.text, at)


class Wait(NamedTuple):
    """A pause without a line, in seconds."""

    pause: float


Story = Iterator[Entry | Wait]


@dataclass(slots=True)
class Scene:
    """Where a story happens.

    Attributes:
        app: To which app.
        fleet: Its fleet, which starts and stops runs.
        now: Present time, in seconds; the narrator keeps it.
    """

    app: App
    fleet: Fleet
    now: float

    @property
    def rng(self) -> Random:
        """Source of chance."""
        return self.fleet.rng

    def settled(self, process_type: str = "") -> list[Dyno]:
        """Return the dynos whose state is beyond doubt, of one process type or of all."""
        formation = self.app.of_type(process_type) if process_type else self.app.formation
        return [dyno for dyno in formation if dyno.is_settled(self.now)]


def platform(dyno: Dyno, text: str, pause: float = 0.0) -> Entry:
    """Return a line of the dyno manager."""
    return Entry(PLATFORM, "heroku", dyno.name, text, pause)


def api(text: str, pause: float = 0.0) -> Entry:
    """Return a line of the API."""
    return Entry(API, "app", "api", text, pause)


def build(text: str, pause: float = 0.0) -> Entry:
    """Return a line of the API about a build."""
    return Entry(API, "app", "api", text, pause, whole_second=True)


def changes(dyno: Dyno, state: str, pause: float = 0.0) -> Entry:
    """Take a dyno to another state and return the line that says so."""
    before, dyno.state = dyno.state, state
    return platform(dyno, f"State changed from {before} to {state}", pause)


def together(*stories: Story) -> Story:
    """Tell several stories at a time: what one pauses is time for the others."""
    now = 0.0
    waiting = [(0.0, number, story) for number, story in enumerate(stories)]
    while waiting:
        due, number, story = heappop(waiting)
        if due > now:
            yield Wait(due - now)
            now = due
        told = next(story, None)
        if told is None:
            continue
        heappush(waiting, (due + told.pause, number, story))
        pause = waiting[0][0] - now
        now = waiting[0][0]
        yield told._replace(pause=pause)


class Plot(NamedTuple):
    """A story that can be told again and again.

    Attributes:
        tell: Tells it.
        weight: How often, compared to others.
        fits: Tells whether it can happen now.
    """

    tell: Callable[[Scene], Story]
    weight: float = 1.0
    fits: Callable[[Scene], bool] = lambda _: True


class Tempo(NamedTuple):
    """How fast the stories of an app follow one another, in seconds.

    Heroku's are hours apart; nobody watches a simulator for a day.

    Attributes:
        begin: Most before the first.
        first_rest: Mean between two in the first round.
        rest: Mean between two after it.
    """

    begin: float
    first_rest: float
    rest: float


class Programme:
    """Which story is next: first each once, in order, then any by weight.

    All apps of a fleet share one, so that an audience has seen everything within minutes.

    Args:
        plots: What there is to tell.
        tempo: How fast.
        rng: Source of chance.
    """

    def __init__(self, plots: Sequence[Plot], tempo: Tempo, rng: Random) -> None:
        self._plots = plots
        self._untold = list(plots)
        self._is_first_round = True
        self._tempo = tempo
        self._rng = rng

    def choose(self, scene: Scene) -> Story | None:
        """Return the next story; None if none fits now."""
        for plot in self._untold:
            if plot.fits(scene):
                self._untold.remove(plot)
                return plot.tell(scene)
        # What is left then, such as a fleet without an eco app has, waits until it fits.
        self._is_first_round = False
        fitting = [plot for plot in self._plots if plot.fits(scene)]
        if not fitting:
            return None
        return self._rng.choices(fitting, [plot.weight for plot in fitting])[0].tell(scene)

    def begin(self) -> float:
        """Return the seconds until the first story of an app."""
        return self._rng.uniform(0.3, 1.0) * self._tempo.begin

    def rest(self) -> float:
        """Return the seconds between two stories of an app."""
        mean = self._tempo.first_rest if self._is_first_round else self._tempo.rest
        return mean * (0.2 + self._rng.expovariate(1 / 0.8))


class Narrator:
    """Tells the stories of one app, one after the other.

    Args:
        app: The app.
        fleet: Its fleet.
        programme: Where the stories come from.
        now: Present time, in seconds.

    Attributes:
        app: The app.
        due: Time of the next line, in seconds.
        resting_since: When the last story ended, in seconds; None during one.
    """

    def __init__(self, app: App, fleet: Fleet, programme: Programme, now: float) -> None:
        self.app = app
        self.due = now + programme.begin()
        self.resting_since: float | None = now
        self._scene = Scene(app, fleet, now)
        self._programme = programme
        self._story: Story | None = None

    def step(self, now: float) -> Line | None:
        """Tell the next line at ``now``; None where a story pauses or has come to its end."""
        scene = self._scene
        scene.now = now
        if self._story is None:
            self._story = self._programme.choose(scene)
            if self._story is None:
                self.due = now + _NOTHING_FITS
                return None
            self.resting_since = None
        told = next(self._story, None)
        if told is None:
            self._story = None
            self.resting_since = now
            self.due = now + self._programme.rest()
            return None
        self.due = now + told.pause
        return told.line(self.app, now) if isinstance(told, Entry) else None
