"""What panels are made of: queries, colours, words, links, and what every panel has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import common, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.promql import Expr

DATASOURCE: Final = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")

GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"
BLUE, PURPLE, GREY = "blue", "purple", "text"

Steps = Mapping[float, str]
"""Colours, by the value from which on they hold."""

Words = Mapping[str, tuple[str, str]]
"""Text and colour, by the value that they stand for."""

Links = Mapping[str, tuple[str, str]]
"""Title and address, by the name of the field that they stand behind."""

NO_STEPS: Final[Steps] = MappingProxyType({})
NO_WORDS: Final[Words] = MappingProxyType({})
NO_LINKS: Final[Links] = MappingProxyType({})
NO_COLORS: Final[Mapping[str, str]] = MappingProxyType({})


class Query(NamedTuple):
    """A query of a panel, and the name of what it returns, with ``{{label}}`` for a label."""

    expr: Expr
    legend: str


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: Its head.
        expr: What stands in it; it has the labels of the table.
        unit: Instead of that of the query.
        steps: Colours of the cell.
        words: Words that stand for values, with their colours.
        hidden: Whether the query is there for its labels alone.
    """

    name: str
    expr: Expr
    unit: str = ""
    steps: Steps = NO_STEPS
    words: Words = NO_WORDS
    hidden: bool = False


def ref_id(number: int) -> str:
    """Return Grafana's name of a query of a panel."""
    return chr(ord("A") + number)


def targets(
    queries: Sequence[Query], shape: PromQueryFormat, *, instant: bool
) -> list[Builder[Dataquery]]:
    """Return the queries as a panel has them; an instant one asks for the end of the time."""
    found: list[Builder[Dataquery]] = []
    for number, query in enumerate(queries):
        target = (
            prometheus.Dataquery()
            .ref_id(ref_id(number))
            .expr(query.expr.text)
            .legend_format(query.legend or "__auto")
            .format(shape)
            .datasource(DATASOURCE)
        )
        found.append(target.instant() if instant else target.range())
    return found


def _description(about: str, queries: Sequence[Query]) -> str:
    """Return what the panel is about, then what the catalogue says of each of its metrics."""
    metrics = dict.fromkeys(metric for query in queries for metric in query.expr.metrics)
    helps = dict.fromkeys(metric.help for metric in metrics)
    return "\n\n".join(filter(None, (about, *helps)))


def finished(
    panel: dashboard.Panel,
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    size: tuple[int, int],
    unit: str = "",
    empty: str = "",
) -> dashboard.Panel:
    """Return the panel with what every panel has."""
    panel.title, panel.description = title, _description(about, queries)
    panel.datasource = DATASOURCE
    panel.grid_pos = dashboard.GridPos(w=size[0], h=size[1])
    panel.field_config.defaults.unit = unit or queries[0].expr.unit
    if empty:
        panel.field_config.defaults.no_value = empty
    return panel


def thresholds(steps: Steps, base: str = GREEN) -> dashboard.ThresholdsConfig:
    """Return colours by value; ``base`` holds below the first of them."""
    first = dashboard.Threshold(color=base)
    return dashboard.ThresholdsConfig(
        mode=dashboard.ThresholdsMode.ABSOLUTE,
        steps=[first, *(dashboard.Threshold(value, color) for value, color in steps.items())],
    )


def value_map(words: Words) -> dashboard.ValueMap:
    """Return words and colours that stand for values."""
    return dashboard.ValueMap(
        {
            value: dashboard.ValueMappingResult(text=text, color=color, index=index)
            for index, (value, (text, color)) in enumerate(words.items())
        }
    )


def last_value() -> common.ReduceDataOptions:
    """Return how a line becomes one number."""
    return common.ReduceDataOptions().values(False).calcs(["lastNotNull"])


def override(
    panel: dashboard.Panel, name: str, properties: Mapping[str, object], *, matcher: str = "byName"
) -> None:
    """Give some fields of a panel properties of their own.

    Args:
        panel: The panel.
        name: Name of the field, or what the matcher matches by.
        properties: By Grafana's id.
        matcher: How the fields are found; ``byRegexp`` takes ``/.../``.
    """
    values = [dashboard.DynamicConfigValue(key, value) for key, value in properties.items()]
    panel.field_config.overrides.append(
        dashboard.DashboardFieldConfigSourceOverrides(
            matcher=dashboard.MatcherConfig(id_val=matcher, options=name), properties=values
        )
    )


def with_links(panel: dashboard.Panel, links: Links) -> dashboard.Panel:
    """Return the panel with a link behind each field that is named."""
    for name, (title, url) in links.items():
        link = {"title": title, "url": url, "targetBlank": url.startswith("https:")}
        override(panel, name, {"links": [link]})
    return panel
