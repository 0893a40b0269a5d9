"""Lines of which no two are of the same dyno, drain or name: what memory must not follow.

Everything is drawn from a seed; nothing here knows of sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from string import ascii_lowercase
from typing import Final

from heroku_syslogd.simulate.dyno import Dyno, Run
from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.line import APP_OUTPUT, PLATFORM, Line, timestamp
from heroku_syslogd.simulate.names import uuid4
from heroku_syslogd.simulate.request import draw_request
from heroku_syslogd.simulate.router import router_message, router_pri

_RESTARTING_DYNOS: Final = 50
_ONE_OFF_DYNOS: Final = 10_000
"""The platform draws the numbers of one-off dynos from a few thousand; they come again."""

_NAME_LETTERS: Final = 12


class Churn:
    """Lines of an app that is known and churns, and of drains that nobody configured.

    Args:
        app: The app that churns.
        rng: Source of everything random.
    """

    def __init__(self, app: App, rng: Random) -> None:
        self._app = app
        self._rng = rng
        self._kinds: Final[tuple[Callable[[float], Iterator[Line]], ...]] = (
            self._restart,
            self._one_off,
            self._stranger,
            self._names,
            self._metrics,
            self._request,
        )

    def lines(self, count: int, now: float) -> Iterator[Line]:
        """Yield ``count`` lines of ``now``, each story whole but for the last one."""
        left = count
        while left > 0:
            for line in self._rng.choice(self._kinds)(now):
                if left > 0:
                    left -= 1
                    yield line

    def stranger_lines(self, count: int, now: float) -> list[Line]:
        """Return ``count`` lines of one drain that was never seen before."""
        token = f"d.{uuid4(self._rng)}"
        return [self._output(token, "app", "web.1", f"line {n}", now) for n in range(count)]

    def _restart(self, now: float) -> Iterator[Line]:
        """Yield the samples of a new run of a dyno: a UUID that was never seen before."""
        number = 1 + self._rng.randrange(_RESTARTING_DYNOS)
        yield from self._samples(f"web.{number}", "web", now)

    def _one_off(self, now: float) -> Iterator[Line]:
        """Yield the life of a one-off dyno."""
        name = f"run.{self._rng.randrange(_ONE_OFF_DYNOS)}"
        yield self._platform(name, "State changed from starting to up", now)
        yield self._output(self._app.token, "app", name, "Loading console", now)
        yield from self._samples(name, "run", now)
        if self._rng.random() < 0.5:  # the others are never heard of again
            yield self._platform(name, "Process exited with status 0", now)
            yield self._platform(name, "State changed from up to complete", now)

    def _stranger(self, now: float) -> Iterator[Line]:
        """Yield lines of a drain whose token was never seen before."""
        yield from self.stranger_lines(2, now)

    def _names(self, now: float) -> Iterator[Line]:
        """Yield lines with an APP-NAME and a PROCID that were never seen before."""
        token = self._app.token
        yield self._output(token, self._word(), f"{self._word()}.1", "invented", now)
        yield self._output(token, "app", self._word(), "invented", now)

    def _metrics(self, now: float) -> Iterator[Line]:
        """Yield a line with metrics whose names were never seen before."""
        name = self._word()
        text = f"count#{name}=1 measure#{name}=3.2ms sample#{name}=17MB unique#{name}={name}"
        yield self._output(self._app.token, "app", "web.1", text, now)

    def _request(self, now: float) -> Iterator[Line]:
        """Yield a request that names a dyno that was never seen before."""
        dyno = f"{self._word()}.{self._rng.randrange(100_000)}"
        text = router_message(draw_request(self._rng), self._app, dyno)
        yield self._app.line(router_pri(self._app), "heroku", "router", text, now)

    def _samples(self, name: str, process_type: str, now: float) -> Iterator[Line]:
        dyno = Dyno(name, process_type, self._app.quota, "")
        sample = Run(dyno, self._app.app_id, self._rng, now).sample(now)
        yield self._platform(name, sample.load, now)
        yield self._platform(name, sample.memory, now)

    def _platform(self, procid: str, text: str, now: float) -> Line:
        return self._app.line(PLATFORM, "heroku", procid, text, now)

    def _output(self, token: str, app_name: str, procid: str, text: str, now: float) -> Line:
        stamp = timestamp(now)
        return Line(self._app.index, token, APP_OUTPUT, stamp, app_name, procid, text.encode())

    def _word(self) -> str:
        return "".join(self._rng.choices(ascii_lowercase, k=_NAME_LETTERS))


def churning_app(seed: int, now: float) -> App:
    """Return an app for `Churn`, which is none of the simulated fleets' first ones."""
    return Fleet(1, 1, seed, now).apps[0]
