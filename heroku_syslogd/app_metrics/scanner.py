"""The short way for lines with metrics that applications print."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from heroku_syslogd.app_metrics.series import Summable, Unique
from heroku_syslogd.heroku import (
    MOST_METRICS,
    AppMetric,
    AppMetricType,
    parse_app_metrics,
    token_metric,
)
from heroku_syslogd.heroku.l2met import TYPE_ENDINGS
from heroku_syslogd.series_budget import SeriesBudget

_HASH: Final = ord("#")
_QUOTE: Final = ord('"')
_LONGEST_NAME: Final = 120
_LONGEST_VALUE: Final = 40
_MEMBER: Final = re.compile(rb'[^\s"]\S{0,255}')
_MOST_VALUES: Final = 20_000
_MOST_OTHERS: Final = 256

Find = Callable[[AppMetric, float], Any]
"""Returns the series of a metric, given our time; None if the series budget refuses a new one."""


class AppMetricScanner:
    """Counts the metrics of one application straight from its lines.

    Applications that print metrics print the same ones all the time. So a line is only cut into
    tokens, and what those mean is looked up: the parser worked it out when they were first seen.
    That takes a third of the time of reading the line.

    Args:
        find: Has the series of the application.
        budget: Bound on its series.
        values: Values and units by how they stand on the wire; shared by all applications.

    Attributes:
        scanned: Lines whose metrics were counted.
    """

    def __init__(
        self,
        find: Find,
        budget: SeriesBudget,
        values: dict[bytes, tuple[float, str]],
    ) -> None:
        self.budget = budget
        self.scanned = 0
        self._find_series = find
        self._values = values
        # By what stands in front of the "=", then by unit. Bounded, as each has its series.
        self._series: dict[bytes, dict[str, Summable]] = {}
        self._uniques: dict[bytes, Unique] = {}
        # What stood there and is no metric: names of methods, numbers of issues, anything.
        self._others: set[bytes] = set()

    def forget_series(self) -> None:
        """Look every series up anew: some were dropped."""
        self._series.clear()
        self._uniques.clear()

    def count_lines(self, lines: list[tuple[bytes, bytes]], position: int, now: float) -> int:
        """Count the metrics in the raw bytes behind a MSGID.

        Args:
            lines: TIME of each line, and what follows its nil MSGID.
            position: The first line to look at.
            now: Our time, seconds since the epoch.

        Returns:
            Position of the first line that has to be parsed; nothing of it was counted.
        """
        hash_sign, types = _HASH, TYPE_ENDINGS
        for at in range(position, len(lines)):
            rest = lines[at][1]
            # Most lines with a "#" have a single one, in the name of a method or a number: no type
            # stands in front of it, so it is no metric's.
            before, _, behind = rest.partition(b"#")
            if before[-3:] not in types and hash_sign not in behind:
                continue
            found = self._find(rest, now)
            if found is None:
                return at
            for series, value in found:
                series.heard_at = now
                series.add(value)
            self.scanned += bool(found)
        return len(lines)

    def _find(self, rest: bytes, now: float) -> list[tuple[Any, Any]] | None:
        """Find the metrics in a line; None if it has to be parsed."""
        if rest[:1] == b"[":  # it may be STRUCTURED-DATA
            return None
        found: list[tuple[Any, Any]] = []
        all_series, values, hash_sign = self._series, self._values, _HASH
        for token in rest.split(b" "):
            if hash_sign not in token:
                continue
            name, _, text = token.partition(b"=")
            series = all_series.get(name)
            if series is None:
                if name[:7] == b"unique#":
                    unique = self._find_unique(token, name, now)
                    if unique is None:
                        return None
                    found.append(unique)
                    continue
                if name in self._others or self._is_no_metric(name):
                    if hash_sign in text:  # behind a tab or a line feed there may be one
                        return None
                    continue
            value = values.get(text)
            if series is None or value is None or value[1] not in series:
                if not self._learn(token, name, text, now):
                    return None
                series, value = all_series[name], values[text]
            found.append((series[value[1]], value[0]))
        return found if len(found) <= MOST_METRICS else None

    def _find_unique(self, token: bytes, name: bytes, now: float) -> tuple[Unique, bytes] | None:
        """Find the series of a ``unique#`` and the member; None if the line has to be parsed."""
        member = token[len(name) + 1 :].removesuffix(b"\n")
        if not _MEMBER.fullmatch(member):
            return None
        series = self._uniques.get(name)
        if series is None:
            metric = token_metric(token)
            if metric is None:
                return None
            series = self._find_series(metric, now)
            if series is None:
                return None
            self._uniques[name] = series
        return series, member

    def _is_no_metric(self, name: bytes) -> bool:
        """Tell whether nothing that begins so is a metric, and remember it."""
        if len(name) > _LONGEST_NAME or _QUOTE in name or parse_app_metrics(name + b"=1"):
            return False
        if len(self._others) >= _MOST_OTHERS:
            self._others.clear()
        self._others.add(name)
        return True

    def _learn(self, token: bytes, name: bytes, text: bytes, now: float) -> bool:
        """Work out what a token means; False if the parser has to look at the whole line."""
        if len(name) > _LONGEST_NAME or len(text) > _LONGEST_VALUE or _QUOTE in token:
            return False
        metric = token_metric(token)
        if metric is None or metric.value < 0 or metric.type is AppMetricType.UNIQUE:
            return False
        series = self._find_series(metric, now)
        if series is None:
            return False
        if len(self._values) >= _MOST_VALUES:
            self._values.clear()
        self._values[text] = metric.value, metric.unit
        self._series.setdefault(name, {})[metric.unit] = series
        return True
