"""Samples of Heroku Postgres, its connection pooler and Heroku Key-Value Store.

``source=DATABASE addon=postgresql-curly-12345 sample#db_size=26219348792bytes ...``, about once a
minute (Dev Center, "Heroku Postgres Metrics Logs"): logfmt without quoting. `ADDON_FIELDS` is the
one table of their keys. Every key is optional and new ones appear over the years, so a line is read
key by key. What is not in the table, or not in a unit that the table names, is reported by its name
and not guessed: no sample is better than a false one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

from heroku_syslogd.heroku.events import Addon, AddonSample
from heroku_syslogd.heroku.naming import label_text


class AddonField(NamedTuple):
    """One key of an add-on's samples.

    Attributes:
        key: The key without its ``sample#``, underscore and hyphen as on the wire.
        name: Name of the metric behind ``heroku_<addon>_``, ending in the base unit if it has one.
        counter: Whether the value only rises.
        unit: The base unit.
        units: Factor to the base unit by unit on the wire; other units are refused.
        help: What it says.
    """

    key: bytes
    name: str
    counter: bool
    unit: str
    units: dict[bytes, float]
    help: str


# Heroku's kB is 2^10 bytes.
_BYTES: Final = {b"bytes": 1.0, b"kB": 2.0**10, b"MB": 2.0**20, b"GB": 2.0**30}
_BYTES_OR_BARE: Final = {b"": 1.0, **_BYTES}
_NUMBER: Final = {b"": 1.0}
# Heroku does not name the unit of avg_query. PgBouncer's own is the microsecond, and of the values
# captured (8751) nothing else makes sense: an average query does not take hours, nor 9 s in a pool
# in which nobody waits.
_MICROSECONDS: Final = {b"": 1e-6}


def _gauge(
    key: bytes, name: str, unit: str, help: str, units: dict[bytes, float] = _NUMBER
) -> AddonField:
    return AddonField(key, name, False, unit, units, help)


_OPERATIONS: Final = "operations per second"

# The keys that Postgres and Redis share, with the same meaning and under the same name.
_IOPS_LIMIT: Final = (
    _gauge(b"max-iops", "max_iops", _OPERATIONS, "Disk operations per second of the plan."),
    _gauge(
        b"iops-percentage-used",
        "iops_used_ratio",
        "ratio",
        "Disk reads and writes per second as a part of the plan's limit.",
    ),
)
_SERVER_MEMORY: Final = (
    _gauge(b"memory-total", "memory_total_bytes", "bytes", "Memory of the server.", _BYTES),
    _gauge(b"memory-free", "memory_free_bytes", "bytes", "Free memory of the server.", _BYTES),
    # In the captures it is 1 - memory-free / memory-total.
    _gauge(
        b"memory-percentage-used",
        "memory_used_ratio",
        "ratio",
        "Memory of the server that is not free, page cache included, as a part of the whole.",
    ),
    _gauge(
        b"memory-cached",
        "memory_cached_bytes",
        "bytes",
        "Memory that the operating system of the server uses as page cache.",
        _BYTES,
    ),
)


def _load(unit: str, help: str) -> tuple[AddonField, ...]:
    spans = ((b"1m", "one minute"), (b"5m", "five minutes"), (b"15m", "fifteen minutes"))
    return tuple(
        _gauge(b"load-avg-" + span, f"load_avg_{span.decode()}", unit, help.format(time))
        for span, time in spans
    )


_POSTGRES: Final = (
    # A transaction id, which only rises: as a counter its rate shows the writes.
    AddonField(
        b"current_transaction",
        "transactions_total",
        True,
        "transactions",
        _NUMBER,
        "Id of the current transaction; its rate shows the writes.",
    ),
    _gauge(b"db_size", "db_size_bytes", "bytes", "Size with indexes and bloat.", _BYTES),
    _gauge(
        b"db-size-percentage-used",
        "db_size_used_ratio",
        "ratio",
        "Size of the database as a part of what the plan allows.",
    ),
    # Named by the Dev Center, never seen in a line: the unit of a bare number would be a guess.
    _gauge(b"db-max-size", "db_max_size_bytes", "bytes", "Size that the plan allows.", _BYTES),
    _gauge(b"tables", "tables", "tables", "Tables."),
    _gauge(b"active-connections", "active_connections", "connections", "Open connections."),
    _gauge(
        b"waiting-connections",
        "waiting_connections",
        "connections",
        "Connections that wait for a lock.",
    ),
    _gauge(b"max-connections", "max_connections", "connections", "Connections of the plan."),
    _gauge(
        b"connections-percentage-used",
        "connections_used_ratio",
        "ratio",
        "Open connections as a part of the plan's limit.",
    ),
    _gauge(
        b"index-cache-hit-rate",
        "index_cache_hit_ratio",
        "ratio",
        "Part of the index lookups that were served from shared buffers.",
    ),
    _gauge(
        b"table-cache-hit-rate",
        "table_cache_hit_ratio",
        "ratio",
        "Part of the table lookups that were served from shared buffers.",
    ),
    *_load(
        "load per CPU",
        "Load of the server divided by its CPUs, damped over {}; 1 is fully used. Counts tasks"
        " that wait for the disk.",
    ),
    _gauge(b"read-iops", "read_iops", _OPERATIONS, "Disk reads per second, in blocks of 16 kB."),
    _gauge(b"write-iops", "write_iops", _OPERATIONS, "Disk writes per second, in blocks of 16 kB."),
    *_IOPS_LIMIT,
    _gauge(
        b"tmp-disk-used",
        "tmp_disk_used_bytes",
        "bytes",
        "Temporary disk in use.",
        _BYTES_OR_BARE,
    ),
    _gauge(
        b"tmp-disk-available",
        "tmp_disk_available_bytes",
        "bytes",
        "Temporary disk that is left.",
        _BYTES_OR_BARE,
    ),
    *_SERVER_MEMORY,
    _gauge(
        b"memory-postgres",
        "memory_postgres_bytes",
        "bytes",
        "Memory of the Postgres processes, shared buffers included, approximately.",
        _BYTES,
    ),
    _gauge(
        b"follower-lag-commits",
        "follower_lag_commits",
        "commits",
        "Commits that a follower is behind its leader; followers alone have it.",
    ),
    _gauge(b"wal-percentage-used", "wal_used_ratio", "ratio", "Part of the WAL's disk in use."),
)

_PGBOUNCER: Final = (
    _gauge(
        b"client_active",
        "client_active_connections",
        "connections",
        "Client connections that have a server connection.",
    ),
    _gauge(
        b"client_waiting",
        "client_waiting_connections",
        "connections",
        "Client connections that wait for a server connection.",
    ),
    _gauge(
        b"server_active",
        "server_active_connections",
        "connections",
        "Server connections that serve a client.",
    ),
    _gauge(
        b"server_idle",
        "server_idle_connections",
        "connections",
        "Server connections that serve no client.",
    ),
    _gauge(b"max_wait", "max_wait_seconds", "seconds", "Longest that a client waits now."),
    _gauge(b"avg_query", "avg_query_seconds", "seconds", "Average time of a query.", _MICROSECONDS),
    _gauge(
        b"avg_recv",
        "avg_recv_bytes_per_second",
        "bytes per second",
        "Average that clients sent.",
    ),
    _gauge(
        b"avg_sent",
        "avg_sent_bytes_per_second",
        "bytes per second",
        "Average that was sent to clients.",
    ),
)

_REDIS: Final = (
    _gauge(b"active-connections", "active_connections", "connections", "Open connections."),
    _gauge(b"max-connections", "max_connections", "connections", "Connections of the plan."),
    # Singular here, plural in the lines of Postgres.
    _gauge(
        b"connection-percentage-used",
        "connections_used_ratio",
        "ratio",
        "Open connections as a part of the plan's limit.",
    ),
    *_load("load", "Load of the server, damped over {}."),
    _gauge(b"read-iops", "read_iops", _OPERATIONS, "Disk reads per second."),
    _gauge(b"write-iops", "write_iops", _OPERATIONS, "Disk writes per second."),
    *_IOPS_LIMIT,
    *_SERVER_MEMORY,
    _gauge(b"memory-redis", "memory_redis_bytes", "bytes", "Memory that Redis uses.", _BYTES),
    _gauge(b"hit-rate", "hit_ratio", "ratio", "Part of the reads that found their key."),
    # Heroku does not say whether it counts up or anew for each line, so it is no counter.
    _gauge(b"evicted-keys", "evicted_keys", "keys", "Evicted keys, as Heroku reports them."),
)

ADDON_FIELDS: Final[Mapping[Addon, tuple[AddonField, ...]]] = {
    Addon.POSTGRES: _POSTGRES,
    Addon.PGBOUNCER: _PGBOUNCER,
    Addon.REDIS: _REDIS,
}
"""Every sample key of every add-on that we know, in the order in which a line of today has them."""

_MOST_UNKNOWN: Final = 32

# 15 digits stay exact in a float and cannot become infinite. Integers come with a decimal point at
# times, ratios with as many digits as a float has; those below 0.0001 are printed with an exponent.
# Number and unit are empty where the value is not of this form.
_NUMBER_FORM: Final = rb"[0-9]{1,15}+(?:\.[0-9]{1,24}+)?(?:[eE]-[0-9]{1,2}+)?"
_SAMPLE: Final = re.compile(
    rb"(?<![^ ])sample#([^ =]*)(?:=(" + _NUMBER_FORM + rb")([A-Za-z]{0,16})(?![^ ]))?"
)
_SOURCE: Final = re.compile(rb"(?<![^ ])source=([^ ]+)")
_ADDON: Final = re.compile(rb"(?<![^ ])addon=([^ ]+)")


class _Layout(NamedTuple):
    """The keys of an add-on's lines.

    Attributes:
        addon: Which add-on.
        line: Matches a whole line that has no keys but these, in their order.
        fields: Name, and factors by unit, for each pair of groups of ``line`` behind the first two.
        by_key: Fields by their keys.
    """

    addon: Addon
    line: re.Pattern[bytes]
    fields: tuple[tuple[str, dict[bytes, float]], ...]
    by_key: Mapping[bytes, AddonField]


def _layout(addon: Addon) -> _Layout:
    """Build the layout of an add-on's lines from its fields."""
    fields = ADDON_FIELDS[addon]
    pattern = rb"source=([^ ]++) addon=([^ ]++)"
    for field in fields:
        units = b"|".join(field.units)
        pattern += rb"(?: sample#%s=(%s)(%s))?" % (field.key, _NUMBER_FORM, units)
    pairs = tuple((field.name, field.units) for field in fields)
    return _Layout(addon, re.compile(pattern), pairs, {field.key: field for field in fields})


