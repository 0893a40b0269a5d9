"""Samples of log-runtime-metrics: two lines per dyno about every 20 seconds.

``source=web.1 dyno=heroku.<app id>.<UUID> sample#load_avg_1m=0.00 ...``: logfmt without quoting.
Every key is optional (captures without ``memory_quota`` or ``load_avg_15m`` exist), keys that we do
not know are passed over, and a value with a foreign unit is left out: no sample is better than a
false one.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from heroku_syslogd.heroku.events import RuntimeSample, SampleLine


class RuntimeField(NamedTuple):
    """One key of a runtime sample.

    Attributes:
        name: The key without its ``sample#``.
        line: Which of the two lines carries it.
        units: Factor to the base unit by unit on the wire; other units are refused.
    """

    name: str
    line: SampleLine
    units: dict[bytes, float]


# Heroku's MB is 2^20 bytes: quotas of 512.00MB, 1024.00MB and so on are the dyno sizes.
_BYTES: Final = {b"B": 1.0, b"kB": 2.0**10, b"KB": 2.0**10, b"MB": 2.0**20, b"GB": 2.0**30}
_PAGES: Final = {b"pages": 1.0}
_NUMBER: Final = {b"": 1.0}

RUNTIME_FIELDS: Final = (
    RuntimeField("load_avg_1m", SampleLine.LOAD, _NUMBER),
    RuntimeField("load_avg_5m", SampleLine.LOAD, _NUMBER),
    RuntimeField("load_avg_15m", SampleLine.LOAD, _NUMBER),
    RuntimeField("memory_total", SampleLine.MEMORY, _BYTES),
    RuntimeField("memory_rss", SampleLine.MEMORY, _BYTES),
    RuntimeField("memory_cache", SampleLine.MEMORY, _BYTES),
    RuntimeField("memory_swap", SampleLine.MEMORY, _BYTES),
    RuntimeField("memory_pgpgin", SampleLine.MEMORY, _PAGES),
    RuntimeField("memory_pgpgout", SampleLine.MEMORY, _PAGES),
    RuntimeField("memory_quota", SampleLine.MEMORY, _BYTES),
)

_FIELD_BY_KEY: Final = {field.name.encode(): field for field in RUNTIME_FIELDS}
# 15 digits stay exact in a float and cannot become infinite.
_SAMPLE: Final = re.compile(
    rb"(?:^| )sample#([a-z0-9_]+)=([0-9]{1,15}(?:\.[0-9]{1,9})?)([A-Za-z]*)(?![^ ])"
)
_DYNO_ID: Final = re.compile(rb"(?:^| )dyno=(?:[^ .]{1,64}\.){0,2}([0-9A-Za-z-]{1,64})(?![^ ])")


def _whole_line(line: SampleLine) -> tuple[re.Pattern[bytes], list[tuple[str, float]]]:
    """Build a pattern for a line exactly as Heroku writes it today, and how to read its groups.

    One match of it takes less than half the time of looking for keys one by one.
    """
    pattern = rb"source=[^ ]{1,64} dyno=heroku\.[0-9]{1,20}\.([0-9a-f-]{36})"
    groups = []
    for field in RUNTIME_FIELDS:
        if field.line is line:
            unit = b"MB" if b"MB" in field.units else next(iter(field.units))
            pattern += b" sample#%s=([0-9]{1,15}(?:\\.[0-9]{1,9})?)%s" % (field.name.encode(), unit)
            groups.append((field.name, field.units[unit]))
    return re.compile(pattern), groups


_WHOLE_LINES: Final = {line: _whole_line(line) for line in SampleLine}


def parse_runtime_sample(msg: bytes) -> RuntimeSample | None:
    """Read one sample line; None where it holds no value that we know."""
    for line, (pattern, groups) in _WHOLE_LINES.items():
        if match := pattern.fullmatch(msg):
            run, *numbers = match.groups()
            values = {
                name: float(number) * factor
                for (name, factor), number in zip(groups, numbers, strict=True)
            }
            return RuntimeSample(line, run.decode("ascii"), values)
    return _parse_keys(msg)


def _parse_keys(msg: bytes) -> RuntimeSample | None:
    """Read a sample line key by key, in any order."""
    values: dict[str, float] = {}
    line = None
    for key, number, unit in _SAMPLE.findall(msg):
        field = _FIELD_BY_KEY.get(key)
        if field is None:
            continue
        factor = field.units.get(unit)
        if factor is None:
            continue
        values[field.name] = float(number) * factor
        line = line or field.line
    if line is None:
        return None
    dyno = _DYNO_ID.search(msg)
    return RuntimeSample(line, dyno[1].decode("ascii") if dyno else "", values)
