"""The log of a Postgres server: records of all years, their parts, and lines of no known form."""

from __future__ import annotations

import pytest

from heroku_syslogd.heroku.events import PostgresRecord
from tests.heroku.postgres_log_lines import GREEN, LEVELS, YELLOW, metadata, parse

PURPLE = "HEROKU_POSTGRESQL_PURPLE"


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "[GREEN] [11-1]  sql_error_code = 23505"
            ' time_ms = "2022-08-11 02:47:50.521 UTC" pid="275326"'
            ' proc_start_time="2022-08-11 02:26:10 UTC" session_id="62f468c2.4337e"'
            ' vtid="8/75647105" tid="2423517980" log_line="1" database="dciabc12i2cbbe"'
            ' connection_source="[local]" user="uestabchn12ae1"'
            ' application_name="sidekiq 5.2.10 app [6 of 16 busy] - 123.456.789.1:28429"'
            ' ERROR:  duplicate key value violates unique constraint "idx_index_123"',
            PostgresRecord(GREEN, "ERROR", "23505"),
        ),
        (
            "[DATABASE] [1-1]  sql_error_code = 28000"
            ' time_ms = "2022-06-02 22:48:20.807 UTC" pid="11666"'
            ' proc_start_time="2022-06-02 22:48:20 UTC" session_id="62993e34.2d92" vtid="6/17007"'
            ' tid="0" log_line="1" database="postgres" connection_source="127.0.0.1(36532)"'
            ' user="postgres" application_name="[unknown]" FATAL:  no pg_hba.conf entry for host'
            ' "127.0.0.1", user "postgres", database "postgres", SSL off',
            PostgresRecord("DATABASE", "FATAL", "28000"),
        ),
        (
            "[PURPLE] [13993-1]  sql_error_code = 00000 LOG:  restartpoint complete: wrote 123520"
            " buffers (32.4%); 0 WAL file(s) added, 15 removed, 25 recycled; write=419.700 s,"
            " sync=0.016 s, total=419.834 s; sync files=301, longest=0.003 s, average=0.001 s;"
            " distance=689158 kB, estimate=804775 kB",
            PostgresRecord(PURPLE, "LOG", "00000"),
        ),
        (
            "[PURPLE] [13995-1]  sql_error_code = 00000 LOG:  restartpoint starting: xlog",
            PostgresRecord(PURPLE, "LOG", "00000"),
        ),
        (
            "[PURPLE] [13994-2]  sql_error_code = 00000 DETAIL:  last completed transaction was at"
            " log time 2022-03-25 00:56:42.690423+00",
            PostgresRecord(PURPLE, "DETAIL", "00000"),
        ),
        (
            "[GREEN] [12-1]  sql_error_code = 00000 LOG:  automatic analyze of table"
            ' "dciabc12i2cbbe.public.market_stats" system usage: CPU: user: 0.46 s, system: 0.12 s,'
            " elapsed: 38.04 s",
            PostgresRecord(GREEN, "LOG", "00000"),
        ),
        (
            '[GREEN] [16-2]  sql_error_code = 55P03 STATEMENT:  SELECT "notifications".* FROM'
            ' "notifications" WHERE "notifications"."id" = 258324 LIMIT 1 FOR UPDATE NOWAIT'
            " /*app:worker.2,job:NotificationJob*/",
            PostgresRecord(GREEN, "STATEMENT", "55P03"),
        ),
        (
            "[DATABASE] [12-1]  sql_error_code = 00000 LOG:  temporary file: path"
            ' "pg_tblspc/16386/PG_14_202107181/pgsql_tmp/pgsql_tmp238760.0", size 38810127',
            PostgresRecord("DATABASE", "LOG", "00000"),
        ),
        (
            "[GREEN] [12453-1]  sql_error_code = 00000 LOG:  checkpoint complete: wrote 74816"
            " buffers (9.8%); 0 WAL file(s) added, 1 removed, 52 recycled; write=190.504 s,"
            " sync=0.056 s, total=190.697 s; sync files=15, longest=0.014 s, average=0.001 s;"
            " distance=860461 kB, estimate=907017 kB",
            PostgresRecord(GREEN, "LOG", "00000"),
        ),
        (
            "[GREEN] [11-2]  sql_error_code = 23505"
            + metadata()
            + " DETAIL:  Key (user_id, alert_id, notification_id)=(345769, 68003128, 717838)"
            " already exists.",
            PostgresRecord(GREEN, "DETAIL", "23505"),
        ),
        (
            "[15521-1]  [CHARCOAL] LOG:  checkpoint starting: time",
            PostgresRecord("HEROKU_POSTGRESQL_CHARCOAL", "LOG", ""),
        ),
        ("[DATABASE] [4717-1] LOG:  checkpoint starting: time", PostgresRecord("DATABASE", "LOG")),
        # Parts that continue the one before
        ("[YELLOW] [12-2] \tSELECT", PostgresRecord(YELLOW)),
        (
            "[DATABASE] [11-4] \t\t\t\t\t\t\tblk_read_time, blk_write_time",
            PostgresRecord("DATABASE"),
        ),
        ("[DATABASE] [7-2]       SELECT column", PostgresRecord("DATABASE")),
        ("[DATABASE] [7-3] ", PostgresRecord("DATABASE")),
        ("[DATABASE] [7-10]", PostgresRecord("DATABASE")),
    ],
)
def test_records(line: str, event: PostgresRecord) -> None:
    assert parse(line) == event


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_with_and_without_metadata(level: str) -> None:
    prefix = "[GREEN] [1-1]  sql_error_code = 57P01"
    event = PostgresRecord(GREEN, level, "57P01")

    assert parse(f"{prefix} {level}:  text") == event
    assert parse(f"{prefix}{metadata()} {level}:  text") == event
    assert parse(f"{prefix}{metadata()} {level}:") == event


