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


_BEGINNING: Final = re.compile(
    rb"(?:- )?source=[^ ]{1,64} dyno=heroku\.[0-9]{1,20}\.(?P<run>[0-9a-f-]{36})(?= )"
)


def _values_of(line: SampleLine) -> re.Pattern[bytes]:
    """Build a pattern for the values of a line exactly as Heroku writes it today, to its end."""
    pattern = b""
    for field in RUNTIME_FIELDS:
        if field.line is line:
            unit = b"MB" if b"MB" in field.units else next(iter(field.units))
            name = field.name.encode()
            # Possessive, as no digit can belong to what follows: a quarter of the time.
            pattern += b" sample#%s=([0-9]{1,15}+(?:\\.[0-9]{1,9}+)?)%s" % (name, unit)
    return re.compile(pattern + rb"\n?")


_LOAD_VALUES: Final = _values_of(SampleLine.LOAD).fullmatch
_MEMORY_VALUES: Final = _values_of(SampleLine.MEMORY).fullmatch
_MB: Final = _BYTES[b"MB"]
# Looking members up on their class takes 0.1 us each in Python 3.11.
_LOAD, _MEMORY = SampleLine.LOAD, SampleLine.MEMORY


class SampleRun(NamedTuple):
    """How the samples of a run begin.

    Attributes:
        run: Its UUID.
        beginning: Everything in front of the values, that of STRUCTURED-DATA included.
    """

    run: str
    beginning: bytes


def sample_run(rest: bytes) -> SampleRun | None:
    """Return how the samples of a run begin; None if this is none as Heroku writes it today.

    Args:
        rest: What follows the nil MSGID and its space, in either dialect, LF included.
    """
    match = _BEGINNING.match(rest)
    return SampleRun(match["run"].decode("ascii"), match[0]) if match else None


def scan_sample(text: bytes, start: int) -> tuple[SampleLine, dict[str, float]] | None:
    """Read the values of a sample that begin at ``start``; None if they are not as of today.

    One match of all of them and naming them one by one takes a quarter of the time of looking for
    keys.
    """
    if match := _MEMORY_VALUES(text, start):
        total, rss, cache, swap, pgpgin, pgpgout, quota = match.groups()
        return _MEMORY, {
            "memory_total": float(total) * _MB,
            "memory_rss": float(rss) * _MB,
            "memory_cache": float(cache) * _MB,
            "memory_swap": float(swap) * _MB,
            "memory_pgpgin": float(pgpgin),
            "memory_pgpgout": float(pgpgout),
            "memory_quota": float(quota) * _MB,
        }
    if match := _LOAD_VALUES(text, start):
        load_1m, load_5m, load_15m = match.groups()
        return _LOAD, {
            "load_avg_1m": float(load_1m),
            "load_avg_5m": float(load_5m),
            "load_avg_15m": float(load_15m),
        }
    return None


def parse_runtime_sample(msg: bytes) -> RuntimeSample | None:
    """Read one sample line; None where it holds no value that we know."""
    found = sample_run(msg)
    sample = scan_sample(msg, len(found.beginning)) if found else None
    if found is None or sample is None:
        return _parse_keys(msg)
    return RuntimeSample(sample[0], found.run, sample[1])


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
