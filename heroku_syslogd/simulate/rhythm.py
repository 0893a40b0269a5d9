"""The natural rhythm of a fleet: lines when Heroku would write them.

Every dyno is sampled each 20 s at a phase of its own, web dynos serve about two requests a second,
workers work off jobs, add-ons report each minute, and stories happen in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import heappop, heappush
from typing import Final

from heroku_syslogd.simulate.app_output import web_output, worker_output
from heroku_syslogd.simulate.fleet import SAMPLE_INTERVAL, App, Dyno, Fleet
from heroku_syslogd.simulate.line import APP_OUTPUT, PLATFORM, Line, timestamp
from heroku_syslogd.simulate.request import draw_request
from heroku_syslogd.simulate.router import router_message, router_pri
from heroku_syslogd.simulate.stories import AppStories, addon_entries, memory_errors, opening

REQUESTS_PER_SECOND: Final = 2.0
"""Mean rate per web dyno."""

JOB_LINES_PER_SECOND: Final = 1.0
"""Mean rate per dyno of any other process type."""

ADDON_INTERVAL: Final = 60.0
"""Seconds between two samples of an add-on."""

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

    The openings of all apps are due at once, and the first sample of every dyno within a second:
    whoever starts a demo wants to see something.

    Args:
        fleet: The fleet; its state moves with the lines.
        now: Start, in seconds.
    """

    def __init__(self, fleet: Fleet, now: float) -> None:
        self._agenda = Agenda()
        for app in fleet.apps:
            _AppRhythm(app, fleet, self._agenda, now)

    @property
    def next_due(self) -> float:
        """Time of the next line, in seconds. There always is one."""
        return self._agenda.next_due

    def lines(self, now: float) -> Iterator[Line]:
        """Yield every line due up to ``now``, in order; each carries the time it was due at."""
        return self._agenda.lines(now)


class _AppRhythm:
    """What recurs in one app. Each action enters its next turn itself."""

    def __init__(self, app: App, fleet: Fleet, agenda: Agenda, now: float) -> None:
        self._app = app
        self._fleet = fleet
        self._rng = fleet.rng
        self._agenda = agenda
        self._stories = AppStories(app, fleet, now)
        agenda.at(now, self._open)

    def _open(self, now: float) -> Iterator[Line]:
        rng, agenda = self._rng, self._agenda
        for entry in opening(self._app):
            yield entry.line(self._app, now)
        for dyno in self._app.formation:
            self._sample_from(dyno, now + rng.uniform(0.05, 0.9))
            serve = self._request if dyno.process_type == "web" else self._job
            agenda.at(now + rng.uniform(0.1, 1.0), partial(serve, dyno))
        agenda.at(now + rng.uniform(1.0, 3.0), self._addons)
        agenda.at(self._stories.due, self._story)

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

    def _request(self, dyno: Dyno, now: float) -> Iterator[Line]:
        rng, app = self._rng, self._app
        again = now + rng.expovariate(REQUESTS_PER_SECOND)
        self._agenda.at(again, partial(self._request, dyno))
        if not dyno.runs:
            return
        request = draw_request(rng)
        done = now + request.service_ms / 1000
        message = router_message(request, app, dyno.name)
        self._agenda.at(
            done, lambda at: [app.line(router_pri(app), "heroku", "router", message, at)]
        )
        for _ in range(rng.choice((1, 1, 2))):
            text = web_output(app.framework, request, rng, timestamp(now))
            yield app.line(APP_OUTPUT, "app", dyno.name, text, now)

    def _job(self, dyno: Dyno, now: float) -> Iterator[Line]:
        again = now + self._rng.expovariate(JOB_LINES_PER_SECOND)
        self._agenda.at(again, partial(self._job, dyno))
        if dyno.runs:
            text = worker_output(self._rng, timestamp(now))
            yield self._app.line(APP_OUTPUT, "app", dyno.name, text, now)

    def _addons(self, now: float) -> Iterator[Line]:
        self._agenda.at(now + ADDON_INTERVAL, self._addons)
        for entry in addon_entries(self._app, self._fleet):
            yield entry.line(self._app, now)

    def _story(self, now: float) -> Iterator[Line]:
        before = list(self._app.one_offs)
        line = self._stories.step(now)
        self._agenda.at(self._stories.due, self._story)
        if line is not None:
            yield line
        for dyno in self._app.one_offs:
            if dyno not in before:
                self._sample_from(dyno, now + self._rng.uniform(0.2, 1.0))
