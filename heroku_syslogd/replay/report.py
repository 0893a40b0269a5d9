"""The summary of a replay for people: aligned text, or a table on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TextIO

from rich.text import Text

from heroku_syslogd.replay.summary import Summary
from heroku_syslogd.terminal import can_draw, console, fits, grid, printable

_MOST_ROWS: Final = 20
_MOST_NAMES: Final = 8
_HTTPS_HINT: Final = (
    'Most lines are of HOSTNAME "host", as those of HTTPS drains are: try --dialect logplex.'
)


class Row(NamedTuple):
    """One line of the summary.

    Attributes:
        label: What is counted.
        value: How much.
        remark: What there is to say about it.
        is_part: Whether it is a part of a row above.
        is_bad: Whether it counts what was not understood.
    """

    label: str
    value: str
    remark: str = ""
    is_part: bool = False
    is_bad: bool = False


def rows(summary: Summary, seconds: float) -> Iterator[Row]:
    """Return the rows of a summary.

    Args:
        summary: The summary.
        seconds: How long the replay took.
    """
    captures = "1 capture" if summary.captures == 1 else f"{summary.captures:,} captures"
    yield Row("messages", _number(summary.messages), f"{summary.bytes:,} bytes in {captures}")
    if summary.began is not None and summary.ended is not None:
        span = timedelta(seconds=round(summary.ended - summary.began))
        period = f"{_moment(summary.began)} to {_moment(summary.ended)} UTC"
        yield Row("time span", str(span), period)
    rate = summary.messages / seconds if seconds else 0.0
    yield Row("messages/s", _number(round(rate)), f"{seconds:.1f} s")
    yield Row("applied", _number(summary.applied))
    yield Row("understood", _number(sum(summary.understood.values())))
    for kind, count in summary.understood.items():
        yield Row(kind, _number(count), is_part=True)
    yield Row("output", _number(summary.output), "of applications; it need not mean anything")
    yield from _bad_rows(summary)


def _bad_rows(summary: Summary) -> Iterator[Row]:
    yield from _counted("unrecognised", summary.unrecognised)
    yield from _counted("lost", summary.lost)
    malformed = summary.malformed
    stretches = sum(one.count for one in malformed.values())
    rejected = sum(one.bytes for one in malformed.values())
    remark = f"stretches that are no message, {rejected:,} bytes" if stretches else ""
    yield Row("malformed", _number(stretches), remark, is_bad=stretches > 0)
    for reason, one in malformed.items():
        yield Row(reason, _number(one.count), f"{one.bytes:,} bytes", is_part=True, is_bad=True)
    for addon, keys in summary.unknown_keys.items():
        more = len(keys.names) - _MOST_NAMES
        names = ", ".join(keys.names[:_MOST_NAMES]) + (f" and {more:,} others" if more > 0 else "")
        yield Row(f"unknown {addon} keys", _number(keys.count), names, is_bad=True)
    if summary.reported_lost:
        remark = "messages, says Heroku, before they got here"
        yield Row("lost by Heroku", _number(summary.reported_lost), remark, is_bad=True)


def _counted(label: str, counts: dict[str, int]) -> Iterator[Row]:
    total = sum(counts.values())
    yield Row(label, _number(total), is_bad=total > 0)
    shown = list(counts.items())
    for name, count in shown[:_MOST_ROWS]:
        yield Row(name, _number(count), is_part=True, is_bad=True)
    if others := shown[_MOST_ROWS:]:
        count = sum(count for _, count in others)
        yield Row(f"{len(others):,} others", _number(count), is_part=True, is_bad=True)


def print_summary(summary: Summary, seconds: float, file: TextIO) -> None:
    """Print a summary: a table on a terminal, aligned text otherwise."""
    lines = list(rows(summary, seconds))
    hints = [_HTTPS_HINT] if summary.seems_https else []
    if can_draw(file):
        _print_table(lines, hints, file)
    else:
        print(*_plain(lines), *hints, sep="\n", file=file)


def _plain(lines: list[Row]) -> Iterator[str]:
    label_width = max(len(_indented(row)) for row in lines)
    value_width = max(len(row.value) for row in lines)
    for row in lines:
        text = f"{_indented(row):<{label_width}}  {row.value:>{value_width}}  {row.remark}"
        yield printable(text.rstrip())


def _print_table(lines: list[Row], hints: list[str], file: TextIO) -> None:
    target, table = console(file), grid(3, right=(1,))
    cells: list[tuple[Text, Text, Text]] = []
    for row in lines:
        style = "yellow" if row.is_bad else ("" if row.is_part else "bold")
        label, remark = printable(_indented(row)), printable(row.remark)
        cells.append((Text(label, style), Text(row.value, style), Text(remark, "dim")))
        table.add_row(*cells[-1])
    if fits(target, table):
        target.print(table)
    else:
        for row_cells in cells:
            target.print(Text("  ").join(row_cells), soft_wrap=True)
    for hint in hints:
        target.print(Text(hint, "yellow"))


def _indented(row: Row) -> str:
    return f"  {row.label}" if row.is_part else row.label


def _number(value: int) -> str:
    return f"{value:,}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
