"""Which streams mean something, and that an application cannot forge a platform event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku import (
    DynoStateChange,
    RuntimeSample,
    label_text,
    line_parser,
    process_type_of,
)

SAMPLE = b"source=web.1 dyno=heroku.1.b0bc8784-5574-4f35-9508-5ea02d47d251 sample#load_avg_1m=0.00"


@pytest.mark.parametrize(
    "procid",
    [
        b"web.1",
        b"worker.12",
        b"run.1234",
        b"release.9",
        b"scheduler.5678",
        b"sidekiq_int.1",
        b"a-b.2",
    ],
)
def test_the_dyno_manager_writes_about_any_dyno(procid: bytes) -> None:
    parse = line_parser(b"heroku", procid)

    assert parse is not None
    assert isinstance(parse(SAMPLE), RuntimeSample)
    assert parse(b"State changed from starting to up") == DynoStateChange("starting", "up")


@pytest.mark.parametrize(
    ("app_name", "procid"),
    [
        (b"app", b"web.1"),  # the application itself, imitating the platform
        (b"app", b"router"),
        (b"app", b"heroku"),
        (b"Heroku", b"web.1"),
        (b"heroku ", b"web.1"),
        (b"heroku", b"router"),
        (b"heroku", b"logplex"),
        (b"heroku", b"web"),
        (b"heroku", b"web.1\n"),
        (b"heroku", b"web.1.2"),
        (b"heroku", b"-"),
        (b"heroku", b".1"),
    ],
)
def test_nobody_else_does(app_name: bytes, procid: bytes) -> None:
    assert line_parser(app_name, procid) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"Cycling",
        b"State changed from up to",
        b"State changed from UP to DOWN",
        b"State changed from up to down and more",
        b"Starting process with command `sample`",
        b"State changed from up to " + b"x" * 100,
    ],
)
def test_other_lines_of_the_dyno_manager_mean_nothing_yet(text: bytes) -> None:
    parse = line_parser(b"heroku", b"web.1")

    assert parse is not None
    assert parse(text) is None


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_none(text: bytes) -> None:
    parse = line_parser(b"heroku", b"web.1")
    assert parse is not None
    for line in (text, b"State changed " + text, b"sample#" + text):
        assert isinstance(parse(line), RuntimeSample | DynoStateChange | None)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_label_texts_have_a_closed_alphabet_and_a_bounded_length(a: bytes, b: bytes) -> None:
    for label in (label_text(a), process_type_of(a + b"." + b)):
        assert 1 <= len(label) <= 64
        assert label.isascii()
        assert label.isprintable()
        assert not set(label) & set("\"\\\n {}<>'&")


@pytest.mark.parametrize(
    ("procid", "process_type"),
    [
        (b"web.1", "web"),
        (b"router", "router"),
        (b"heroku-postgres", "heroku-postgres"),
        (b"postgres.1105947", "postgres"),
        (b"-", "-"),
        (b"", "-"),
        (b".1", "-"),
        (b"a.b.c", "a"),
    ],
)
def test_process_types(procid: bytes, process_type: str) -> None:
    assert process_type_of(procid) == process_type
