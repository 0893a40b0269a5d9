"""CPU time, rate and memory of the daemon beside rsyslog, syslog-ng and mtail; see README.md.

Run as ``python benchmarks/run.py``. Exit codes: 0, 1 (a receiver failed, or lost messages where
none may be lost), 2 (usage).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.bench import Bench
from benchmarks.command import Figures, bounded, new_parser, run_benchmark
from benchmarks.machine import describe_machine, describe_programs
from benchmarks.measure import Pinning, choose_pinning, filesystem
from benchmarks.peers import RECEIVERS, Receiver, ReceiverError, SyslogNg
from benchmarks.recordings import Recording
from benchmarks.report import (
    Run,
    Summary,
    change_table,
    differences,
    losses,
    relate,
    scenario_figures,
    summarise,
    table,
)
from benchmarks.scenarios import RECORDED, Scenario, choose_scenarios, write_recordings
from benchmarks.transports import Transport, make_certificate

FORMAT: Final = 1
"""Of the JSON; another number is another shape."""

_FORMS: Final = 3
"""Forms of the recording that are written: frames, lines and requests."""
_BYTES_ON_DISK: Final = 400
"""Room to have per message: neither a form nor what a receiver writes takes as much."""
_MEMORY_BACKED: Final = Path("/dev/shm")

Turn = tuple[Scenario, type[Receiver]]
"""Who is measured, in what."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    count = bounded(int, 1)
    add("--messages", type=count, default=1_000_000, metavar="N", help="messages per turn")
    add("--rounds", type=count, default=5, metavar="N", help="turns of each receiver")
    transports = list(Transport)
    text = "leave the others out; may be repeated"
    add("--transport", action="append", type=Transport, choices=transports, help=text)
    names = [kind.name for kind in RECEIVERS]
    add("--only", action="append", choices=names, help=text)
    add(
        "--connections",
        action="append",
        type=count,
        metavar="N",
        help="connections that share them, over every transport; may be repeated; default: tcp 1,"
        " 4 and 20, the others 1",
    )
    add(
        "--datagrams-per-second",
        type=count,
        default=100_000,
        metavar="N",
        help="how fast to send over udp, where nobody can be slowed down (default: 100000)",
    )
    add("--directory", type=Path, metavar="DIR", help="where receivers write; default: in memory")
    root = os.environ.get("SYSLOG_NG_ROOT")
    add(
        "--syslog-ng-root",
        type=Path,
        default=Path(root) if root else None,
        metavar="DIR",
        help="of unpack_syslog_ng.sh; default: $SYSLOG_NG_ROOT, else syslog-ng of the PATH",
    )
    add("--compare", type=Path, metavar="FILE", help="figures of another run, to say what changed")
    return parser


def choose_directory(wanted: Path | None, messages: int) -> Path | None:
    """Return where receivers write: memory if it has room, else the system's choice (None)."""
    if wanted is not None:
        return wanted
    if os.access(_MEMORY_BACKED, os.W_OK):
        room = os.statvfs(_MEMORY_BACKED)
        needed = messages + _FORMS * min(RECORDED, messages)
        if room.f_bavail * room.f_frsize > needed * _BYTES_ON_DISK:
            return _MEMORY_BACKED
    return None


def choose_turns(scenarios: Sequence[Scenario], only: Sequence[str] | None) -> list[Turn]:
    """Return who is measured in what: all that was asked for and can be had.

    What is not installed is named on standard error.
    """
    turns: list[Turn] = []
    missing: dict[str, None] = {}
    for scenario in scenarios:
        transport = scenario.transport
        for kind in RECEIVERS:
            if transport not in kind.transports or (only and kind.name not in only):
                continue
            if kind.find(transport):
                turns.append((scenario, kind))
            else:
                missing[f"{kind.name} over {transport}: not installed, left out"] = None
    print(*missing, sep="\n", end="\n" if missing else "", file=sys.stderr)
    return turns


