"""The form of a statement: what stays, and that no literal's content does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.sql import statement_form

HOSTILE = 65536


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        # Lines of the format reference
        (
            'SELECT  "articles".* FROM "articles"...',
            'SELECT "articles".* FROM "articles"...',
        ),
        ('SELECT "users".* FROM "users" LIMIT 1', 'SELECT "users".* FROM "users" LIMIT ?'),
        (
            'SELECT "notifications".* FROM "notifications" WHERE "notifications"."id" = 258324'
            " LIMIT 1 FOR UPDATE NOWAIT /*app:worker.2,job:NotificationJob*/",
            'SELECT "notifications".* FROM "notifications" WHERE "notifications"."id" = ?'
            " LIMIT ? FOR UPDATE NOWAIT",
        ),
        (
            'SELECT  "issues".* FROM "issues" WHERE "issues"."repo_id" = $1 AND "issues"."state" ='
            " $2 ORDER BY created_at DESC LIMIT $3 OFFSET $4",
            'SELECT "issues".* FROM "issues" WHERE "issues"."repo_id" = $1 AND "issues"."state" ='
            " $2 ORDER BY created_at DESC LIMIT $3 OFFSET $4",
        ),
        ("WITH naptime(value) AS (", "WITH naptime(value) AS ("),
        # Strings
        ("a = 'x' AND b", "a = ? AND b"),
        ("a = ''", "a = ?"),
        ("a = 'it''s' AND b", "a = ? AND b"),
        ("a = 'x -- y' AND b", "a = ? AND b"),
        ("a = 'x /* y' AND b", "a = ? AND b"),
        ("a = 'x $$ y' AND b", "a = ? AND b"),
        ("a = 'x \" y' AND b", "a = ? AND b"),
        ("a = 'two\nlines' AND b", "a = ? AND b"),
        ("a = 'one' 'two'", "a = ? ?"),
        (r"a = E'it\'s' AND b", "a = ? AND b"),
        (r"a = e'\\' AND b = e'''' AND c", "a = ? AND b = ? AND c"),
        (r"a = U&'d\0061t' AND b", "a = ? AND b"),
        ("a = B'01' AND b = x'1F' AND c = N'n' AND d", "a = ? AND b = ? AND c = ? AND d"),
        ("a = date'2020-01-01' AND b", "a = date? AND b"),
        ("a = 'x'::jsonb->>'key'", "a = ?::jsonb->>?"),
        (r"a LIKE 'x\_y' AND b", "a LIKE ? AND b"),
        (r"a = 'x\\' AND b", "a = ? AND b"),
        # Dollar quotes
        ("DO $$BEGIN 'x'; END$$ LANGUAGE plpgsql", "DO ? LANGUAGE plpgsql"),
        ("a = $t$x $$ $u$ y$t$ AND b", "a = ? AND b"),
        ("a = $é1$x$é1$ AND b", "a = ? AND b"),
        ("a = $1$$x$$ AND b", "a = $1? AND b"),
        ("f$$x AND g", "f$$x AND g"),
        # Numbers
        ("1 -2 +3.5 .5 1e9 1.5e-3 6.02E+23 1.", "? -? +? ? ? ? ? ?"),
        ("0x1F 0b01 0o17 1_000", "? ? ? ?"),
        ("a[1:2] x=1 y=1;", "a[?:?] x=? y=?;"),
        ("123abc", "?"),
        ("t1.c2 é1 _1 a$1", "t1.c2 é1 _1 a$1"),
        ('"col2" "2"."3"', '"col2" "2"."3"'),
        ("$1 $23 ($4)", "$1 $23 ($4)"),
        ("$123456 $1a", ""),
        # Comments
        ("a -- b\nc", "a c"),
        ("a -- b\rc", "a c"),
        ("a--1", "a"),
        ("a /* b */ c", "a c"),
        ("a/*b*/c", "a c"),
        ("a /* b /* c */ ' */ d", "a d"),
        ("a /* b */ */ c", "a */ c"),
        ("a - -1 / 2 * 3", "a - -? / ? * ?"),
        # Names
        ('"it\'s" = 1', '"it\'s" = ?'),
        ('"a ""b"" -- c" = 1', '"a ""b"" -- c" = ?'),
        ("E = 1 AND x = 2 AND u & 'a'", "E = ? AND x = ? AND u & ?"),
        ("größe = 'x'", "größe = ?"),
        # Lists
        ("a IN (1, 2, 3)", "a IN (?, ...)"),
        ("a IN (1)", "a IN (?)"),
        ("a IN ('x','y' , 'z')", "a IN (?, ...)"),
        ("a IN (-1, -2)", "a IN (-?, ...)"),
        ("a IN ($1, $2)", "a IN ($1, $2)"),
        ("a IN (1, 2, 3", "a IN (?, ..."),
        ("f(1, x, 2, 3)", "f(?, x, ?, ...)"),
        ("ARRAY[1, 2]", "ARRAY[?, ...]"),
        ("VALUES (1, 'a'), (2, 'b'), (3, 'c')", "VALUES (?, ...), ..."),
        ("VALUES (1),(2)", "VALUES (?), ..."),
        ("VALUES (1, 'a'), (2, 'b'), (3, '", "VALUES (?, ...), ..., (?, ..."),
        # Blanks
        (" a\t\tb\r\nc\x00d ", "a b c d"),
        ('"a\t b"', '"a b"'),
        ("", ""),
        ("\t", ""),
    ],
)
def test_forms(sql: str, form: str) -> None:
    assert statement_form(sql.encode()) == form


@pytest.mark.parametrize(
    "open_end",
    [
        "'secret",
        "'secret''",
        "'secret\\",
        "'secret\\'",
        "E'secret",
        "E'secret\\",
        "E'secret\\'",
        "e'secret''",
        "U&'secret",
        "x'secret",
        "$$secret",
        "$$secret$",
        "$tag$secret$tag",
        "$secret",
        '"secret',
        "-- secret",
        "/* secret",
        "/* secret *",
        "/* /* */ secret",
    ],
)
def test_what_a_cut_leaves_open_is_taken_out_up_to_the_end(open_end: str) -> None:
    assert statement_form(f"SELECT a, {open_end}".encode()) in ("SELECT a, ?", "SELECT a,")


def test_a_backslash_before_a_quote_of_a_plain_string_takes_out_the_rest() -> None:
    """Whether it escapes the quote depends on a setting that the line does not tell."""
    assert statement_form(rb"SELECT 'it\'s a secret' FROM t") == "SELECT ?"
    assert statement_form(rb"SELECT 'a\' OR b = 'secret'") == "SELECT ?"


def test_bytes_that_are_no_text_do_not_open_or_close_anything() -> None:
    assert (
        statement_form(b"a\xff = '\xc3' AND b = '\xff\xfe' AND c") == "a\ufffd = ? AND b = ? AND c"
    )


@pytest.mark.parametrize("limit", [1, 5, 8, 9, 10, 11, 20, 4096])
def test_the_form_has_at_most_as_many_characters_as_asked_for(limit: int) -> None:
    form = statement_form(b'SELECT "a long name" FROM "t\'s"' + b", abc" * 2000, limit)

    assert len(form) <= limit
    assert form.count('"') % 2 == 0  # no name that never ends
    assert statement_form(form.encode(), limit) == form


def test_literals_do_not_use_up_the_limit() -> None:
    assert statement_form(b"SELECT '" + b"x" * 60000 + b"' FROM t", 20) == "SELECT ? FROM t"


# Code is written in small letters, and secrets are of what code never holds, so that any trace of
# one shows, however the statement was cut.
SECRET = re.compile("[A-Z2-9€]")
NAMES = ["select", "a", "t1", "e", "b", "u&", "é", "f$x", "$1", "$11", "::text"]
QUOTED_NAMES = ['"name"', '"a ""b"""', '"it\'s"', '"-- x"']
SIGNS = ["=", ",", "(", ")", "->", "-", "/", "*", ".", "[", "]", ";"]

