"""The loss of datagrams as a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.programs import run_program


@pytest.mark.parametrize("buffer", ["full", "small"])
def test_every_datagram_is_applied_or_counted_as_lost(tmp_path: Path, buffer: str) -> None:
    figures = tmp_path / "figures.json"

    done = run_program(
        "udp",
        *("--rate", "4000", "--seconds", "1.5", "--dynos", "20", "--receive-buffer", buffer),
        *("--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    cases = json.loads(figures.read_text())["cases"]
    assert list(cases) == ["100 dynos", "20 dynos", "20 dynos, scraped"]
    for one in cases.values():
        assert one["sent"]["messages"] == one["applied"] + sum(one["lost"].values()) == 6000
        assert 0 < one["cpu_us_per_datagram"] < 1000
    assert [one["scrapes"] > 0 for one in cases.values()] == [False, False, True]


def test_nothing_to_do_is_a_usage_error() -> None:
    for option in ("--dynos", "--rate", "--seconds", "--recorded"):
        assert run_program("udp", option, "0").returncode == 2
