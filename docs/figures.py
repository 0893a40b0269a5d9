"""What the benchmarks measured, as tables for docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

FIGURES: Final = Path(__file__).resolve().parent / "performance"
"""Where ``benchmarks/measure_all.sh`` puts them."""

COMPARISON: Final = "run"
OTHERS: Final = {
    "growth": "table",
    "udp": "table",
    "scrape": "table",
    "fairness": "table",
    "soak": "report",
}
"""Scripts that have figures of their own, and their functions that turn them into text."""

_HEAD: Final = (
    *("Scenario", "Receiver", "CPU, µs per message", "(all turns)", "Messages per second"),
    *("Peak memory, MiB", "Lost", "CPU : peer"),
)
_RIGHT: Final = 2
"""Columns from here on are numbers."""


def comparison_table(figures: Mapping[str, Any]) -> str:
    """Return the figures of benchmarks/run.py as a table."""
    marks = ["---" if column < _RIGHT else "---:" for column in range(len(_HEAD))]
    lines = [_HEAD, marks, *_comparison_rows(figures)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _comparison_rows(figures: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for scenario in figures["scenarios"]:
        title = scenario_title(scenario)
        for name, one in scenario["receivers"].items():
            costs = [run["cpu_us_per_message"] for run in one["runs"]]
            ratio = one["cpu_ratio_to_peer"]
            yield (
                title,
                name,
                f"{one['cpu_us_per_message']:.2f}",
                f"{min(costs):.2f}-{max(costs):.2f}",
                f"{one['messages_per_second']:,.0f}",
                f"{one['peak_memory_bytes'] / 2**20:.0f}",
                f"{one['lost_messages']:,}",
                "" if ratio is None or name == scenario["peer"] else f"{ratio:.2f}",
            )
            title = ""


def scenario_title(scenario: Mapping[str, Any]) -> str:
    """Return what a scenario is called."""
    transport, count = scenario["transport"], scenario["connections"]
    if transport == "file":
        return "file"
    if transport == "udp":
        return "UDP"
    return f"{transport.upper()}, {count} connection{'s' if count > 1 else ''}"


def setup_list(figures: Mapping[str, Any]) -> str:
    """Return what was measured on, with which versions, as a list."""
    machine, programs = figures["machine"], figures["programs"]
    versions = ", ".join(f"{name} {version}" for name, version in programs.items())
    is_pinned = figures["pinning"]["receiver"] is not None
    pinning = "The receiver had a processor for itself" if is_pinned else "Nothing was pinned"
    return "\n".join(
        (
            f"- **When**: {figures['date'][:10]}",
            f"- **Machine**: {machine['cpu']}, {machine['processors']} processors,"
            f" {machine['memory_bytes'] / 2**30:.0f} GiB of memory, {machine['kernel']}."
            f" {pinning}; files were on {figures['output_filesystem']}.",
            f"- **Programs**: {versions}",
            f"- **Load**: {figures['messages']:,} messages in each of {figures['rounds']} turns of"
            f" every receiver; over UDP {figures['datagrams_per_second']:,} datagrams a second",
        )
    )


def comparison_plot(figures: Mapping[str, Any]) -> str:
    """Return the picture, with what it shows in words."""
    return (
        f"![CPU time per message of each receiver in {len(figures['scenarios'])} scenarios;"
        f" the table below has the same figures](performance/{COMPARISON}.svg)"
    )


def _of_script(name: str) -> Callable[[Mapping[str, Any]], str]:
    def shown(figures: Mapping[str, Any]) -> str:
        """Return what the script itself prints."""
        text = getattr(import_module(f"benchmarks.{name}"), OTHERS[name])(figures)
        picture = f"![CPU time per message](performance/{name}.svg)\n\n"
        return f"{picture if 'series' in figures else ''}```text\n{text}\n```"

    return shown


def _part(name: str, render: Callable[[Mapping[str, Any]], str]) -> Callable[[], str]:
    def part() -> str:
        path = FIGURES / f"{name}.json"
        if not path.exists():
            return f"Not measured yet: `python benchmarks/{name}.py`."
        return render(json.loads(path.read_text()))

    return part


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "comparison_setup": _part(COMPARISON, setup_list),
    "comparison_plot": _part(COMPARISON, comparison_plot),
    "comparison_table": _part(COMPARISON, comparison_table),
    **{name: _part(name, _of_script(name)) for name in OTHERS},
}
"""What stands in for the marks of docs/templates/performance.md."""
