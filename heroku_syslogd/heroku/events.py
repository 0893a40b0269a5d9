"""The events that Heroku's lines mean, one type each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SampleKind(Enum):
    """The two lines of one runtime sample."""

    LOAD = "load"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class RuntimeSample:
    """One line of log-runtime-metrics (Dev Center, "Heroku Labs: log-runtime-metrics").

    Attributes:
        kind: Which of the two lines.
        dyno_id: UUID of the dyno's run; empty where the line does not name it.
        values: By `RuntimeField.name`, in base units: bytes, pages, or a plain number.
    """

    kind: SampleKind
    dyno_id: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class DynoStateChange:
    """``State changed from <a> to <b>`` of the dyno manager."""

    old: str
    new: str


Event = RuntimeSample | DynoStateChange
