"""Whether datagrams are lost at a high rate, and whether all that are lost are counted.

100,000 datagrams per second of the mix for 10 seconds: from a fleet of 100 dynos, then from one of
10,000, then from the latter with a scrape per second. CPU time per datagram, and what became of
every one: applied, dropped by the kernel because the receive buffer was full, or by the daemon
because its queue was. Sent must equal received, and received the sum of those three.

``--receive-buffer small`` has the daemon ask for as little as Linux grants without CAP_NET_ADMIN
where ``net.core.rmem_max`` is 212,992 bytes, as it was by default for decades.

Run as ``python benchmarks/udp.py``. Exit codes: 0, 1 (the books do not add up, or something
failed), 2 (usage). Datagrams that were lost and counted are a figure, not a failure.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.command import Figures, bounded, headed, new_parser, run_benchmark
from benchmarks.fleet import DAY, FleetSize, messages_of, tokens_of
from benchmarks.fleet_daemon import OPENMETRICS, FleetDaemon, describe_daemon, running_daemon
from benchmarks.measure import Pinning, choose_pinning, cpu_seconds
from benchmarks.paced_sender import PacedJob, PacedSent
from benchmarks.peers import ReceiverError
from benchmarks.programs import start_paced_sender
from heroku_syslogd.simulate import octet_framed

SMALL_FLEET: Final = FleetSize(2, 50)

SMALL_BUFFER: Final = 212_992
"""Bytes; the kernel doubles that for its own book-keeping (socket(7))."""

_BUFFER_OPTION: Final = "heroku_syslogd.sockets.UDP_RECEIVE_BUFFER"
_LAUNCHER: Final = f"""
import heroku_syslogd.sockets
assert {_BUFFER_OPTION}
{_BUFFER_OPTION} = {SMALL_BUFFER}
from heroku_syslogd.cli import main
main()
"""
_REASONS: Final = frozenset({"kernel", "queue_full"})
_CONNECTIONS: Final = 4
_WARM_UP_RATE: Final = 50_000
_PATIENCE: Final = 120.0
_SCRAPE_EVERY: Final = 1.0


class Case(NamedTuple):
    """What is measured.

    Attributes:
        size: The fleet that sends.
        scrapes: Whether a client scrapes meanwhile.
    """

    size: FleetSize
    scrapes: bool

    def __str__(self) -> str:
        return f"{self.size.dynos:,} dynos{', scraped' * self.scrapes}"


class Result(NamedTuple):
    """What came of a case.

    Attributes:
        sent: What was sent, and how fast.
        applied: Datagrams that are in the metrics.
        lost: Those that are not, by reason.
        cpu_us_per_datagram: CPU time of the daemon, that of scrapes included.
        scrapes: How many there were.
    """

    sent: PacedSent
    applied: int
    lost: dict[str, int]
    cpu_us_per_datagram: float
    scrapes: int


def run(case: Case, options: argparse.Namespace, pinning: Pinning, directory: Path) -> Result:
    """Start the daemon, make all dynos known, send datagrams, stop it.

    Raises:
        ReceiverError: The daemon failed, or its books do not add up.
        RuntimeError: The sender failed.
    """
    warm_up, count = case.size.warm_up, round(options.rate * options.seconds)
    path = directory / "frames"
    path.write_bytes(octet_framed(messages_of(case.size, warm_up + min(count, options.recorded))))
    is_small = options.receive_buffer == "small"
    command = [sys.executable, "-c", _LAUNCHER] if is_small else None
    tokens = tokens_of(case.size)
    with running_daemon(pinning, directory, ["tcp", "udp"], tokens, command) as daemon:
        host, port = daemon.addresses["tcp"]
        job = PacedJob("tcp", str(path), host, port, 1, _WARM_UP_RATE, warm_up, DAY)
        with start_paced_sender(job, _PATIENCE) as sender:
            sender.begin()
            sender.result()
            daemon.wait_until_received(warm_up)
        host, port = daemon.addresses["udp"]
        rate = options.rate
        job = PacedJob("udp", str(path), host, port, _CONNECTIONS, rate, count, DAY, warm_up)
        return _measure(case, daemon, job)


def _measure(case: Case, daemon: FleetDaemon, job: PacedJob) -> Result:
    seconds = job.messages / job.rate
    scrapes = 0
    with start_paced_sender(job, _PATIENCE + seconds) as sender:
        before = cpu_seconds(daemon.pid)
        sender.begin()
        began = time.monotonic()
        while case.scrapes and time.monotonic() < began + seconds - _SCRAPE_EVERY:
            daemon.scrape(OPENMETRICS, compressed=True)
            scrapes += 1
            time.sleep(max(0.0, began + scrapes * _SCRAPE_EVERY - time.monotonic()))
        sent = sender.result()
        cpu = daemon.wait_until_received(job.skip + sent.messages) - before
    books = daemon.books()
    if not books.lost.keys() <= _REASONS:
        raise ReceiverError(f"datagrams were lost for other reasons than a full buffer: {books}")
    applied = books.applied - job.skip
    return Result(sent, applied, dict(books.lost), cpu / sent.messages * 1e6, scrapes)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    count, rate, seconds = bounded(int, 1), bounded(float, 1.0), bounded(float, 1.0)
    add("--rate", type=rate, default=100_000, metavar="N", help="datagrams per second")
    add("--seconds", type=seconds, default=10.0, metavar="S", help="how long")
    add("--dynos", type=count, default=10_000, metavar="N", help="dynos of the large fleet")
    add("--receive-buffer", choices=("full", "small"), default="full", help="what is asked for")
    text = "messages of the recording; more than that are the recording again, a day later"
    add("--recorded", type=count, default=1_000_000, metavar="N", help=text)
    return parser


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    """Run every case and return the figures.

    Raises:
        ReceiverError: The daemon failed, or its books do not add up.
        RuntimeError: The sender failed.
    """
    pinning = choose_pinning(not options.no_pin)
    large = FleetSize.of(options.dynos)
    cases = (Case(SMALL_FLEET, False), Case(large, False), Case(large, True))
    results = {str(case): run(case, options, pinning, directory) for case in cases}
    return {
        **describe_daemon(),
        "pinning": pinning._asdict(),
        "rate": options.rate,
        "seconds": options.seconds,
        "receive_buffer": options.receive_buffer,
        "cases": {
            name: {**result._asdict(), "sent": result.sent._asdict()}
            for name, result in results.items()
        },
    }


def table(figures: Figures) -> str:
    """Return the figures as a table."""
    headings = ("datagrams", "per second", "CPU us each", "kernel", "queue_full", "latest ms")
    lines = [f"{'':<24}" + "".join(f"{one:>13}" for one in headings)]
    for name, one in figures["cases"].items():
        sent = PacedSent(**one["sent"])
        lines.append(
            f"{name:<24}{sent.messages:>13,}{sent.messages / sent.seconds:>13,.0f}"
            f"{one['cpu_us_per_datagram']:>13.2f}"
            + "".join(f"{one['lost'].get(reason, 0):>13,}" for reason in ("kernel", "queue_full"))
            + f"{sent.latest * 1e3:>13.1f}"
        )
    lost = sum(sum(one["lost"].values()) for one in figures["cases"].values())
    lines.append("nothing was lost" if not lost else f"{lost:,} were lost, and all of them counted")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    return run_benchmark(build_parser().parse_args(arguments), measure, headed(table))


if __name__ == "__main__":
    sys.exit(main())
