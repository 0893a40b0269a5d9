"""The documents say what is true: commands, configuration, metrics, version."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from heroku_syslogd import __version__, catalogue
from heroku_syslogd.catalogue import Metric
from heroku_syslogd.cli import build_parser
from heroku_syslogd.config import load, parse
from heroku_syslogd.telemetry import LostReason

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
RUN = "sh setup.sh && .venv/bin/heroku-syslogd run --demo"
TEST = "sh setup.sh dev && .venv/bin/pytest"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.DOTALL | re.MULTILINE)
    assert found
    return found


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    commands = [line.strip() for block in blocks("console") for line in block.splitlines()]

    assert RUN in commands
    assert TEST in commands
    assert TEST in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("block", blocks("toml"))
def test_configuration_in_the_readme_is_valid(block: str) -> None:
    parse("\n".join(line.strip() for line in block.splitlines()))


def test_the_configuration_of_the_service_is_valid_and_uses_its_sockets() -> None:
    config = load(ROOT / "systemd" / "config.toml")

    assert {listener.systemd for listener in config.listener} == {"tcp", "udp"}


def test_commands_in_the_readme_are_ones_that_we_have() -> None:
    used = re.findall(r"heroku-syslogd (run --[a-z]+|check|simulate|--version)", README)
    assert {"run --demo", "run --config", "check", "simulate", "--version"} >= set(used)
    options = build_parser().parse_args(
        shlex.split(
            "simulate syslog://localhost:1 --apps 1 --dynos 1 --rate 1 --duration 1 --seed 1"
        )
    )
    assert options.duration == 1.0
    for option in re.findall(r"\[(--[a-z]+)", README):
        assert option in build_parser().format_help() + _help_of("run") + _help_of("simulate")


def _help_of(command: str) -> str:
    for action in build_parser()._actions:
        if isinstance(action.choices, dict):
            return str(action.choices[command].format_help())
    raise AssertionError(command)


def test_every_metric_and_every_reason_stands_in_the_readme() -> None:
    metrics = [value for value in vars(catalogue).values() if isinstance(value, Metric)]
    rows = [line for line in README.splitlines() if line.startswith("| `heroku_")]
    for metric in [*metrics, *catalogue.RUNTIME.values()]:
        row = next(line for line in rows if f"`{metric.name}`" in line)
        assert metric.type.value in row
        for label in metric.labels:
            assert label in row
    for reason in LostReason:
        assert f"`{reason}`" in README


def test_version_and_changelog_agree() -> None:
    versions = re.findall(
        r"^## \[([^]]+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )

    assert versions[0] == __version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"] == ["version"]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_in_the_readme_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
