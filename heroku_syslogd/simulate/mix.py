"""The benchmark mix: 70 % app output, 22 % router, 6 % samples, 2 % anything else.

The mean is 260 bytes per message, LF included and octet count not. `SteadyMix` deals the kinds
from shuffled decks of 100, so that shares are exact and their order is not; `recording` has the
same mix as lists for benchmarks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from heroku_syslogd.simulate.app_output import web_output, worker_output
from heroku_syslogd.simulate.dyno import Dyno, Run
from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.line import APP_OUTPUT, PLATFORM, Line, timestamp
from heroku_syslogd.simulate.logplex import loss_line
from heroku_syslogd.simulate.request import draw_request
from heroku_syslogd.simulate.router import refused_message, router_message, router_pri
from heroku_syslogd.simulate.stories import (
    Entry,
    addon_samples,
    memory_errors,
    narrators,
    opening,
)

SHARES: Final = {"app": 70, "router": 22, "sample": 6, "other": 2}
"""Messages of each kind in a hundred."""

_APP, _ROUTER, _LOAD, _MEMORY, _OTHER = range(5)

_REFUSED_SHARE: Final = 0.2
"""Part of the requests that is left when the router refuses them: who is refused goes away."""

_MEMORY_ERROR_SHARE: Final = 0.3
_FILLER_SHARE: Final = 0.2
_LOSS_SHARE: Final = 0.1
"""Parts of what is left of the other lines: those about memory, then fillers; and of these, in a
recording, L10."""


class SteadyMix:
    """Lines of a fleet in fixed shares, as many as are asked for.

    Args:
        fleet: The fleet; its state moves with the lines.
        now: Start, in seconds.
        recorded: Whether it is for a recording. A live mix begins with the opening of every app
            and one sample of every dyno, and leaves L10 to its drains, which know their losses; a
            recording begins in the middle and has L10 lines among the others.
    """

    def __init__(self, fleet: Fleet, now: float, *, recorded: bool = False) -> None:
        self._fleet = fleet
        self._rng = fleet.rng
        self._recorded = recorded
        self._deck: list[int] = []
        self._round: list[tuple[App, Dyno, Run]] = []
        self._memory: deque[Line] = deque()
        self._waiting: deque[tuple[App, Entry]] = deque()
        self._addons: deque[tuple[App, Entry]] = deque()
        self._narrators = narrators(fleet, now)
        self._first = deque(() if recorded else self._opening(now))

    def _opening(self, now: float) -> Iterator[Line]:
        for app in self._fleet.apps:
            for entry in (*opening(app, self._fleet), *addon_samples(app, now)):
                yield entry.line(app, now)
        for _ in self._fleet.running():
            yield self._load_line(now)
            yield self._memory.popleft()

    def lines(self, count: int, now: float, spacing: float) -> Iterator[Line]:
        """Yield ``count`` lines; the first is of ``now``, each next ``spacing`` seconds later."""
        deck = self._deck
        for number in range(count):
            if self._first:
                yield self._first.popleft()
                continue
            if not deck:
                self._shuffle()
            kind = deck.pop()
            at = now + number * spacing
            if kind == _APP:
                yield self._app_line(at)
            elif kind == _ROUTER:
                yield self._router_line(at)
            elif kind == _LOAD:
                yield self._load_line(at)
            elif kind == _MEMORY:
                yield self._memory.popleft()
            else:
                yield self._other_line(at)

    def _shuffle(self) -> None:
        pairs = SHARES["sample"] // 2
        deck = [_APP] * SHARES["app"] + [_ROUTER] * SHARES["router"]
        deck += [_LOAD] * pairs + [_OTHER] * SHARES["other"]
        self._rng.shuffle(deck)
        for position in [at for at, kind in enumerate(deck) if kind == _LOAD][::-1]:
            # A deck is dealt from its end. A few lines of others get between load and memory.
            deck.insert(max(0, position - self._rng.randrange(3)), _MEMORY)
        self._deck[:] = deck

    def _source(self) -> tuple[App, Dyno]:
        sources = self._fleet.running()
        if not sources:  # something has to be said all the same
            app = self._fleet.apps[0]
            return app, app.formation[-1]
        return sources[int(self._rng.random() * len(sources))]

    def _app_line(self, now: float) -> Line:
        app, dyno = self._source()
        stamp = timestamp(now)
        rng = self._rng
        if dyno.process_type == "web":
            if dyno.request is None:
                dyno.request = draw_request(rng)
            text = web_output(app.framework, dyno.request, rng, stamp)
        else:
            text = worker_output(rng, stamp)
        msg = text.encode()
        return Line(app.index, app.token, APP_OUTPUT, stamp, "app", dyno.name, msg)

    def _router_line(self, now: float) -> Line:
        rng = self._rng
        app = self._asked()
        request = draw_request(rng)
        if refusal := app.refusal():
            text = refused_message(refusal, request, app)
        else:
            dynos = app.serving() or app.of_type("web")
            dyno = dynos[int(rng.random() * len(dynos))]
            dyno.request = request
            text = router_message(request, app, dyno.name)
        return app.line(router_pri(app), "heroku", "router", text, now)

    def _asked(self) -> App:
        """Return the app of a request: where there is a choice, one that serves it."""
        rng, apps = self._rng, self._fleet.apps
        busy, _ = self._source()
        start = int(rng.random() * len(apps))
        apps = [busy, *apps[start:], *apps[:start]]
        for app in apps:
            if app.serving() and not app.refusal():
                return app
            if app.refusal() and rng.random() < _REFUSED_SHARE:
                return app
        return next((app for app in apps if app.refusal()), busy)

    def _next_run(self) -> tuple[App, Dyno, Run] | None:
        """Go round all runs; dynos come and go between two rounds. None if no dyno is up."""
        for _ in range(2):
            while self._round:
                app, dyno, run = self._round.pop()
                if run in dyno.runs:
                    return app, dyno, run
            dynos = [(app, dyno) for app in self._fleet.apps for dyno in app.dynos]
            self._round = [(app, dyno, run) for app, dyno in dynos for run in dyno.runs][::-1]
        return None

    def _load_line(self, now: float) -> Line:
        turn = self._next_run()
        if turn is None:
            self._memory.append(self._app_line(now))
            return self._app_line(now)
        app, dyno, run = turn
        sample = run.sample(now)
        later = now + self._rng.uniform(0.0001, 0.06)
        self._memory.append(app.line(PLATFORM, "heroku", dyno.name, sample.memory, later))
        if not self._waiting:
            self._waiting.extend((app, entry) for entry in memory_errors(dyno, sample))
        return app.line(PLATFORM, "heroku", dyno.name, sample.load, now)

    def _other_line(self, now: float) -> Line:
        rng = self._rng
        if self._waiting and rng.random() < _MEMORY_ERROR_SHARE:
            app, entry = self._waiting.popleft()
            return entry.line(app, now)
        if rng.random() >= _FILLER_SHARE:
            for narrator in rng.sample(self._narrators, len(self._narrators)):
                if narrator.due <= now and (line := narrator.step(now)) is not None:
                    return line
        return self._filler(now)

    def _filler(self, now: float) -> Line:
        """Return a line that can come at any time."""
        rng = self._rng
        if self._recorded and rng.random() < _LOSS_SHARE:
            app = rng.choice(self._fleet.apps)
            return loss_line(app.index, app.token, rng.randrange(1, 900), now - 60.0, now)
        if not self._addons:
            apps = self._fleet.apps
            self._addons.extend((app, entry) for app in apps for entry in addon_samples(app, now))
        app, entry = self._addons.popleft()
        return entry.line(app, now)
