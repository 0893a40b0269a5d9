"""Whether memory stays flat while everything that a peer may choose keeps changing.

Beside the steady mix of three normal apps the daemon is sent restarts with ever new dyno UUIDs,
one-off dynos, drain tokens that nobody configured, invented APP-NAMEs, PROCIDs and dyno names, and
metrics of applications under ever new names, at a bounded rate over TCP and, a part of it, HTTP.
Its resident memory is sampled each second, and its metrics are scraped. In the first half it fills
its bounds, which are set lower than by default for that; a line is laid through the second half. At
the end the books must add up, and the normal apps have lost nothing.

Run as ``python benchmarks/soak.py --seconds 1800``. Exit codes: 0, 1 (memory grows, or the books do
not add up), 2 (usage).
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from statistics import fmean, linear_regression, stdev
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.churn import Churn, churning_app
from benchmarks.command import Figures, bounded, headed, new_parser, run_benchmark
from benchmarks.fleet import SEED, FleetSize, tokens_of
from benchmarks.fleet_daemon import TEXT, Books, FleetDaemon, describe_daemon
from benchmarks.peers import ReceiverError
from benchmarks.recordings import PATH
from heroku_syslogd.simulate import octet_framed
from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import http_message, udp_datagram
from heroku_syslogd.simulate.mix import SteadyMix

NORMAL: Final = FleetSize(3, 4)
"""The apps that must not suffer. The first one sends over HTTP."""

BOUNDS: Final = frozenset({"app_limit", "series_limit"})
"""Reasons for which messages of the others may be lost: what the bounds are for."""

GROWTH: Final = 0.01
"""Part of its mean by which memory may grow within the second half and count as flat."""

HALF: Final = 0.5
QUARTER: Final = 0.25
"""Parts of the samples, counted from the last one."""

_LIMITS: Final = {"max_series": 40_000, "max_apps": 200}
_MORE: Final = '[app_metrics]\nmax_series = 4000\nexpire_after = "2m"\n'
"""Bounds that are filled within minutes, where the default ones take ten: what has not come to its
bound still grows, as it may."""

_CHURNING_SEED: Final = 99
_CHURNING_APP: Final = "churning"
_NORMAL_SHARE: Final = 0.25
_HTTP_DRAINS: Final = 4
_HTTP_LINES: Final = 5
"""Drains that are new with each tick, and lines of each: some 20,000 within four minutes, which is
how many the daemon remembers."""
_TICK: Final = 0.05
_SAMPLE_EVERY: Final = 1.0
_SCRAPE_EVERY: Final = 15.0
_SHORTEST: Final = 6 * _SAMPLE_EVERY
"""Seconds after which there are samples enough for a line through the last of them."""
_LINE: Final = re.compile(r'(?m)^heroku_log_messages_total\{app="([^"]*)".*\} (\S+)$')


class Trend(NamedTuple):
    """The line through the last part of the samples.

    Attributes:
        first: First sample of all, in bytes.
        last: Last one.
        mean: Mean of that part.
        slope: Bytes per second.
        slope_error: Standard error of the slope.
        noise: Standard deviation from the line, in bytes.
        seconds: How long that part lasted.
    """

    first: float
    last: float
    mean: float
    slope: float
    slope_error: float
    noise: float
    seconds: float

    @property
    def is_flat(self) -> bool:
        """Whether the line rises by less than `GROWTH`, or by no more than its error."""
        rise = (self.slope - 2 * self.slope_error) * self.seconds
        return rise <= 0 or self.slope * self.seconds <= GROWTH * self.mean


def trend_of(times: Sequence[float], sizes: Sequence[float], part: float = HALF) -> Trend:
    """Lay a line through the last part of samples, of which there are six at least."""
    start = int(len(times) * (1 - part))
    x, y = times[start:], sizes[start:]
    slope, intercept = linear_regression(x, y)
    noise = stdev(b - intercept - slope * a for a, b in zip(x, y, strict=True))
    middle = fmean(x)
    error = noise / sum((a - middle) ** 2 for a in x) ** 0.5
    return Trend(sizes[0], sizes[-1], fmean(y), slope, error, noise, x[-1] - x[0])


class Load:
    """Sends normal lines and churn, and keeps count.

    Args:
        daemon: Where to.
        rate: Messages per second in all.

    Attributes:
        sent: Messages sent.
        normal: Those of each normal app, by its name.
    """

    def __init__(self, daemon: FleetDaemon, rate: float) -> None:
        now = time.time()
        self.sent = 0
        self.normal: Counter[str] = Counter()
        self._rate = rate
        self._names = tokens_of(NORMAL)
        fleet = Fleet(NORMAL.apps, NORMAL.dynos_per_app, SEED, now)
        self._mix = SteadyMix(fleet, now)
        self._churn = Churn(churning_app(_CHURNING_SEED, now), Random(_CHURNING_SEED))
        self._connections = [socket.create_connection(daemon.addresses["tcp"]) for _ in range(2)]
        self._http = HTTPConnection(*daemon.addresses["http"], timeout=30)

    def tick(self, now: float, seconds: float) -> None:
        """Send what is due of some seconds.

        Raises:
            ReceiverError: A request was not answered with 200.
        """
        count = max(1, round(self._rate * seconds))
        normal = max(1, round(count * _NORMAL_SHARE))
        lines = list(self._mix.lines(normal, now, seconds / normal))
        self.normal.update(self._names[line.token] for line in lines)
        self._post([line for line in lines if not line.app])
        self._write(0, [line for line in lines if line.app])
        for _ in range(_HTTP_DRAINS):
            self._post(self._churn.stranger_lines(_HTTP_LINES, now))
        self._write(1, list(self._churn.lines(count - normal, now)))

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections:
            connection.close()
        self._http.close()

    def _write(self, connection: int, lines: list[Line]) -> None:
        self._connections[connection].sendall(octet_framed(map(udp_datagram, lines)))
        self.sent += len(lines)

    def _post(self, lines: list[Line]) -> None:
        if not lines:
            return
        headers = {
            "Content-Type": "application/logplex-1",
            "Logplex-Msg-Count": str(len(lines)),
            "Logplex-Drain-Token": lines[0].token,
        }
        self._http.request("POST", PATH, octet_framed(map(http_message, lines)), headers)
        answer = self._http.getresponse()
        answer.read()
        if answer.status != 200:
            raise ReceiverError(f"a batch was answered with {answer.status}")
        self.sent += len(lines)


def check(text: str, load: Load) -> Books:
    """Return the books of a scrape, if they add up.

    Raises:
        ReceiverError: They do not, or a normal app lost a message.
    """
    books = Books.of(text)
    if not books.add_up or books.received != load.sent:
        raise ReceiverError(f"{load.sent} messages were sent; {books}")
    if not books.lost.keys() <= BOUNDS:
        raise ReceiverError(f"messages were lost for other reasons than bounds: {books}")
    counted: Counter[str] = Counter()
    for app, value in _LINE.findall(text):
        counted[app] += int(float(value))
    for app, sent in load.normal.items():
        if counted[app] != sent:
            raise ReceiverError(f"{app} sent {sent} messages, {counted[app]} are counted")
    return books


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = new_parser(__doc__, pins=False)
    add = parser.add_argument
    seconds, rate = bounded(float, _SHORTEST), bounded(float, 1.0)
    add("--seconds", type=seconds, default=1200.0, metavar="S", help="how long")
    add("--rate", type=rate, default=4000.0, metavar="N", help="messages per second in all")
    return parser


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    """Run everything and return the figures.

    Raises:
        ReceiverError: The daemon failed, or the books do not add up.
    """
    churning = {churning_app(_CHURNING_SEED, 0.0).token: _CHURNING_APP}
    tokens = {**tokens_of(NORMAL), **churning}
    with FleetDaemon(directory, ["tcp", "http"], tokens, limits=_LIMITS, more=_MORE) as daemon:
        load = Load(daemon, options.rate)
        try:
            times, sizes = _run(daemon, load, options.seconds)
            daemon.wait_until_received(load.sent)
            text = daemon.scrape().body.decode()
        finally:
            load.close()
    books = check(text, load)
    return {
        **describe_daemon(),
        "seconds": options.seconds,
        "rate": load.sent / options.seconds,
        "books": books._asdict(),
        "normal": load.normal,
        "times": times,
        "resident_bytes": sizes,
        "trend": trend_of(times, sizes)._asdict(),
    }


def _run(daemon: FleetDaemon, load: Load, seconds: float) -> tuple[list[float], list[int]]:
    """Send for some seconds; return when memory was sampled, and the samples."""
    times: list[float] = []
    sizes: list[int] = []
    began = due = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        load.tick(time.time(), _TICK)
        if now >= began + len(times) * _SAMPLE_EVERY:
            times.append(now - began)
            sizes.append(daemon.resident_bytes)
            if len(times) % round(_SCRAPE_EVERY / _SAMPLE_EVERY) == 0:
                daemon.scrape(TEXT, compressed=True)
        due = max(due + _TICK, now)  # what was late is not made up for
        time.sleep(max(0.0, due - time.monotonic()))
    return times, sizes


def report(figures: Figures) -> str:
    """Return the figures as lines."""
    trend, books = Trend(**figures["trend"]), Books(**figures["books"])
    latest = trend_of(figures["times"], figures["resident_bytes"], QUARTER)
    mib = 2**20
    lost = ", ".join(f"{reason} {count:,}" for reason, count in books.lost.items()) or "none"
    return "\n".join(
        [
            f"{books.received:,} messages in {figures['seconds']:,.0f} s, lost: {lost}; "
            f"{sum(figures['normal'].values()):,} of the normal apps, none lost",
            f"resident memory: {trend.first / mib:.1f} MiB at first, {trend.last / mib:.1f} at"
            f" last; second half: mean {trend.mean / mib:.1f}, {_slope(trend)},"
            f" noise {trend.noise / mib:.2f} MiB: {'flat' if trend.is_flat else 'GROWING'}",
            f"last quarter: {_slope(latest)}",
        ]
    )


def _slope(trend: Trend) -> str:
    return f"slope {trend.slope:+,.0f} bytes/s (± {trend.slope_error:,.0f})"


def growing(figures: Figures) -> str | None:
    """Return that memory grows; None where it does not."""
    return None if Trend(**figures["trend"]).is_flat else "memory grows"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak; return the exit code."""
    options = build_parser().parse_args(arguments)
    return run_benchmark(options, measure, headed(report), fault=growing)


if __name__ == "__main__":
    sys.exit(main())
