"""Draws figures of the benchmarks as SVG.

Run as ``python benchmarks/plot.py FIGURES.json OUT.svg``; the file says what it holds: CPU time per
message of each receiver in each scenario (run.py), or against what grows (growth.py). The same
figures give the same bytes. It needs matplotlib: ``sh setup.sh bench``.

Exit codes: 0, 2 (usage, or no figures that can be drawn).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS: Final = {
    "heroku-syslogd compiled": "#1a55b0",
    "heroku-syslogd": "#2f81f7",
    "heroku-syslogd replay": "#2f81f7",
    "rsyslog": "#c9812b",
    "syslog-ng": "#3f9a5a",
    "mtail": "#9a6dd7",
}
"""Bars of each receiver. As all colours here, they stand out from white and from black."""

_INK: Final = "#7a828c"
_STYLE: Final[Any] = {  # whose keys are a type of their own, another one in each version
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "heroku-syslogd",  # or every run would have names of its own
    "font.family": "sans-serif",
    "font.size": 10.0,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.titlecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
_UNIT: Final = "CPU time per message, µs"
_BAR: Final = 0.8
_GROUP_GAP: Final = 0.7


def draw(figures: Mapping[str, Any]) -> Figure:
    """Draw figures of either kind.

    Raises:
        KeyError: They are of none.
    """
    with mpl.rc_context(_STYLE):
        return draw_growth(figures) if "series" in figures else draw_scenarios(figures)


def draw_scenarios(figures: Mapping[str, Any]) -> Figure:
    """Draw a bar per receiver and scenario, as long as the median; a line spans all turns."""
    scenarios = figures["scenarios"]
    bars = sum(len(one["receivers"]) for one in scenarios)
    figure = Figure(figsize=(8.0, 0.9 + 0.27 * bars + 0.2 * len(scenarios)), layout="constrained")
    axes = figure.add_subplot()
    at = 0.0
    ticks = []
    for scenario in scenarios:
        first = at
        for name, one in scenario["receivers"].items():
            _draw_bar(axes, at, name, one)
            at += 1
        ticks.append(((first + at - 1) / 2, _title(scenario)))
        at += _GROUP_GAP
    axes.set_yticks([place for place, _ in ticks], [title for _, title in ticks])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(x=0.22, y=0.01)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{_UNIT} (bar: median, line: all {figures['rounds']} turns)")
    return figure


def _draw_bar(axes: Axes, at: float, name: str, one: Mapping[str, Any]) -> None:
    costs = [run["cpu_us_per_message"] for run in one["runs"]]
    middle = one["cpu_us_per_message"]
    axes.barh(at, middle, _BAR, color=COLOURS.get(name, _INK))
    axes.hlines(at, min(costs), max(costs), color=_INK, linewidth=2.0)
    axes.annotate(
        f"{middle:.2f}  {name}",
        (max(costs), at),
        (5.0, 0.0),
        textcoords="offset points",
        verticalalignment="center",
    )


def _title(scenario: Mapping[str, Any]) -> str:
    count = scenario["connections"]
    name = str(scenario["transport"])
    name = name if name == "file" else name.upper()
    return f"{name},\n{count} connections" if count > 1 else name


def draw_growth(figures: Mapping[str, Any]) -> Figure:
    """Draw a curve per series, through the medians; a line at each point spans its runs."""
    series = figures["series"]
    figure = Figure(figsize=(8.0, 3.2), layout="constrained")
    panels = figure.subplots(1, len(series), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, series, strict=True):
        runs = {point["x"]: point["cpu_us_per_message"] for point in one["points"]}
        axes.plot(
            list(runs), list(map(median, runs.values())), "o-", color=COLOURS["heroku-syslogd"]
        )
        axes.vlines(
            list(runs), list(map(min, runs.values())), list(map(max, runs.values())), color=_INK
        )
        axes.set_xscale("log")
        axes.set_xticks(list(runs), [f"{x:,}" for x in runs])
        axes.minorticks_off()
        axes.set_xlabel(one["title"])
    highest = max(max(point["cpu_us_per_message"]) for one in series for point in one["points"])
    panels[0].set_ylim(0, highest * 1.1)
    panels[0].set_ylabel(_UNIT)
    return figure


def save(figure: Figure, path: Path, source: str) -> None:
    """Write a figure as SVG, without the time of day; ``source`` says what it was made of."""
    with mpl.rc_context(_STYLE):
        metadata = {"Date": None, "Creator": None, "Source": source}
        figure.savefig(path, transparent=True, metadata=metadata)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw a file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("figures", type=Path, metavar="FIGURES.json")
    parser.add_argument("out", type=Path, metavar="OUT.svg")
    options = parser.parse_args(arguments)
    try:
        data = options.figures.read_bytes()
        figure = draw(json.loads(data))
    except (OSError, ValueError, LookupError, TypeError) as error:
        parser.error(f"{options.figures}: {error!r}")
    save(figure, options.out, f"{options.figures.name}, SHA-256 {sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
