"""What the tests of the Postgres log share: names, levels, and the metadata of a line."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from heroku_syslogd.heroku.postgres_log import parse_postgres_log

GREEN: Final = "HEROKU_POSTGRESQL_GREEN"
YELLOW: Final = "HEROKU_POSTGRESQL_YELLOW"
FOLLOW_UPS: Final = ["DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY", "LOCATION"]
LEVELS: Final = [
    "LOG",
    "ERROR",
    "FATAL",
    "PANIC",
    "WARNING",
    "NOTICE",
    "INFO",
    "DEBUG",
    *FOLLOW_UPS,
]


def metadata(application_name: str = "[unknown]", user: str = "postgres") -> str:
    """Return what stands between SQLSTATE and level since 2022."""
    return (
        ' time_ms = "2022-06-02 22:48:20.807 UTC" pid="11666"'
        ' proc_start_time="2022-06-02 22:48:20 UTC" session_id="62993e34.2d92" vtid="6/17007"'
        ' tid="0" log_line="1" database="postgres" connection_source="127.0.0.1(36532)"'
        f' user="{user}" application_name="{application_name}"'
    )


def parse(line: str) -> SlowQuery | PostgresRecord | None:
    return parse_postgres_log(line.encode())
