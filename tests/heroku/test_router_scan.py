"""The fast searches in router lines: whatever they find, the parser finds the same."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heroku_syslogd.heroku.router import (
    parse_router_line,
    request_tokens,
    scan_error,
)
from tests.heroku.router_clients import after_bytes, client_texts, requests, trusted
from tests.heroku.router_error_lines import ERROR_LINES
from tests.heroku.router_lines import LEGACY, NORMAL_LINES, ROUTER_2, WITHOUT_PROTOCOL


@pytest.mark.parametrize("line_end", [b"", b"\n"])
@pytest.mark.parametrize("dialect", [b"", b"- "])
def test_the_fast_search_returns_the_tokens_of_a_normal_request(
    dialect: bytes, line_end: bytes
) -> None:
    assert request_tokens(dialect + LEGACY + line_end) == [
        b"web.1",
        b"connect=1ms",
        b"service=22ms",
        b"status=304",
        b"bytes=656",
        b"GET",
    ]
    assert request_tokens(dialect + ROUTER_2 + line_end) == [
        b"web.1",
        b"connect=0ms",
        b"service=3ms",
        b"status=200",
        b"bytes=2256",
        b"GET",
    ]


@pytest.mark.parametrize(
    "end",
    [
        b"protocol=http3",
        b"protocol=http1.1 tls=true tls_version=tls1.4",
        b"protocol=http2.0 tls=true tls_version=tls1.3 new=1",
        b"tls=true",
    ],
)
def test_the_fast_search_takes_values_of_tomorrow(end: bytes) -> None:
    for line_end in (b"", b"\n"):
        assert request_tokens(LEGACY.replace(b"protocol=http", end) + line_end) is not None


@pytest.mark.parametrize(
    "start",
    [b"method=BREW path=", b"method=GETX path=", b"method=get path=", b"method=GET host="],
)
def test_the_fast_search_leaves_uncommon_beginnings_to_the_parser(start: bytes) -> None:
    assert request_tokens(LEGACY.replace(b"method=GET path=", start)) is None
    assert request_tokens(b"- " + LEGACY.replace(b"method=GET path=", start)) is None


@pytest.mark.parametrize("line", [line for line, *_ in ERROR_LINES])
def test_the_fast_search_leaves_errors_to_the_parser(line: bytes) -> None:
    assert request_tokens(line) is None
    assert request_tokens(b"- " + line) is None


@pytest.mark.parametrize(
    "end",
    [
        b'new="x"',
        b"new=1",
        b"protocol=http status=200",
        b"protocol=http bytes=1",
        b"protocol=http connect=1ms",
        b"protocol=http service=1ms",
        b'protocol=http agent="x"',
        b"protocol=http\n\n",
        b"protocol=http ",
        b"",
    ],
)
def test_the_fast_search_leaves_an_odd_end_to_the_parser(end: bytes) -> None:
    assert request_tokens(LEGACY.replace(b"protocol=http", end)) is None


COMMON = tuple(
    b'method=%s path="' % method
    for method in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
)
WELL_FORMED = re.compile(
    rb"([A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10}) connect=([0-9]{1,15})ms"
    rb" service=([0-9]{1,15})ms status=([0-9]{3}) bytes=([0-9]{1,15})\n?"
)


def assert_same_as_parser(rest: bytes) -> None:
    """If the fast search takes a line, the parser must find the same in it."""
    tokens = request_tokens(rest)
    if tokens is None:
        return
    *tail, method = tokens
    values = WELL_FORMED.fullmatch(b" ".join(tail))
    if values is None:
        return
    assert len(method) <= 127
    assert b" " not in method
    for msg in {rest.removesuffix(b"\n"), rest.removesuffix(b"\n").removeprefix(b"- ")}:
        found = parse_router_line(msg)
        assert found is not None
        assert found.method == method.decode("utf-8", "replace")
        assert trusted(found) == (
            "",
            values[1].decode(),
            int(values[2]) / 1000,
            int(values[3]) / 1000,
            int(values[4]),
            int(values[5]),
        )


@pytest.mark.parametrize("line", [line for line, *_ in NORMAL_LINES])
def test_the_fast_search_agrees_with_the_parser_on_lines_of_heroku(line: bytes) -> None:
    for dialect in (b"", b"- "):
        for line_end in (b"", b"\n"):
            assert_same_as_parser(dialect + line + line_end)
            tokens = request_tokens(dialect + line + line_end)
            assert (tokens is None) == (b" protocol=" not in line)


@given(requests, after_bytes, st.sampled_from([b"", b"\n"]))
def test_the_fast_search_agrees_with_the_parser_on_hostile_lines(
    request: bytes, end: bytes, line_end: bytes
) -> None:
    tail = b" dyno=web.1 connect=1ms service=22ms status=304 bytes=656"
    rest = b"- at=info " + request + tail + end + line_end

    is_common = request.startswith(COMMON)
    assert (request_tokens(rest) is None) == (not end or not is_common)
    assert_same_as_parser(rest)


@st.composite
def mutated_lines(draw: st.DrawFn) -> bytes:
    """Draw a real line in which some places were cut out, doubled or overwritten."""
    line = draw(st.sampled_from([LEGACY, ROUTER_2, WITHOUT_PROTOCOL, NORMAL_LINES[-2][0]])) + b"\n"
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(line)))
        end = draw(st.just(start) | st.integers(start, min(len(line), start + 60)))
        line = line[:start] + draw(client_texts) + line[end:]
    return draw(st.sampled_from([b"", b"- "])) + line


@given(mutated_lines())
def test_the_fast_search_agrees_with_the_parser_on_mutated_lines(rest: bytes) -> None:
    assert_same_as_parser(rest)


BLOCK = b" dyno=web.1 connect=1ms service=3ms status=200 bytes=5"
keys = st.lists(
    st.sampled_from(
        b"dyno=run.2|connect=2ms|service=4ms|status=503|bytes=6|bytes=7\n|protocol=http|tls=true"
        b'|protocol=http\n|path="/|"|fwd="1"|host=h|code=H12|method=PUT|agent="||\n'.split(b"|")
    ),
    max_size=5,
).map(lambda drawn: b"".join(b" " + key for key in drawn))


@given(keys, st.sampled_from([b"", BLOCK]), keys)
def test_the_fast_search_agrees_with_the_parser_on_keys_in_any_order(
    before: bytes, block: bytes, after: bytes
) -> None:
    assert_same_as_parser(b'at=info method=GET path="/"' + before + block + after)
    start = b'- at=info method=POST path="/"'
    assert_same_as_parser(start + before + BLOCK + b" protocol=http" + after)


def assert_same_error_as_parser(rest: bytes) -> None:
    """If the short reading of errors takes a line, the parser must find the same in it."""
    request = scan_error(rest)
    if request is None:
        return
    for msg in {rest.removesuffix(b"\n"), rest.removesuffix(b"\n").removeprefix(b"- ")}:
        found = parse_router_line(msg)
        assert found is not None
        assert trusted(found) == trusted(request)
        assert found.method == request.method


@pytest.mark.parametrize("line", [line for line, *_ in ERROR_LINES])
def test_errors_are_read_shortly_and_to_the_same_effect(line: bytes) -> None:
    for dialect in (b"", b"- "):
        for line_end in (b"", b"\n"):
            assert_same_error_as_parser(dialect + line + line_end)


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b'at=error code=H12 desc="Request timeout"', b"dyno=web.1 connect=6ms service=30001ms"),
        (b'at=error code=H10 desc="App crashed"', b"dyno= connect= service="),
        (b'sock=client at=warning code=H27 desc="x"', b"dyno=web.1 connect=1ms service=2"),
        (b'at=info code=H80 desc="Maintenance mode"', b"dyno= connect= service="),
    ],
)
def test_errors_of_today_take_the_short_reading(head: bytes, tail: bytes) -> None:
    client = b' method=GET path="/" host=x request_id=1 fwd="192.0.2.1" '
    rest = head + client + tail + b" status=503 bytes= protocol=http1.1 tls=true\n"

    assert scan_error(rest) is not None
    assert scan_error(b"- " + rest) is not None
    assert_same_error_as_parser(rest)


@st.composite
def mutated_errors(draw: st.DrawFn) -> bytes:
    """Draw a line of an error in which some places were cut out, doubled or overwritten."""
    line = draw(st.sampled_from([line for line, *_ in ERROR_LINES])) + b" protocol=http\n"
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(line)))
        end = draw(st.just(start) | st.integers(start, min(len(line), start + 60)))
        line = line[:start] + draw(client_texts) + line[end:]
    return draw(st.sampled_from([b"", b"- "])) + line


@settings(max_examples=500)
@example(
    b'at=error code=H14 desc=" method=PUT" method=GET path="/" host=x request_id=1 fwd="192.0.2.1"'
    b" dyno= connect= service= status=503 bytes= protocol=http\n"
)
@given(mutated_errors())
def test_the_short_reading_of_errors_agrees_with_the_parser(rest: bytes) -> None:
    assert_same_error_as_parser(rest)


@settings(max_examples=300)
@given(requests, after_bytes, st.sampled_from([b"", b"\n"]))
def test_the_short_reading_of_errors_agrees_with_the_parser_on_hostile_lines(
    request: bytes, end: bytes, line_end: bytes
) -> None:
    head = b'- at=error code=H18 desc="Server Request Interrupted" '
    tail = b" dyno=web.1 connect=1ms service=22ms status=503 bytes=0"
    assert_same_error_as_parser(head + request + tail + end + line_end)


@given(st.binary(max_size=300) | requests)
def test_any_bytes_give_tokens_or_none(text: bytes) -> None:
    for line in (text, b"- at=info method=GET " + text, b"at=error code=H12 desc=" + text):
        request_tokens(line)
        scan_error(line)


@pytest.mark.parametrize("piece", [b" dyno=", b' desc="', b" a=b", b'"', b" ", b"\n", b"x"])
def test_64_kib_of_anything_take_linear_time(piece: bytes) -> None:
    """Not timed: with anything quadratic in it this test takes minutes."""
    for head in (
        b"",
        b'- at=info method=GET path="',
        b'at=error code=H12 desc="x" method=GET path="',
    ):
        line = (head + piece * 65536)[:65536]
        request_tokens(line)
        scan_error(line)
