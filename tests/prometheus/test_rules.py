"""What every rule has to have: names, labels, severities, a section of the runbook, its cases."""

from __future__ import annotations

import re
from typing import Final

import pytest

from docs import build
from heroku_syslogd.catalogue import SECTIONS
from heroku_syslogd.catalogue.apps import BUCKETS
from heroku_syslogd.telemetry import LostReason
from tests.prometheus.rule_files import (
    ALERTS,
    CASES,
    LEVELS,
    OF_TARGET,
    RECORDED,
    ROOT,
    RULES,
    RUNBOOK,
    Rule,
    grouped,
    labels_of_series,
    selected,
)

METRICS: Final = [metric.name for section in SECTIONS for metric in section.metrics]
SERIES: Final = labels_of_series()
PAGE: Final = RUNBOOK.read_text()
SECTIONS_OF_PAGE: Final = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
NUMBER: Final = r"[<>=]=? *([0-9.]+)$"


def alternatives(label: str, expression: str) -> list[str]:
    """Return the values that an expression asks of a label."""
    found = re.findall(rf'{label}=~?"([^"]*)"', expression)
    return sorted({value for one in found for value in one.split("|")})


# Expressions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_names_series_and_labels_that_there_are(rule: Rule) -> None:
    named = selected(rule.expr)

    assert named
    for series, labels in named:
        assert series in SERIES
        assert labels <= SERIES[series] | OF_TARGET, series
    known = frozenset[str]().union(*(SERIES[series] for series, _ in named))
    assert grouped(rule.expr) <= known | OF_TARGET


@pytest.mark.parametrize("rule", RECORDED, ids=str)
def test_a_recording_rule_is_named_level_metric_operation(rule: Rule) -> None:
    level, metric, operation = rule.name.split(":")

    assert level in LEVELS
    assert re.fullmatch(r"[a-z][a-z0-9_]*", operation)
    assert any(metric.startswith(name.removesuffix("_total")) for name in METRICS)


@pytest.mark.parametrize("rule", RECORDED, ids=str)
def test_a_recording_rule_is_of_use_to_an_alert(rule: Rule) -> None:
    others = [name for one in RULES if one is not rule for name, _ in selected(one.expr)]

    assert rule.name in others


def test_the_parser_of_expressions_sees_what_they_name() -> None:
    expression = (
        'sum without (instance) (rate(heroku_errors_total{code=~"H1.|a:b", app!="up"}[5m]))'
        " / on (app) group_left () app:heroku_log_messages:rate5m and up offset 5m == 1"
    )

    assert selected(expression) == [
        ("heroku_errors_total", {"code", "app"}),
        ("app:heroku_log_messages:rate5m", set()),
        ("up", set()),
    ]
    assert grouped(expression) == {"instance", "app"}


# Alerts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_alert_says_what_it_is_and_where_help_is(alert: Rule) -> None:
    assert re.fullmatch(r"Heroku(Syslogd)?[A-Z][A-Za-z0-9]+", alert.name)
    assert alert.severity in {"critical", "warning", "info"}
    assert alert.annotations.keys() == {"summary", "description", "runbook_url"}
    assert all(alert.annotations.values())

    path, _, anchor = alert.annotations["runbook_url"].partition("#")
    assert ROOT / path == RUNBOOK
    assert anchor == alert.name.lower()
    assert anchor in {build.anchor(section.partition("\n")[0]) for section in SECTIONS_OF_PAGE}


def test_alerts_of_one_name_differ_in_their_severity() -> None:
    assert len({(alert.name, alert.severity) for alert in ALERTS}) == len(ALERTS)


def test_every_error_code_from_h10_to_h27_has_its_alert() -> None:
    codes = [code for alert in ALERTS for code in alternatives("code", alert.expr)]

    assert len(codes) == len(set(codes))
    assert {f"H{number}" for number in range(10, 28)} | {"R10", "R14", "R15"} <= set(codes)


def test_every_loss_of_the_daemon_has_its_alert() -> None:
    of_losses = [alert for alert in ALERTS if "heroku_syslogd_lost_messages_total" in alert.expr]
    reasons = [reason for alert in of_losses for reason in alternatives("reason", alert.expr)]

    assert sorted(reasons) == sorted(LostReason)


@pytest.mark.parametrize("name", ["HerokuServiceTimeP95", "HerokuServiceTimeP99"])
def test_a_threshold_of_a_quantile_is_the_bound_of_a_bucket(name: str) -> None:
    (alert,) = [one for one in ALERTS if one.name == name]

    threshold = re.findall(NUMBER, alert.expr, re.MULTILINE)[0]
    assert float(threshold) in BUCKETS


# Cases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_alert_has_cases_in_which_it_fires_and_in_which_it_does_not(alert: Rule) -> None:
    cases = [
        one["exp_alerts"]
        for case in CASES
        for one in case.get("alert_rule_test", ())
        if one["alertname"] == alert.name
    ]
    firing = [expected for case in cases for expected in case]

    assert any(one["exp_labels"]["severity"] == alert.severity for one in firing)
    assert any(not case for case in cases)
    assert "<no value>" not in str(firing)


@pytest.mark.parametrize("rule", RECORDED, ids=str)
def test_a_recording_rule_has_a_case(rule: Rule) -> None:
    expressions = [one["expr"] for case in CASES for one in case.get("promql_expr_test", ())]

    assert any(rule.name in expression for expression in expressions)


def test_the_series_of_cases_are_ones_that_there_are() -> None:
    for case in CASES:
        for series in case["input_series"]:
            ((name, labels),) = selected(series["series"])
            assert labels <= SERIES[name] | OF_TARGET, name


# The runbook -------------------------------------------------------------------------------------


def test_every_section_of_the_runbook_is_of_an_alert() -> None:
    names = [section.partition("\n")[0] for section in SECTIONS_OF_PAGE]

    assert names == list(dict.fromkeys(alert.name for alert in ALERTS))


@pytest.mark.parametrize("section", SECTIONS_OF_PAGE, ids=lambda text: text.partition("\n")[0])
def test_a_section_says_what_it_means_how_to_look_what_to_do_and_when_to_silence(
    section: str,
) -> None:
    parts = re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\*", section, re.MULTILINE)

    assert parts == ["Meaning", "Look", "Do", "Silence"]
    assert "```promql\n" in section


def test_the_contents_of_the_runbook_name_every_alert() -> None:
    contents = re.findall(r"\[(Heroku\w+)\]\(#(\w+)\)", PAGE.partition("\n## ")[0])

    assert contents == [(name, name.lower()) for name, _ in contents]
    assert [name for name, _ in contents] == list(dict.fromkeys(alert.name for alert in ALERTS))


def test_links_of_the_runbook_lead_somewhere() -> None:
    for target, fragment in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", PAGE):
        path = RUNBOOK.parent / target if target else RUNBOOK
        assert path.exists(), target
        titles = re.findall(r"^##+ (.*)$", path.read_text(), re.MULTILINE) if fragment else []
        assert not fragment or fragment in map(build.anchor, titles), fragment
