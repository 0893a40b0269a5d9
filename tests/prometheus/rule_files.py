"""The files of prometheus/ as data, and what their expressions name."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from heroku_syslogd.catalogue import SECTIONS, MetricType
from tests.real import require

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "prometheus"
SAMPLE_CONFIG: Final = PROMETHEUS / "prometheus.yaml"
RULE_FILES: Final = sorted((PROMETHEUS / "rules").glob("*.yaml"))
CASE_FILES: Final = sorted((PROMETHEUS / "tests").glob("*.yaml"))
RUNBOOK: Final = ROOT / "docs" / "runbook.md"

LEVELS: Final = {
    "job": frozenset[str](),
    "instance": frozenset({"instance", "app", "process_type", "dyno"}),
    "app": frozenset({"app"}),
    "app_code": frozenset({"app", "code"}),
    "app_process_type": frozenset({"app", "process_type"}),
    "app_process_type_code": frozenset({"app", "process_type", "code"}),
    "dyno": frozenset({"app", "process_type", "dyno"}),
}
"""Labels by the level of a recording rule, beside those of the target; at most those for
instance."""

OF_TARGET: Final = frozenset({"job", "instance"})

_SELECTOR: Final = re.compile(r"(?<![\w:\"{$.])([a-zA-Z_][\w:]*)(?:\{([^}]*)\})?")
_MATCHER: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SERIES_OF: Final = {
    MetricType.COUNTER: ("",),
    MetricType.GAUGE: ("",),
    MetricType.HISTOGRAM: ("_bucket", "_sum", "_count"),
    MetricType.SUMMARY: ("_sum", "_count"),
}


class Rule(NamedTuple):
    """A rule, whichever of the two it is.

    Attributes:
        name: Of the series that it records, or of the alert.
        expr: Its expression.
        is_alert: Whether it is an alert.
        severity: Of an alert.
        annotations: Of an alert.
    """

    name: str
    expr: str
    is_alert: bool
    severity: str
    annotations: dict[str, str]

    def __str__(self) -> str:
        return f"{self.name} {self.severity}".rstrip()


def _rules() -> Iterator[Rule]:
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield Rule(
                    rule.get("alert") or rule["record"],
                    rule["expr"],
                    "alert" in rule,
                    rule.get("labels", {}).get("severity", ""),
                    rule.get("annotations", {}),
                )


RULES: Final = list(_rules())
ALERTS: Final = [rule for rule in RULES if rule.is_alert]
RECORDED: Final = [rule for rule in RULES if not rule.is_alert]
CASES: Final[list[dict[str, Any]]] = [
    case for path in CASE_FILES for case in yaml.safe_load(path.read_text())["tests"]
]
"""What promtool is asked to test."""


def _variants() -> Iterator[dict[str, Any]]:
    """Return what the commented blocks of the sample configuration say."""
    blocks = re.findall(
        r"^    # static_configs:\n(?:    # .*\n)+", SAMPLE_CONFIG.read_text(), re.MULTILINE
    )
    for block in blocks:
        yield yaml.safe_load(re.sub(r"^    # ", "", block, flags=re.MULTILINE))


SAMPLE: Final[dict[str, Any]] = yaml.safe_load(SAMPLE_CONFIG.read_text())
SEVERAL, PROTECTED = _variants()
"""Its variants of a job: for several processes, and for a protected admin server."""


def labels_of_series() -> dict[str, frozenset[str]]:
    """Return the labels of every series that an expression may name, those of targets aside."""
    labels = {rule.name: LEVELS[rule.name.partition(":")[0]] for rule in RECORDED}
    labels["up"] = frozenset()
    for section in SECTIONS:
        for metric in section.metrics:
            for suffix in _SERIES_OF[metric.type]:
                bounds = {"le"} if suffix == "_bucket" else set()
                labels[metric.name + suffix] = frozenset(metric.labels) | bounds
    return labels


def selected(expression: str) -> list[tuple[str, set[str]]]:
    """Return the series that an expression names, and the labels that it asks of each."""
    without_groupings = _GROUPING.sub("", expression)
    return [
        (name, set(_MATCHER.findall(matchers)))
        for name, matchers in _SELECTOR.findall(without_groupings)
        if ":" in name or name.startswith("heroku_") or name == "up"
    ]


def grouped(expression: str) -> set[str]:
    """Return the labels that an expression groups or matches by."""
    lists = _GROUPING.findall(expression)
    return {label.strip() for one in lists for label in one.split(",") if label.strip()}


def promtool(*arguments: str | Path) -> None:
    """Let Prometheus' own tool judge files."""
    done = subprocess.run(
        [require("promtool"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
