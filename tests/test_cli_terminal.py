"""The command line on a terminal, and what is left of that in a pipe."""

import subprocess
import sys
from pathlib import Path

import pytest

from heroku_syslogd.simulate import octet_framed
from tests.pseudo_terminal import COLOUR, CONTROL, WAIT_SECONDS, run_on_terminal

EXAMPLE = str(Path(__file__).parents[1] / "config.example.toml")
TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
HEADER = f"<45>1 2023-11-14T22:13:20+00:00 {TOKEN}"
LOAD = f"{HEADER} heroku web.1 - - source=web.1 dyno=heroku.1.r sample#load_avg_1m=0.25\n"
HOSTILE = f"{HEADER} heroku [red]x[/red]\x1b[31m - - \x1b]0;title\x07?\n"
HIDE_CURSOR = "\x1b[?25l"
SHOW_CURSOR = "\x1b[?25h"
NOBODY = "syslog://127.0.0.1:1"


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "capture"
    path.write_bytes(octet_framed([LOAD.encode(), HOSTILE.encode()]))
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.toml"
    path.write_text('[queue]\nworkers = 0\n[log]\nlevel = "[red]loud"\n"le\\u001b[31m" = 1\n')
    return str(path)


def piped(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "heroku_syslogd", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    return done.stdout + done.stderr


def commands(capture: str, bad: str) -> list[tuple[str, ...]]:
    return [
        ("check", EXAMPLE),
        ("check", bad),
        ("replay", capture),
        ("explain", LOAD),
        ("simulate", NOBODY, "--duration", "0.1"),
    ]


def test_check_draws_tables() -> None:
    shown = run_on_terminal("check", EXAMPLE)

    assert shown.code == 0
    assert "\nadmin  http://127.0.0.1:9842/metrics\n" in shown.text
    assert "\nlimits.max_apps                       1,000  applications that" in shown.text
    assert "\x1b[1;32m" in shown.screen


@pytest.mark.parametrize("command", [("check",), ("run", "--config"), ("replay", "-", "--config")])
def test_every_problem_of_a_configuration_is_a_row(bad: str, command: tuple[str, ...]) -> None:
    shown = run_on_terminal(*command, bad, columns=120)

    assert shown.code == 78
    assert shown.text.splitlines() == [
        f"{bad}: 3 problems",
        "",
        "KEY             PROBLEM",
        "queue.workers   expected `int` >= 1, got 0",
        "log.level       expected one of 'debug', 'info', 'warning', 'error', got '[red]loud'",
        "log.le\\x1b[31m  unknown key; known are level, format",
    ]


def test_a_replay_shows_a_bar_that_is_gone_before_its_summary(capture: str) -> None:
    shown = run_on_terminal("replay", capture)

    assert shown.code == 0
    bar, _, summary = shown.screen.partition(SHOW_CURSOR)
    assert bar.startswith(HIDE_CURSOR)
    assert "2 messages" in bar
    assert "\x1b[33munrecognised" in summary
    assert "heroku[_red_x_/red___31m]" in summary


def test_a_bar_stays_out_of_what_is_piped(capture: str) -> None:
    shown = run_on_terminal("replay", capture, pipe_stdout=True)

    assert shown.screen.startswith(HIDE_CURSOR)
    assert "\x1b" not in shown.piped
    assert "unrecognised" not in shown.screen
    assert "\n  runtime_sample " in shown.piped


def test_a_simulation_shows_a_bar() -> None:
    shown = run_on_terminal("simulate", NOBODY, "--duration", "0.1")

    assert shown.code == 1
    bar, _, summary = shown.screen.partition(SHOW_CURSOR)
    assert "0 sent, 0/s" in bar
    assert "0 messages sent" in summary
    assert "last error: " in summary


def test_an_explanation_shows_markup_and_control_characters_as_they_are() -> None:
    shown = run_on_terminal("explain", HOSTILE, columns=200)

    assert "PROCID            [red]x[/red]\\x1b[31m\n" in shown.text
    assert "\\x1b]0;title\\x07?" in shown.text
    assert "\x1b[36m" in shown.screen
    for control in ("\x1b[31m", "\x1b]", "\x07"):
        assert control not in shown.screen


def test_no_color_leaves_no_colour_anywhere(capture: str, bad: str) -> None:
    for command in commands(capture, bad):
        assert COLOUR.search(run_on_terminal(*command).screen), command
        shown = run_on_terminal(*command, environment={"NO_COLOR": "1"})
        assert not COLOUR.search(shown.screen), command


def test_a_dumb_terminal_gets_what_a_pipe_gets(capture: str, bad: str) -> None:
    for command in commands(capture, bad)[:4]:
        shown = run_on_terminal(*command, environment={"TERM": "dumb"})
        assert "\x1b" not in shown.screen, command
        expected = {line.rstrip() for line in piped(*command).splitlines()}
        differ = [line for line in shown.text.splitlines() if line not in expected]
        assert all(line.startswith("messages/s") for line in differ), command


def test_colours_cannot_be_forced_into_a_pipe(
    capture: str, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    for command in commands(capture, bad):
        assert "\x1b" not in piped(*command), command


def test_a_terminal_without_unicode_gets_every_character_written_out(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[events]\npath = "olé"\n')
    shown = run_on_terminal("check", str(path), environment={"PYTHONIOENCODING": "ascii"})

    assert shown.code == 0
    assert "ol\\xe9" in shown.text


def test_who_reads_only_the_beginning_changes_no_exit_code() -> None:
    for command in (("check", EXAMPLE), ("explain", LOAD)):
        program = [sys.executable, "-u", "-m", "heroku_syslogd", *command]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            errors = process.stderr.read()
            assert (process.wait(), errors) == (0, b"")


@pytest.mark.parametrize("columns", [20, 40, 60, 120])
def test_a_narrow_terminal_gets_the_whole_summary(tmp_path: Path, columns: int) -> None:
    key = "a-key-that-is-longer-than-what-a-narrow-terminal-has-room-for"
    path = tmp_path / "capture"
    path.write_bytes(
        octet_framed([f"{HEADER} app heroku-redis - - source=REDIS sample#{key}=1\n".encode()])
    )
    shown = run_on_terminal("replay", str(path), columns=columns)
    summary = CONTROL.sub("", shown.screen.partition(SHOW_CURSOR)[2])

    for cell in ("unknown redis keys", "addon_sample", key):
        assert cell in summary
    assert "…" not in summary
