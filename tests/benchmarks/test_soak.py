"""The soak as a program, and what it makes of its samples."""

from __future__ import annotations

import json
from collections import Counter
from math import exp
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from benchmarks.soak import BOUNDS, QUARTER, growing, report, trend_of
from tests.benchmarks.programs import run_program

TIMES: Final = [float(second) for second in range(600)]


def samples(slope: float, noise: float) -> list[float]:
    """Return memory that grows to 100 MB within 300 s, and then by ``slope`` bytes per second."""
    rng = Random(1)
    return [
        min(at, 300) / 300 * 40e6 + 60e6 + max(0, at - 300) * slope + rng.gauss(0, noise)
        for at in TIMES
    ]


def test_trend_is_that_of_the_second_half() -> None:
    trend = trend_of(TIMES, samples(1000, 0))

    assert (trend.first, trend.last) == (60e6, 100e6 + 299_000)
    assert trend.slope == pytest.approx(1000)
    assert trend.slope_error == pytest.approx(0, abs=1e-3)
    assert trend.noise == pytest.approx(0, abs=1)
    assert trend.seconds == 299


@pytest.mark.parametrize(
    ("slope", "noise", "is_flat"),
    [(0, 0, True), (-5000, 0, True), (2000, 1e4, True), (20_000, 1e4, False), (4000, 3e7, True)],
)
def test_memory_is_flat_unless_it_rises_beyond_its_noise(
    slope: float, noise: float, is_flat: bool
) -> None:
    assert trend_of(TIMES, samples(slope, noise)).is_flat == is_flat


def figures_of(sizes: list[float]) -> dict[str, Any]:
    return {
        "seconds": 600.0,
        "books": {"received": 10, "applied": 10, "lost": {}},
        "normal": {"one": 5},
        "times": TIMES,
        "resident_bytes": sizes,
        "trend": trend_of(TIMES, sizes)._asdict(),
    }


def test_last_quarter_tells_growth_that_ends_from_a_leak() -> None:
    leaking = figures_of([60e6 + 20_000 * at for at in TIMES])
    ending = figures_of([100e6 - 40e6 * exp(-at / 150) for at in TIMES])

    assert "slope +20,000 bytes/s (± 0), noise 0.00 MiB: GROWING" in report(leaking)
    assert "last quarter: slope +20,000 bytes/s" in report(leaking)
    assert growing(leaking) == growing(ending) == "memory grows"
    latest = trend_of(TIMES, ending["resident_bytes"], QUARTER)
    assert 0 < latest.slope < ending["trend"]["slope"] / 1.5
    assert f"last quarter: slope {latest.slope:+,.0f} bytes/s" in report(ending)


def test_flat_memory_is_no_fault() -> None:
    assert growing(figures_of([60e6] * len(TIMES))) is None


@pytest.mark.parametrize("count", [6, 7, 8])
def test_fewest_samples_are_enough_for_the_last_quarter(count: int) -> None:
    assert trend_of(TIMES[:count], TIMES[:count], QUARTER).slope == pytest.approx(1)


def test_books_of_a_short_soak_add_up(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = run_program("soak", "--seconds", "7", "--rate", "1000", "--json", str(figures))

    assert figures.exists(), done.stderr  # too short to tell anything about memory
    result = json.loads(figures.read_text())
    books = result["books"]
    assert books["received"] == books["applied"] + sum(books["lost"].values()) > 1000
    assert books["lost"].keys() <= BOUNDS
    assert len(Counter(result["normal"])) == 3
    assert len(result["times"]) == len(result["resident_bytes"]) >= 6
    assert "of the normal apps, none lost" in done.stdout
    assert "last quarter: slope " in done.stdout


def test_too_short_a_soak_is_a_usage_error() -> None:
    assert run_program("soak", "--seconds", "5").returncode == 2
