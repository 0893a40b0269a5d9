"""The log of a Postgres server: texts of clients that imitate a line, and any bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.events import PostgresRecord, SlowQuery
from heroku_syslogd.heroku.postgres_log import parse_postgres_log
from tests.heroku.postgres_log_lines import FOLLOW_UPS, GREEN, LEVELS, metadata, parse

HOSTILE = 65536
FORGED = "LOG:  duration: 99999 ms  statement: forged"

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
