"""What ``check`` draws on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from heroku_syslogd.check import facts
from heroku_syslogd.check.examine import Examined
from heroku_syslogd.config import Config, Duration
from heroku_syslogd.drains import redact_token
from heroku_syslogd.errors import ConfigError, ConfigProblem
from heroku_syslogd.terminal import console, fits, grid, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_MOST_DRAINS: Final = 20
_UNKNOWN: Final = {
    "label": "the beginning of the token, or the host name",
    "reject": "rejected",
}

_Row = tuple[Sequence[str], str]
"""Cells of a row and its style."""


def draw_report(examined: Examined, warnings: list[ConfigProblem], file: TextIO) -> None:
    """Draw what a configuration would do, and what is doubtful in it."""
    target, config = console(file), examined.config
    _heading(target, f"{examined.file}: valid", "bold green")
    _draw_servers(target, examined)
    _draw(target, ("DRAIN", "APPLICATION"), _drains(config))
    if facts.takes_batches(config):
        _draw(target, ("USER", "SECRET", "APPLICATION OF OTHER DRAINS"), _credentials(config))
    if events := config.events.path:
        where = "standard output" if events == "-" else events
        kinds = ", ".join(config.events.kinds) or "none"
        _draw(target, ("EVENTS", "KINDS"), [((where, kinds), "")])
    if (remote := config.remote_write).url is not None:
        row = (remote.url.shown, remote.instance_label, remote.directory or "memory alone")
        _draw(target, ("REMOTE WRITE", "INSTANCE", "WAITS IN"), [(row, "")])
    _draw(target, ("LIMIT", "VALUE", "OF"), _limits(config), right=1)
    if warnings:
        target.print()
        _heading(target, _counted(len(warnings), "warning"), "bold yellow")
        _draw(target, ("KEY", "WARNING"), [(warning, "yellow") for warning in warnings])


def draw_problems(error: ConfigError, file: TextIO) -> None:
    """Draw why a configuration cannot be used."""
    target, count = console(file), _counted(len(error.problems), "problem")
    _heading(target, f"{error.file}: {count}", "bold red")
    rows = [((key or "(file)", problem), "") for key, problem in error.problems]
    _draw(target, ("KEY", "PROBLEM"), rows)


def _draw_servers(target: Console, examined: Examined) -> None:
    header = ("OPENS", "ADDRESS", "LISTENER", "CERTIFICATE", "EXPIRES", "REMARKS")
    rows: list[_Row] = []
    for one in facts.servers(examined):
        names = "" if one.names is None else (", ".join(one.names) or "no name")
        remarks = ", ".join(one.remarks)
        rows.append(((one.type, one.where, one.label, names, one.expiry, remarks), ""))
    _draw(target, header, rows)


def _drains(config: Config) -> Iterable[_Row]:
    tokens = list(config.drains.tokens.items())
    for token, app in tokens[:_MOST_DRAINS]:
        yield (redact_token(token.encode()), app), ""
    if len(tokens) > _MOST_DRAINS:
        yield (f"and {len(tokens) - _MOST_DRAINS:,} more", ""), "dim"
    yield ("others" if tokens else "all", _UNKNOWN[config.drains.unknown]), "dim"


def _credentials(config: Config) -> Iterable[_Row]:
    for one in config.credentials:
        yield (one.user, one.password_file or "bcrypt hash", one.app or "-"), ""
    if not config.credentials:
        yield ("everybody", "none", "-"), "dim"


def _limits(config: Config) -> Iterable[_Row]:
    for one in facts.limits(config):
        if one.value == one.default:
            yield (one.key, _value(one.value), one.meaning), ""
        else:
            meaning = f"{one.meaning} (default: {_value(one.default)})"
            yield (one.key, _value(one.value), meaning), "bold"


def _value(value: int | Duration) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g} s"


def _heading(target: Console, text: str, style: str) -> None:
    target.print(_text(text, style), soft_wrap=True)


def _draw(
    target: Console, header: Sequence[str], rows: Iterable[_Row], *, right: int | None = None
) -> None:
    """Draw a table of which the last column is wrapped; those without content are left out.

    Where the terminal is too narrow for that, each row is drawn as a block of lines.

    Args:
        target: Where to.
        header: Titles of the columns.
        rows: The rows.
        right: The column of numbers, if there is one.
    """
    rows = list(rows)
    used = [index for index in range(len(header)) if any(cells[index] for cells, _ in rows)]
    table = grid(len(used), right=[at for at, index in enumerate(used) if index == right])
    table.add_row(*(_text(header[index], "dim") for index in used))
    for cells, style in rows:
        table.add_row(*(_text(cells[index], style) for index in used))
    target.print()
    if fits(target, table):
        target.print(table)
        return
    for number, (cells, style) in enumerate(rows):
        block = grid(2)
        for title, cell in zip(header, cells, strict=True):
            if cell:
                block.add_row(_text(title, "dim"), _text(cell, style))
        if number:
            target.print()
        target.print(block)


def _text(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(printable(text), style)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
