"""The command line. The only place that decides exit codes.

What only one command needs is imported in it: the daemon has no use for rich, the simulator and
what reads captures, which would cost it megabytes of memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import msgspec
import uvloop

from heroku_syslogd import __version__, log
from heroku_syslogd.compiled import is_compiled
from heroku_syslogd.config import Config, load
from heroku_syslogd.daemon import Daemon
from heroku_syslogd.errors import ConfigError, StartupError
from heroku_syslogd.terminal import printable
from heroku_syslogd.wire import Dialect

if TYPE_CHECKING:
    from heroku_syslogd.replay import Capture

EXIT_OK: Final = 0
EXIT_NOTHING_DONE: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNAVAILABLE: Final = 69
EXIT_CONFIG: Final = 78

# As the simulator has them, which is not imported for its help alone; a test compares.
_FAULTS: Final = "disconnect, lost-reply, big-batch, unterminated-loss, miscount, headerless, slow"
_FAULT_SHARE: Final = 0.05

_DIALECTS: Final = tuple(dialect.value for dialect in Dialect)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="heroku-syslogd",
        description="Target of Heroku log drains: syslog in, per-dyno Prometheus metrics out.",
    )
    version = f"heroku-syslogd {__version__}{' (compiled)' if is_compiled() else ''}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the daemon")
    run.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    run.add_argument(
        "--admin-port",
        type=_port,
        metavar="PORT",
        help="port of the admin server in place of that of admin.address, which several processes"
        " with one configuration cannot share",
    )
    run.add_argument("--demo", action="store_true", help="add a simulated Heroku that sends to it")
    run.set_defaults(function=run_command)

    simulation = commands.add_parser("simulate", help="send what Heroku's drains would send")
    simulation.add_argument(
        "url",
        metavar="URL",
        help="syslog://HOST:PORT, syslog+tls://HOST:PORT, udpsyslog://HOST:PORT, or"
        " http[s]://[USER:PASSWORD@]HOST:PORT/PATH; #insecure at its end: check no certificate",
    )
    simulation.add_argument("--apps", type=int, default=3, metavar="N", help="apps (default: 3)")
    simulation.add_argument(
        "--dynos", type=int, default=4, metavar="N", help="dynos of each app (default: 4)"
    )
    simulation.add_argument(
        "--rate", type=float, metavar="N", help="messages per second (default: Heroku's own rhythm)"
    )
    simulation.add_argument(
        "--duration", type=float, default=60.0, metavar="S", help="seconds (default: 60)"
    )
    simulation.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the fleet")
    simulation.add_argument(
        "--faults",
        default="",
        metavar="LIST",
        help=f"what is to go wrong: all, or any of {_FAULTS}, each with its share of the"
        f" batches or packets if it is not {_FAULT_SHARE:g}: lost-reply,disconnect=0.2",
    )
    simulation.set_defaults(function=simulate_command)

    replay = commands.add_parser("replay", help="read captures offline, as the daemon would")
    replay.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a stream of frames or the output of `heroku logs`; - is standard input",
    )
    replay.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    replay.add_argument(
        "--dialect",
        choices=_DIALECTS,
        default=Dialect.RFC5424.value,
        help="header form: rfc5424 of TCP, TLS and UDP drains (default), logplex of HTTPS drains",
    )
    replay.add_argument(
        "--output",
        choices=("events", "metrics", "summary"),
        default="summary",
        help="what to print; beside events and metrics the summary goes to standard error",
    )
    replay.set_defaults(function=replay_command)

    explanation = commands.add_parser("explain", help="say what one line is to the daemon")
    explanation.add_argument(
        "line",
        metavar="LINE",
        help="a frame, its octet count may be missing, or a line as `heroku logs` prints it;"
        " - reads one from standard input",
    )
    explanation.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    explanation.add_argument(
        "--dialect",
        choices=_DIALECTS,
        help="header form (default: logplex if HOSTNAME is `host`, else rfc5424)",
    )
    explanation.set_defaults(function=explain_command)

    check = commands.add_parser("check", help="validate a configuration")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(function=check_command)
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Raises:
        SystemExit: Always, with the exit code.
    """
    _prepare_streams()
    options = build_parser().parse_args(arguments)
    try:
        code = options.function(options)
    except ConfigError as error:
        from heroku_syslogd.check import print_problems

        print_problems(error, sys.stderr)
        code = EXIT_CONFIG
    except StartupError as error:
        _complain("heroku-syslogd", error)
        code = EXIT_UNAVAILABLE
    except KeyboardInterrupt:
        code = EXIT_NOTHING_DONE
    _flush_or_discard(sys.stdout, sys.stderr)
    sys.exit(code)


def _prepare_streams() -> None:
    """Have standard output and error take whatever is printed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed when we began
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - for good
    if isinstance(sys.stdout, TextIOWrapper):  # its locale may not have every character
        sys.stdout.reconfigure(errors="backslashreplace")


def _complain(who: str, problem: object) -> None:
    """Print what went wrong; it may be in a peer's words."""
    print(f"{who}: {printable(str(problem))}", file=sys.stderr)


