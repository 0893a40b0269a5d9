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


def _whole_line(line: SampleLine) -> re.Pattern[bytes]:
    """Build a pattern for a line exactly as Heroku writes it today, with a group for each value."""
    pattern = rb"source=[^ ]{1,64} dyno=heroku\.[0-9]{1,20}\.([0-9a-f-]{36})"
    for field in RUNTIME_FIELDS:
        if field.line is line:
            unit = b"MB" if b"MB" in field.units else next(iter(field.units))
            pattern += b" sample#%s=([0-9]{1,15}(?:\\.[0-9]{1,9})?)%s" % (field.name.encode(), unit)
    return re.compile(pattern)


_LOAD_LINE: Final = _whole_line(SampleLine.LOAD).fullmatch
_MEMORY_LINE: Final = _whole_line(SampleLine.MEMORY).fullmatch
_MB: Final = _BYTES[b"MB"]


def parse_runtime_sample(msg: bytes) -> RuntimeSample | None:
    """Read one sample line; None where it holds no value that we know.

    One match of a whole line and its values named one by one take a third of the time of looking
    for keys; one line in sixteen is such a sample.
    """
    if match := _LOAD_LINE(msg):
        run, load_1m, load_5m, load_15m = match.groups()
        values = {
            "load_avg_1m": float(load_1m),
            "load_avg_5m": float(load_5m),
            "load_avg_15m": float(load_15m),
        }
        return RuntimeSample(SampleLine.LOAD, run.decode(), values)
    if match := _MEMORY_LINE(msg):
        run, total, rss, cache, swap, pgpgin, pgpgout, quota = match.groups()
        values = {
            "memory_total": float(total) * _MB,
            "memory_rss": float(rss) * _MB,
            "memory_cache": float(cache) * _MB,
            "memory_swap": float(swap) * _MB,
            "memory_pgpgin": float(pgpgin),
            "memory_pgpgout": float(pgpgout),
            "memory_quota": float(quota) * _MB,
        }
        return RuntimeSample(SampleLine.MEMORY, run.decode(), values)
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