code = st.sampled_from([*NAMES, *QUOTED_NAMES, *SIGNS])
blanks = st.sampled_from([" ", "\n", "\t", "  "])
secrets = st.text(st.sampled_from("ABCXYZ23456789€ .,;()[]-+=<>|&%?#@~!^`{}:_\n"), max_size=12)


def literals(before: str, after: str, *inside: str) -> st.SearchStrategy[str]:
    """Return literals of secrets and of texts that do not end them."""
    parts = st.lists(secrets | st.sampled_from(inside), max_size=6)
    return parts.map(lambda parts: before + "".join(parts) + after)


strings = literals("'", "'", "''", '"', "$$", "$", "--", "/*", "*/", "\\Q", "\\'", "\\\\")
escapes = literals("e'", "'", "''", '"', "$$", "$", "--", "/*", "*/", "\\'", "\\\\")
unicode_strings = literals("u&'", "'", "''", '"', "$$", "--", "/*", "*/", "\\0")
dollars = literals("$$", "$$", "'", '"', "$ ", "$A$ ", "--", "/*", "*/", "\\")
tagged = literals("$tag$", "$tag$", "'", '"', "$$ ", "$ta$ ", "--", "/*", "*/", "\\")
comments = literals("/*", "*/", "'", '"', "$$", "--", "\\", " /* A */ ", " /* /**/ B */ ")
line_comments = literals("--", "\n", "'", '"', "$$", "/*", "*/", "\\").map(
    lambda comment: comment.replace("\n", "") + "\n"
)
numbers = st.from_regex(r"[2-9]{1,9}(\.[2-9]{1,9})?(e[+-]?[2-9]{1,2})?|\.[2-9]+", fullmatch=True)
private = strings | escapes | unicode_strings | dollars | tagged | numbers | comments
statements = st.lists(
    st.tuples(code | private | line_comments, blanks).map("".join), max_size=12
).map("".join)


