"""Output for people: what can be drawn on, and what does nothing to a terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from heroku_syslogd.terminal import can_draw, console, grid, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("term", "drawn"), [("xterm", True), ("dumb", False), ("unknown", False), ("DUMB", False)]
)
def test_a_terminal_is_drawn_on_unless_it_is_dumb(
    term: str, drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)

    assert can_draw(Terminal()) is drawn
    assert not can_draw(io.StringIO())


def test_control_characters_are_written_out() -> None:
    assert printable("a\x1b[31m\r\n\t\u202e\x9bb") == "a\\x1b[31m\\r\\n\\t\\u202e\\x9bb"
    assert printable("olé [red]✓[/red] 猫") == "olé [red]✓[/red] 猫"


@given(st.text())
def test_any_text_becomes_printable_and_stays_so(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert printable(shown) == shown


@given(st.text(alphabet=st.characters(exclude_categories=("Z", "C", "M")), min_size=1))
def test_markup_of_others_is_text(text: str) -> None:
    out = Terminal()
    console(out).print(Text(printable(f"[red]{text}[/red]")), soft_wrap=True)

    assert out.getvalue() == f"[red]{text}[/red]\n"


@given(
    st.integers(12, 80),
    st.lists(st.text(alphabet="abcdefgh ", min_size=1, max_size=60), min_size=1, max_size=4),
)
def test_a_narrow_terminal_folds_cells_and_cuts_nothing(width: int, cells: list[str]) -> None:
    out = Terminal()
    target = console(out)
    target.width = width
    table = grid(2, right=(1,))
    for cell in cells:
        table.add_row(Text(cell), Text("42"))
    target.print(table)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    shown = "".join(lines).replace(" ", "").replace("42", "")
    assert shown == "".join(cells).replace(" ", "")
