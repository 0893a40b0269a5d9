"""The log of the Postgres server itself, PROCID ``postgres.<number>``.

``[GREEN] [11-1]  sql_error_code = 23505 time_ms = "..." pid="..." ... ERROR:  <text>`` (Dev Center,
"Understanding Heroku Postgres Log Statements and Common Errors"). Postgres writes an entry in
parts, one per line of it: ``[11-1]``, ``[11-2]`` and so on. The first part holds the record; a
later one is a follow-up of it such as DETAIL, with the whole prefix again, or continues the text.

Clients choose some of the text: the statement, and names in the metadata, of which Postgres does
not escape the quotes. None of it may pass for a level or a duration.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from heroku_syslogd.heroku.naming import free_text, label_text
from heroku_syslogd.heroku.sql import statement_form

_LONGEST_STATEMENT: Final = 10_240
"""Bytes of a statement that are read: Logplex passes on no longer lines, and the rest of one would
take its time."""

# Levels of later parts. Postgres begins an entry with its own level: a later part that claims one
# is text, of a statement for example.
_FOLLOW_UPS: Final = frozenset(
    {b"DETAIL", b"HINT", b"QUERY", b"CONTEXT", b"LOCATION", b"STATEMENT"}
)
_LEVEL: Final = (
    rb"(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG|DETAIL|HINT|STATEMENT|CONTEXT|QUERY"
    rb"|LOCATION):(?: {1,2}|\Z)"
)
_NAME: Final = rb"\[([A-Za-z0-9_]{1,128})\]"

_HEAD: Final = re.compile(_NAME + rb" \[[0-9]{1,10}-([0-9]{1,10})\](?: |\Z)")
# 2012 to 2014: the brackets in the other order, the database's name between them or nothing.
_HEAD_2012: Final = re.compile(rb"\[[0-9]{1,10}-([0-9]{1,10})\] [^ ]{0,64} " + _NAME + rb" ")

# A value ends at the quote that a key or a level follows; other quotes belong to it. Most values
# have none, and are taken at once instead of byte by byte. The group is atomic, as no other end
# could be followed by a key or a level.
_KEY: Final = rb' [a-z_]{1,32}+ ?= ?"'
_FOLLOWING: Final = _KEY + rb"| [A-Z0-9]{1,16}:"
_VALUE: Final = (
    rb'(?>[^"]{0,512}+"(?=' + _FOLLOWING + rb')|(?:[^"]|"(?!' + _FOLLOWING + rb')){0,512}")'
)
_METADATA: Final = rb"((?:" + _KEY + _VALUE + rb"){0,32})"
_RECORD: Final = re.compile(
    rb"(?: sql_error_code = ([0-9A-Z]{5})" + _METADATA + rb" )?(" + _LEVEL + rb")"
)
_ANOTHER_LEVEL: Final = re.compile(rb'" ' + _LEVEL)
_LONGEST_METADATA: Final = 1024

# Postgres logs the durations of ``parse`` and ``bind`` apart, so they are not the query's.
# A statement that begins with a line break is all in later parts.
_DURATION: Final = re.compile(
    rb"duration: ([0-9]{1,15}(?:\.[0-9]{1,9})?) ms  "
    rb"(?:statement|execute (?:fetch from )?(.{1,256}?)):(?: |\Z)",
    re.DOTALL,
)
_MAX_PREPARED: Final = 64


def parse_postgres_log(msg: bytes) -> SlowQuery | PostgresRecord | None:
    """Read one part of an entry; None where it is of no known form."""
    if head := _HEAD.match(msg):
        name, part = head.groups()
        continuation = PostgresRecord(_source(name)) if part != b"1" else None
    elif head := _HEAD_2012.match(msg):
        part, name = head.groups()
        continuation = None
    else:
        return None
    record = _RECORD.match(msg, head.end())
    if record is None or _is_ambiguous(record):
        return continuation
    sqlstate, _, level = record.groups()
    level = level.rstrip(b": ")
    if part != b"1" and (level not in _FOLLOW_UPS or (continuation and sqlstate is None)):
        return continuation
    if level == b"LOG" and (duration := _DURATION.match(msg, record.end())):
        return _slow_query(_source(name), duration)
    return PostgresRecord(_source(name), level.decode("ascii"), (sqlstate or b"").decode("ascii"))


def _source(name: bytes) -> str:
    """Return the name as in the sample lines, of which the log leaves the common beginning out.

    ``DATABASE`` stands alone there too; so does, for what is known, a name that somebody chose.
    """
    if name.isalpha() and name != b"DATABASE":
        name = b"HEROKU_POSTGRESQL_" + name
    return label_text(name)


def _is_ambiguous(record: re.Match[bytes]) -> bool:
    """Tell whether the level may be inside a value, because the metadata may end further on.

    Whoever can reach the server may try to log in as ``x" LOG:  duration: 1 ms  statement: y``.
    """
    end = record.end()
    return bool(record[2]) and bool(
        _ANOTHER_LEVEL.search(record.string, end, end + _LONGEST_METADATA)
    )


def _slow_query(source: str, duration: re.Match[bytes]) -> SlowQuery:
    milliseconds, prepared = duration.groups()
    # A portal's name may follow: ``execute S_1/C_2``.
    name = free_text((prepared or b"").partition(b"/")[0], _MAX_PREPARED)
    statement = duration.string[duration.end() : duration.end() + _LONGEST_STATEMENT]
    return SlowQuery(source, float(milliseconds) / 1000, name, statement_form(statement))