def test_metadata_of_background_processes_is_shorter() -> None:
    shorter = metadata().partition(" database=")[0]

    assert parse(f"[GREEN] [1-1]  sql_error_code = 00000{shorter} LOG:  x") == PostgresRecord(
        GREEN, "LOG", "00000"
    )


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("DATABASE", "DATABASE"),
        ("GREEN", GREEN),
        ("HEROKU_POSTGRESQL_GREEN", GREEN),
        ("ANALYTICS_DB", "ANALYTICS_DB"),
        ("DB2", "DB2"),
        ("A" * 100, "HEROKU_POSTGRESQL_" + "A" * 46),
    ],
)
def test_the_source_is_named_as_in_the_samples(name: str, source: str) -> None:
    assert parse(f"[{name}] [1-1] LOG:  x") == PostgresRecord(source, "LOG")
    assert parse(f"[1-1]  [{name}] LOG:  x") == PostgresRecord(source, "LOG")
    assert parse(f"[{name}] [1-2] x") == PostgresRecord(source)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "LOG:  x",
        "[GREEN]",
        "[GREEN] LOG:  x",
        "[GREEN] statement: CREATE OR REPLACE FUNCTION pg_temp.sequelize_upsert()",
        "[GREEN] [1-1] x",
        "[GREEN] [1-1]",
        "[GREEN] [1-1]  LOG:  x",
        "[GREEN] [1-1]  sql_error_code = 00000 TRACE:  x",
        "[GREEN] [1-1]  sql_error_code = 00000 log:  x",
        "[GREEN] [1-1]  sql_error_code = 00000 LOG",
        "[GREEN] [1-1]  sql_error_code = 00000 LOG:x",
        "[GREEN] [1-1]  sql_error_code = 0000 LOG:  x",
        "[GREEN] [1-1]  sql_error_code = 000000 LOG:  x",
        "[GREEN] [1-1]  sql_error_code = 00000LOG:  x",
        '[GREEN] [1-1]  sql_error_code = 00000 pid="1 LOG:  x',
        "[GREEN] [1-1]  sql_error_code = 00000 pid=1 LOG:  x",
        '[GREEN] [1-1]  sql_error_code = 00000 pid="1" TRACE:  "y" LOG:  x',
        f'[GREEN] [1-1]  sql_error_code = 00000 pid="{"1" * 600}" LOG:  x',
        "[GREEN] [x-1] LOG:  x",
        "[GREEN] [1-] LOG:  x",
        "[GREEN][1-1] LOG:  x",
        "[GREEN BLUE] [1-1] LOG:  x",
        "[] [1-1] LOG:  x",
        " [GREEN] [1-1] LOG:  x",
        "[2-1] 2011-11-09 10:32:07 UTC dh3b3x3gyixs2lg LOG:  could not receive data from client",
        "[12-2] \tFROM articles",
        "[12-1] db [BRONZE] x",
        "2016-08-12T12:19:06+00:00 app[postgres.10]: [DATABASE] [4717-1] LOG:  checkpoint",
    ],
)
def test_lines_of_no_known_form_are_none(line: str) -> None:
    assert parse(line) is None
