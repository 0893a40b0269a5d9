"""What a page wants to know of the last minutes: rates, shares, quantiles and curves."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from heroku_syslogd.catalogue import apps
from heroku_syslogd.catalogue.apps import BUCKETS
from heroku_syslogd.registry import Registry
from heroku_syslogd.status.feed import Feed
from heroku_syslogd.tallies import AppTally
from heroku_syslogd.telemetry import Telemetry

EVERY: Final = 5.0
"""Seconds between two looks at the counters."""

WINDOW: Final = 12
"""Looks over which rates, shares and quantiles are taken: a minute."""

CURVE: Final = 60
"""Points of a curve of a rate, one per look: five minutes."""

LOAD_EVERY: Final = 4
"""Looks between two points of a dyno's load: dynos report every 20 seconds."""

LOADS: Final = 30
"""Points of the curve of a dyno's load: ten minutes."""

_LOAD_FIELD: Final = "load_avg_1m"
_SERVER_ERRORS: Final = "5"
_STATUS: Final = 3
"""Where the status stands among the labels of `apps.ROUTER_REQUESTS`: app, dyno, method, status."""
_DYNOS: Final = 500
_SERIES: Final = 2500
"""How many are looked at between two turns of the event loop: about a millisecond each."""
_SERIES_OF_NONE: Final = 20
"""What an application costs beside its series."""


class Requests(NamedTuple):
    """Counters of an application's requests at one moment.

    Attributes:
        at: Our time, seconds since the epoch.
        total: Requests.
        server_errors: Those that were answered with a status of 500 or more.
        services: Service times by bucket, not cumulative.
    """

    at: float
    total: float
    server_errors: float
    services: tuple[int, ...]


class Traffic(NamedTuple):
    """An application's requests within the last minute.

    Attributes:
        per_second: Requests per second.
        server_error_share: Share of 5xx, None without requests.
        p50: Median of the service time in seconds, None without requests; the others likewise.
    """

    per_second: float
    server_error_share: float | None
    p50: float | None
    p95: float | None
    p99: float | None


NO_TRAFFIC: Final = Traffic(0.0, None, None, None, None)


def quantile(share: float, counts: Sequence[int]) -> float | None:
    """Return a quantile of observations by bucket, as ``histogram_quantile()`` of PromQL does.

    Within a bucket the observations are held to be spread evenly; above the highest bound nothing
    but that bound is known.

    Args:
        share: Which quantile, from 0 to 1.
        counts: Observations by bucket of `BUCKETS`, not cumulative; one more for what is above.

    Returns:
        Seconds, None without observations.
    """
    rank, below = share * sum(counts), 0
    if not any(counts):
        return None
    for index, count in enumerate(counts[:-1]):
        if count and below + count >= rank:
            lower = BUCKETS[index - 1] if index else 0.0
            return lower + (BUCKETS[index] - lower) * (rank - below) / count
        below += count
    return BUCKETS[-1]


def traffic_between(old: Requests, new: Requests) -> Traffic:
    """Return what came between two moments. Counters that began anew count from 0."""
    if new.total < old.total:
        old = Requests(old.at, 0, 0, (0,) * len(new.services))
    total, seconds = new.total - old.total, new.at - old.at
    if total <= 0 or seconds <= 0:
        return NO_TRAFFIC
    services = [after - before for before, after in zip(old.services, new.services, strict=True)]
    p50, p95, p99 = (quantile(share, services) for share in (0.5, 0.95, 0.99))
    return Traffic(total / seconds, (new.server_errors - old.server_errors) / total, p50, p95, p99)


class AppTrend:
    """The last minutes of one application.

    Attributes:
        rates: Requests per second at each look.
    """

    def __init__(self) -> None:
        self.rates: deque[float] = deque(maxlen=CURVE)
        self._looks: deque[Requests] = deque(maxlen=WINDOW + 1)
        self._errors: dict[tuple[str, ...], float] = {}

    @property
    def traffic(self) -> Traffic:
        """Its requests within the last minute."""
        return traffic_between(self._looks[0], self._looks[-1]) if self._looks else NO_TRAFFIC

    def look(self, app: AppTally, feed: Feed, now: float) -> int:
        """Look at an application's counters; return how many series those were."""
        requests = app.series.values.get(apps.ROUTER_REQUESTS, {})
        total = server_errors = 0.0
        for labels, counter in requests.items():
            total += counter.value
            if labels[_STATUS][0] == _SERVER_ERRORS:
                server_errors += counter.value
        look = Requests(now, total, server_errors, _services(app))
        before = self._looks[-1] if self._looks else None
        self._looks.append(look)
        if before is not None:
            self.rates.append(round(traffic_between(before, look).per_second, 2))
        errors = app.series.values.get(apps.ERRORS, {})
        for labels, counter in errors.items():
            known = self._errors.get(labels, 0.0)
            if counter.value != known:
                more = counter.value - known if counter.value > known else counter.value
                feed.count_errors(labels[0], labels[1], labels[2], int(more), now)
                self._errors[labels] = counter.value
        return len(requests) + len(errors)