def run_rounds(bench: Bench, turns: Sequence[Turn], rounds: int) -> dict[Turn, list[Run]]:
    """Give everybody a turn per round; tell of each on standard error.

    Raises:
        ReceiverError: A receiver failed, or lost messages where none may be lost.
        RuntimeError: A sender failed.
    """
    runs: dict[Turn, list[Run]] = {turn: [] for turn in turns}
    for number in range(rounds):
        for scenario, kind in turns:
            run = bench.turn(kind, scenario)
            runs[scenario, kind].append(run)
            lost = f", {run.lost_messages:,} lost" if run.lost_messages else ""
            print(
                f"  round {number + 1}: {kind.name} over {scenario}:"
                f" {run.cpu_seconds:.2f} s of CPU time in {run.seconds:.2f} s{lost}",
                file=sys.stderr,
            )
    return runs


def describe(
    options: argparse.Namespace, turns: Sequence[Turn], pinning: Pinning, directory: Path
) -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "programs": describe_programs((scenario.transport, kind) for scenario, kind in turns),
        "messages": options.messages,
        "rounds": options.rounds,
        "datagrams_per_second": options.datagrams_per_second,
        "pinning": {name: sorted(one) if one else None for name, one in pinning._asdict().items()},
        "output_filesystem": filesystem(directory),
        "load_average": os.getloadavg()[0],
    }


def heading(
    about: Mapping[str, Any], pinning: Pinning, recordings: Mapping[Scenario, Recording]
) -> str:
    """Return what stands above the table."""
    machine = about["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["programs"].items())
    sizes = {scenario.transport: one.mean_bytes for scenario, one in recordings.items()}
    shown = ", ".join(f"{size:.0f} over {transport}" for transport, size in sizes.items())
    return (
        f"{about['date']}: {machine['cpu']}, {machine['processors']} processors, "
        f"{machine['memory_bytes'] / 2**30:.1f} GiB, {machine['kernel']}\n"
        f"{versions}\n"
        f"{about['messages']:,} messages per turn, {about['rounds']} round(s); bytes on average:"
        f" {shown}; udp at {about['datagrams_per_second']:,} datagrams/s\n"
        f"{pinning}; files on {about['output_filesystem']};"
        f" load average {about['load_average']:.2f}"
    )


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    """Run all rounds and return the figures.

    Raises:
        ReceiverError: A receiver failed, or lost messages where none may be lost, or none is there.
        RuntimeError: A sender failed.
    """
    turns = choose_turns(choose_scenarios(options.transport, options.connections), options.only)
    if not turns:
        raise ReceiverError("there is no receiver to be measured")
    scenarios = list(dict(turns))
    pinning = choose_pinning(not options.no_pin)
    about = describe(options, turns, pinning, directory)
    recordings = write_recordings(scenarios, options.messages, directory)
    print(heading(about, pinning, recordings), flush=True)
    certificate = make_certificate(directory)
    bench = Bench(recordings, certificate, pinning, options.datagrams_per_second, directory)
    runs = run_rounds(bench, turns, options.rounds)
    summaries: dict[Scenario, dict[str, Summary]] = {one: {} for one in scenarios}
    for (scenario, kind), taken in runs.items():
        summaries[scenario][kind.name] = summarise(taken)
    relate(summaries)
    sizes = {scenario: one.mean_bytes for scenario, one in recordings.items()}
    return {**about, "scenarios": scenario_figures(summaries, sizes)}


def read_figures(path: Path) -> dict[str, Any]:
    """Return what another run has written.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds something else.
    """
    try:
        figures: dict[str, Any] = json.loads(path.read_text())
        is_ours = figures["format"] == FORMAT
    except (ValueError, TypeError, KeyError):
        is_ours = False
    if not is_ours:
        raise ValueError(f"{path}: not figures of this benchmark")
    return figures


def report(figures: Figures, before: Mapping[str, Any] | None) -> str:
    """Return the figures as text, with what has changed since an older run."""
    lines = [table(figures), "CPU : peer is to rsyslog, over file to mtail", losses(figures)]
    if before is not None:
        lines += [f"\nsince {before['date']}:", change_table(figures, before)]
        lines += [f"not the same: {difference}" for difference in differences(figures, before)]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    before = None
    if options.compare:
        try:
            before = read_figures(options.compare)
        except (OSError, ValueError) as error:
            parser.error(f"--compare: {error}")
    SyslogNg.root = options.syslog_ng_root
    # What a shell runs in the background ignores SIGINT, and so would the replay that it ends.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    directory = choose_directory(options.directory, options.messages)
    return run_benchmark(options, measure, partial(report, before=before), directory=directory)


if __name__ == "__main__":
    sys.exit(main())
