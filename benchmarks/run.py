"""CPU time, rate and memory of the daemon beside rsyslog and syslog-ng; see README.md.

Run as ``python benchmarks/run.py``. Exit codes: 0, 1 (a receiver lost messages or failed), 2
(usage).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.load import Load
from benchmarks.measure import (
    Pinning,
    choose_pinning,
    cpu_seconds,
    filesystem,
    peak_memory,
    pinned,
    wait_for_rest,
)
from benchmarks.peers import RECEIVERS, Receiver, ReceiverError, Rsyslog, SyslogNg
from heroku_syslogd.simulate import record

RECORDED: Final = 1_000_000
"""Messages in the recording; more than that are the recording again."""

SEED: Final = 1
_SETTLE: Final = 0.2
_SLOWEST: Final = 100e-6
"""Seconds per message after which a receiver is given up, beside `_PATIENCE`."""
_PATIENCE: Final = 30.0
_BYTES_ON_DISK: Final = 400
"""Room to have per message: no receiver writes as much."""
_MEMORY_BACKED: Final = Path("/dev/shm")


class Run(NamedTuple):
    """One receiver's turn.

    Attributes:
        cpu_seconds: CPU time that it took.
        seconds: From the first byte sent until it came to rest.
        peak_memory_bytes: Its largest resident set.
    """

    cpu_seconds: float
    seconds: float
    peak_memory_bytes: int


class Bench:
    """Gives receivers their turns.

    Args:
        load: What they are sent.
        messages: How many messages per turn.
        connections: Over how many connections.
        pinning: Which processors are whose.
        directory: Where they may write.
    """

    def __init__(
        self, load: Load, messages: int, connections: int, pinning: Pinning, directory: Path
    ) -> None:
        self._load = load
        self._messages = messages
        self._connections = connections
        self._pinning = pinning
        self._directory = directory

    def turn(self, kind: type[Receiver]) -> Run:
        """Start a receiver, send it everything, measure, stop it.

        Raises:
            ReceiverError: It failed, or did not consume every message.
        """
        with TemporaryDirectory(dir=self._directory) as own, ExitStack() as stack:
            with pinned(self._pinning.receiver):
                receiver = stack.enter_context(kind(Path(own), self._connections))
            with pinned(self._pinning.sender):
                return self._measure(receiver)

    def _measure(self, receiver: Receiver) -> Run:
        limit = _PATIENCE + self._messages * _SLOWEST
        deadline = time.monotonic() + limit
        arguments = (receiver.address, self._messages, self._connections, limit)
        with self._load.sender(*arguments) as sender:
            time.sleep(_SETTLE)
            before = cpu_seconds(receiver.pid)
            sent = sender.run()
        while True:
            rest = wait_for_rest(receiver.pid)
            consumed = receiver.consumed()
            if consumed == self._messages:
                break
            if consumed > self._messages or time.monotonic() > deadline:
                raise ReceiverError(
                    f"{receiver.name} consumed {consumed} of {self._messages} messages"
                )
        peak = peak_memory(receiver.pid)
        return Run(rest.cpu - before, max(rest.since, sent.ended) - sent.began, peak)


def summarise(runs: Sequence[Run], messages: int) -> dict[str, Any]:
    """Return the medians of a receiver's turns, its peak memory, and the turns themselves."""
    return {
        "cpu_us_per_message": median(run.cpu_seconds for run in runs) / messages * 1e6,
        "messages_per_second": messages / median(run.seconds for run in runs),
        "peak_memory_bytes": max(run.peak_memory_bytes for run in runs),
        "cpu_ratio_to_rsyslog": None,
        "lost_messages": 0,  # a turn that loses any ends the benchmark
        "runs": [run._asdict() for run in runs],
    }


