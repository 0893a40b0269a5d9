"""The benchmark as a program: a small run must lose nothing and leave its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
MESSAGES: Final = 20_001  # does not divide by the connections


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/run.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_small_run_loses_nothing_and_leaves_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = bench(
        *("--messages", str(MESSAGES), "--connections", "2", "--rounds", "1"),
        *("--only", "heroku-syslogd", "--directory", str(tmp_path), "--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    assert "nothing was lost" in done.stdout
    result: dict[str, Any] = json.loads(figures.read_text())
    assert (result["messages"], result["connections"], result["rounds"]) == (MESSAGES, 2, 1)
    assert list(result["transports"]) == ["tcp", "http", "tls"]
    for name, transport in result["transports"].items():
        assert 200 < transport["mean_message_bytes"] < 320
        daemon = transport["receivers"].pop("heroku-syslogd")
        assert transport["receivers"] == {}
        assert daemon["lost_messages"] == 0
        assert 0 < daemon["cpu_us_per_message"] < 100
        assert daemon["messages_per_second"] > 0
        assert 2**20 < daemon["peak_memory_bytes"] < 2**29
        assert daemon["cpu_ratio_to_rsyslog"] is None
        assert (daemon["cpu_ratio_to_tcp"] is None) == (name == "tcp")
        assert len(daemon["runs"]) == 1
    assert list(tmp_path.iterdir()) == [figures]


@pytest.mark.real
def test_peers_over_tls_are_measured_or_named_as_not_installed(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = bench(
        *("--transport", "tls", "--messages", "2000", "--rounds", "1"),
        *("--directory", str(tmp_path), "--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    measured = json.loads(figures.read_text())["transports"]["tls"]["receivers"]
    for name in ("heroku-syslogd", "rsyslog", "syslog-ng"):
        is_left_out = f"{name} over tls: not installed, left out" in done.stderr
        assert is_left_out != (name in measured)


def test_transport_that_nobody_takes_is_an_error() -> None:
    done = bench("--only", "rsyslog", "--transport", "http")

    assert done.returncode == 1
    assert "there is no receiver to be measured" in done.stderr


@pytest.mark.parametrize("option", ["--messages", "--connections", "--rounds"])
def test_nothing_to_do_is_a_usage_error(option: str) -> None:
    done = bench(option, "0")

    assert done.returncode == 2
    assert "expected 1 or more" in done.stderr