@given(statements, st.data())
def test_no_content_of_a_literal_or_comment_survives_wherever_the_statement_is_cut(
    statement: str, data: st.DataObject
) -> None:
    sql = statement.encode()
    cut = sql[: data.draw(st.integers(0, len(sql)))]

    assert not SECRET.search(statement_form(sql))
    assert not SECRET.search(statement_form(cut))


@given(st.lists(code, max_size=12))
def test_code_without_literals_stays_as_it_is(parts: list[str]) -> None:
    statement = " ".join(parts)

    assert statement_form(statement.encode()) == statement


QUOTES = ["'", "''", "\\", "\\'", "e'", "u&'", '"', '""', "$", "$$", "$a$", "$a", "$1"]
COMMENTS = ["--", "-", "--\n", "/*", "*/", "/", "*", "/*/", "/**/"]
OTHERS = ["?", "?, ?", "?,", "(?),", "(", ")", ", ", ".", "...", "1", "1e", "x", " ", "\n", "\0"]
PIECES = [*QUOTES, *COMMENTS, *OTHERS]

pieces = st.sampled_from(PIECES)
texts = st.binary(max_size=80) | st.lists(pieces, max_size=30).map(lambda p: "".join(p).encode())


@given(texts, st.integers(1, 60))
def test_any_bytes_give_one_bounded_line_that_is_its_own_form(sql: bytes, limit: int) -> None:
    form = statement_form(sql, limit)

    assert len(form) <= limit
    assert not re.search(r"[\x00-\x1f\x7f]|  |^ | $", form)
    assert statement_form(form.encode(), limit) == form
    whole = statement_form(sql)
    assert statement_form(whole.encode()) == whole


@pytest.mark.parametrize("unit", [*map(str.encode, PIECES), b"\xff"])
def test_hostile_repetitions_end(unit: bytes) -> None:
    sql = unit * (HOSTILE // len(unit))

    for text in (sql, b"'" + sql, b'"' + sql, b"$a$" + sql, b"(?, ?" + sql, b"/*" + sql):
        assert len(statement_form(text)) <= 4096
