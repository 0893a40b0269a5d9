"""Label values that peers choose: a closed alphabet and a bounded length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku import label_text, process_type_of
from heroku_syslogd.heroku.naming import free_text


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


@given(st.binary(max_size=300), st.integers(0, 100))
def test_free_text_is_text_and_bounded(token: bytes, limit: int) -> None:
    assert len(free_text(token, limit)) <= limit
