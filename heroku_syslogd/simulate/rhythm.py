"""The natural rhythm of a fleet: lines when Heroku would write them.

Every dyno is sampled each 20 s at a phase of its own, web dynos serve about two requests a second,
workers work off jobs, add-ons report each minute, and stories happen in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import heappop, heappush
from typing import Final

from heroku_syslogd.simulate.addons import INTERVAL as ADDON_INTERVAL
from heroku_syslogd.simulate.app_output import web_output, worker_output
from heroku_syslogd.simulate.dyno import SAMPLE_INTERVAL, Dyno
from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.line import APP_OUTPUT, PLATFORM, Line, timestamp
from heroku_syslogd.simulate.request import Request, draw_request
from heroku_syslogd.simulate.router import refused_message, router_message, router_pri
from heroku_syslogd.simulate.stories import (
    Narrator,
    addon_samples,
    memory_errors,
    narrators,
    opening,
)

REQUESTS_PER_SECOND: Final = 2.0
"""Mean rate per web dyno."""

JOB_LINES_PER_SECOND: Final = 1.0
"""Mean rate per dyno of any other process type."""

Action = Callable[[float], Iterable[Line]]


class Agenda:
    """Actions in the order of their time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._entered = 0

    @property
    def next_due(self) -> float:
        """Time of the next action, in seconds.

        Raises:
            IndexError: There is none.
        """
        return self._heap[0][0]

    def at(self, when: float, action: Action) -> None:
        """Enter ``action`` for ``when``; it is called with that time."""
        # The running number keeps simultaneous actions in order: functions do not compare.
        self._entered += 1
        heappush(self._heap, (when, self._entered, action))

    def lines(self, now: float) -> Iterator[Line]:
        """Yield the lines of all actions due up to ``now``, those included that they enter."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, action = heappop(heap)
            yield from action(when)


class NaturalRhythm:
    """Lines of a fleet in real time.

    The openings of all apps are due at once, and the first sample of every dyno and add-on within a
    second: whoever starts a demo wants to see something.

    Args:
        fleet: The fleet; its state moves with the lines.
        now: Start, in seconds.

    Attributes:
        narrators: Those who tell what happens in between.
    """

    def __init__(self, fleet: Fleet, now: float) -> None:
        self._agenda = Agenda()
        self.narrators = narrators(fleet, now)
        for app in fleet.apps:
            of_app = [narrator for narrator in self.narrators if narrator.app is app]
            _AppRhythm(app, fleet, self._agenda, of_app, now)

    @property
    def next_due(self) -> float:
        """Time of the next line, in seconds. There always is one."""
        return self._agenda.next_due

    def lines(self, now: float) -> Iterator[Line]:
        """Yield every line due up to ``now``, in order; each carries the time it was due at."""
        return self._agenda.lines(now)


class _AppRhythm:
    """What recurs in one app. Each action enters its next turn itself."""

    def __init__(
        self, app: App, fleet: Fleet, agenda: Agenda, narrators: list[Narrator], now: float
    ) -> None:
        self._app = app
        self._fleet = fleet
        self._rng = fleet.rng
        self._agenda = agenda
        self._narrators = narrators
        self._known: list[Dyno] = []
        agenda.at(now, self._open)

    def _open(self, now: float) -> Iterator[Line]:
        rng, agenda = self._rng, self._agenda
        for entry in opening(self._app, self._fleet):
            yield entry.line(self._app, now)
        self._meet_dynos(now)
        agenda.at(now + rng.uniform(0.1, 0.5), self._request)
        agenda.at(now + rng.uniform(0.2, 0.9), self._addons)
        for narrator in self._narrators:
            agenda.at(narrator.due, partial(self._tell, narrator))

    def _meet_dynos(self, now: float) -> None:
        """Begin what recurs in dynos that are new."""
        rng, dynos = self._rng, self._app.dynos
        for dyno in dynos:
            if dyno in self._known:
                continue
            self._sample_from(dyno, now + rng.uniform(0.05, 0.9))
            if dyno in self._app.formation and dyno.process_type != "web":
                self._agenda.at(now + rng.uniform(0.1, 1.0), partial(self._job, dyno))
        self._known = dynos

    def _sample_from(self, dyno: Dyno, first: float) -> None:
        self._agenda.at(first, partial(self._sample, dyno))
        # The second sample already comes at the dyno's own phase of the cycle.
        phase = first + self._rng.uniform(1.0, SAMPLE_INTERVAL)
        self._agenda.at(phase, partial(self._sample_cycle, dyno))

    def _sample_cycle(self, dyno: Dyno, now: float) -> Iterator[Line]:
        if dyno not in self._app.dynos:
            return
        again = now + SAMPLE_INTERVAL + self._rng.uniform(-0.05, 0.05)
        self._agenda.at(again, partial(self._sample_cycle, dyno))
        yield from self._sample(dyno, now)

    def _sample(self, dyno: Dyno, now: float) -> Iterator[Line]:
        for run in dyno.runs:
            sample = run.sample(now)
            # Sizes and errors are those of the sample: they go with its memory frame.
            errors = [(entry.pri, entry.text) for entry in memory_errors(dyno, sample)]
            texts = [(PLATFORM, sample.memory), *errors]
            later = now + self._rng.uniform(0.0001, 0.06)
            self._agenda.at(later, partial(self._say, dyno, texts))
            yield self._app.line(PLATFORM, "heroku", dyno.name, sample.load, now)

    def _say(self, dyno: Dyno, texts: list[tuple[int, str]], now: float) -> Iterator[Line]:
        for pri, text in texts:
            yield self._app.line(pri, "heroku", dyno.name, text, now)

    def _request(self, now: float) -> Iterator[Line]:
        rng, app = self._rng, self._app
        rate = REQUESTS_PER_SECOND * max(1, len(app.of_type("web")))
        self._agenda.at(now + rng.expovariate(rate), self._request)
        if app.is_deserted:
            return
        request = draw_request(rng)
        if refusal := app.refusal():
            text = refused_message(refusal, request, app)
            yield app.line(router_pri(app), "heroku", "router", text, now)
        elif serving := app.serving():
            # Where no dyno is up, the router holds the request until one is; here it goes away.
            yield from self._serve(request, rng.choice(serving), now)

    def _serve(self, request: Request, dyno: Dyno, now: float) -> Iterator[Line]:
        rng, app = self._rng, self._app
        done = now + request.service_ms / 1000
        message = router_message(request, app, dyno.name)
        self._agenda.at(
            done, lambda at: [app.line(router_pri(app), "heroku", "router", message, at)]
        )
        for _ in range(rng.choice((1, 1, 2))):
            text = web_output(app.framework, request, rng, timestamp(now))
            yield app.line(APP_OUTPUT, "app", dyno.name, text, now)

    def _job(self, dyno: Dyno, now: float) -> Iterator[Line]:
        if dyno not in self._app.formation:
            return
        again = now + self._rng.expovariate(JOB_LINES_PER_SECOND)
        self._agenda.at(again, partial(self._job, dyno))
        if dyno.runs:
            text = worker_output(self._rng, timestamp(now))
            yield self._app.line(APP_OUTPUT, "app", dyno.name, text, now)

    def _addons(self, now: float) -> Iterator[Line]:
        self._agenda.at(now + ADDON_INTERVAL, self._addons)
        for entry in addon_samples(self._app, now):
            yield entry.line(self._app, now)

    def _tell(self, narrator: Narrator, now: float) -> Iterator[Line]:
        line = narrator.step(now)
        self._agenda.at(narrator.due, partial(self._tell, narrator))
        if line is not None:
            yield line
        self._meet_dynos(now)
