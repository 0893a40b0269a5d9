"""The log of the Postgres server (Dev Center, "Heroku Postgres Logs and Errors")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from tests.corpus.example import APP, LOGPLEX_1, RFC5424, Example, Text, frame, texts
from tests.corpus.series import record, slow_query

_DATABASE: Final = "DATABASE"
_YELLOW: Final = "HEROKU_POSTGRESQL_YELLOW"
_PURPLE: Final = "HEROKU_POSTGRESQL_PURPLE"
_GREEN: Final = "HEROKU_POSTGRESQL_GREEN"
_CHARCOAL: Final = "HEROKU_POSTGRESQL_CHARCOAL"
_BRONZE: Final = "HEROKU_POSTGRESQL_BRONZE"

# Frames ------------------------------------------------------------------------------------------

_FRAMES: Final = [
    # agent of Postgres Monitor, logs/syslog_parser_test.go
    Example(
        "13.40 slow query, first part",
        LOGPLEX_1,
        b"<134>1 2022-11-15T21:29:04+00:00 host app postgres.1092206 - [DATABASE] [11-1]  "
        b'sql_error_code = 00000 time_ms = "2022-11-15 21:29:04.182 UTC" pid="238760" '
        b'proc_start_time="2022-11-15 21:28:51 UTC" session_id="63740493.3a4a8" '
        b'vtid="4/191672" tid="0" log_line="4" database="dci5abc2i23dd1" '
        b'connection_source="123.456.789.012(53548)" user="u9g7i9abcdsum" '
        b'application_name="postgres-monitor-agent" LOG:  duration: 12374.865 ms  execute '
        b"<unnamed>: select queryid, query, calls, total_exec_time, min_exec_time, "
        b"max_exec_time,\n",
        framed=False,
        events=(
            SlowQuery(
                _DATABASE,
                12.374865,
                "<unnamed>",
                "select queryid, query, calls, total_exec_time, min_exec_time, max_exec_time,",
            ),
        ),
        series=slow_query("host", _DATABASE, 12.374865),
        note="count left out: an address was masked",
    ),
    Example(
        "13.40 slow query, a middle part with tabs",
        LOGPLEX_1,
        b"116 <134>1 2022-11-15T21:29:04+00:00 host app postgres.1092206 - [DATABASE] "
        b"[11-4] \t\t\t\t\t\t\tblk_read_time, blk_write_time\n",
        framed=True,
        events=(PostgresRecord(_DATABASE),),
        series={},
    ),
    Example(
        "13.41 error, brackets and a dash in a quoted value",
        LOGPLEX_1,
        b"<132>1 2022-08-11T02:47:50+00:00 host app postgres.3796759 - [GREEN] [11-1]  "
        b'sql_error_code = 23505 time_ms = "2022-08-11 02:47:50.521 UTC" pid="275326" '
        b'proc_start_time="2022-08-11 02:26:10 UTC" session_id="62f468c2.4337e" '
        b'vtid="8/75647105" tid="2423517980" log_line="1" database="dciabc12i2cbbe" '
        b'connection_source="[local]" user="uestabchn12ae1" application_name="sidekiq '
        b'5.2.10 app [6 of 16 busy] - 123.456.789.1:28429" ERROR:  duplicate key value '
        b'violates unique constraint "idx_index_123"\n',
        framed=False,
        events=(PostgresRecord(_GREEN, "ERROR", "23505"),),
        series=record("host", _GREEN, "ERROR"),
        note="count left out: the text was shortened",
    ),
    # collector of pganalyze, input/system/heroku/http_syslog_parser_test.go
    Example(
        "7.4 slow query in two parts",
        LOGPLEX_1,
        b"451 <134>1 2023-06-05T19:33:14+00:00 host app postgres.1105947 - [YELLOW] "
        b'[12-1]  sql_error_code = 00000 time_ms = "2023-06-05 19:33:14.793 UTC" '
        b'pid="1991397" proc_start_time="2023-06-05 19:33:12 UTC" '
        b'session_id="647e3878.1e62e5" vtid="2/0" tid="0" log_line="3" '
        b'database="databasedataba" connection_source="11.222.333.444(12345)" '
        b'user="useruseruserus" application_name="pganalyze_test_run" LOG:  duration: '
        b"2405.887 ms  statement: WITH naptime(value) AS (\n"
        b"85 <134>1 2023-06-05T19:33:14+00:00 host app postgres.1105947 - [YELLOW] [12-2] "
        b"\tSELECT\n",
        framed=True,
        events=(
            SlowQuery(_YELLOW, 2.405887, "", "WITH naptime(value) AS ("),
            PostgresRecord(_YELLOW),
        ),
        series=slow_query("host", _YELLOW, 2.405887),
    ),
    Example(
        "7.5 restartpoint, equal signs that are no keys",
        LOGPLEX_1,
        b"343 <134>1 2022-03-25T00:56:43+00:00 host app postgres.2979 - [PURPLE] "
        b"[13993-1]  sql_error_code = 00000 LOG:  restartpoint complete: wrote 123520 "
        b"buffers (32.4%); 0 WAL file(s) added, 15 removed, 25 recycled; write=419.700 s, "
        b"sync=0.016 s, total=419.834 s; sync files=301, longest=0.003 s, average=0.001 "
        b"s; distance=689158 kB, estimate=804775 kB\n",
        framed=True,
        events=(PostgresRecord(_PURPLE, "LOG", "00000"),),
        series=record("host", _PURPLE, "LOG"),
    ),
    Example(
        "7.5 restartpoint starting",
        LOGPLEX_1,
        b"135 <134>1 2022-03-25T00:59:49+00:00 host app postgres.2979 - [PURPLE] "
        b"[13995-1]  sql_error_code = 00000 LOG:  restartpoint starting: xlog\n",
        framed=True,
        events=(PostgresRecord(_PURPLE, "LOG", "00000"),),
        series=record("host", _PURPLE, "LOG"),
    ),
    Example(
        "7.5 detail",
        LOGPLEX_1,
        b"183 <134>1 2022-03-25T00:56:43+00:00 host app postgres.2979 - [PURPLE] "
        b"[13994-2]  sql_error_code = 00000 DETAIL:  last completed transaction was at "
        b"log time 2022-03-25 00:56:42.690423+00\n",
        framed=True,
        events=(PostgresRecord(_PURPLE, "DETAIL", "00000"),),
        series=record("host", _PURPLE, "DETAIL"),
    ),
    # Timber, "Heroku"
    Example(
        "11.4 slow query, documented in 2019",
        RFC5424,
        frame(
            b"app",
            b"postgres.29339",
            b"[DATABASE] [41-1] LOG:  duration: 2406.615 ms  execute <unnamed>: SELECT"
            b'  "issues".* FROM "issues" WHERE "issues"."repo_id" = $1 AND "issues"."state" = $2'
            b" ORDER BY created_at DESC LIMIT $3 OFFSET $4",
        ),
        framed=False,
        events=(
            SlowQuery(
                _DATABASE,
                2.406615,
                "<unnamed>",
                'SELECT "issues".* FROM "issues" WHERE "issues"."repo_id" = $1'
                ' AND "issues"."state" = $2 ORDER BY created_at DESC LIMIT $3 OFFSET $4',
            ),
        ),
        series=slow_query(APP, _DATABASE, 2.406615),
        note="published with the header of another log service",
    ),
]

# Messages ----------------------------------------------------------------------------------------

_TODAY: Final[list[Text]] = [
    (
        b"[GREEN] [12-1]  sql_error_code = 00000 LOG:  automatic analyze of table "
        b'"dciabc12i2cbbe.public.market_stats" system usage: CPU: user: 0.46 s, system: '
        b"0.12 s, elapsed: 38.04 s",
        PostgresRecord(_GREEN, "LOG", "00000"),
        record(APP, _GREEN, "LOG"),
    ),
    (
        b'[GREEN] [16-2]  sql_error_code = 55P03 STATEMENT:  SELECT "notifications".* '
        b'FROM "notifications" WHERE "notifications"."id" = 258324 LIMIT 1 FOR UPDATE '
        b"NOWAIT /*app:worker.2,job:NotificationJob*/",
        PostgresRecord(_GREEN, "STATEMENT", "55P03"),
        record(APP, _GREEN, "STATEMENT"),
    ),
    # Published without the brackets and their first blank.
    (
        b"[GREEN] [11-1] "
        b' sql_error_code = 28000 time_ms = "2022-06-02 22:48:20.807 UTC" pid="11666" '
        b'proc_start_time="2022-06-02 22:48:20 UTC" session_id="62993e34.2d92" '
        b'vtid="6/17007" tid="0" log_line="1" database="postgres" '
        b'connection_source="127.0.0.1(36532)" user="postgres" '
        b'application_name="[unknown]" FATAL:  no pg_hba.conf entry for host "127.0.0.1", '
        b'user "postgres", database "postgres", SSL off',
        PostgresRecord(_GREEN, "FATAL", "28000"),
        record(APP, _GREEN, "FATAL"),
    ),
]

# 2012 to 2014: the brackets in the other order, no error code, PROCID without a number.
_OLD: Final[list[Text]] = [
    (
        b"[15521-1]  [CHARCOAL] LOG:  checkpoint starting: time",
        PostgresRecord(_CHARCOAL, "LOG"),
        record(APP, _CHARCOAL, "LOG"),
    ),
    (
        b"[12-1] u8akd9ajka [BRONZE] LOG:  duration: 64.847 ms  statement: SELECT"
        b'  "articles".* FROM "articles"...',
        SlowQuery(_BRONZE, 0.064847, "", 'SELECT "articles".* FROM "articles"...'),
        slow_query(APP, _BRONZE, 0.064847),
    ),
]

POSTGRES_LOG: Final = [
    *_FRAMES,
    *texts("7.5", b"app", b"postgres.3811305", _TODAY),
    *texts("7.3", b"app", b"postgres", _OLD),
]
