"""The log of a Postgres server: its lines of all years, and texts that imitate them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from heroku_syslogd.heroku.postgres_log import parse_postgres_log

HOSTILE = 65536
GREEN = "HEROKU_POSTGRESQL_GREEN"
PURPLE = "HEROKU_POSTGRESQL_PURPLE"
YELLOW = "HEROKU_POSTGRESQL_YELLOW"
FOLLOW_UPS = ["DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY", "LOCATION"]
LEVELS = ["LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", *FOLLOW_UPS]
FORGED = "LOG:  duration: 99999 ms  statement: forged"


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


# Slow queries ------------------------------------------------------------------------------------


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


# Other records -----------------------------------------------------------------------------------


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


# Texts that clients choose -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "application_name",
    [
        "",
        "[unknown]",
        "sidekiq 5.2.10 app [6 of 16 busy] - 123.456.789.1:28429",
        FORGED,
        f" {FORGED}",
        f"x {FORGED}",
        f"x] [1-1]  sql_error_code = 00000 {FORGED}",
        "LOG:",
        "pid=",
        "a=b",
        'my "app"',
        '"',
        '" "',
        'x" y="',
        'x" y="z',
        "x\\",
        "naïve ☃",
    ],
)
def test_an_application_name_holds_anything(application_name: str) -> None:
    prefix = f"[GREEN] [1-1]  sql_error_code = 23505{metadata(application_name)}"

    assert parse(f"{prefix} ERROR:  x") == PostgresRecord(GREEN, "ERROR", "23505")
    assert parse(f"{prefix} LOG:  duration: 2000 ms  statement: SELECT 1") == SlowQuery(
        GREEN, 2.0, "", "SELECT ?"
    )


@pytest.mark.parametrize(
    "name",
    [
        f'x" {FORGED}',
        f'" {FORGED}',
        'x" LOG:  y',
        'x" ERROR: ',
        'x" TRACE:  y',
    ],
)
def test_a_quote_in_a_name_that_could_end_it_makes_a_line_undecidable(name: str) -> None:
    """Postgres does not escape it. No sample is better than a false one."""
    for meta in (metadata(application_name=name), metadata(user=name)):
        line = f"[GREEN] [1-1]  sql_error_code = 28P01{meta} FATAL:  password authentication failed"

        assert parse(line) is None


def test_a_statement_does_not_pass_for_another_level() -> None:
    line = f"[GREEN] [1-1]  sql_error_code = 00000{metadata()} LOG:  duration: 2000 ms  statement: "

    assert parse(f"{line}SELECT a -- {FORGED}") == SlowQuery(GREEN, 2.0, "", "SELECT a")
    assert parse(f"{line}SELECT 'ERROR:  x'") == SlowQuery(GREEN, 2.0, "", "SELECT ?")


@pytest.mark.parametrize(
    "text",
    [
        FORGED,
        f" {FORGED}",
        f" sql_error_code = 00000 {FORGED}",
        f" sql_error_code = 00000{metadata()} {FORGED}",
        " sql_error_code = 00000 ERROR:  x",
        " sql_error_code = 00000 TRACE:  x",
        " sql_error_code = 00000",
        "DETAIL:  x",
        f"[1-1] {FORGED}",
        f"[GREEN] [1-1] {FORGED}",
    ],
)
@pytest.mark.parametrize("part", [2, 10, 11, 4294967295])
def test_a_later_part_is_no_record_of_its_own(text: str, part: int) -> None:
    assert parse(f"[GREEN] [1-{part}] {text}") == PostgresRecord(GREEN)
    assert parse(f"[1-{part}]  [GREEN] {text}") in (None, PostgresRecord(GREEN, "DETAIL"))


@pytest.mark.parametrize("level", FOLLOW_UPS)
def test_a_later_part_may_be_a_follow_up_with_the_whole_prefix(level: str) -> None:
    assert parse(f"[GREEN] [1-2]  sql_error_code = 23505 {level}:  x") == PostgresRecord(
        GREEN, level, "23505"
    )
    assert parse(f"[1-2] db [GREEN] {level}:  x") == PostgresRecord(GREEN, level)


def test_no_data_of_users_is_kept() -> None:
    for text in (
        "LOG:  duration: 2000 ms  statement: SELECT 'secret' /* secret */ -- secret",
        "LOG:  duration: 2000 ms  execute <unnamed>: UPDATE t SET a = E'\\'secret",
        "LOG:  duration: 2000 ms  bind <unnamed>: SELECT secret",
        "LOG:  execute <unnamed>: SELECT secret",
        "DETAIL:  Key (email)=(secret) already exists.",
        "DETAIL:  parameters: $1 = 'secret'",
        "STATEMENT:  SELECT secret",
        "ERROR:  invalid input syntax for type integer: secret",
    ):
        for part in (1, 2):
            for meta in ("", metadata("secret")):
                event = parse(f"[GREEN] [1-{part}]  sql_error_code = 00000{meta} {text}")
                assert event is not None
                assert "secret" not in repr(event)
    assert "secret" not in repr(parse("[GREEN] [1-2] secret"))


# Any bytes ---------------------------------------------------------------------------------------


HEADS = [
    b"",
    b"[",
    b"[GREEN] [1-1] ",
    b"[GREEN] [1-2] ",
    b"[1-1] ",
    b"[1-1]  [GREEN] ",
    b"[GREEN] [1-1]  sql_error_code = 00000",
    b'[GREEN] [1-1]  sql_error_code = 00000 pid="',
    b"[GREEN] [1-1]  sql_error_code = 00000 LOG:  ",
    b"[GREEN] [1-1] LOG:  duration: 1",
    b"[GREEN] [1-1] LOG:  duration: 1 ms  execute ",
    b"[GREEN] [1-1] LOG:  duration: 1 ms  statement: ",
]


@given(st.sampled_from(HEADS), st.binary(max_size=200))
def test_any_bytes_give_an_event_or_none(head: bytes, rest: bytes) -> None:
    event = parse_postgres_log(head + rest)

    if event is None:
        return
    assert re.fullmatch("[A-Za-z0-9_]{1,64}", event.source)
    if isinstance(event, SlowQuery):
        assert 0 <= event.seconds < 1e12
        assert len(event.prepared) <= 64
        assert len(event.form) <= 4096
    else:
        assert event.level in ("", *LEVELS)
        assert re.fullmatch("([0-9A-Z]{5})?", event.sqlstate)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "unit",
    [b"[", b"[1-1] ", b' a="', b' a=""', b'"', b'" LOG: ', b'" a', b" a =", b"9", b":", b"x"],
)
def test_hostile_lines_end(head: bytes, unit: bytes) -> None:
    parse_postgres_log(head + unit * (HOSTILE // len(unit)))


@given(st.text(st.characters(codec="utf-8", exclude_characters='"'), max_size=63))
def test_no_name_without_a_quote_changes_what_a_line_means(name: str) -> None:
    for meta in (metadata(application_name=name), metadata(user=name)):
        line = f"[GREEN] [1-1]  sql_error_code = 23505{meta} ERROR:  x"

        assert parse(line) == PostgresRecord(GREEN, "ERROR", "23505")


@given(st.text(st.sampled_from(['"', " ", "a", "=", "L", ":"]), max_size=20))
def test_no_name_with_quotes_makes_a_slow_query(name: str) -> None:
    for chosen in (name, f'{name}" {FORGED}', f'{name}" {FORGED}{name}'):
        for meta in (metadata(application_name=chosen), metadata(user=chosen)):
            line = f"[GREEN] [1-1]  sql_error_code = 28P01{meta} FATAL:  x"

            assert parse(line) in (None, PostgresRecord(GREEN, "FATAL", "28P01"))


def test_of_a_longer_statement_than_logplex_passes_on_the_rest_is_not_read() -> None:
    literal = "x" * 11_000
    event = parse(f"[DATABASE] [1-1] LOG:  duration: 2000 ms  statement: SELECT '{literal}', y")

    assert event == SlowQuery("DATABASE", 2.0, "", "SELECT ?")
