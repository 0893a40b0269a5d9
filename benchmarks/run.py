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
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from benchmarks.bench import Bench
from benchmarks.measure import choose_pinning, filesystem
from benchmarks.peers import RECEIVERS, Receiver, ReceiverError, SyslogNg
from benchmarks.recordings import Recording, write_frames, write_requests
from benchmarks.report import Run, Summary, compare, summarise, table
from benchmarks.transports import Transport, make_certificate
from heroku_syslogd.simulate import record, record_http

RECORDED: Final = 1_000_000
"""Messages in the recording; more than that are the recording again."""

SEED: Final = 1

_FORMS: Final = 2
"""Forms of the recording that are written: frames, and requests."""
_BYTES_ON_DISK: Final = 400
"""Room to have per message: neither a form nor what a receiver writes takes as much."""
_MEMORY_BACKED: Final = Path("/dev/shm")

Turn = tuple[Transport, type[Receiver]]
"""Who is measured, over what."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--messages", type=int, default=1_000_000, metavar="N", help="messages per turn")
    add("--connections", type=int, default=1, metavar="N", help="connections that share them")
    add("--rounds", type=int, default=5, metavar="N", help="turns of each receiver")
    transports = list(Transport)
    text = "leave the others out; may be repeated"
    add("--transport", action="append", type=Transport, choices=transports, help=text)
    names = [kind.name for kind in RECEIVERS]
    add("--only", action="append", choices=names, help=text)
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
        needed = messages + _FORMS * min(RECORDED, messages)
        if room.f_bavail * room.f_frsize > needed * _BYTES_ON_DISK:
            return _MEMORY_BACKED
    return None


def choose_turns(transports: Sequence[Transport], only: Sequence[str] | None) -> list[Turn]:
    """Return who is measured over what: all that was asked for and can be had.

    What is not installed is named on standard error.
    """
    turns: list[Turn] = []
    for transport in transports:
        for kind in RECEIVERS:
            if transport not in kind.transports or (only and kind.name not in only):
                continue
            if kind.find(transport):
                turns.append((transport, kind))
            else:
                print(f"{kind.name} over {transport}: not installed, left out", file=sys.stderr)
    return turns


def write_recordings(
    transports: Collection[Transport], messages: int, connections: int, directory: Path
) -> dict[Transport, Recording]:
    """Record the messages, in the form of each transport."""
    each, more = divmod(messages, connections)
    shares = [each + (number < more) for number in range(connections)]
    recorded = min(RECORDED, messages)
    recordings = {}
    if Transport.HTTP in transports:
        drains = record_http(recorded, seed=SEED)
        recordings[Transport.HTTP] = write_requests(drains, directory / "requests", shares)
    if framed := set(transports) - {Transport.HTTP}:
        frames = write_frames(record(recorded, seed=SEED), directory / "frames", shares)
        recordings |= dict.fromkeys(framed, frames)
    return recordings


def run_rounds(bench: Bench, turns: Sequence[Turn], rounds: int) -> dict[Turn, list[Run]]:
    """Give everybody a turn per round; tell of each on standard error.

    Raises:
        ReceiverError: A receiver failed, or lost messages.
        RuntimeError: A sender failed.
    """
    runs: dict[Turn, list[Run]] = {turn: [] for turn in turns}
    for number in range(rounds):
        for transport, kind in turns:
            run = bench.turn(kind, transport)
            runs[transport, kind].append(run)
            print(
                f"  round {number + 1}: {kind.name} over {transport}:"
                f" {run.cpu_seconds:.2f} s of CPU time in {run.seconds:.2f} s",
                file=sys.stderr,
            )
    return runs


def measure(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """Run all rounds and return the figures.

    Raises:
        ReceiverError: A receiver failed, or lost messages, or none is there.
        RuntimeError: A sender failed.
    """
    wanted = list(dict.fromkeys(options.transport or Transport))
    turns = choose_turns(wanted, options.only)
    if not turns:
        raise ReceiverError("there is no receiver to be measured")
    transports = list(dict(turns))
    recordings = write_recordings(transports, options.messages, options.connections, directory)
    pinning = choose_pinning(not options.no_pin)
    output = filesystem(directory)
    sizes = (f"{recordings[one].mean_bytes:.0f} over {one}" for one in transports)
    print(
        f"{options.messages:,} messages per turn, bytes on average: {', '.join(sizes)}; "
        f"{options.connections} connection(s), {options.rounds} round(s)\n"
        f"{pinning}; files on {output}; Python {platform.python_version()}; "
        f"load average {os.getloadavg()[0]:.2f}",
        flush=True,
    )
    bench = Bench(recordings, make_certificate(directory), pinning, directory)
    runs = run_rounds(bench, turns, options.rounds)
    summaries: dict[Transport, dict[str, Summary]] = {one: {} for one in transports}
    for (transport, kind), taken in runs.items():
        summaries[transport][kind.name] = summarise(taken, options.messages)
    compare(summaries)
    return {
        "messages": options.messages,
        "connections": options.connections,
        "rounds": options.rounds,
        "python": platform.python_version(),
        "pinning": pinning._asdict(),
        "output_filesystem": output,
        "transports": {
            one: {"mean_message_bytes": recordings[one].mean_bytes, "receivers": summaries[one]}
            for one in transports
        },
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
            figures = measure(options, Path(directory))
        except (ReceiverError, RuntimeError) as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    summaries = {one: found["receivers"] for one, found in figures["transports"].items()}
    print(table(summaries, options.messages))
    print("nothing was lost: every receiver consumed every message of every turn")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=sorted) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
