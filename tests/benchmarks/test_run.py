"""The benchmark as a program: a small run must lose nothing and leave its figures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.benchmarks.programs import run_program

MESSAGES: Final = 20_001  # does not divide by the connections
KINDS: Final = ("heroku-syslogd", "heroku-syslogd replay")

bench: Final = partial(run_program, "run")


def test_small_run_loses_nothing_and_leaves_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = bench(
        *("--messages", str(MESSAGES), "--connections", "2", "--rounds", "1"),
        *("--only", KINDS[0], "--only", KINDS[1], "--datagrams-per-second", "40000"),
        *("--directory", str(tmp_path), "--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    assert "nothing was lost" in done.stdout
    result: dict[str, Any] = json.loads(figures.read_text())
    assert (result["format"], result["messages"], result["rounds"]) == (1, MESSAGES, 1)
    assert result["datagrams_per_second"] == 40_000
    assert set(result["machine"]) == {"cpu", "processors", "memory_bytes", "kernel"}
    assert set(result["programs"]) == {"python", "uvloop", "heroku-syslogd"}
    titles = [scenario["title"] for scenario in result["scenarios"]]
    assert titles == ["tcp 2", "udp 2", "http 2", "tls 2", "file"]
    for scenario in result["scenarios"]:
        assert 200 < scenario["mean_message_bytes"] < 320
        ((name, one),) = scenario["receivers"].items()
        assert name == KINDS[scenario["transport"] == "file"]
        assert one["lost_messages"] == 0
        assert 0 < one["cpu_us_per_message"] < 100
        assert one["messages_per_second"] > 0
        assert 2**20 < one["peak_memory_bytes"] < 2**29
        assert one["cpu_ratio_to_peer"] is one["cpu_ratio_to_tcp"] is None
        (run,) = one["runs"]
        assert run["consumed_messages"] == MESSAGES
    assert list(tmp_path.iterdir()) == [figures]


def test_later_run_says_what_has_changed(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    run = ("--messages", "1000", "--rounds", "1", "--transport", "tcp", "--only", KINDS[0])
    assert bench(*run, "--connections", "1", "--json", str(figures)).returncode == 0

    done = bench(*run, "--connections", "1", "--compare", str(figures))

    assert done.returncode == 0, done.stderr
    _, _, change = done.stdout.partition("\nsince 20")
    assert "heroku-syslogd" in change
    assert "not the same" not in change


@pytest.mark.parametrize("text", ["{}", "[", ""])
def test_comparison_with_something_else_is_a_usage_error(tmp_path: Path, text: str) -> None:
    other = tmp_path / "other.json"
    other.write_text(text)

    done = bench("--compare", str(other))

    assert done.returncode == 2
    assert "not figures of this benchmark" in done.stderr


@pytest.mark.real
@pytest.mark.parametrize(
    ("transport", "peers"),
    [("udp", ["rsyslog", "syslog-ng"]), ("tls", ["rsyslog", "syslog-ng"]), ("file", ["mtail"])],
)
def test_peers_are_measured_or_named_as_not_installed(
    tmp_path: Path, transport: str, peers: list[str]
) -> None:
    figures = tmp_path / "figures.json"

    done = bench(
        *("--transport", transport, "--messages", "2000", "--rounds", "1"),
        *("--directory", str(tmp_path), "--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    (scenario,) = json.loads(figures.read_text())["scenarios"]
    measured = scenario["receivers"]
    assert any(name in measured for name in KINDS)
    for name in peers:
        is_left_out = f"{name} over {transport}: not installed, left out" in done.stderr
        assert is_left_out != (name in measured)


def test_transport_that_nobody_takes_is_an_error() -> None:
    done = bench("--only", "rsyslog", "--transport", "http")

    assert done.returncode == 1
    assert "there is no receiver to be measured" in done.stderr


@pytest.mark.parametrize(
    "option", ["--messages", "--connections", "--rounds", "--datagrams-per-second"]
)
def test_nothing_to_do_is_a_usage_error(option: str) -> None:
    done = bench(option, "0")

    assert done.returncode == 2
    assert "expected 1 or more" in done.stderr
