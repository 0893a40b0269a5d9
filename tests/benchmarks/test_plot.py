from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

plot = pytest.importorskip("benchmarks.plot", reason="matplotlib is not installed")

SVG: Final = "{http://www.w3.org/2000/svg}"
RECEIVERS: Final = ("heroku-syslogd", "rsyslog")


def receiver(*costs: float) -> dict[str, Any]:
    runs = [{"cpu_us_per_message": cost} for cost in costs]
    return {"cpu_us_per_message": sorted(costs)[len(costs) // 2], "runs": runs}


def scenario(transport: str, connections: int = 1) -> dict[str, Any]:
    receivers = {name: receiver(1.0, 1.25, 2.0) for name in RECEIVERS}
    return {"transport": transport, "connections": connections, "receivers": receivers}


COMPARISON: Final = {
    "date": "2026-01-01T00:00:00+00:00",
    "rounds": 3,
    "scenarios": [scenario("tcp"), scenario("tcp", 20), scenario("file")],
}
GROWTH: Final = {
    "python": "3.11.2",
    "series": [
        {"title": "dynos", "points": [{"x": 10, "cpu_us_per_message": [1.0, 1.1]}]},
        {"title": "connections", "points": [{"x": 1000, "cpu_us_per_message": [1.0]}]},
    ],
}


def drawn(directory: Path, figures: dict[str, Any], name: str = "out.svg") -> Path:
    source, out = directory / "figures.json", directory / name
    source.write_text(json.dumps(figures))
    assert plot.main([str(source), str(out)]) == 0
    return out


def texts(path: Path) -> list[str]:
    return [one.text or "" for one in ElementTree.parse(path).iter(f"{SVG}text")]


def test_every_receiver_of_every_scenario_has_a_bar_with_its_figure(tmp_path: Path) -> None:
    found = texts(drawn(tmp_path, COMPARISON))

    for name in RECEIVERS:
        assert found.count(f"1.25  {name}") == 3
    assert {"TCP", "TCP,", "20 connections", "file"} <= set(" ".join(found).split(" ")) | set(found)


def test_growth_has_a_panel_per_series(tmp_path: Path) -> None:
    found = texts(drawn(tmp_path, GROWTH))

    assert {"dynos", "connections", "10", "1,000"} <= set(found)


@pytest.mark.parametrize("figures", [COMPARISON, GROWTH], ids=["comparison", "growth"])
def test_same_figures_give_the_same_bytes(tmp_path: Path, figures: dict[str, Any]) -> None:
    first, second = (drawn(tmp_path, figures, name) for name in ("1.svg", "2.svg"))

    assert first.read_bytes() == second.read_bytes()


def test_picture_has_no_background_and_no_black_so_that_it_is_read_on_any(tmp_path: Path) -> None:
    picture = drawn(tmp_path, COMPARISON).read_text()

    assert not re.search(r"(fill|stroke): *(#0{3,6}|#f{3,6}|black|white)\b", picture)


def test_picture_says_what_it_was_made_of(tmp_path: Path) -> None:
    picture = drawn(tmp_path, COMPARISON).read_text()

    digest = sha256((tmp_path / "figures.json").read_bytes()).hexdigest()
    assert f"figures.json, SHA-256 {digest}" in picture


@pytest.mark.parametrize("text", ["{}", "[]", "", '{"scenarios": [{}]}'])
def test_something_else_is_a_usage_error(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "other.json"
    source.write_text(text)

    with pytest.raises(SystemExit, match="2"):
        plot.main([str(source), str(tmp_path / "out.svg")])

    assert "other.json" in capsys.readouterr().err
    assert not (tmp_path / "out.svg").exists()
