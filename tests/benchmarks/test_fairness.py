"""Fairness under a flood as a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.fairness import Delays, sample
from heroku_syslogd.wire import Dialect, Message, parse_message
from tests.benchmarks.programs import run_program


def test_delays_are_summarised_in_milliseconds() -> None:
    assert Delays.of([0.001] * 19 + [0.5]) == Delays(1.0, 1.0, 500.0)
    assert Delays.of([0.25]) == Delays(250.0, 250.0, 250.0)


def test_each_sample_is_well_formed_and_has_a_load_of_its_own() -> None:
    first, second = sample(1000.5), sample(1001.5)

    length, _, message = first.partition(b" ")
    assert int(length) == len(message)
    assert isinstance(parse_message(message, Dialect.RFC5424), Message)
    assert b"sample#load_avg_1m=1000.5 " in first
    assert first != second


def test_samples_are_seen_beside_every_flood_that_is_asked_for(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = run_program(
        "fairness",
        *("--flood", "none", "--flood", "malformed headers", "--flood", "HTTP, mix"),
        *("--samples", "2", "--connections", "1", "--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    assert "2 samples each, and all of them were seen" in done.stdout
    result = json.loads(figures.read_text())
    assert result["samples"] == 2
    assert [(one["flood"], one["connections"]) for one in result["delays_ms"]] == [
        *(("none", 0), ("malformed headers", 1), ("HTTP, mix", 1))
    ]
    for one in result["delays_ms"]:
        assert 0 < one["median"] <= one["p90"] <= one["worst"]
        assert one["flood"] in done.stdout


@pytest.mark.parametrize("option", ["--samples", "--connections"])
def test_nothing_to_do_is_a_usage_error(option: str) -> None:
    done = run_program("fairness", option, "0")

    assert done.returncode == 2
    assert "expected 1 or more" in done.stderr


def test_unknown_flood_is_a_usage_error() -> None:
    assert run_program("fairness", "--flood", "rain").returncode == 2
