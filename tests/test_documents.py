"""The documents say what is true: commands, configuration, metrics, version."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from docs.build import anchor
from heroku_syslogd import __version__, cli
from heroku_syslogd.catalogue import SECTIONS, MetricType
from heroku_syslogd.cli import build_parser
from heroku_syslogd.config import load, parse
from heroku_syslogd.config.schema import DEFAULT_PATH
from heroku_syslogd.simulate.target import parse_url
from heroku_syslogd.telemetry import LostReason
from tests.readme.blocks import README, block_with, blocks

ROOT = Path(__file__).parents[1]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCUMENTS]
RUN = "sh setup.sh && .venv/bin/heroku-syslogd run --demo"
TEST = "sh setup.sh dev && .venv/bin/pytest"
COMMANDS = dict(re.findall(r"^\| `heroku-syslogd ([a-z]+)([^`]*)`", README, re.MULTILINE))
NO_HASH = "$2y$10$..."
A_HASH = f"$2y$10${'.' * 53}"
PACKAGE = "heroku_syslogd"
# Types of the configuration of Vector and of Promtail.
OTHERS = {"heroku_logs", "heroku_drain"}
METRICS = [metric for section in SECTIONS for metric in section.metrics]
SUFFIXES = {
    MetricType.COUNTER: ("",),
    MetricType.GAUGE: ("",),
    MetricType.HISTOGRAM: ("", "_bucket", "_sum", "_count"),
    MetricType.SUMMARY: ("", "_sum", "_count"),
}
SAMPLES = {metric.name + suffix for metric in METRICS for suffix in SUFFIXES[metric.type]}


def section_of(document: str, title: str) -> str:
    """Return what a document has under a title; nothing if it has no such section."""
    _, _, section = document.partition(f"\n## {title}\n")
    return section.partition("\n## ")[0]


def every_block(language: str) -> list[str]:
    found = [block.text for path in PAGES for block in blocks(path.read_text(), language)]
    assert found
    return found


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    commands = [block.text.strip() for block in blocks(README, "console")]

    assert RUN in commands
    assert TEST in commands
    assert TEST in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("block", every_block("toml"))
def test_configuration_in_the_documents_is_valid(block: str) -> None:
    # A hash that anybody could use would be worse than one that nobody can.
    parse(block.replace(NO_HASH, A_HASH))


def test_the_drain_of_the_readme_has_its_listener_and_socket() -> None:
    [url] = re.findall(r"heroku drains:add (\S+)", block_with("heroku drains:add"))
    config = parse(block_with("[[listener]]", "toml").replace(NO_HASH, A_HASH))
    drain, [listener] = parse_url(url), config.listener
    socket = (ROOT / "systemd" / f"heroku-syslogd-{listener.systemd}.socket").read_text()

    assert (drain.scheme, drain.path) == (listener.type, DEFAULT_PATH)
    assert f"ListenStream={drain.port}\n" in socket
    assert [credential.app for credential in config.credentials] == re.findall(
        r"drains:add .* --app (\S+)", README
    )


def test_every_kind_of_drain_has_its_listener() -> None:
    drains = [parse_url(url) for url in re.findall(r"heroku drains:add (\S+)", OPERATING)]
    config = next(block.text for block in blocks(OPERATING, "toml"))
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


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    names = re.findall(r"(?<!grep )\bheroku_[a-z0-9_]+\*?", without_others(path.read_text()))
    named = set(names) - {PACKAGE} - OTHERS
    wildcards = {one for one in named if one.endswith("*")}

    assert named - wildcards <= SAMPLES
    for wildcard in wildcards:
        assert any(sample.startswith(wildcard.rstrip("*")) for sample in SAMPLES), wildcard


def without_others(document: str) -> str:
    """Return a document without what other programs call their metrics.

    The tables that compare have ours in their first column.
    """
    section = section_of(document, "Coming from another program")
    ours = re.sub(r"^(\|[^|]*\|).*$", r"\1", section, flags=re.MULTILINE)
    return document.replace(section, ours) if section else document


def test_every_comparison_begins_with_a_metric_of_ours() -> None:
    section = section_of(README, "Coming from another program")
    rows = [line for line in section.splitlines() if line.startswith("| `")]

    assert len(rows) > 10
    assert [row for row in rows if not re.match(r"\| `heroku_[a-z0-9_]+\*?`", row)] == []


def test_two_pages_explain_every_loss() -> None:
    section = section_of(OPERATING, "What is lost, and why")
    table = (ROOT / "docs" / "metrics.md").read_text()
    for reason in LostReason:
        assert f"`{reason}`" in section
        assert f"| `{reason}` |" in table


def test_every_exit_code_is_explained() -> None:
    _, _, explained = section_of(OPERATING, "Reloading and stopping").partition("Exit codes: ")
    codes = {value for name, value in vars(cli).items() if name.startswith("EXIT_")}

    assert set(map(int, re.findall(r"(?:^|; )(\d+)\b", explained))) == codes


def test_version_and_changelog_agree() -> None:
    versions = re.findall(
        r"^## \[([^]]+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )

    assert versions[0] == __version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"] == ["version"]


LINKS = [
    pytest.param(page, target, fragment, id=f"{page.name}-{target}#{fragment}")
    for page in PAGES
    for target, fragment in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text())
]


@pytest.mark.parametrize(("page", "target", "fragment"), LINKS)
def test_links_lead_somewhere(page: Path, target: str, fragment: str) -> None:
    path = page.parent / target if target else page
    assert path.exists()
    if fragment:
        assert fragment in anchors(path)


def anchors(page: Path) -> list[str]:
    """Return the fragments that lead to the titles of a page; what is code has none."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [anchor(title) for title in re.findall(r"^##+ (.*)$", text, re.MULTILINE)]


def test_pictures_in_the_readme_are_there() -> None:
    pictures = re.findall(r'(?:srcset|src)="([^":]+)"', README)

    assert pictures
    assert [one for one in pictures if not (ROOT / one).is_file()] == []
