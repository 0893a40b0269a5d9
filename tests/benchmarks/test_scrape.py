"""The cost of scrapes as a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.scrape import too_slow
from tests.benchmarks.programs import run_program


def test_small_run_loses_nothing_and_leaves_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = run_program(
        "scrape",
        *("--dynos", "20", "--rate", "2000", "--seconds", "1", "--every", "0.1"),
        *("--scrapes", "1", "--json", str(figures)),
    )

    assert figures.exists(), done.stderr
    result = json.loads(figures.read_text())
    assert (result["dynos"], result["apps"]) == (20, 1)
    sizes = {one["series"] for one in result["idle"].values()}
    assert len(result["idle"]) == 4
    assert min(sizes) > 20 * 12
    for stretch in ("without_scrapes", "with_scrapes"):
        assert result[stretch]["latencies"]["requests"] > 0
        assert result[stretch]["rate"] > 0
    assert not result["without_scrapes"]["scrapes"]
    assert result["with_scrapes"]["scrapes"]
    peaks = [one["peak_bytes"] for one in result["memory"].values()]
    assert peaks == sorted(peaks)
    assert "none lost" in done.stdout


@pytest.mark.parametrize(
    ("rates", "fault"),
    [
        ((1000.0, 981.0), None),
        ((979.0, 1000.0), "only 979 messages per second could be sent"),
        ((1000.0, 500.0), "only 500 messages per second could be sent"),
    ],
)
def test_rate_that_was_not_reached_is_a_fault(
    rates: tuple[float, float], fault: str | None
) -> None:
    stretches = ({"rate": rate} for rate in rates)

    figures = dict(zip(("without_scrapes", "with_scrapes"), stretches, strict=True))

    assert too_slow({"rate": 1000.0, **figures}) == fault


def test_nothing_to_do_is_a_usage_error() -> None:
    for option in ("--dynos", "--rate", "--every", "--scrapes", "--seconds"):
        assert run_program("scrape", option, "0").returncode == 2