def _services(app: AppTally) -> tuple[int, ...]:
    histograms = app.series.histograms.get(apps.ROUTER_SERVICE, {})
    for histogram in histograms.values():  # one per application
        return tuple(histogram.counts)
    return (0,) * (len(BUCKETS) + 1)


class Rate:
    """How fast a counter of the daemon rises.

    Attributes:
        curve: Its increase per second at each look.
    """

    def __init__(self) -> None:
        self.curve: deque[float] = deque(maxlen=CURVE)
        self._looks: deque[tuple[float, float]] = deque(maxlen=WINDOW + 1)

    @property
    def last_minute(self) -> float:
        """By how much it rose within the last minute."""
        return self._looks[-1][1] - self._looks[0][1] if self._looks else 0.0

    @property
    def per_second(self) -> float:
        """Its rise per second between the last two looks."""
        return self.curve[-1] if self.curve else 0.0

    def look(self, value: float, now: float) -> None:
        """Look at the counter."""
        if self._looks and now > self._looks[-1][0]:
            at, before = self._looks[-1]
            self.curve.append(round((value - before) / (now - at), 2))
        self._looks.append((now, value))


class Recorder:
    """Looks at the state every `EVERY` seconds, whether anybody watches or not.

    Args:
        registry: What is known of Heroku.
        telemetry: The daemon's own counters.
        feed: Where error codes are noted.

    Attributes:
        received: Messages received.
        lost: Messages lost.
    """

    def __init__(self, registry: Registry, telemetry: Telemetry, feed: Feed) -> None:
        self.received = Rate()
        self.lost = Rate()
        self._registry = registry
        self._telemetry = telemetry
        self._feed = feed
        self._apps: dict[str, AppTrend] = {}
        self._loads: dict[tuple[str, str], array[float]] = {}
        self._looks = 0

    def app(self, app: str) -> AppTrend | None:
        """Return the trend of an application, None if it has not been looked at yet."""
        return self._apps.get(app)

    def loads(self, app: str, dyno: str) -> Sequence[float]:
        """Return a dyno's load averages of one minute, the oldest first."""
        return self._loads.get((app, dyno), ())

    async def look(self, now: float) -> None:
        """Look at everything; the event loop turns meanwhile.

        Args:
            now: Our time, seconds since the epoch.
        """
        self.received.look(self._telemetry.received_messages, now)
        self.lost.look(self._telemetry.lost_messages, now)
        await self._look_at_apps(now)
        if self._looks % LOAD_EVERY == 0:
            await self._look_at_dynos()
        self._looks += 1

    async def _look_at_apps(self, now: float) -> None:
        trends: dict[str, AppTrend] = {}
        work = 0
        for app in list(self._registry.tallies.apps()):
            trend = trends[app.app] = self._apps.get(app.app) or AppTrend()
            work += _SERIES_OF_NONE + trend.look(app, self._feed, now)
            if work >= _SERIES:
                work = 0
                await asyncio.sleep(0)
        self._apps = trends

    async def _look_at_dynos(self) -> None:
        curves: dict[tuple[str, str], array[float]] = {}
        for number, dyno in enumerate(list(self._registry.dynos.shown())):
            load = dyno.values.get(_LOAD_FIELD)
            if load is not None:
                key = (dyno.identity.app, dyno.identity.name)
                loads = self._loads.get(key)
                if loads is None:
                    loads = array("f")
                elif len(loads) >= LOADS:
                    loads.pop(0)
                loads.append(load)
                curves[key] = loads
            if number % _DYNOS == _DYNOS - 1:
                await asyncio.sleep(0)
        self._loads = curves
