"""Running a simulation: a fleet, its drains, and the pace."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Final

from heroku_syslogd.simulate.drain import Drain
from heroku_syslogd.simulate.faults import FaultPlan, parse_faults
from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.http_drain import HttpDrain
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.mix import SteadyMix
from heroku_syslogd.simulate.progress import Progress, Summary
from heroku_syslogd.simulate.rhythm import NaturalRhythm
from heroku_syslogd.simulate.target import Target, parse_url
from heroku_syslogd.simulate.tcp_drain import TcpDrain
from heroku_syslogd.simulate.tls import client_context
from heroku_syslogd.simulate.udp_drain import UdpDrain

TICK: Final = 0.01
"""Seconds between two rounds of a simulation with a rate."""

CHUNK: Final = 256
"""Lines between two turns of the drains; well below the buffer of one drain."""

ROUND: Final = 4096
"""Most lines per round; the clock is read in between."""

REPORT_INTERVAL: Final = 0.5

FLUSH_TIMEOUT: Final = 5.0
"""Seconds at the end for what the drains still hold."""

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What to simulate.

    Attributes:
        url: Drain URL of any scheme in `target.DEFAULT_PORTS`.
        apps: Apps, each with a drain of its own.
        dynos: Dynos per app.
        rate: Messages per second in all, in the benchmark mix; None for the natural rhythm.
        duration: Seconds; None for no end.
        seed: Seed of the fleet, and of the faults.
        faults: Which faults to inject, in the form of `parse_faults`; none if empty.
    """

    url: str
    apps: int = 3
    dynos: int = 4
    rate: float | None = None
    duration: float | None = 60.0
    seed: int = 1
    faults: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            UnsupportedURL: The URL is not one that the simulator can send to.
            ValueError: A number is out of range, or a fault is unknown or impossible there.
        """
        target = parse_url(self.url)
        parse_faults(self.faults, target.scheme)
        if self.apps < 1 or self.dynos < 1:
            raise ValueError("apps and dynos are at least 1")
        if self.rate is not None and not self.rate > 0:
            raise ValueError("rate is more than 0")
        if self.duration is not None and not self.duration > 0:
            raise ValueError("duration is more than 0")


def drain_tokens(options: SimulateOptions) -> dict[str, str]:
    """Return the drain tokens of a simulation with the names of their apps."""
    fleet = Fleet(options.apps, options.dynos, options.seed, 0.0)
    return {app.token: app.name for app in fleet.apps}


async def simulate(options: SimulateOptions, *, report: Report | None = None) -> Summary:
    """Run a simulation to its end.

    Network failures are counted and end nothing. Cancelling it closes all connections at once.

    Args:
        options: What to simulate.
        report: Called about twice a second, and at the end, with the progress.

    Returns:
        What was sent and lost.
    """
    simulation = Simulation(options, report=report)
    return await simulation.run()


class Simulation:
    """One run of `simulate`, with its clocks as arguments.

    Args:
        options: What to simulate.
        report: See `simulate`.
        clock: Seconds since the epoch, for the lines.
        monotonic: Seconds since any time, for the pace.
    """

    def __init__(
        self,
        options: SimulateOptions,
        *,
        report: Report | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = parse_url(options.url)
        self._options = options
        self._report = report
        self._monotonic = monotonic
        self._began = clock()
        self._fleet = Fleet(options.apps, options.dynos, options.seed, self._began)
        shares = parse_faults(options.faults, self._target.scheme)
        tls = client_context(self._target)
        self._drains = [
            open_drain(
                self._target, app, tls, FaultPlan(shares, Random(f"{options.seed} {app.token}"))
            )
            for app in self._fleet.apps
        ]
        self._start = monotonic()
        self._reported_at = 0.0

    async def run(self) -> Summary:
        """Send until the duration is over, then flush."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(drain.run()) for drain in self._drains]
            rate = self._options.rate
            await (self._natural() if rate is None else self._steady(rate))
            for drain in self._drains:
                drain.finish()
            _, late = await asyncio.wait(tasks, timeout=FLUSH_TIMEOUT)
            for task in late:
                task.cancel()
        progress = self._progress()
        if self._report is not None:
            self._report(progress)
        return Summary.at_the_end(progress)

    async def _natural(self) -> None:
        """Offer lines when they are due by the rhythm of the fleet."""
        rhythm = NaturalRhythm(self._fleet, self._began)
        while (left := self._left()) > 0:
            await self._offer(rhythm.lines(self._began + self._elapsed()))
            self._report_now_and_then()
            pause = rhythm.next_due - self._began - self._elapsed()
            await asyncio.sleep(min(max(pause, TICK), left, REPORT_INTERVAL))

    async def _steady(self, rate: float) -> None:
        """Offer what is due by the clock, in rounds: a pause per message would never keep up."""
        mix = SteadyMix(self._fleet, self._began)
        offered = 0
        while (left := self._left()) > 0:
            due = int(rate * self._elapsed()) - offered
            offered += await self._offer_mix(mix, min(due, ROUND), offered, rate)
            self._report_now_and_then()
            if due <= ROUND:
                await asyncio.sleep(min(TICK, left))
        # The last round wakes up late. What it owes beyond a round, this machine could not send.
        due = int(rate * (self._options.duration or 0)) - offered
        await self._offer_mix(mix, min(due, ROUND), offered, rate)

    async def _offer_mix(self, mix: SteadyMix, count: int, offered: int, rate: float) -> int:
        return await self._offer(mix.lines(count, self._began + offered / rate, 1 / rate))

    async def _offer(self, lines: Iterable[Line]) -> int:
        """Hand out lines, and give the drains a turn before any buffer can be full of them."""
        drains = self._drains
        count = 0
        for line in lines:
            drains[line.app].offer(line)
            count += 1
            if count % CHUNK == 0:
                await asyncio.sleep(0)
        return count

    def _elapsed(self) -> float:
        return self._monotonic() - self._start

    def _left(self) -> float:
        duration = self._options.duration
        return inf if duration is None else duration - self._elapsed()

    def _progress(self) -> Progress:
        counts = [drain.counts for drain in self._drains]
        return Progress.of(counts, self._elapsed(), has_answers=self._target.is_http)

    def _report_now_and_then(self) -> None:
        if self._report is None or self._elapsed() - self._reported_at < REPORT_INTERVAL:
            return
        self._reported_at = self._elapsed()
        self._report(self._progress())


def open_drain(target: Target, app: App, tls: ssl.SSLContext | None, faults: FaultPlan) -> Drain:
    """Return the drain of ``app`` for the scheme of ``target``; it connects once it runs."""
    if target.scheme == "udpsyslog":
        return UdpDrain(target)
    if target.is_http:
        return HttpDrain(target, app.index, app.token, tls=tls, faults=faults)
    return TcpDrain(target, app.index, app.token, tls=tls, faults=faults)