def table(receivers: dict[str, dict[str, Any]]) -> str:
    """Return the summaries as a table."""
    lines = [
        f"{'':<16}{'CPU us/message':>16}{'(min-max)':>14}"
        f"{'messages/s':>13}{'peak MiB':>10}{'CPU : rsyslog':>15}"
    ]
    for name, one in receivers.items():
        scale = one["cpu_us_per_message"] / median(run["cpu_seconds"] for run in one["runs"])
        costs = sorted(run["cpu_seconds"] * scale for run in one["runs"])
        ratio = one["cpu_ratio_to_rsyslog"]
        lines.append(
            f"{name:<16}{one['cpu_us_per_message']:>16.2f}{costs[0]:>9.2f}-{costs[-1]:.2f}"
            f"{one['messages_per_second']:>13,.0f}{one['peak_memory_bytes'] / 2**20:>10.1f}"
            + (f"{ratio:>15.2f}" if ratio else f"{'-':>15}")
        )
    return "\n".join(lines)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--messages", type=int, default=1_000_000, metavar="N", help="messages per turn")
    add("--connections", type=int, default=1, metavar="N", help="connections that share them")
    add("--rounds", type=int, default=5, metavar="N", help="turns of each receiver")
    names = [kind.name for kind in RECEIVERS]
    add("--only", action="append", choices=names, help="leave the others out; may be repeated")
    add("--no-pin", action="store_true", help="let the kernel choose the processors")
    add("--directory", type=Path, metavar="DIR", help="where receivers write; default: in memory")
    root = os.environ.get("SYSLOG_NG_ROOT")
    add(
        "--syslog-ng-root",
        type=Path,
        default=Path(root) if root else None,
        metavar="DIR",
        help="of unpack_syslog_ng.sh; default: $SYSLOG_NG_ROOT, else syslog-ng of the PATH",
    )
    add("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


def choose_directory(wanted: Path | None, messages: int) -> Path | None:
    """Return where receivers write: memory if it has room, else the system's choice (None)."""
    if wanted is not None:
        return wanted
    if os.access(_MEMORY_BACKED, os.W_OK):
        room = os.statvfs(_MEMORY_BACKED)
        if room.f_bavail * room.f_frsize > messages * _BYTES_ON_DISK:
            return _MEMORY_BACKED
    return None


def choose_receivers(only: Sequence[str] | None) -> list[type[Receiver]]:
    """Return the receivers that were asked for and are installed; name those that are not."""
    wanted = [kind for kind in RECEIVERS if not only or kind.name in only]
    found = [kind for kind in wanted if kind.find()]
    for kind in wanted:
        if kind not in found:
            print(f"{kind.name}: not installed, left out", file=sys.stderr)
    return found


def bench(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """Run all rounds and return the figures.

    Raises:
        ReceiverError: A receiver failed, or lost messages.
    """
    kinds = choose_receivers(options.only)
    load = Load(record(min(RECORDED, options.messages), seed=SEED), directory / "recording")
    pinning = choose_pinning(not options.no_pin)
    output = filesystem(directory)
    print(
        f"{options.messages:,} messages per turn, {load.mean_bytes:.0f} bytes on average, "
        f"{options.connections} connection(s) over TCP, {options.rounds} round(s)\n"
        f"{pinning}; files on {output}; Python {platform.python_version()}; "
        f"load average {os.getloadavg()[0]:.2f}",
        flush=True,
    )
    turns = Bench(load, options.messages, options.connections, pinning, directory)
    runs: dict[str, list[Run]] = {kind.name: [] for kind in kinds}
    for number in range(options.rounds):
        for kind in kinds:
            run = turns.turn(kind)
            runs[kind.name].append(run)
            cost = run.cpu_seconds / options.messages * 1e6
            print(f"  round {number + 1}: {kind.name} {cost:.2f} us/message", file=sys.stderr)
    receivers = {name: summarise(taken, options.messages) for name, taken in runs.items()}
    if reference := receivers.get(Rsyslog.name):
        for one in receivers.values():
            ratio = one["cpu_us_per_message"] / reference["cpu_us_per_message"]
            one["cpu_ratio_to_rsyslog"] = ratio
    return {
        "messages": options.messages,
        "mean_message_bytes": load.mean_bytes,
        "connections": options.connections,
        "rounds": options.rounds,
        "transport": "tcp",
        "python": platform.python_version(),
        "pinning": pinning._asdict(),
        "output_filesystem": output,
        "receivers": receivers,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if min(options.messages, options.connections, options.rounds) < 1:
        parser.error("--messages, --connections and --rounds: expected 1 or more")
    SyslogNg.root = options.syslog_ng_root
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with TemporaryDirectory(dir=choose_directory(options.directory, options.messages)) as directory:
        try:
            figures = bench(options, Path(directory))
        except (ReceiverError, RuntimeError) as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    print(table(figures["receivers"]))
    print("nothing was lost: every receiver consumed every message of every turn")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=sorted) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
