"""How long a sample of one connection waits while others flood the daemon.

A victim sends a runtime sample every now and then; it is timed from just before it is sent until
the end of the first scrape that shows it. So a figure holds a scrape too, of which as many as
possible are made one after the other. First nobody floods, then each flood in turn, over one
connection and over eight, with a daemon of its own.

Run as ``python benchmarks/fairness.py``. Exit codes: 0, 1 (a sample was never seen, or something
failed), 2 (usage).
"""

from __future__ import annotations

import argparse
import http.client
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple, Self

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.command import Figures, bounded, headed, new_parser, run_benchmark
from benchmarks.fleet_daemon import FleetDaemon, describe_daemon, running_daemon
from benchmarks.floods import AT, FLOODS, Flood, flooding
from benchmarks.measure import Pinning, choose_pinning
from benchmarks.peers import ReceiverError
from heroku_syslogd.simulate import octet_framed

NOBODY: Final = "none"
"""What the turn is called in which nobody floods."""

CONNECTIONS: Final = (1, 8)

_LISTENERS: Final = ("tcp", "http")
_TOKEN: Final = "d.00000000-0000-4000-8000-000000000999"
_PATIENCE: Final = 30.0
_PAUSE: Final = 0.05
_COLUMNS: Final = ("median ms", "90 %", "worst")


class Delays(NamedTuple):
    """How long the victim's samples took, in milliseconds."""

    median: float
    p90: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Summarise single delays."""
        p90 = quantiles(seconds, n=10)[-1] if len(seconds) > 1 else seconds[0]
        figures = (median(seconds), min(p90, max(seconds)), max(seconds))
        return cls(*(round(1000 * figure, 1) for figure in figures))

    def __str__(self) -> str:
        return f"{self.median:.1f} ms, {self.worst:.1f} at worst"


def turn(
    flood: Flood | None, connections: int, samples: int, pinning: Pinning, directory: Path
) -> Delays:
    """Start the daemon, flood it, send samples meanwhile, stop it.

    Raises:
        ReceiverError: The daemon failed, or a sample was never seen.
    """
    with (
        running_daemon(pinning, directory, _LISTENERS, {}) as daemon,
        _flooded(daemon, flood, connections),
    ):
        return Delays.of(list(delays_of(daemon, samples)))


def _flooded(
    daemon: FleetDaemon, flood: Flood | None, connections: int
) -> AbstractContextManager[None]:
    if flood is None:
        return nullcontext()
    return flooding(flood, daemon.addresses[flood.listener], connections)


def delays_of(daemon: FleetDaemon, samples: int) -> Iterator[float]:
    """Send samples one after the other; yield how long each took to be seen, in seconds.

    Raises:
        ReceiverError: One was never seen.
    """
    admin = http.client.HTTPConnection(*daemon.admin, timeout=_PATIENCE)
    with closing(admin), socket.create_connection(daemon.addresses["tcp"]) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(samples):
            load = 1000.5 + number
            sent = time.monotonic()
            connection.sendall(sample(load))
            while f" {load}\n".encode() not in _scrape(admin):
                if time.monotonic() - sent > _PATIENCE:
                    raise ReceiverError(f"a sample was not seen within {_PATIENCE:g} s")
            yield time.monotonic() - sent
            time.sleep(_PAUSE)


def sample(load: float) -> bytes:
    """Return the frame of a runtime sample of the victim's dyno, with a load average of its own."""
    msg = f"source=web.1 dyno=heroku.1.2 sample#load_avg_1m={load} sample#load_avg_5m=1"
    return octet_framed([f"<45>1 {AT} {_TOKEN} heroku web.1 - - {msg}\n".encode()])


def _scrape(admin: http.client.HTTPConnection) -> bytes:
    admin.request("GET", "/metrics")
    return admin.getresponse().read()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    count = bounded(int, 1)
    add("--samples", type=count, default=20, metavar="N", help="of the victim in each turn")
    text = "that flood, instead of the default ones; may be repeated"
    add("--connections", action="append", type=count, metavar="N", help=text)
    text = "leave the others out; may be repeated"
    add("--flood", action="append", choices=(NOBODY, *FLOODS), help=text)
    return parser


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    """Give each flood its turns and return the figures.

    Raises:
        ReceiverError: The daemon failed, or a sample was never seen.
    """
    pinning = choose_pinning(not options.no_pin)
    found = []
    for name in options.flood or (NOBODY, *FLOODS):
        flood = FLOODS[name]() if name in FLOODS else None
        for connections in (options.connections or CONNECTIONS) if flood else (0,):
            delays = turn(flood, connections, options.samples, pinning, directory)
            print(f"  {name}, {connections} connection(s): {delays}", file=sys.stderr)
            found.append({"flood": name, "connections": connections, **delays._asdict()})
    return {
        **describe_daemon(),
        "pinning": pinning._asdict(),
        "samples": options.samples,
        "delays_ms": found,
    }


def table(figures: Figures) -> str:
    """Return the figures as a table."""
    heads = "".join(f"{one:>11}" for one in _COLUMNS)
    lines = [f"{'flood':<24}{'connections':>11}{heads}"]
    for one in figures["delays_ms"]:
        delays = "".join(f"{one[key]:>11,.1f}" for key in Delays._fields)
        lines.append(f"{one['flood']:<24}{one['connections']:>11}{delays}")
    lines.append(f"{figures['samples']:,} samples each, and all of them were seen")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    return run_benchmark(build_parser().parse_args(arguments), measure, headed(table))


if __name__ == "__main__":
    sys.exit(main())
