"""The Postgres server log: what it says is shown, what users wrote is not."""

import pytest

from heroku_syslogd.heroku.events import Event, PostgresRecord, SlowQuery
from heroku_syslogd.sinks.timber import Document, Line, documents

SECRET = b"[GREEN] [11-2]  sql_error_code = 23505 DETAIL:  Key (email)=(bob@example.com) exists."


def postgres_documents(event: Event) -> list[Document]:
    return documents(event, Line("my-app", "app", "postgres.1234", 0.0, SECRET))


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("LOG", "info"),
        ("NOTICE", "notice"),
        ("WARNING", "warn"),
        ("ERROR", "error"),
        ("FATAL", "critical"),
        ("PANIC", "alert"),
        ("DETAIL", "info"),
        ("STATEMENT", "info"),
    ],
)
def test_a_record_shows_only_its_level_and_sqlstate(name: str, level: str) -> None:
    (found,) = postgres_documents(PostgresRecord("HEROKU_POSTGRESQL_GREEN", name, "23505"))

    assert found["level"] == level
    assert found["message"] == f"{name} sqlstate=23505"
    assert found["context"]["platform"]["heroku"] == {
        "dyno_type": "postgres",
        "dyno_id": 1234,
        "source": "app",
    }
    assert found["event"] == {
        "custom": {
            "postgres_log": {
                "level": name,
                "sqlstate": "23505",
                "source": "HEROKU_POSTGRESQL_GREEN",
            }
        }
    }
    assert "bob" not in str(found)


def test_a_record_of_before_2019_has_no_sqlstate() -> None:
    (found,) = postgres_documents(PostgresRecord("DATABASE", "LOG"))

    assert found["message"] == "LOG"
    assert found["event"]["custom"]["postgres_log"] == {"level": "LOG", "source": "DATABASE"}


def test_a_line_that_continues_a_record_gives_no_document() -> None:
    assert postgres_documents(PostgresRecord("DATABASE")) == []


@pytest.mark.parametrize(
    ("prepared", "what"),
    [("", "statement"), ("<unnamed>", "execute <unnamed>"), ("a1", "execute a1")],
)
def test_a_slow_query_is_shown_in_its_form_without_literals(prepared: str, what: str) -> None:
    event = SlowQuery("DATABASE", 2.405887, prepared, "SELECT ? FROM issues")

    (found,) = postgres_documents(event)

    assert found["level"] == "info"
    assert found["message"] == f"duration: 2405.887 ms  {what}: SELECT ? FROM issues"
    assert found["time_ms"] == 2405.887
    assert found["event"] == {"sql_query": {"sql": "SELECT ? FROM issues", "time_ms": 2405.887}}
    assert found["context"]["custom"]["database"] == {"source": "DATABASE"}
    assert "bob" not in str(found)


def test_a_long_statement_is_cut() -> None:
    (found,) = postgres_documents(SlowQuery("DATABASE", 2.0, "", "x" * 9000))

    assert len(found["event"]["sql_query"]["sql"]) == 4096
    assert len(found["message"]) == 8192


def test_a_slow_query_without_a_statement_is_an_event_of_ours() -> None:
    (found,) = postgres_documents(SlowQuery("DATABASE", 2.0, "", ""))

    assert found["event"] == {"custom": {"slow_query": {"time_ms": 2000.0}}}
