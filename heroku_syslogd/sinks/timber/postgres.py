"""The Postgres server log: slow queries as Timber's ``sql_query``, other records without text.

Statements and the details of errors are data of the application's users. They are shown nowhere:
not even ``message`` is the line as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from heroku_syslogd.sinks.timber.draft import Draft, Level, Line, compact, custom, milliseconds

_MAX_SQL: Final = 4096

_LEVELS: Final[Mapping[str, Level]] = {
    "DEBUG": "debug",
    "LOG": "info",
    "INFO": "info",
    "NOTICE": "notice",
    "WARNING": "warn",
    "ERROR": "error",
    "FATAL": "critical",  # ends a session
    "PANIC": "alert",  # ends all of them
}
"""By severity of PostgreSQL; what follows a record (DETAIL, STATEMENT, HINT, CONTEXT) is info."""


def postgres_record(event: PostgresRecord, line: Line) -> list[Draft]:
    """Map a record; a line that only goes on with the text of one gives no document."""
    if not event.level:
        return []
    record = {"level": event.level, "sqlstate": event.sqlstate, "source": event.source}
    message = f"{event.level} sqlstate={event.sqlstate}" if event.sqlstate else event.level
    level = _LEVELS.get(event.level, "info")
    return [Draft(level, custom("postgres_log", record), message=message)]


def slow_query(event: SlowQuery, line: Line) -> list[Draft]:
    """Map a slow query, with its statement in the form that has no literals."""
    time_ms = milliseconds(event.seconds)
    what = f"execute {event.prepared}" if event.prepared else "statement"
    query = {"sql": event.form[:_MAX_SQL], "time_ms": time_ms}
    return [
        Draft(
            "info",
            # The schema requires the text of the statement.
            {"sql_query": query} if event.form else custom("slow_query", query),
            custom=compact({"database": compact({"source": event.source})}),
            message=f"duration: {time_ms:.3f} ms  {what}: {event.form}",
            time_ms=time_ms,
        )
    ]
