"""From turns to figures: medians, ratios, the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.peers import Rsyslog
from benchmarks.transports import Transport

Summary = dict[str, Any]
"""The figures of a receiver over a transport, as they stand in the JSON."""

Summaries = Mapping[Transport, Mapping[str, Summary]]
"""By transport and by the receiver's name."""

_HEADING: Final = (
    f"{'':<10}{'':<16}{'CPU us/message':>16}{'(min-max)':>14}{'messages/s':>13}{'peak MiB':>10}"
    f"{'CPU : rsyslog':>15}{'CPU : own tcp':>15}"
)


class Run(NamedTuple):
    """One receiver's turn.

    Attributes:
        cpu_seconds: CPU time that it took.
        seconds: From the first byte sent until it came to rest.
        peak_memory_bytes: Its largest resident set.
    """

    cpu_seconds: float
    seconds: float
    peak_memory_bytes: int


def summarise(runs: Sequence[Run], messages: int) -> Summary:
    """Return the medians of a receiver's turns, its peak memory, and the turns themselves."""
    return {
        "cpu_us_per_message": median(run.cpu_seconds for run in runs) / messages * 1e6,
        "messages_per_second": messages / median(run.seconds for run in runs),
        "peak_memory_bytes": max(run.peak_memory_bytes for run in runs),
        "cpu_ratio_to_rsyslog": None,
        "cpu_ratio_to_tcp": None,
        "lost_messages": 0,  # a turn that loses any ends the benchmark
        "runs": [run._asdict() for run in runs],
    }


def compare(summaries: Summaries) -> None:
    """Set the ratios: to rsyslog over the same transport, and to the same receiver over TCP."""
    over_tcp = summaries.get(Transport.TCP, {})
    for transport, receivers in summaries.items():
        rsyslog = receivers.get(Rsyslog.name)
        for name, one in receivers.items():
            one["cpu_ratio_to_rsyslog"] = _ratio(one, rsyslog)
            if transport is not Transport.TCP:
                one["cpu_ratio_to_tcp"] = _ratio(one, over_tcp.get(name))


def table(summaries: Summaries, messages: int) -> str:
    """Return the summaries as a table."""
    lines = [_HEADING]
    for transport, receivers in summaries.items():
        for name, one in receivers.items():
            costs = sorted(run["cpu_seconds"] / messages * 1e6 for run in one["runs"])
            lines.append(
                f"{transport:<10}{name:<16}{one['cpu_us_per_message']:>16.2f}"
                f"{f'{costs[0]:.2f}-{costs[-1]:.2f}':>14}"
                f"{one['messages_per_second']:>13,.0f}{one['peak_memory_bytes'] / 2**20:>10.1f}"
                f"{_shown(one['cpu_ratio_to_rsyslog']):>15}{_shown(one['cpu_ratio_to_tcp']):>15}"
            )
    return "\n".join(lines)


def _ratio(one: Summary, reference: Summary | None) -> float | None:
    if reference is None or not reference["cpu_us_per_message"]:  # less than a tick
        return None
    ratio: float = one["cpu_us_per_message"] / reference["cpu_us_per_message"]
    return ratio


def _shown(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
