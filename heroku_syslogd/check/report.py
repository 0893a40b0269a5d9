"""What ``check`` prints: lines that grep finds in a pipe, tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from heroku_syslogd.check import facts
from heroku_syslogd.check.examine import Examined
from heroku_syslogd.check.tables import draw_problems, draw_report
from heroku_syslogd.config import Duration
from heroku_syslogd.errors import ConfigError, ConfigProblem
from heroku_syslogd.terminal import can_draw, printable


def print_report(examined: Examined, warnings: list[ConfigProblem], file: TextIO) -> None:
    """Print what a configuration would do, and what is doubtful in it."""
    if can_draw(file):
        draw_report(examined, warnings, file)
    else:
        print(*map(printable, lines(examined, warnings)), sep="\n", file=file)


def print_problems(error: ConfigError, file: TextIO) -> None:
    """Print why a configuration cannot be used: every problem with its key."""
    if can_draw(file):
        draw_problems(error, file)
    else:
        each = (str(ConfigError(error.file, [problem])) for problem in error.problems)
        print(*map(printable, each), sep="\n", file=file)


def lines(examined: Examined, warnings: list[ConfigProblem]) -> Iterator[str]:
    """Return the report as lines; each begins with what it is about, in a column of its own."""
    config = examined.config
    yield f"{examined.file}: valid"
    for server in facts.servers(examined):
        label = f" (listener {server.label})" if server.label else ""
        yield _line(server.type, ", ".join((f"{server.where}{label}", *server.remarks)))
        if server.names is not None:
            yield _line("", f"{', '.join(server.names) or 'no name'}; expires {server.expiry}")
    yield _line("drains", facts.drains(config))
    if facts.takes_batches(config):
        yield _line("batches", facts.batches(config))
    if events := facts.events(config):
        yield _line("events", events)
    if remote := facts.remote_write(config):
        yield _line("remote", remote)
    for limit in facts.limits(config):
        if limit.value != limit.default:  # the journal has these lines at every reload
            values = f"{_value(limit.value)} (default: {_value(limit.default)})"
            yield _line("limit", f"{limit.key} = {values}")
    for key, problem in warnings:
        yield _line("warning", f"{key}: {problem}")


def _value(value: int | Duration) -> str:
    """Return a value as a configuration has it, without quotation marks."""
    return str(value) if isinstance(value, int) else f"{value:g}s"


def _line(subject: str, text: str) -> str:
    return f"  {subject:<9} {text}"
