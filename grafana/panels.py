"""Panels, made of queries: unit and description come from what the query reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    heatmap,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models import heatmap as heatmap_options
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.fields import (
    BLUE,
    GREY,
    NO_COLORS,
    NO_LINKS,
    NO_STEPS,
    NO_WORDS,
    Column,
    Links,
    Query,
    Steps,
    Words,
    finished,
    last_value,
    override,
    ref_id,
    targets,
    thresholds,
    value_map,
    with_links,
)
from grafana.promql import RANGE, Expr

_WIDTH: Final = 12
_STAT_WIDTH: Final = 4
_HEIGHT: Final = 8
_STAT_HEIGHT: Final = 4
_EVENT_INTERVAL: Final = "1m"
"""Least width of a bar: events are rare, and bars of seconds would be hairs."""

_DASHED: Final = {
    "custom.lineStyle": {"fill": "dash", "dash": [8, 8]},
    "custom.fillOpacity": 0,
    "custom.stacking": {"mode": "none", "group": "A"},
}


def number(
    title: str,
    expr: Expr,
    *,
    about: str = "",
    unit: str = "",
    steps: Steps = NO_STEPS,
    base: str = BLUE,
    words: Words = NO_WORDS,
    width: int = _STAT_WIDTH,
    height: int = _STAT_HEIGHT,
    empty: str = "0",
    legend: str = "",
) -> dashboard.Panel:
    """Return one number; behind it how it came about, unless it is of the whole time shown."""
    # The age of something is a saw that says nothing, and a time or a word no curve.
    instant = RANGE in expr.text or "time()" in expr.text
    instant = instant or expr.unit == "dateTimeFromNow" or bool(words)
    queries = [Query(expr, legend)]
    graph = options.BigValueGraphMode.NONE if instant else options.BigValueGraphMode.AREA
    panel = (
        stat.Panel()
        .graph_mode(graph)
        .color_mode(options.BigValueColorMode.VALUE)
        .reduce_options(last_value())
        .targets(targets(queries, PromQueryFormat.TIME_SERIES, instant=instant))
        .build()
    )
    defaults = panel.field_config.defaults
    defaults.thresholds = thresholds(steps, base)
    defaults.color = dashboard.FieldColor(mode=dashboard.FieldColorModeId.THRESHOLDS)
    defaults.mappings = [value_map(words)] if words else None
    if instant and expr.unit == "short":
        defaults.decimals = 0
    size = (width, height)
    return finished(panel, title, about, queries, size=size, unit=unit, empty=empty)


def _legend(calcs: Sequence[str], *, right: bool) -> common.VizLegendOptions:
    place = options.LegendPlacement.RIGHT if right else options.LegendPlacement.BOTTOM
    shape = options.LegendDisplayMode.TABLE if calcs else options.LegendDisplayMode.LIST
    legend = common.VizLegendOptions().show_legend(True).display_mode(shape).placement(place)
    return legend.calcs(list(calcs))


def graph(
    title: str,
    *queries: Query,
    about: str = "",
    unit: str = "",
    width: int = _WIDTH,
    height: int = _HEIGHT,
    stacked: bool = False,
    bars: bool = False,
    steps: Steps = NO_STEPS,
    colors: Mapping[str, str] = NO_COLORS,
    limits: str = "",
    links: Sequence[tuple[str, str]] = (),
    least: float | None = 0,
    greatest: float | None = None,
    empty: str = "",
) -> dashboard.Panel:
    """Return lines over time.

    Args:
        title: Title.
        queries: What to draw.
        about: What to say besides what the catalogue says.
        unit: Instead of that of the first query.
        width: In columns, of which there are 24.
        height: In rows.
        stacked: Whether the lines add up.
        bars: Whether they are counts of events, drawn as bars that add up.
        steps: Lines across, by the value at which they stand.
        colors: Colours by name of the line.
        limits: Regular expression for the names of lines that are limits: they are dashed.
        links: Titles and addresses behind every line.
        least: What the axis begins at, if nothing is below it.
        greatest: What it ends at, if nothing is above it.
        empty: What to say where there is nothing.
    """
    calcs = ["sum"] if bars else ["lastNotNull", "mean", "max"]
    builder = (
        timeseries.Panel()
        .legend(_legend(calcs, right=width > _WIDTH))
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
        .show_points(options.VisibilityMode.AUTO)
        .line_width(1)
        .fill_opacity(80 if bars else 30 if stacked else 10)
        .targets(targets(queries, PromQueryFormat.TIME_SERIES, instant=False))
    )
    if least is not None:
        builder = builder.axis_soft_min(least)
    if greatest is not None:
        builder = builder.axis_soft_max(greatest)
    if bars:
        builder = builder.draw_style(options.GraphDrawStyle.BARS).interval(_EVENT_INTERVAL)
    if bars or stacked:
        mode = common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")
        builder = builder.stacking(mode)
    if steps:
        style = common.GraphThresholdsStyleConfig()
        builder = builder.thresholds_style(style.mode(options.GraphTresholdsStyleMode.DASHED))
    panel = builder.build()
    defaults = panel.field_config.defaults
    defaults.color = dashboard.FieldColor(mode=dashboard.FieldColorModeId.PALETTE_CLASSIC)
    if bars:
        defaults.decimals = 0
    if steps:
        defaults.thresholds = thresholds(steps, base="transparent")
    if links:
        defaults.links = [dashboard.DashboardLink(title=name, url=url) for name, url in links]
    for name, color in colors.items():
        override(panel, name, {"color": {"mode": "fixed", "fixedColor": color}})
    if limits:
        override(panel, f"/{limits}/", _DASHED, matcher="byRegexp")
    return finished(
        panel, title, about, queries, size=(width, height), unit=unit, empty=empty or "Nothing here"
    )


def heat_map(title: str, buckets: Expr, *, about: str = "", width: int = _WIDTH) -> dashboard.Panel:
    """Return how the observations of a histogram are spread, over time."""
    queries = [Query(buckets, "{{le}}")]
    colors = (
        heatmap.HeatmapColorOptions()
        .mode(heatmap_options.HeatmapColorMode.SCHEME)
        .scheme("Turbo")
        .scale(heatmap_options.HeatmapColorScale.EXPONENTIAL)
        .exponent(0.5)
        .steps(64)
    )
    panel = (
        heatmap.Panel()
        .calculate(False)
        .color(colors)
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .cell_values(heatmap.CellValues().unit(buckets.unit))
        .show_legend()
        .show_tooltip()
        .targets(targets(queries, PromQueryFormat.HEATMAP, instant=False))
        .build()
    )
    size = (width, _HEIGHT)
    return finished(panel, title, about, queries, size=size, empty="No requests")


def states(title: str, query: Query, words: Words, *, about: str, height: int) -> dashboard.Panel:
    """Return what state everybody was in, over time."""
    panel = (
        statetimeline.Panel()
        .show_value(options.VisibilityMode.NEVER)
        .merge_values(True)
        .row_height(0.8)
        .fill_opacity(80)
        .line_width(0)
        .legend(_legend((), right=False))
        .targets(targets([query], PromQueryFormat.TIME_SERIES, instant=False))
        .build()
    )
    panel.field_config.defaults.mappings = [value_map(words)]
    panel.field_config.defaults.color = dashboard.FieldColor(
        mode=dashboard.FieldColorModeId.THRESHOLDS
    )
    return finished(panel, title, about, [query], size=(24, height), unit="short", empty="No dynos")


def ranking(
    title: str,
    query: Query,
    *,
    about: str = "",
    width: int = _WIDTH,
    height: int = _HEIGHT,
    color: str = BLUE,
    empty: str = "",
) -> dashboard.Panel:
    """Return bars, one below the other, of what there is at the end of the time shown."""
    panel = (
        bargauge.Panel()
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .value_mode(options.BarGaugeValueMode.COLOR)
        .reduce_options(last_value())
        .targets(targets([query], PromQueryFormat.TIME_SERIES, instant=True))
        .build()
    )
    defaults = panel.field_config.defaults
    defaults.color = dashboard.FieldColor(mode=dashboard.FieldColorModeId.FIXED, fixed_color=color)
    defaults.min_val = 0
    if query.expr.unit == "short":
        defaults.decimals = 0
    return finished(panel, title, about, [query], size=(width, height), empty=empty or "None")


def rows(
    title: str,
    labels: Mapping[str, str],
    *columns: Column,
    about: str = "",
    width: int = 24,
    height: int = 9,
    links: Links = NO_LINKS,
    sort: str = "",
    empty: str = "None",
) -> dashboard.Panel:
    """Return a table.

    Args:
        title: Title.
        labels: Heads of the columns of labels, by label.
        columns: What stands beside the labels.
        about: What to say besides what the catalogue says.
        width: In columns of the grid.
        height: In rows of the grid.
        links: Title and address of a link behind a column, by its head.
        sort: Head of the column to sort by, largest first; otherwise by the first label.
        empty: What to say where there is nothing.
    """
    queries = [Query(column.expr, "") for column in columns]
    names = dict(labels)
    hidden = {"Time": True}
    for place, column in enumerate(columns):
        fields = [f"Value #{ref_id(place)}"]
        if len(columns) == 1:
            fields.append("Value")  # Grafana leaves the letter out where there is one query
        for field in fields:
            if column.hidden:
                hidden[field] = True
            else:
                names[field] = column.name
    order = {field: place for place, field in enumerate(names)}
    organize = {"excludeByName": hidden, "indexByName": order, "renameByName": names}
    by = common.TableSortByFieldState().display_name(sort or next(iter(labels.values())))
    panel = (
        table.Panel()
        .transformations(
            [
                dashboard.DataTransformerConfig(id_val="merge", options={}),
                dashboard.DataTransformerConfig(id_val="organize", options=organize),
            ]
        )
        .sort_by([by.desc(bool(sort))])
        .targets(targets(queries, PromQueryFormat.TABLE, instant=True))
        .build()
    )
    for column in columns:
        if column.hidden:
            continue
        properties: dict[str, object] = {"unit": column.unit or column.expr.unit}
        if column.steps:
            properties["thresholds"] = thresholds(column.steps, base=GREY)
        if column.words:
            properties["mappings"] = [value_map(column.words)]
        if column.steps or column.words:
            properties["custom.cellOptions"] = {"type": "color-text"}
        override(panel, column.name, properties)
    with_links(panel, links)
    return finished(panel, title, about, queries, size=(width, height), unit="short", empty=empty)
