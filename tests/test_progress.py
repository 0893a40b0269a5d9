"""Progress bars: on a terminal, and nowhere else."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from heroku_syslogd.progress import ReplayProgress, SimulationProgress
from heroku_syslogd.replay import Progress as ReplayState
from heroku_syslogd.simulate import Progress as SimulationState
from tests.pseudo_terminal import COLOUR, CONTROL

MEGABYTE = 1_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def on_a_terminal(stream: io.StringIO) -> Iterator[None]:
    # In the test itself: pytest sets standard error anew between a fixture and its test.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "120")
        patch.setattr(sys, "stderr", stream)
        yield


def drawn(show: Callable[[], None]) -> str:
    stream = Terminal()
    with on_a_terminal(stream):
        show()
    return stream.getvalue()


def show_replay(size: int | None = 4 * MEGABYTE, *, shown: bool = True) -> None:
    with ReplayProgress(size, shown=shown) as progress:
        progress.update(ReplayState(MEGABYTE, 5000, 0.5))
        progress.update(ReplayState(2 * MEGABYTE, 10_000, 1.0))


def show_simulation() -> None:
    with SimulationProgress(60.0) as progress:
        progress.update(SimulationState(sent=1000, bytes=1, lost=3, connections=1, seconds=2.0))


def test_a_replay_shows_its_rate_how_far_it_is_and_the_time_left() -> None:
    text = drawn(show_replay)

    assert "10,000 messages, 10,000/s" in text
    assert "2.0/4.0 MB" in text
    assert "-:--:--" in text or ":0" in text


def test_a_replay_of_unknown_size_shows_its_rate() -> None:
    text = drawn(lambda: show_replay(None))

    assert "10,000 messages, 10,000/s" in text
    assert "2.0/? MB" in text
    assert ":--" not in text


def test_a_replay_can_be_told_to_show_nothing() -> None:
    assert drawn(lambda: show_replay(shown=False)) == ""


def test_a_simulation_shows_its_rate_and_its_losses() -> None:
    assert "1,000 sent, 500/s, 3 lost" in drawn(show_simulation)


def test_a_replay_without_content_has_a_rate_too() -> None:
    def show() -> None:
        with ReplayProgress(0) as progress:
            progress.update(ReplayState(0, 0, 0.0))

    assert "0 messages, 0/s" in drawn(show)


@pytest.mark.parametrize("show", [show_replay, show_simulation])
def test_without_a_terminal_there_is_no_bar(
    show: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    show()

    assert stream.getvalue() == ""


@pytest.mark.parametrize("show", [show_replay, show_simulation])
def test_on_a_terminal_that_moves_no_cursor_there_is_no_bar(
    show: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", stream)
    show()

    assert stream.getvalue() == ""


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_bar_takes_the_room_that_its_text_leaves(columns: int) -> None:
    stream = Terminal()
    with on_a_terminal(stream), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        show_simulation()
    lines = re.split(r"[\r\n]+", CONTROL.sub("", stream.getvalue()))

    shown = [line for line in lines if "1,000 sent, 500/s, 3 lost" in line]
    assert shown
    assert {len(line) for line in shown} == {columns}


def test_without_colours_a_bar_is_a_bar() -> None:
    stream = Terminal()
    with on_a_terminal(stream), pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        show_replay()

    assert "10,000 messages" in stream.getvalue()
    assert not COLOUR.search(stream.getvalue())


def test_standard_output_stays_what_it_is_while_a_bar_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = Terminal()
    with on_a_terminal(stream), ReplayProgress(10):
        print("an event")

    assert capsys.readouterr().out == "an event\n"
    assert "an event" not in stream.getvalue()
