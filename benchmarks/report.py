"""From turns to figures: medians, ratios, tables; the shape of the JSON is in README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.scenarios import Scenario
from benchmarks.transports import Transport

Summary = dict[str, Any]
"""The figures of a receiver in a scenario, as they stand in the JSON."""

Summaries = Mapping[Scenario, Mapping[str, Summary]]
"""By scenario and by the receiver's name."""

REFERENCES: Final = ("rsyslog", "mtail")
"""Whose CPU time that of the others is related to: the first of them that takes part."""

_TITLE: Final = f"{'':<9}{'':<23}"
_HEADING: Final = (
    f"{_TITLE}{'CPU us/message':>15}{'(min-max)':>14}{'messages/s':>12}{'peak MiB':>10}"
    f"{'lost':>10}{'CPU : peer':>12}{'CPU : own tcp':>15}"
)
_CHANGES: Final = f"{_TITLE}{'CPU us/message':>20}{'':>9}{'messages/s':>22}{'peak MiB':>18}"

_MIB: Final = 2**20


class Run(NamedTuple):
    """One receiver's turn.

    Attributes:
        cpu_seconds: CPU time that it took.
        seconds: From the first byte sent until it came to rest.
        peak_memory_bytes: Its largest resident set.
        consumed_messages: How many messages it consumed.
        lost_messages: How many were lost on their way, which can be over UDP alone.
    """

    cpu_seconds: float
    seconds: float
    peak_memory_bytes: int
    consumed_messages: int
    lost_messages: int = 0

    @property
    def cpu_us_per_message(self) -> float:
        """CPU time of a message that was consumed, in microseconds."""
        return self.cpu_seconds / self.consumed_messages * 1e6


def summarise(runs: Sequence[Run]) -> Summary:
    """Return the medians of a receiver's turns, its peak memory, and the turns themselves."""
    return {
        "cpu_us_per_message": median(run.cpu_us_per_message for run in runs),
        "messages_per_second": median(run.consumed_messages / run.seconds for run in runs),
        "peak_memory_bytes": max(run.peak_memory_bytes for run in runs),
        "lost_messages": sum(run.lost_messages for run in runs),
        "cpu_ratio_to_peer": None,
        "cpu_ratio_to_tcp": None,
        "runs": [{"cpu_us_per_message": run.cpu_us_per_message, **run._asdict()} for run in runs],
    }


def reference(receivers: Iterable[str]) -> str | None:
    """Return whose CPU time that of the others is related to in a scenario."""
    return next((name for name in REFERENCES if name in receivers), None)


def relate(summaries: Summaries) -> None:
    """Set the ratios: to the peer of the scenario, and to the same receiver over one connection."""
    over_tcp = summaries.get(Scenario(Transport.TCP, 1), {})
    for scenario, receivers in summaries.items():
        peer = receivers.get(reference(receivers) or "")
        for name, one in receivers.items():
            one["cpu_ratio_to_peer"] = _ratio(one, peer)
            if scenario != (Transport.TCP, 1):
                one["cpu_ratio_to_tcp"] = _ratio(one, over_tcp.get(name))


def scenario_figures(
    summaries: Summaries, mean_bytes: Mapping[Scenario, float]
) -> list[dict[str, Any]]:
    """Return the scenarios as they stand in the JSON."""
    return [
        {
            "title": str(scenario),
            **scenario._asdict(),
            "mean_message_bytes": mean_bytes[scenario],
            "peer": reference(receivers),
            "receivers": receivers,
        }
        for scenario, receivers in summaries.items()
    ]


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as a table."""
    lines = [_HEADING]
    for title, name, one in _rows(figures):
        costs = sorted(run["cpu_us_per_message"] for run in one["runs"])
        lines.append(
            f"{title:<9}{name:<23}{one['cpu_us_per_message']:>15.2f}"
            f"{f'{costs[0]:.2f}-{costs[-1]:.2f}':>14}"
            f"{one['messages_per_second']:>12,.0f}{one['peak_memory_bytes'] / _MIB:>10.1f}"
            f"{one['lost_messages']:>10,}"
            f"{_shown(one['cpu_ratio_to_peer']):>12}{_shown(one['cpu_ratio_to_tcp']):>15}"
        )
    return "\n".join(lines)


def losses(figures: Mapping[str, Any]) -> str:
    """Say what was lost."""
    sent = figures["messages"] * figures["rounds"]
    lost = [
        f"{name} over {title}: {one['lost_messages']:,} of {sent:,}"
        for title, name, one in _rows(figures)
        if one["lost_messages"]
    ]
    if not lost:
        return "nothing was lost: every receiver consumed every message of every turn"
    return f"lost: {'; '.join(lost)}; all others consumed every message of every turn"


def change_table(figures: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Return what has changed since an older run, for what both have measured."""
    older = {(title, name): one for title, name, one in _rows(before)}
    lines = [_CHANGES]
    for title, name, one in _rows(figures):
        if (old := older.get((title, name))) is None:
            continue
        cost, rate, memory = (
            (old[key], one[key])
            for key in ("cpu_us_per_message", "messages_per_second", "peak_memory_bytes")
        )
        lines.append(
            f"{title:<9}{name:<23}{f'{cost[0]:.2f} -> {cost[1]:.2f}':>20}{_change(*cost):>9}"
            f"{f'{rate[0]:,.0f} -> {rate[1]:,.0f}':>22}"
            f"{f'{memory[0] / _MIB:.1f} -> {memory[1] / _MIB:.1f}':>18}"
        )
    return "\n".join(lines)


def differences(figures: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return what makes two runs hard to compare, one line each: machine, versions, messages."""
    found = []
    for key in ("machine", "programs"):
        for name, value in figures[key].items():
            old = before[key].get(name)
            if old is not None and old != value:
                found.append(f"{name}: {old} -> {value}")
    keys = ("messages", "rounds", "datagrams_per_second", "pinning", "output_filesystem")
    return found + [
        f"{key}: {before[key]} -> {figures[key]}" for key in keys if figures[key] != before[key]
    ]


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, Summary]]:
    for scenario in figures["scenarios"]:
        for name, one in scenario["receivers"].items():
            yield scenario["title"], name, one


def _ratio(one: Summary, other: Summary | None) -> float | None:
    if other is None or not other["cpu_us_per_message"]:  # less than a tick
        return None
    ratio: float = one["cpu_us_per_message"] / other["cpu_us_per_message"]
    return ratio


def _shown(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _change(old: float, new: float) -> str:
    return f"{(new / old - 1) * 100:+.0f} %" if old else "-"
