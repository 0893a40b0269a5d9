"""What there is to say about one metric."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MetricType(StrEnum):
    """Metric types of Prometheus that are in use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric family. Two are the same only if they are one object.

    Attributes:
        name: As it stands in the text format, ``_total`` included.
        type: Its type.
        labels: Label names in order.
        help: What it says.
        unit: What one of it is, in base units; empty where the value is always 1.
        line: The line of Heroku that it comes from; empty for the daemon's own.
        query: A query that answers a question with it.
    """

    name: str
    type: MetricType
    labels: tuple[str, ...]
    help: str
    unit: str = ""
    line: str = ""
    query: str = ""