def _flush_or_discard(*streams: TextIO) -> None:
    """Flush what can be flushed: output that nobody takes must not change the exit code.

    The interpreter flushes once more at its end and exits with 120 if that fails.
    """
    for stream in streams:
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _port(text: str) -> int:
    """Read a port; 0 is any free one.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port, 0 to 65535, got {text!r}")
    return int(text)


def _with_admin_port(config: Config, port: int | None) -> Config:
    """Return the configuration with another port of the admin server, unless that is None.

    Processes that share a configuration are told apart by that port, so remote write goes by it:
    each has a spool and an instance label of its own.
    """
    if port is None:
        return config
    address = config.admin.address._replace(port=port)
    admin = msgspec.structs.replace(config.admin, address=address)
    remote = config.remote_write
    if remote.url is not None:
        directory = str(Path(remote.directory, str(port))) if remote.directory else None
        instance = f"{remote.instance_label}:{port}"
        remote = msgspec.structs.replace(remote, directory=directory, instance=instance)
    return msgspec.structs.replace(config, admin=admin, remote_write=remote)


def run_command(options: argparse.Namespace) -> int:
    """``run``: the daemon."""
    override = partial(_with_admin_port, port=options.admin_port)
    config = override(load(options.config) if options.config else Config())
    companion = None
    if options.demo:
        from heroku_syslogd.demo import Demo

        demo = Demo()
        config, companion = demo.configure(config), demo.run
    log.configure(config.log.level, config.log.format)

    async def serve() -> int:
        daemon = Daemon(config, options.config, override=override)
        code = await daemon.run(companion)
        # The work is done and reported; a signal from here on must not turn that into a failure.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        return code

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve())


def simulate_command(options: argparse.Namespace) -> int:
    """``simulate``: send what a Heroku would; 1 if nothing could be sent."""
    from heroku_syslogd.progress import SimulationProgress
    from heroku_syslogd.simulate import SimulateOptions, simulate

    try:
        what = SimulateOptions(
            options.url,
            apps=options.apps,
            dynos=options.dynos,
            rate=options.rate,
            duration=options.duration,
            seed=options.seed,
            faults=options.faults,
        )
    except ValueError as error:
        _complain("heroku-syslogd simulate", error)
        return EXIT_USAGE
    with (
        SimulationProgress(what.duration) as progress,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        summary = runner.run(simulate(what, report=progress.update))
    with suppress(OSError):  # nobody takes it
        print(summary)
    if summary.last_error:
        _complain("heroku-syslogd simulate: last error", summary.last_error)
    return EXIT_OK if summary.sent else EXIT_NOTHING_DONE


def replay_command(options: argparse.Namespace) -> int:
    """``replay``: read captures; 1 if nothing was understood or not all of them were read."""
    from heroku_syslogd.replay import CaptureError, opened

    config = load(options.config) if options.config else Config()
    try:
        with opened(options.files) as captures:
            return _replay(captures, config, options)
    except CaptureError as error:
        _complain("heroku-syslogd replay", error)
        return EXIT_NOTHING_DONE


def _replay(captures: list[Capture], config: Config, options: argparse.Namespace) -> int:
    from heroku_syslogd.progress import ReplayProgress
    from heroku_syslogd.replay import (
        CaptureError,
        Replay,
        print_summary,
        replay_captures,
        summarise,
        total_size,
    )

    out, events = sys.stdout.buffer, list[bytes]()
    wants_events = options.output == "events"
    replay = Replay(config, Dialect(options.dialect), events.append if wants_events else None)

    def write_events() -> None:
        # Between two reads: what cannot be written does not disturb the books.
        if events:
            out.write(b"".join(events))
            out.flush()
            events.clear()

    began = time.monotonic()
    complete, problem = False, ""
    try:
        shown = not (wants_events and sys.stdout.isatty())
        with ReplayProgress(total_size(captures), shown=shown) as progress:
            complete = replay_captures(replay, captures, write_events, progress.update)
        if options.output == "metrics":
            out.write(replay.metrics())
            out.flush()
    except CaptureError as error:
        problem = str(error)
    except BrokenPipeError:  # as of ``| head``
        return EXIT_OK if summarise(replay).understood_anything else EXIT_NOTHING_DONE
    except OSError as error:
        problem = f"cannot write to standard output: {error.strerror}"
    seconds = time.monotonic() - began
    summary = summarise(replay)
    with suppress(OSError):  # nobody takes it
        print_summary(summary, seconds, sys.stdout if options.output == "summary" else sys.stderr)
    if problem:
        _complain("heroku-syslogd replay", problem)
    done = complete and not problem and summary.understood_anything
    return EXIT_OK if done else EXIT_NOTHING_DONE


def explain_command(options: argparse.Namespace) -> int:
    """``explain``: say what a line is; 1 if it is refused or not recognised."""
    from heroku_syslogd.explain import Verdict, explain, print_explanation

    config = load(options.config) if options.config else Config()
    line = os.fsencode(options.line)
    if line == b"-":
        line = sys.stdin.buffer.readline(2 * config.limits.max_frame_bytes)
    explanation = explain(line, config, Dialect(options.dialect) if options.dialect else None)
    with suppress(OSError):  # nobody takes it
        print_explanation(explanation, sys.stdout)
    understood = explanation.verdict in (Verdict.UNDERSTOOD, Verdict.OUTPUT)
    return EXIT_OK if understood else EXIT_NOTHING_DONE


def check_command(options: argparse.Namespace) -> int:
    """``check``: validate a configuration and print what it would open."""
    from heroku_syslogd.check import examine, print_report, warnings

    examined = examine(options.file)
    with suppress(OSError):  # nobody takes it
        print_report(examined, warnings(examined, time.time()), sys.stdout)
    return EXIT_OK
