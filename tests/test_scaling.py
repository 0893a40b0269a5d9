"""The page on several processes: its commands are valid, and its queries mean what it says.

Every query of the page has its case: see `tests.two_processes`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from docs import build
from heroku_syslogd.cli import build_parser
from tests.test_docs import promtool, queries
from tests.two_processes import CASES, FRACTION, NOW, ONE, OTHER, QUIET, Case

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs" / "scaling.md").read_text()
QUERIES: Final = queries(PAGE)
YAML: Final = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SCRAPE, RULES = YAML
COMMANDS: Final = [
    line
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


# Prometheus ---------------------------------------------------------------------------------------


def of_instance(series: str, instance: str) -> str:
    """Return a series with the label that Prometheus adds."""
    name, _, labels = series.rstrip("}").partition("{")
    own = f'instance="{instance}"'
    return f"{name}{{{','.join(filter(None, [labels, own]))}}}"


def judge(directory: Path, query: str, case: Case) -> None:
    """Let promtool ask the query, with the recording rules of the page in force."""
    test = {
        "interval": "1m",
        "input_series": [
            {"series": of_instance(name, instance), "values": values}
            for instance, series in ((ONE, case.one), (OTHER, case.other))
            for name, values in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": f"round({query}, {FRACTION})",
                "eval_time": f"{NOW}s",
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in case.together.items()
                ],
            }
        ],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    promtool(directory, "test", "rules", rules=RULES, test=document)


@pytest.mark.parametrize(
    ("query", "case"), list(zip(QUERIES, CASES, strict=True)), ids=[case.about for case in CASES]
)
def test_every_query_has_its_case(query: str, case: Case) -> None:
    assert re.search(rf"\b{case.about}\b", query)


@pytest.mark.real
@pytest.mark.parametrize(
    ("query", "case"), list(zip(QUERIES, CASES, strict=True)), ids=[case.about for case in CASES]
)
def test_a_query_makes_one_of_two_processes(tmp_path: Path, query: str, case: Case) -> None:
    judge(tmp_path, query, case)


@pytest.mark.real
@pytest.mark.parametrize("case", QUIET, ids=[case.about for case in QUIET])
def test_an_alert_is_quiet_while_one_process_is_as_it_should_be(tmp_path: Path, case: Case) -> None:
    (query,) = [one for one in QUERIES if case.about in one]
    judge(tmp_path, query, case)


@pytest.mark.real
def test_promtool_takes_the_configuration_and_the_rules(tmp_path: Path) -> None:
    promtool(tmp_path, "check", "config", prometheus=SCRAPE)
    promtool(tmp_path, "check", "rules", rules=RULES)


# The rest of the page -----------------------------------------------------------------------------


def test_both_instances_are_scraped() -> None:
    assert f'["{ONE}", "{OTHER}"]' in SCRAPE


def test_commands_are_ones_that_the_daemon_has() -> None:
    runs = [line.split() for line in COMMANDS if line.startswith("heroku-syslogd ")]
    ports = [build_parser().parse_args(words[1:]).admin_port for words in runs]

    assert ports == [9851, 9852]


def test_every_unit_of_a_command_exists() -> None:
    units = {
        unit
        for line in COMMANDS
        for unit in re.findall(r"heroku-syslogd[a-z-]*@?(?:\d+|\$port|\*)?(?:\.[a-z]+)?", line)
        if "systemctl" in line and "*" not in unit
    }
    names = {re.sub(r"@(\d+|\$port)", "@", unit) for unit in units}
    files = {name if "." in name else f"{name}.service" for name in names}

    assert "heroku-syslogd@.service" in files
    for file in files:
        assert (ROOT / "systemd" / file).exists(), file


def test_links_lead_somewhere() -> None:
    pages = {**dict(build.pages()), "": PAGE}
    for target, fragment in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", PAGE):
        assert target in pages
        titles = re.findall(r"^##+ (.*)$", pages[target], re.MULTILINE)
        assert not fragment or fragment in map(build.anchor, titles), fragment
