"""The command line as a user meets it."""

import subprocess
import sys
from pathlib import Path

import pytest

from heroku_syslogd import __version__

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heroku_syslogd", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version() -> None:
    assert run("--version").stdout == f"heroku-syslogd {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("fly",), ("run", "--colour"), ("check",)])
def test_misuse_is_2_with_a_usage_line(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)

    assert result.returncode == 2
    assert "usage: heroku-syslogd" in result.stderr


def test_check_prints_what_would_be_opened() -> None:
    result = run("check", str(ROOT / "config.example.toml"))

    assert result.returncode == 0
    assert "config.example.toml: valid" in result.stdout
    assert "http://127.0.0.1:9842/metrics" in result.stdout
    assert "tcp       127.0.0.1:5140" in result.stdout
    assert "udp       127.0.0.1:5140" in result.stdout


@pytest.mark.parametrize("command", [("check",), ("run", "--config")])
def test_a_bad_configuration_is_78_with_every_error(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[queue]\nworkers = 0\n[log]\nlevel = 'loud'\nlevle = 1\n")

    result = run(*command, str(path))

    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        f"{path}: queue.workers: expected `int` >= 1, got 0",
        f"{path}: log.level: expected one of 'debug', 'info', 'warning', 'error', got 'loud'",
        f"{path}: log.levle: unknown key; did you mean 'level'?",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("gopher://localhost",), "syslog"),
        (("syslog://localhost:1", "--apps", "0"), "at least 1"),
        (("syslog://localhost:1", "--rate", "0"), "rate"),
        (("syslog://localhost:1", "--rate", "fast"), "--rate"),
    ],
)
def test_what_simulate_cannot_do_is_2(arguments: tuple[str, ...], problem: str) -> None:
    result = run("simulate", *arguments)

    assert result.returncode == 2
    assert problem in result.stderr
    assert "Traceback" not in result.stderr


def test_simulate_that_reaches_nobody_is_1_and_says_why() -> None:
    # Port 1 of the loopback interface: nobody listens there.
    result = run("simulate", "syslog://127.0.0.1:1", "--duration", "0.2")

    assert result.returncode == 1
    assert result.stdout.startswith("0 messages sent")
    assert "last error" in result.stderr