def addon_sample_parser(addon: Addon) -> Callable[[bytes], AddonSample | None]:
    """Return the parser for the sample lines of one add-on."""
    return partial(_parse_line, _layout(addon))


def _parse_line(layout: _Layout, msg: bytes) -> AddonSample | None:
    """Read one line; None where it holds no sample at all.

    Nearly all lines have the keys that we know, in their order. One match of all of them takes half
    of the time of looking for keys.
    """
    match = layout.line.fullmatch(msg)
    if match is None:
        return _parse_keys(layout.addon, layout.by_key, msg)
    source, name, *found = match.groups()
    values = {
        field: float(number) * units[unit]
        for (field, units), number, unit in zip(layout.fields, found[::2], found[1::2], strict=True)
        if number
    }
    if not values:
        return None
    return AddonSample(layout.addon, label_text(source), label_text(name), values)


def _parse_keys(addon: Addon, fields: Mapping[bytes, AddonField], msg: bytes) -> AddonSample | None:
    """Read one line key by key, in any order; None where it holds no sample at all."""
    samples = _SAMPLE.findall(msg)
    if not samples:
        return None
    values: dict[str, float] = {}
    unknown: dict[str, None] = {}
    for key, number, unit in samples:
        field = fields.get(key)
        if field is not None and number and (factor := field.units.get(unit)) is not None:
            values[field.name] = float(number) * factor
        elif len(unknown) < _MOST_UNKNOWN:
            unknown[label_text(key)] = None
    return AddonSample(addon, _label(_SOURCE, msg), _label(_ADDON, msg), values, tuple(unknown))


def _label(pattern: re.Pattern[bytes], msg: bytes) -> str:
    match = pattern.search(msg)
    return label_text(match[1]) if match else ""
