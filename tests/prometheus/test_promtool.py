"""Prometheus' own tool takes the rules, the sample configuration, and every case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.prometheus.rule_files import CASE_FILES, RULE_FILES, RUNBOOK, SAMPLE_CONFIG, promtool
from tests.test_docs import queries, rules

pytestmark = pytest.mark.real


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_rules_are_valid(path: Path) -> None:
    promtool("check", "rules", path)


def test_the_sample_configuration_is_valid_and_loads_the_rules() -> None:
    promtool("check", "config", SAMPLE_CONFIG)


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: path.name)
def test_rules_do_what_their_cases_say(path: Path) -> None:
    promtool("test", "rules", path)


def test_prometheus_takes_every_query_of_the_runbook(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps(rules(*queries(RUNBOOK.read_text()))))  # JSON is YAML

    promtool("check", "rules", path)
