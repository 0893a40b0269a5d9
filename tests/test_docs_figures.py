"""The page about performance shows the figures that are committed, and all of them."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from docs import figures
from docs.build import pages

PAGE: Final = dict(pages())["performance.md"]
COMPARISON: Final[dict[str, Any]] = json.loads((figures.FIGURES / "run.json").read_text())


def test_every_receiver_of_every_scenario_has_a_row() -> None:
    rows = figures.comparison_table(COMPARISON).splitlines()[2:]

    expected = [name for one in COMPARISON["scenarios"] for name in one["receivers"]]
    assert [row.split(" | ")[1] for row in rows] == expected
    assert all(row in PAGE for row in rows)


def test_committed_figures_are_of_the_command_without_options() -> None:
    assert COMPARISON["rounds"] >= 5
    titles = [one["title"] for one in COMPARISON["scenarios"]]
    assert titles == ["tcp", "tcp 4", "tcp 20", "udp", "http", "tls", "file"]
    receivers = {name for one in COMPARISON["scenarios"] for name in one["receivers"]}
    assert receivers >= {"heroku-syslogd", "rsyslog", "syslog-ng", "mtail"}


@pytest.mark.parametrize("path", sorted(figures.FIGURES.glob("*.svg")), ids=lambda path: path.name)
def test_pictures_are_of_the_committed_figures(path: Path) -> None:
    digest = sha256(path.with_suffix(".json").read_bytes()).hexdigest()

    assert digest in path.read_text(), "run benchmarks/plot.py"
    assert f"(performance/{path.name})" in PAGE


@pytest.mark.parametrize("name", [figures.COMPARISON, *figures.OTHERS])
def test_what_is_not_measured_yet_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FIGURES", tmp_path)
    marks = [mark for mark in figures.PARTS if mark.startswith((name, "comparison"))]

    texts = {figures.PARTS[mark]() for mark in marks}

    assert f"Not measured yet: `python benchmarks/{name}.py`." in texts


def test_table_of_another_script_is_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FIGURES", tmp_path)
    monkeypatch.setattr(figures, "import_module", lambda name: Script(name))
    (tmp_path / "growth.json").write_text('{"series": []}')
    (tmp_path / "soak.json").write_text("{}")

    soak, growth = figures.PARTS["soak"](), figures.PARTS["growth"]()

    assert soak == "```text\nreport of benchmarks.soak {}\n```"
    assert re.fullmatch(r"!\[.*\]\(performance/growth\.svg\)\n\n```text\ntable of .*\n```", growth)


class Script:
    """Stands for the module of a script."""

    def __init__(self, name: str) -> None:
        self._name = name

    def table(self, of: dict[str, Any]) -> str:
        return f"table of {self._name} {of}"

    def report(self, of: dict[str, Any]) -> str:
        return f"report of {self._name} {of}"


@pytest.mark.parametrize(
    ("transport", "connections", "title"),
    [
        ("tcp", 1, "TCP, 1 connection"),
        ("http", 4, "HTTP, 4 connections"),
        ("udp", 1, "UDP"),
        ("file", 1, "file"),
    ],
)
def test_scenarios_have_names_for_readers(transport: str, connections: int, title: str) -> None:
    scenario = {"transport": transport, "connections": connections}

    assert figures.scenario_title(scenario) == title
