"""Output for people: whether a file is a terminal to draw on, and text that does nothing to one.

rich is imported only when there is something to draw.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# terminfo(5): they can move no cursor, and nothing is known of their colours and width.
_TERMS_WITHOUT_CURSOR: Final = ("dumb", "unknown")

_UNBOUNDED: Final = 100_000
"""Columns of a terminal on which everything has room."""


def can_draw(file: TextIO) -> bool:
    """Return whether a file is a terminal for tables, colours and bars; others get plain text."""
    return file.isatty() and os.environ.get("TERM", "").lower() not in _TERMS_WITHOUT_CURSOR


def printable(text: str) -> str:
    """Return text that does nothing to a terminal: control characters are written out."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def console(file: TextIO) -> Console:
    """Return a console on a terminal; it respects ``NO_COLOR`` (no-color.org) and ``COLUMNS``.

    Give it `rich.text.Text`: of a string it would read rich's markup.
    """
    from rich.console import Console

    return Console(file=file, force_terminal=True, highlight=False)


def grid(columns: int, *, right: Sequence[int] = ()) -> Table:
    """Return a table without lines. On a narrow terminal cells are folded, never cut.

    Args:
        columns: How many columns.
        right: Those of numbers, which are on the right and stay in one piece.
    """
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for index in range(columns):
        if index in right:
            table.add_column(justify="right", no_wrap=True)
        else:
            table.add_column(overflow="fold")
    return table


def fits(target: Console, table: Table) -> bool:
    """Have only the last column of a table wrapped; return whether it has room for its words then.

    Where it has not, cells would be folded within words: say the same in lines.
    """
    unbounded = target.options.update(max_width=_UNBOUNDED)
    for column in table.columns[:-1]:
        widths = (target.measure(cell, options=unbounded).maximum for cell in column.cells)
        column.no_wrap = True
        column.min_width = max(widths, default=0)
    return target.measure(table, options=unbounded).minimum <= target.width
