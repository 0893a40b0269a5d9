"""The dashboards as they are committed, taken apart for the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from grafana.daemon_process import STANDARD
from heroku_syslogd.catalogue import SECTIONS

ROOT: Final = Path(__file__).parents[2]
DIRECTORY: Final = ROOT / "grafana" / "dashboards"
DASHBOARDS: Final[list[dict[str, Any]]] = [
    json.loads(path.read_text()) for path in sorted(DIRECTORY.glob("*.json"))
]
METRICS: Final = {
    metric.name: metric
    for metric in (*(one for section in SECTIONS for one in section.metrics), *STANDARD)
}
"""By name."""

_SELECTOR: Final = re.compile(r"\b(heroku_\w+|process_(?!type\b)\w+)(\{[^}]*\})?")
_SUFFIX: Final = re.compile(r"_(bucket|sum|count)$")


class Query(NamedTuple):
    """A query, and where it stands.

    Attributes:
        uid: Dashboard.
        panel: Title of the panel.
        ref: Which of its queries.
        text: PromQL.
        wanted: Labels that the panel names: every series has to have them.
        known: Labels that have a column, if it is a table: no series may have others.
    """

    uid: str
    panel: str
    ref: str
    text: str
    wanted: frozenset[str] = frozenset()
    known: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.uid}: {self.panel}: {self.ref}"


class Selector(NamedTuple):
    """A metric of a query, and the matchers behind it."""

    metric: str
    matchers: str


def panels() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Return every panel but rows, behind its dashboard."""
    for dashboard in DASHBOARDS:
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield dashboard, panel


def queries() -> list[Query]:
    """Return every query of every panel."""
    return [
        Query(
            dashboard["uid"],
            panel["title"],
            target["refId"],
            target["expr"],
            _labels_of_lines(panel, target),
            _labels_of_columns(panel),
        )
        for dashboard, panel in panels()
        for target in panel["targets"]
    ]


def _labels_of_lines(panel: dict[str, Any], target: dict[str, Any]) -> frozenset[str]:
    in_legend = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
    in_links = re.findall(r"\$\{__field\.labels\.(\w+)\}", json.dumps(panel["fieldConfig"]))
    return frozenset((*in_legend, *in_links))


def _labels_of_columns(panel: dict[str, Any]) -> frozenset[str] | None:
    if panel["type"] != "table":
        return None
    (organize,) = (one for one in panel["transformations"] if one["id"] == "organize")
    fields = organize["options"]["renameByName"]
    return frozenset(field for field in fields if not field.startswith("Value"))


def choices() -> list[Query]:
    """Return queries for the values of the variables."""
    found = []
    for dashboard in DASHBOARDS:
        for variable in dashboard["templating"]["list"][1:]:
            choice = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
            assert choice, variable["query"]
            text = f"group by ({choice[2]}) ({choice[1]})"
            found.append(Query(dashboard["uid"], variable["name"], "variable", text))
    return found


def deploys() -> list[Query]:
    """Return the queries of the annotations."""
    return [
        Query(dashboard["uid"], one["name"], "annotation", one["expr"])
        for dashboard in DASHBOARDS
        for one in dashboard["annotations"]["list"]
    ]


def selectors(text: str) -> list[Selector]:
    """Return what a query selects."""
    return [Selector(name, matchers) for name, matchers in _SELECTOR.findall(text)]


def family(name: str) -> str:
    """Return the metric that a series belongs to."""
    return name if name in METRICS else _SUFFIX.sub("", name)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a query with the values of its variables."""
    for name, value in values.items():
        text = re.sub(rf"\${name}\b", lambda _, to=value: to, text)  # type: ignore[misc]
    assert "$" not in text, text
    return text
