"""What scrapes of a large fleet cost, and how long they keep everything else waiting.

The daemon has 10,000 dynos of 200 apps that all report, over 100,000 series. First it is idle, and
scraped again and again in each form that Prometheus may ask for: CPU time of one scrape. Then
200,000 messages per second of the mix come in over TCP, without and with scrapes, while a probe
asks for ``/-/healthy`` every 2 ms: what the event loop lets it wait. Every message must have been
received and applied.

Run as ``python benchmarks/scrape.py``. Exit codes: 0, 1 (the books do not add up, or something
failed), 2 (usage).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.command import Figures, bounded, headed, new_parser, run_benchmark
from benchmarks.fleet import DAY, FleetSize, messages_of, tokens_of
from benchmarks.fleet_daemon import (
    OPENMETRICS,
    TEXT,
    FleetDaemon,
    describe_daemon,
    running_daemon,
)
from benchmarks.measure import choose_pinning, cpu_seconds, peak_memory, wait_for_rest
from benchmarks.paced_sender import PacedJob
from benchmarks.peers import ReceiverError
from benchmarks.probe import Latencies
from benchmarks.programs import Probe, start_paced_sender
from heroku_syslogd.simulate import octet_framed

FORMS: Final = {
    "text": (TEXT, False),
    "text, gzip": (TEXT, True),
    "OpenMetrics": (OPENMETRICS, False),
    "OpenMetrics, gzip": (OPENMETRICS, True),
}
"""Accept, and whether compressed."""

STRETCHES: Final = ("without_scrapes", "with_scrapes")
"""The stretches of time under load, as the figures name them."""

_CONNECTIONS: Final = 20
_WARM_UP_RATE: Final = 100_000
_RECORDED: Final = 1_000_000
"""Messages in the recording; more than that are the recording again, a day later."""
_PATIENCE: Final = 120.0
_SHOWN: Final = "heroku_dyno_load_avg_1m{"
_LEAST_SHOWN: Final = 0.8
"""In the mix, dynos crash and are scaled down."""
_LEAST_PACE: Final = 0.98


class Load(NamedTuple):
    """A stretch of time under load.

    Attributes:
        latencies: Of the probe.
        rate: Messages per second that were sent.
        seconds: How long.
        cpu_seconds: CPU time of the daemon.
        waited_seconds: For how long the daemon was ready to run and another process did.
        scrapes: Wall time of each scrape, by form.
    """

    latencies: Latencies
    rate: float
    seconds: float
    cpu_seconds: float
    waited_seconds: float
    scrapes: dict[str, list[float]]


class Bench:
    """A running daemon, and what is done to it.

    Args:
        daemon: The daemon.
        path: File of the recording.
        rate: Messages per second.
    """

    def __init__(self, daemon: FleetDaemon, path: Path, rate: float) -> None:
        self.sent = 0
        self._daemon = daemon
        self._path = path
        self._rate = rate

    def warm_up(self, messages: int) -> dict[str, int]:
        """Send the first messages, so that every dyno is shown and every stream known.

        Returns:
            What memory that takes, before anything is scraped.
        """
        with start_paced_sender(self._job(_WARM_UP_RATE, messages), _PATIENCE) as sender:
            sender.begin()
            self.sent += sender.result().messages
            wait_for_rest(self._daemon.pid)
            memory = memory_of(self._daemon)
            self._daemon.wait_until_received(self.sent)
        return memory

    def idle(self, scrapes: int) -> dict[str, dict[str, Any]]:
        """Scrape the idle daemon in each form; return CPU time, wall time and size of one."""
        found: dict[str, dict[str, Any]] = {}
        for form, (accept, compressed) in FORMS.items():
            self._daemon.scrape(accept, compressed=compressed)
            wait_for_rest(self._daemon.pid)
            before = cpu_seconds(self._daemon.pid)
            taken = [self._daemon.scrape(accept, compressed=compressed) for _ in range(scrapes)]
            cpu = wait_for_rest(self._daemon.pid).cpu - before
            found[form] = {
                "cpu_ms": cpu / scrapes * 1e3,
                "wall_ms": median(one.seconds for one in taken) * 1e3,
                "sent_bytes": taken[-1].sent_bytes,
                "body_bytes": len(taken[-1].body),
                "series": taken[-1].series,
            }
        return found

    def load(self, seconds: float, scrape_every: float | None) -> Load:
        """Send at the rate for some seconds, with or without scrapes; wait for rest."""
        pid = self._daemon.pid
        job = self._job(self._rate, round(self._rate * seconds))
        scrapes: dict[str, list[float]] = {form: [] for form in FORMS}
        with start_paced_sender(job, _PATIENCE + seconds) as sender:
            cpu, waited = cpu_seconds(pid), waited_seconds(pid)
            sender.begin()
            probe = Probe(self._daemon.admin, "/-/healthy", seconds - 0.5)
            began = time.monotonic()
            turn = 0
            while probe.is_running:
                if scrape_every and time.monotonic() >= began + (turn + 0.5) * scrape_every:
                    form = list(FORMS)[turn % len(FORMS)]
                    accept, compressed = FORMS[form]
                    taken = self._daemon.scrape(accept, compressed=compressed)
                    scrapes[form].append(taken.seconds)
                    turn += 1
                time.sleep(0.01)
            latencies = probe.result()
            sent = sender.result()
            self.sent += sent.messages
            seconds = time.monotonic() - began
            rest = self._daemon.wait_until_received(self.sent)
        return Load(
            latencies,
            sent.messages / sent.seconds,
            seconds,
            rest - cpu,
            waited_seconds(pid) - waited,
            {form: times for form, times in scrapes.items() if times},
        )

    def _job(self, rate: float, messages: int) -> PacedJob:
        host, port = self._daemon.addresses["tcp"]
        path = str(self._path)
        return PacedJob("tcp", path, host, port, _CONNECTIONS, rate, messages, DAY, self.sent)


def memory_of(daemon: FleetDaemon) -> dict[str, int]:
    """Return the daemon's resident set, at present and at its largest, in bytes."""
    return {"resident_bytes": daemon.resident_bytes, "peak_bytes": peak_memory(daemon.pid)}


