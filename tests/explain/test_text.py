"""What is printed does nothing to a terminal and shows no token."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.explain import Verdict, print_explanation
from heroku_syslogd.wire import Dialect, Message
from tests.explain.lines import HEADER, L10, OTHER_TOKEN, STATE, TOKEN, explained, printed


def test_msg_does_nothing_to_a_terminal_and_a_long_one_is_cut() -> None:
    found = explained(f"{HEADER} app web.1 - - ".encode() + b"\x1b[31m\xff \x07" + b"x" * 5000)
    text = printed(found)

    assert "\x1b" not in text
    assert "\x07" not in text
    assert r"5,008 bytes: \x1b[31m\xff \x07xxx" in text
    assert "x" * 2000 not in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_there_are_colours_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = explained(STATE)
    coloured, plain_text = Terminal(), Terminal()
    print_explanation(found, coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    print_explanation(found, plain_text)

    assert "\x1b[1;32mUnderstood" in coloured.getvalue()
    assert "\x1b[36m" not in plain_text.getvalue()
    assert "\x1b" not in printed(found)


SECRET = re.compile(r"[dt]\.[0-9a-f]{8}-", re.IGNORECASE)


@pytest.mark.parametrize(
    "line",
    [
        STATE,
        f"<13>2 - {TOKEN}",
        f"<13>1 2022-04-13T19:42:45Z {TOKEN}",
        f"<13>1 {'x' * 80} {TOKEN}",
        f"{HEADER} app web.1 - - my drain is {TOKEN} and {OTHER_TOKEN}, {OTHER_TOKEN.upper()}",
        f"{HEADER} heroku logplex - - {L10.partition(': ')[2]}",
        f"<40>1 2012-11-30T06:45:26+00:00 heroku web.3 {TOKEN} - Starting process",
        f'<40>1 - {TOKEN} app {TOKEN} {TOKEN} [x a="{TOKEN}"] count#{TOKEN}=1',
        f"<40>1 - - heroku {TOKEN}.1 - - source={TOKEN} sample#load_avg_1m=1",
        L10,
    ],
)
def test_a_token_is_never_shown_whole(line: str) -> None:
    for text in (line, f"{len(line)} {line}", f"9999 {line}"):
        assert not SECRET.search(printed(explained(text)))


def test_a_token_of_another_form_is_not_shown_whole_either() -> None:
    token = "d.not-a-uuid-but-a-secret"
    text = printed(explained(f"<45>1 - {token} heroku web.1 - - I know {token}"))

    assert token not in text
    assert "I know d.not-a-uu…" in text


pieces = st.sampled_from(
    [
        *(b"<13>1", b"<999>1", b"100", b"2022-04-13T19:42:45Z", b"host", TOKEN.encode()),
        *(b"heroku", b"app", b"web.1", b"router", b"heroku[api]:", b"-", b"[x]"),
        *(b"Error R14 (x)", b"sample#a=1"),
    ]
)


@settings(max_examples=400)
@given(
    st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=10).map(b" ".join)),
    st.sampled_from([None, *Dialect]),
)
def test_any_bytes_are_explained(line: bytes, dialect: Dialect | None) -> None:
    for text in (line, b"<13>1 - " + line, b"<13>1 - host heroku web.1 - " + line):
        found = explained(text, dialect)
        assert not SECRET.search(printed(found))
        assert (found.meaning is None) is (found.verdict is Verdict.REFUSED)
        if found.meaning is not None:
            assert isinstance(found.header, Message)
