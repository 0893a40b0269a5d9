"""Whether the cost of a message grows with the number of dynos, or of connections.

The daemon is sent the same mix of lines by fleets of 10 to 10,000 dynos, 50 per app, over one
connection; and by one fleet over 1 to 1,000 connections, which share the messages. CPU time per
message over TCP, in turns, each with a daemon of its own. What is measured comes after a warm-up in
which every dyno reports and writes: the first line of a stream costs far more than the others, and
comes once.

Run as ``python benchmarks/growth.py``. Exit codes: 0, 1 (a message was lost, or something failed),
2 (usage).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, chain, pairwise
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, Self

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.command import Figures, bounded, headed, new_parser, run_benchmark
from benchmarks.fleet import FleetSize, messages_of, tokens_of
from benchmarks.fleet_daemon import (
    MOST_CONNECTIONS,
    FleetDaemon,
    describe_daemon,
    running_daemon,
)
from benchmarks.load import Sender, start_sender
from benchmarks.measure import Pinning, choose_pinning, wait_for_rest
from benchmarks.recordings import Recording
from benchmarks.sender import Piece
from heroku_syslogd.simulate import octet_framed
from heroku_syslogd.sockets import raise_descriptor_limit

DYNOS: Final = (10, 100, 1_000, 10_000)
CONNECTIONS: Final = (1, 4, 20, 100, 1_000)

FLEET_OF_CONNECTIONS: Final = FleetSize(1000, 1)
"""The fleet that sends over more and more connections: as many drains as the most of these."""

_WARM_UP_PER_DYNO: Final = 100
_FEWEST_WARM_UP: Final = 50_000
"""Messages before what is measured, per dyno: beside its streams, which a few dozen lines open, a
dyno has a counter for every method and status that it is asked for, and most are met by then."""

_PIECE: Final = 1 << 16
_SETTLE: Final = 0.2
_PATIENCE: Final = 60.0
_SLOWEST: Final = 100e-6
"""Seconds per message after which a turn is given up, beside `_PATIENCE`."""


class Point(NamedTuple):
    """A point of the plot: what is sent, and how.

    Attributes:
        x: Number of dynos, or of connections.
        size: Fleet that sends.
        warm_up: What is sent before.
        measured: What is sent while CPU time is taken.
    """

    x: int
    size: FleetSize
    warm_up: Recording
    measured: Recording


class Frames(NamedTuple):
    """A recording in a file, octet-counted frames one after the other.

    Attributes:
        path: The file.
        ends: Where it begins, and where each frame ends.
        mean_bytes: Mean length of its messages, without octet counts.
    """

    path: Path
    ends: Sequence[int]
    mean_bytes: float

    @classmethod
    def write(cls, messages: Sequence[bytes], path: Path) -> Self:
        """Write messages to a file."""
        path.write_bytes(octet_framed(messages))
        ends = [0, *accumulate(len(octet_framed([message])) for message in messages)]
        return cls(path, ends, sum(map(len, messages)) / len(messages))

    def shared(self, start: int, shares: Sequence[int]) -> Recording:
        """Return the messages from ``start`` on, of which each connection has its share."""
        return self._recording([*accumulate(shares, initial=start)])

    def beginning(self, end: int) -> Recording:
        """Return the first messages, for one connection."""
        return self._recording([0, end])

    def _recording(self, cuts: Sequence[int]) -> Recording:
        stretches = [_pieces(self.ends[a], self.ends[b]) for a, b in pairwise(cuts)]
        return Recording(self.path, cuts[-1] - cuts[0], self.mean_bytes, stretches)


def deal(messages: Sequence[bytes], connections: int) -> list[list[bytes]]:
    """Return what each connection sends: whole drains, as Logplex does, which take turns.

    So the lines of an app keep their order, whichever connection is ahead of the others.
    """
    dealt: list[list[bytes]] = [[] for _ in range(connections)]
    of_drain: dict[bytes, list[bytes]] = {}
    for message in messages:
        token = message.split(b" ", 3)[2]
        if token not in of_drain:
            of_drain[token] = dealt[len(of_drain) % connections]
        of_drain[token].append(message)
    return dealt


def _pieces(start: int, end: int) -> list[Piece]:
    return [Piece(at, min(at + _PIECE, end)) for at in range(start, end, _PIECE)]


def turn(point: Point, pinning: Pinning, directory: Path) -> float:
    """Start the daemon, warm it up, measure, stop it; return microseconds per message.

    Raises:
        ReceiverError: It failed, or lost messages.
        RuntimeError: A sender failed.
    """
    with (
        running_daemon(pinning, directory, ["tcp"], tokens_of(point.size)) as daemon,
        _connected(daemon, point.warm_up) as first,
    ):
        first.run()
        daemon.wait_until_received(point.warm_up.messages)
        with _connected(daemon, point.measured) as sender:
            time.sleep(_SETTLE)
            before = wait_for_rest(daemon.pid).cpu
            sender.run()
            sent = point.warm_up.messages + point.measured.messages
            cpu = daemon.wait_until_received(sent) - before
            daemon.books().check(sent)
    return cpu / point.measured.messages * 1e6


def _connected(daemon: FleetDaemon, recording: Recording) -> AbstractContextManager[Sender]:
    patience = _PATIENCE + recording.messages * _SLOWEST
    return start_sender(recording, daemon.addresses["tcp"], None, patience)


def series_of(options: argparse.Namespace, directory: Path) -> dict[str, list[Point]]:
    """Record everything; return the points of each series."""
    found: dict[str, list[Point]] = {"dynos": [], "connections": []}
    if options.series != "connections":
        for dynos in options.dynos or DYNOS:
            size = FleetSize.of(dynos)
            recorded = messages_of(size, _warm_up(size) + options.messages)
            found["dynos"].append(_point(dynos, size, recorded, 1, directory))
    if options.series != "dynos":
        size = FLEET_OF_CONNECTIONS
        recorded = messages_of(size, _warm_up(size) + options.messages)
        for count in options.connections or CONNECTIONS:
            found["connections"].append(_point(count, size, recorded, count, directory))
    return {title: points for title, points in found.items() if points}


def _point(
    x: int, size: FleetSize, recorded: Sequence[bytes], connections: int, directory: Path
) -> Point:
    warm_up = _warm_up(size)
    dealt = deal(recorded[warm_up:], connections)
    path = directory / f"{size.apps}-{size.dynos_per_app}-{connections}"
    frames = Frames.write([*recorded[:warm_up], *chain(*dealt)], path)
    shares = list(map(len, dealt))
    return Point(x, size, frames.beginning(warm_up), frames.shared(warm_up, shares))


def _warm_up(size: FleetSize) -> int:
    return max(_FEWEST_WARM_UP, size.dynos * _WARM_UP_PER_DYNO)


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    """Run all rounds and return the figures.

    Raises:
        ReceiverError: The daemon failed, or lost messages.
        RuntimeError: A sender failed.
    """
    series = series_of(options, directory)
    pinning = choose_pinning(not options.no_pin)
    costs: dict[tuple[str, int], list[float]] = {}
    for number in range(options.rounds):
        for title, points in series.items():
            for point in points:
                cost = turn(point, pinning, directory)
                costs.setdefault((title, point.x), []).append(cost)
                print(
                    f"  round {number + 1}: {point.x:,} {title}: {cost:.2f} us per message",
                    file=sys.stderr,
                )
    return {
        **describe_daemon(),
        "messages": options.messages,
        "rounds": options.rounds,
        "pinning": pinning._asdict(),
        "series": [
            {
                "title": title,
                "points": [
                    {"x": point.x, "cpu_us_per_message": costs[title, point.x]} for point in points
                ],
            }
            for title, points in series.items()
        ],
    }


def table(figures: Figures) -> str:
    """Return the figures as a table: medians, spread, and how much each is of the first one."""
    lines = []
    for series in figures["series"]:
        lines.append(f"{series['title']:>12}{'CPU us/message':>16}{'(min-max)':>14}{'ratio':>8}")
        first = median(series["points"][0]["cpu_us_per_message"])
        for point in series["points"]:
            costs = point["cpu_us_per_message"]
            spread = f"{min(costs):.2f}-{max(costs):.2f}"
            ratio = f"{median(costs) / first:.2f}" if first else "-"  # less than a tick
            lines.append(f"{point['x']:>12,}{median(costs):>16.2f}{spread:>14}{ratio:>8}")
    return "\n".join(lines)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    count = bounded(int, 1)
    add("--messages", type=count, default=500_000, metavar="N", help="messages that are measured")
    add("--rounds", type=count, default=5, metavar="N", help="turns of each point")
    add("--series", choices=("dynos", "connections"), help="leave the other one out")
    text = "instead of the default ones; may be repeated"
    add("--dynos", action="append", type=count, metavar="N", help=text)
    up_to_one_per_drain = bounded(int, 1, FLEET_OF_CONNECTIONS.apps)
    add("--connections", action="append", type=up_to_one_per_drain, metavar="N", help=text)
    return parser


def report(figures: Figures) -> str:
    """Return the table, and that nothing was lost."""
    return f"{table(figures)}\nnothing was lost: every message of every turn was applied"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    options = build_parser().parse_args(arguments)
    raise_descriptor_limit(2 * MOST_CONNECTIONS)
    return run_benchmark(options, measure, headed(report))


if __name__ == "__main__":
    sys.exit(main())
