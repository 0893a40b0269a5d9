"""Metrics that applications print, in the conventions of l2met (github.com/ryandotsmith/l2met).

``source=us-east measure#db.latency=4ms count#db.queries=2``: tokens of the form
``<type>#<name>=<number><unit>`` anywhere in a line, between other text, each at its start or after
white space. Taken are:

- ``count#``, ``measure#`` and ``sample#`` with a number; without a value it is 1, as in l2met.
- ``unique#`` with a member, of which distinct ones are counted. l2met had no such type; libraries
  for Librato print it (l2meter for Ruby, log-metrics for Python).
- Values with and without double quotes, and beyond l2met a sign and an exponent.

Not taken are:

- Names with other characters than letters, digits and ``_.:/-`` or with more than 100 of them, and
  numbers that more than a unit follows (``1,234``): cut short, they would mean something else.
- Negative counts: a counter only rises.
- The older prefix ``measure.``: every line without a ``#`` would have to be searched for it.
- ``metric#`` and ``tag#``, which some producers made up for themselves, and ``source=``, which
  means something different in every library that writes it.

An application chooses all of this freely, so these metrics stay in a namespace of their own.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from heroku_syslogd.heroku.events import AppMetric, AppMetrics, AppMetricType

MOST_METRICS: Final = 64
"""Metrics of one line that are taken; further ones are passed over."""

LONGEST_MEMBER: Final = 256
"""Bytes of a member of ``unique#``; two that differ only behind them are counted as one."""


class BaseUnit(NamedTuple):
    """How a unit on the wire becomes a base unit: times, then divided by, a number.

    Two numbers, because 9ms / 1000 is 0.009 and 9ms * 0.001 is not.
    """

    name: str
    times: float = 1.0
    per: float = 1.0


# Only spellings that can mean nothing else: not m (minutes, metres), not b, k or Mb (bits?).
# Go prints durations with a micro sign, of which Unicode has two.
_SPELLINGS: Final = (
    (BaseUnit("seconds", per=1e9), "ns nsec nanosecond nanoseconds"),
    (BaseUnit("seconds", per=1e6), "us \u00b5s \u03bcs usec microsecond microseconds"),
    (BaseUnit("seconds", per=1e3), "ms msec millisecond milliseconds"),
    (BaseUnit("seconds"), "s sec secs second seconds"),
    (BaseUnit("seconds", 60.0), "min mins minute minutes"),
    (BaseUnit("seconds", 3600.0), "h hr hrs hour hours"),
    (BaseUnit("seconds", 86400.0), "day days"),
    (BaseUnit("bytes"), "B byte bytes"),
    # Steps of 2^10, as in Heroku's own samples.
    (BaseUnit("bytes", 2.0**10), "kB KB KiB kilobyte kilobytes"),
    (BaseUnit("bytes", 2.0**20), "MB MiB megabyte megabytes"),
    (BaseUnit("bytes", 2.0**30), "GB GiB gigabyte gigabytes"),
    (BaseUnit("bytes", 2.0**40), "TB TiB terabyte terabytes"),
)
UNITS: Final = {
    spelling.encode(): unit for unit, spellings in _SPELLINGS for spelling in spellings.split()
}
"""Units on the wire that have a base unit; others stay as they are."""

# A pattern that begins with "#" is searched for at the speed of memchr, a fifth of the time of one
# that begins with the type. So the type is looked for before the "#" and told by its last letters.
_TYPES: Final = {type_.encode()[-3:]: type_ for type_ in AppMetricType}
TYPE_ENDINGS: Final = frozenset(_TYPES)
"""Last three letters of each type: a ``#`` behind any others begins no metric."""

_AFTER_TYPE: Final = b"|".join(rb"(?<=(?<!\S)%s#)" % type_.encode() for type_ in AppMetricType)
_METRIC: Final = re.compile(
    rb"#(?:" + _AFTER_TYPE + rb")([A-Za-z0-9_.:/-]{1,100})"
    rb'(?:=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s"]\S*)?))?(?!\S)',
    re.DOTALL,
)
# 30 digits and two of the exponent: no sum of such numbers becomes infinite.
_VALUE: Final = re.compile(
    rb"([+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?)"
    rb"([A-Za-z]{0,16}|\xc2\xb5s|\xce\xbcs)"
)


def parse_app_metrics(msg: bytes) -> AppMetrics | None:
    """Read the l2met metrics of a line that an application printed; None where it holds none."""
    metrics: list[AppMetric] = []
    for match in _METRIC.finditer(msg):
        hash_at = match.start()
        name, quoted, unquoted = match.groups(b"")
        metric = _metric(
            _TYPES[msg[hash_at - 3 : hash_at]], name.decode("ascii"), quoted or unquoted
        )
        if metric is not None:
            metrics.append(metric)
            if len(metrics) == MOST_METRICS:
                break
    return AppMetrics(tuple(metrics)) if metrics else None


def _metric(type_: AppMetricType, name: str, value: bytes) -> AppMetric | None:
    if type_ is AppMetricType.UNIQUE:
        return AppMetric(type_, name, 0.0, "", value[:LONGEST_MEMBER]) if value else None
    match = _VALUE.fullmatch(value or b"1")
    if match is None:
        return None
    number = float(match[1])
    if number < 0 and type_ is AppMetricType.COUNT:
        return None
    unit = UNITS.get(match[2])
    if unit is None:
        return AppMetric(type_, name, number, match[2].decode("ascii"))
    return AppMetric(type_, name, number * unit.times / unit.per, unit.name)


def token_metric(token: bytes) -> AppMetric | None:
    """Return the metric that a token without blanks is; None if it is none.

    Args:
        token: ``<type>#<name>=<value>``, with any white space that is no blank.
    """
    event = parse_app_metrics(token)
    if event is None or len(event.metrics) != 1:
        return None
    (metric,) = event.metrics
    beginning = f"{metric.type}#{metric.name}".encode()
    return metric if token.partition(b"=")[0] == beginning else None
