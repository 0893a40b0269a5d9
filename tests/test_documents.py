"""The documents say what is true: commands, configuration, metrics, version."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from heroku_syslogd import __version__
from heroku_syslogd.catalogue import SECTIONS, MetricType
from heroku_syslogd.cli import build_parser
from heroku_syslogd.config import load, parse
from heroku_syslogd.config.schema import DEFAULT_PATH
from heroku_syslogd.simulate.target import parse_url
from heroku_syslogd.telemetry import LostReason

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
RUN = "sh setup.sh && .venv/bin/heroku-syslogd run --demo"
TEST = "sh setup.sh dev && .venv/bin/pytest"
COMMANDS = dict(re.findall(r"^\| `heroku-syslogd ([a-z]+)([^`]*)`", README, re.MULTILINE))
NO_HASH = "$2y$10$..."
A_HASH = f"$2y$10${'.' * 53}"
PACKAGE = "heroku_syslogd"
METRICS = [metric for section in SECTIONS for metric in section.metrics]
SUFFIXES = {
    MetricType.COUNTER: ("",),
    MetricType.GAUGE: ("",),
    MetricType.HISTOGRAM: ("", "_bucket", "_sum", "_count"),
    MetricType.SUMMARY: ("", "_sum", "_count"),
}
SAMPLES = {metric.name + suffix for metric in METRICS for suffix in SUFFIXES[metric.type]}


def blocks(language: str) -> list[str]:
    documents = [README, *(path.read_text() for path in DOCUMENTS)]
    block = re.compile(rf"^ *```{language}\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    found = [text for document in documents for text in block.findall(document)]
    assert found
    return found


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    commands = [line.strip() for block in blocks("console") for line in block.splitlines()]

    assert RUN in commands
    assert TEST in commands
    assert TEST in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("block", blocks("toml"))
def test_configuration_in_the_documents_is_valid(block: str) -> None:
    # A hash that anybody could use would be worse than one that nobody can.
    parse("\n".join(line.strip() for line in block.splitlines()).replace(NO_HASH, A_HASH))


def test_every_drain_in_the_readme_has_its_listener() -> None:
    drains = [parse_url(url) for url in re.findall(r"heroku drains:add (\S+)", README)]
    config = next(block for block in blocks("toml") if 'type = "https"' in block)
    listeners = parse(config.replace(NO_HASH, A_HASH)).listener
    ports = {listener.type: listener.address.port for listener in listeners if listener.address}

    assert {drain.scheme for drain in drains} == {"https", "syslog+tls", "syslog"}
    assert {drain.port for drain in drains} == {ports["https"], ports["tls"], ports["tcp"], 443}
    assert {drain.path for drain in drains if drain.scheme == "https"} == {DEFAULT_PATH}


def test_the_configuration_of_the_service_is_valid_and_uses_its_sockets() -> None:
    config = load(ROOT / "systemd" / "config.toml")

    assert {listener.systemd for listener in config.listener} == {"tcp", "udp"}


def test_every_command_stands_in_the_readme() -> None:
    assert COMMANDS.keys() == _commands().keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_options_in_the_readme_are_ones_that_the_command_has(command: str) -> None:
    for option in re.findall(r"--[a-z]+", COMMANDS[command]):
        assert option in _commands()[command]


def test_the_usage_of_simulate_is_what_it_takes() -> None:
    options = build_parser().parse_args(
        shlex.split(
            "simulate syslog://localhost:1 --apps 1 --dynos 1 --rate 1 --duration 1 --seed 1"
        )
    )

    assert options.duration == 1.0


def _commands() -> dict[str, str]:
    """Return the help of every command by its name."""
    return {
        name: str(command.format_help())
        for action in build_parser()._actions
        if isinstance(action.choices, dict)
        for name, command in action.choices.items()
    }


@pytest.mark.parametrize("path", [ROOT / "README.md", *DOCUMENTS], ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    names = re.findall(r"(?<!grep )\bheroku_[a-z0-9_]+\*?", path.read_text())
    named = set(names) - {PACKAGE}
    wildcards = {one for one in named if one.endswith("*")}

    assert named - wildcards <= SAMPLES
    for wildcard in wildcards:
        assert any(sample.startswith(wildcard.rstrip("*")) for sample in SAMPLES), wildcard


def test_the_readme_explains_every_loss_and_so_does_the_document() -> None:
    document = (ROOT / "docs" / "metrics.md").read_text()
    for reason in LostReason:
        assert f"`{reason}`" in README
        assert f"| `{reason}` |" in document


def test_version_and_changelog_agree() -> None:
    versions = re.findall(
        r"^## \[([^]]+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )

    assert versions[0] == __version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"] == ["version"]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README))
def test_links_in_the_readme_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
