"""The command line. The only place that decides exit codes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

import uvloop

from heroku_syslogd import __version__, log
from heroku_syslogd.config import Config, load
from heroku_syslogd.daemon import Daemon
from heroku_syslogd.errors import ConfigError, StartupError

EXIT_OK: Final = 0
EXIT_NOTHING_DONE: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNAVAILABLE: Final = 69
EXIT_CONFIG: Final = 78


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="heroku-syslogd",
        description="Target of Heroku log drains: syslog in, per-dyno Prometheus metrics out.",
    )
    parser.add_argument("--version", action="version", version=f"heroku-syslogd {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the daemon")
    run.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    run.add_argument("--demo", action="store_true", help="add a simulated Heroku that sends to it")
    run.set_defaults(function=run_command)

    check = commands.add_parser("check", help="validate a configuration")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(function=check_command)
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Raises:
        SystemExit: Always, with the exit code.
    """
    options = build_parser().parse_args(arguments)
    try:
        code = options.function(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = EXIT_CONFIG
    except StartupError as error:
        print(f"heroku-syslogd: {error}", file=sys.stderr)
        code = EXIT_UNAVAILABLE
    except KeyboardInterrupt:
        code = EXIT_NOTHING_DONE
    sys.exit(code)


def run_command(options: argparse.Namespace) -> int:
    """``run``: the daemon."""
    config = load(options.config) if options.config else Config()
    log.configure(config.log.level, config.log.format)

    async def serve() -> int:
        return await Daemon(config, options.config).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve())


def check_command(options: argparse.Namespace) -> int:
    """``check``: validate a configuration and print what it would open."""
    config = load(options.file)
    print(f"{options.file}: valid")
    print(f"  admin     http://{config.admin.address}/metrics")
    for listener in config.listener:
        print(f"  {listener.type:<9} {listener.where} (listener {listener.label})")
    print(f"  drains    {len(config.drains.tokens)} configured, others: {config.drains.unknown}")
    return EXIT_OK
