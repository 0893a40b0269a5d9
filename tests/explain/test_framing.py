"""The octet count of a line, and what is behind it."""

import pytest

from heroku_syslogd.explain import Verdict
from heroku_syslogd.wire import Dialect
from tests.explain.lines import L10, STATE, explained, rows


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"129 {STATE}\n", "129 bytes announced, 129 found: fits"),
        (f"128 {STATE}", "128 bytes announced, 128 found: fits"),
        (
            f"128 {STATE}\n",
            "128 bytes announced, 129 found: fits; the line end behind it does not belong to it",
        ),
        (
            f"200 {STATE}",
            "200 bytes announced, 128 found: does not fit: 72 bytes would be taken from what"
            " follows",
        ),
        (
            f"100 {STATE}",
            "100 bytes announced, 128 found: does not fit: 28 bytes would be left over and"
            " rejected",
        ),
        (f"129 {STATE}\n129 {STATE}\n", "129 bytes announced, 262 found: fits"),
    ],
)
def test_the_octet_count_is_checked_and_never_the_end(line: str, says: str) -> None:
    found = explained(line)

    assert rows(found, "Frame")["octet count"] == says
    assert found.verdict is Verdict.UNDERSTOOD
    assert rows(found, "Event")["new"] == "up"


def test_only_the_first_of_several_messages_is_explained() -> None:
    glued = explained(f"129 {STATE}\n129 {STATE}\n")
    lines = explained(f"{STATE}\n{STATE}\n")
    rendered = explained(f"{L10}\r\n{L10}\r\n")

    assert rows(glued, "Frame")["note"] == "another frame follows; explain it by itself"
    assert rows(lines, "Frame")["note"].startswith("129 bytes follow its line end")
    assert rows(rendered, "Frame")["note"].startswith(f"{len(L10) + 2} bytes follow its line end")
    assert {one.verdict for one in (glued, lines, rendered)} == {Verdict.UNDERSTOOD}


def test_a_line_of_heroku_logs_is_explained_too() -> None:
    for line in (L10, f"  {L10}\r\n", f"\ufeff{L10}"):
        found = explained(line)
        assert rows(found, "Frame")["form"] == "line as `heroku logs` prints it"
        assert rows(found, "Header")["PROCID"] == "logplex"
        assert rows(found, "Header")["HOSTNAME"].startswith("-: app unknown")
        assert rows(found, "Event")["count"] == "1 messages"
        assert "not counted here" in rows(found, "Event")["note"]


@pytest.mark.parametrize(
    ("line", "asked", "dialect", "reason"),
    [
        ("<1>1 - host app web.1 - - x", None, Dialect.LOGPLEX_1, "HOSTNAME is `host`"),
        ("<1>1 - hosts app web.1 - - x", None, Dialect.RFC5424, "HOSTNAME is not `host`"),
        ("<1>1 - host app web.1 - - x", Dialect.RFC5424, Dialect.RFC5424, "as asked for"),
        (STATE, Dialect.LOGPLEX_1, Dialect.LOGPLEX_1, "as asked for"),
        (L10, None, Dialect.RFC5424, "of no consequence"),
    ],
)
def test_the_dialect_is_that_of_the_hostname_unless_asked_for(
    line: str, asked: Dialect | None, dialect: Dialect, reason: str
) -> None:
    found = explained(line, asked)

    assert found.dialect is dialect
    assert rows(found, "Header")["dialect"].startswith(f"{dialect.value}: {reason}")