def waited_seconds(pid: int) -> float:
    """Return for how long a process's main thread was ready to run while others did."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    count, rate, seconds = bounded(int, 1), bounded(float, 1.0), bounded(float, 1.0)
    add("--dynos", type=count, default=10_000, metavar="N", help="dynos, 50 per app")
    add("--rate", type=rate, default=200_000, metavar="N", help="messages per second")
    add("--seconds", type=seconds, default=20.0, metavar="S", help="of each stretch under load")
    text = "seconds between two scrapes"
    add("--every", type=bounded(float, 0.01), default=2.0, metavar="S", help=text)
    add("--scrapes", type=count, default=5, metavar="N", help="of the idle daemon, in each form")
    return parser


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    """Run everything and return the figures.

    Raises:
        ReceiverError: The daemon failed, lost messages, or does not show every dyno.
        RuntimeError: A sender or the probe failed.
    """
    size = FleetSize.of(options.dynos)
    path = directory / "frames"
    wanted = size.warm_up + round(2 * options.seconds * options.rate)
    path.write_bytes(octet_framed(messages_of(size, min(wanted, _RECORDED))))
    pinning = choose_pinning(not options.no_pin)
    with running_daemon(pinning, directory, ["tcp"], tokens_of(size)) as daemon:
        memory = {"started": memory_of(daemon)}
        bench = Bench(daemon, path, options.rate)
        memory["every dyno known"] = bench.warm_up(size.warm_up)
        shown = daemon.scrape().body.decode().count(_SHOWN)
        if shown < size.dynos * _LEAST_SHOWN:
            raise ReceiverError(f"{shown} of {size.dynos} dynos are shown")
        idle = bench.idle(options.scrapes)
        memory["after idle scrapes"] = memory_of(daemon)
        alone = bench.load(options.seconds, None)
        scraped = bench.load(options.seconds, options.every)
        daemon.books().check(bench.sent)
        memory["after scrapes under load"] = memory_of(daemon)
    return {
        **describe_daemon(),
        "pinning": pinning._asdict(),
        "dynos": size.dynos,
        "apps": size.apps,
        "rate": options.rate,
        "messages": bench.sent,
        "idle": idle,
        "without_scrapes": _figures(alone),
        "with_scrapes": _figures(scraped),
        "memory": memory,
    }


def _figures(load: Load) -> dict[str, Any]:
    return {**load._asdict(), "latencies": load.latencies._asdict()}


def table(figures: Figures) -> str:
    """Return the figures as tables."""
    lines = [
        f"{figures['dynos']:,} dynos of {figures['apps']:,} apps, "
        f"{figures['messages']:,} messages, none lost",
        "",
        f"{'idle':<20}{'series':>9}{'MB':>8}{'MB sent':>9}{'CPU ms':>9}{'wall ms':>9}",
    ]
    for form, one in figures["idle"].items():
        lines.append(
            f"{form:<20}{one['series']:>9,}{one['body_bytes'] / 1e6:>8.1f}"
            f"{one['sent_bytes'] / 1e6:>9.1f}{one['cpu_ms']:>9.0f}{one['wall_ms']:>9.0f}"
        )
    lines += ["", f"{figures['rate']:,.0f} messages/s; all in ms"]
    heading = ("median", "99 %", "99.9 %", "largest", "own", "stalled", "CPU", "waited")
    lines.append(f"{'':<20}" + "".join(f"{one:>10}" for one in heading))
    for name in STRETCHES:
        load, of = figures[name], figures[name]["latencies"]
        times = [of[key] * 1e3 for key in ("median", "p99", "p999", "largest", "own")]
        lines.append(
            f"{name.replace('_', ' '):<20}"
            + "".join(f"{one:>10.2f}" for one in times)
            + f"{of['stalled']:>10.1%}{load['cpu_seconds'] / load['seconds']:>10.1%}"
            + f"{load['waited_seconds'] * 1e3:>10.0f}"
        )
    for form, taken in figures["with_scrapes"]["scrapes"].items():
        lines.append(
            f"scrape, {form}: {median(taken) * 1e3:.0f} ms, {max(taken) * 1e3:.0f} at most"
            f" ({len(taken)} scrapes)"
        )
    lines += ["", f"{'memory':<28}{'MiB':>8}{'peak':>8}"]
    for name, one in figures["memory"].items():
        resident, peak = one["resident_bytes"] / 2**20, one["peak_bytes"] / 2**20
        lines.append(f"{name:<28}{resident:>8.1f}{peak:>8.1f}")
    return "\n".join(lines)


def too_slow(figures: Figures) -> str | None:
    """Return that the rate was not reached; None where it was."""
    slowest = min(figures[name]["rate"] for name in STRETCHES)
    if slowest >= figures["rate"] * _LEAST_PACE:
        return None
    return f"only {slowest:,.0f} messages per second could be sent"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    options = build_parser().parse_args(arguments)
    return run_benchmark(options, measure, headed(table), fault=too_slow)


if __name__ == "__main__":
    sys.exit(main())
