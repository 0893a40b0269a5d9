"""What ``check`` draws on a terminal: everything, whatever its width."""

import io
import re
from pathlib import Path

import pytest

from heroku_syslogd.check import print_problems, print_report
from heroku_syslogd.errors import ConfigError, ConfigProblem
from tests.check.configuration import TOKEN, examined, secured
from tests.pseudo_terminal import COLOUR, CONTROL

DOUBTS = [ConfigProblem("listener.0.allow", "is missing")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)


def drawn(directory: Path, text: str) -> str:
    out = Terminal()
    print_report(examined(directory, text), DOUBTS, out)
    return out.getvalue()


def rows(screen: str) -> list[list[str]]:
    """Return the cells of every line: two blanks are between two of them."""
    lines = CONTROL.sub("", screen).splitlines()
    return [re.split(r" {2,}", line.strip()) for line in lines if line.strip()]


def test_there_is_a_table_of_everything(tmp_path: Path) -> None:
    shown = rows(drawn(tmp_path, secured(tmp_path)))

    assert shown[0] == [f"{tmp_path}/config.toml: valid"]
    expiry = "2031-02-03 04:05 UTC"
    public = ["https", "[::]:8443", "public", "drain.example, 192.0.2.1", expiry, "path /logplex"]
    for row in (
        ["OPENS", "ADDRESS", "LISTENER", "CERTIFICATE", "EXPIRES", "REMARKS"],
        public,
        ["DRAIN", "APPLICATION"],
        ["d.9173ea1f", "shop"],
        ["others", "the beginning of the token, or the host name"],
        ["[red]logplex[/red]", "bcrypt hash", "shop"],
        ["events.jsonl", "api, build"],
        ["https://engine.example/api/v1/write?...", "receiver-1", "spool"],
        ["limits.max_series", "200,000", "series of applications and dynos"],
        [
            "limits.idle_timeout",
            "60 s",
            "silence after which a connection is closed (default: 600 s)",
        ],
        ["1 warning"],
        ["listener.0.allow", "is missing"],
    ):
        assert row in shown


def test_columns_and_tables_of_what_is_not_there_are_left_out(tmp_path: Path) -> None:
    shown = rows(drawn(tmp_path, '[drains]\nunknown = "reject"\n'))

    assert shown[1:5] == [
        ["OPENS", "ADDRESS", "LISTENER"],
        ["admin", "http://127.0.0.1:9842/metrics"],
        ["tcp", "127.0.0.1:5140", "tcp"],
        ["udp", "127.0.0.1:5140", "udp"],
    ]
    assert ["all", "rejected"] in shown
    assert not {"USER", "EVENTS"} & {row[0] for row in shown}


def test_no_token_is_shown_whole_and_of_many_drains_the_first(tmp_path: Path) -> None:
    tokens = "".join(f'"{TOKEN[:-2]}{n:02}" = "app{n}"\n' for n in range(25))
    screen = drawn(tmp_path, f"[drains.tokens]\n{tokens}")

    assert TOKEN[:12] not in screen
    assert ["d.9173ea1f", "app19"] in rows(screen)
    assert ["and 5 more"] in rows(screen)
    assert "app20" not in screen


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 200])
def test_a_narrow_terminal_costs_nothing_but_lines(
    tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    _, *lines = CONTROL.sub("", drawn(tmp_path, secured(tmp_path))).splitlines()

    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    whole = " ".join(lines)
    for cell in ("[::]:8443", "public", "shop", "16,777,216", "1,000)"):
        assert cell in whole


def test_warnings_have_a_colour_unless_none_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured = drawn(tmp_path, "")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = drawn(tmp_path, "")

    assert "\x1b[33mis missing" in coloured
    assert not COLOUR.search(plain)
    assert CONTROL.sub("", plain) == CONTROL.sub("", coloured)


def test_problems_are_a_table_and_nothing_of_them_is_obeyed() -> None:
    problems = [ConfigProblem("log.[red]x\x1b[31m", "unknown key"), ConfigProblem("", "no TOML")]
    out = Terminal()
    print_problems(ConfigError("bad\x1b.toml", problems), out)

    assert rows(out.getvalue()) == [
        ["bad\\x1b.toml: 2 problems"],
        ["KEY", "PROBLEM"],
        ["log.[red]x\\x1b[31m", "unknown key"],
        ["(file)", "no TOML"],
    ]
