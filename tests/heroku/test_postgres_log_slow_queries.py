"""The log of a Postgres server: slow queries of all years, and what resembles one."""

from __future__ import annotations

import pytest

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from tests.heroku.postgres_log_lines import GREEN, LEVELS, YELLOW, parse


@pytest.mark.parametrize(
    ("line", "event"),
    [
        pytest.param(
            "[DATABASE] [11-1]  sql_error_code = 00000"
            ' time_ms = "2022-11-15 21:29:04.182 UTC" pid="238760"'
            ' proc_start_time="2022-11-15 21:28:51 UTC" session_id="63740493.3a4a8"'
            ' vtid="4/191672" tid="0" log_line="4" database="dci5abc2i23dd1"'
            ' connection_source="123.456.789.012(53548)" user="u9g7i9abcdsum"'
            ' application_name="postgres-monitor-agent" LOG:  duration: 12374.865 ms '
            " execute <unnamed>: select queryid, query, calls, total_exec_time, min_exec_time,"
            " max_exec_time,",
            SlowQuery(
                "DATABASE",
                12.374865,
                "<unnamed>",
                "select queryid, query, calls, total_exec_time, min_exec_time, max_exec_time,",
            ),
            id="2022-execute",
        ),
        pytest.param(
            "[YELLOW] [12-1]  sql_error_code = 00000"
            ' time_ms = "2023-06-05 19:33:14.793 UTC" pid="1991397"'
            ' proc_start_time="2023-06-05 19:33:12 UTC" session_id="647e3878.1e62e5" vtid="2/0"'
            ' tid="0" log_line="3" database="databasedataba"'
            ' connection_source="11.222.333.444(12345)" user="useruseruserus"'
            ' application_name="pganalyze_test_run" LOG:  duration: 2405.887 ms '
            " statement: WITH naptime(value) AS (",
            SlowQuery(YELLOW, 2.405887, "", "WITH naptime(value) AS ("),
            id="2023-statement",
        ),
        pytest.param(
            "[GREEN] [14-1]  sql_error_code = 00000 LOG:  duration: 2688.600 ms "
            ' execute <unnamed>: SELECT "users".* FROM "users" LIMIT 1',
            SlowQuery(GREEN, 2.6886, "<unnamed>", 'SELECT "users".* FROM "users" LIMIT ?'),
            id="2022-without-metadata",
        ),
        pytest.param(
            '[DATABASE] [41-1] LOG:  duration: 2406.615 ms  execute <unnamed>: SELECT  "issues".*'
            ' FROM "issues" WHERE "issues"."repo_id" = $1 AND "issues"."state" = $2 ORDER BY'
            " created_at DESC LIMIT $3 OFFSET $4",
            SlowQuery(
                "DATABASE",
                2.406615,
                "<unnamed>",
                'SELECT "issues".* FROM "issues" WHERE "issues"."repo_id" = $1 AND'
                ' "issues"."state" = $2 ORDER BY created_at DESC LIMIT $3 OFFSET $4',
            ),
            id="2019",
        ),
        pytest.param(
            "[12-1] u8akd9ajka [BRONZE] LOG:  duration: 64.847 ms  statement: SELECT "
            ' "articles".* FROM "articles"...',
            SlowQuery(
                "HEROKU_POSTGRESQL_BRONZE",
                0.064847,
                "",
                'SELECT "articles".* FROM "articles"...',
            ),
            id="2012",
        ),
    ],
)
def test_slow_queries(line: str, event: SlowQuery) -> None:
    parsed = parse(line)

    assert isinstance(parsed, SlowQuery)
    assert parsed.seconds == pytest.approx(event.seconds, rel=1e-12)
    assert (parsed.source, parsed.prepared, parsed.form) == (
        event.source,
        event.prepared,
        event.form,
    )


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("duration: 2000 ms  statement: SELECT 1", SlowQuery("DATABASE", 2.0, "", "SELECT ?")),
        ("duration: 0.000 ms  statement: ;", SlowQuery("DATABASE", 0.0, "", ";")),
        # The statement begins with a line break: it is all in later parts.
        ("duration: 2000 ms  statement: ", SlowQuery("DATABASE", 2.0, "", "")),
        ("duration: 2000 ms  statement:", SlowQuery("DATABASE", 2.0, "", "")),
        ("duration: 2000 ms  execute a1:", SlowQuery("DATABASE", 2.0, "a1", "")),
        (
            "duration: 2000 ms  execute a1: SELECT b::text FROM c",
            SlowQuery("DATABASE", 2.0, "a1", "SELECT b::text FROM c"),
        ),
        (
            "duration: 2000 ms  execute S_1/C_2: SELECT a",
            SlowQuery("DATABASE", 2.0, "S_1", "SELECT a"),
        ),
        (
            "duration: 2000 ms  execute fetch from S_1/C_2: SELECT a",
            SlowQuery("DATABASE", 2.0, "S_1", "SELECT a"),
        ),
        (
            f"duration: 2000 ms  execute {'n' * 200}: SELECT a",
            SlowQuery("DATABASE", 2.0, "n" * 64, "SELECT a"),
        ),
    ],
)
def test_texts_that_are_a_slow_query(text: str, event: SlowQuery) -> None:
    assert parse(f"[DATABASE] [1-1]  sql_error_code = 00000 LOG:  {text}") == event


@pytest.mark.parametrize(
    "text",
    [
        "duration: 2000 ms",
        "duration: 2000.1 ms  ",
        # Durations that Postgres logs beside that of the execution
        "duration: 2000 ms  parse <unnamed>: SELECT 1",
        "duration: 2000 ms  bind <unnamed>: SELECT 1",
        "duration: 2000 ms  bind S_1/C_2: SELECT 1",
        "duration: 2000 ms  plan:",
        'duration: 2000 ms  fastpath function call: "f" (OID 1)',
        "duration: -1 ms  statement: SELECT 1",
        "duration: 1e9 ms  statement: SELECT 1",
        "duration: nan ms  statement: SELECT 1",
        f"duration: {'9' * 16} ms  statement: SELECT 1",
        "duration: 2 s  statement: SELECT 1",
        "duration: 2000 ms statement: SELECT 1",
        "duration: 2000 ms  statements: SELECT 1",
        "duration: 2000 ms  execute",
        f"duration: 2000 ms  execute {'n' * 300}: SELECT 1",
        " xduration: 2000 ms  statement: SELECT 1",
        "statement: SELECT 1",
        "checkpoint starting: time",
        "",
    ],
)
def test_texts_that_are_none(text: str) -> None:
    line = f"[DATABASE] [1-1]  sql_error_code = 00000 LOG:  {text}"

    assert parse(line) == PostgresRecord("DATABASE", "LOG", "00000")


@pytest.mark.parametrize("level", [level for level in LEVELS if level != "LOG"])
def test_only_a_record_of_level_log_is_a_slow_query(level: str) -> None:
    text = "duration: 2000 ms  statement: SELECT 1"

    assert parse(f"[DATABASE] [1-1]  sql_error_code = P0001 {level}:  {text}") == PostgresRecord(
        "DATABASE", level, "P0001"
    )


def test_of_a_longer_statement_than_logplex_passes_on_the_rest_is_not_read() -> None:
    literal = "x" * 11_000
    event = parse(f"[DATABASE] [1-1] LOG:  duration: 2000 ms  statement: SELECT '{literal}', y")

    assert event == SlowQuery("DATABASE", 2.0, "", "SELECT ?")
