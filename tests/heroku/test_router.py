"""Router lines: captured and documented ones in full, and values that are malformed."""

from __future__ import annotations

import pytest

from heroku_syslogd.heroku.events import RouterRequest
from heroku_syslogd.heroku.router import parse_router_line
from tests.heroku.router_clients import trusted
from tests.heroku.router_error_lines import ERROR_LINES
from tests.heroku.router_lines import LEGACY, NORMAL_LINES, expected

# Published lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "head", "texts", "values"), NORMAL_LINES + ERROR_LINES)
def test_a_line_of_heroku(line: bytes, head: str, texts: str, values: str) -> None:
    assert parse_router_line(line) == expected(head, texts, values)


@pytest.mark.parametrize(
    ("tail", "values"),
    [
        (b" dyno= connect= service= status=503 bytes=", "- - - 503 -"),  # H10, H14, H20, ...
        (b" dyno=web.1 connect=5001ms service= status=503 bytes=", "web.1 5.001 - 503 -"),  # H19
        (b" dyno=web.1 connect=1ms service= status=503 bytes=", "web.1 0.001 - 503 -"),  # H21
        (b" dyno=web.1 connect=1ms service=80000ms status= bytes=18", "web.1 0.001 80 - 18"),  # H24
        (b" dyno=web.1 connect= service=30000ms status=503 bytes=0", "web.1 - 30 503 0"),  # H12
        (b" dyno=web.1 connect=1ms service=9ms status=499 bytes=", "web.1 0.001 0.009 499 -"),
        (b" dyno=web.1 connect=0 service=1 status=400 bytes=7", "web.1 0 0.001 400 7"),  # H26
        (b" dyno= connect=0ms service=0ms status=503 bytes=596", "- 0 0 503 596"),  # H80
    ],
)
def test_a_missing_value_is_none_and_never_zero(tail: bytes, values: str) -> None:
    line = b'at=error code=H99 method=GET path="/" host=h fwd="1.1.1.1"' + tail

    for end, more in (
        (b"", ""),
        (b"\n", ""),
        (b" protocol=http", " http"),
        (b" protocol=http1.1 tls=true tls_version=tls1.3", " http1.1 true tls1.3"),
    ):
        request = expected("error|H99", "GET|/|h||1.1.1.1", values + more)
        assert parse_router_line(line + end) == request


# Values and keys that are malformed, moved or new ------------------------------------------------


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (b"H12", "H12"),
        (b"H42", "H42"),  # unknown, and well-formed
        (b"R14", "R14"),
        (b"L10", "L10"),
        (b"blank-app", ""),  # before there was H81
        (b"h12", ""),
        (b"H1", ""),
        (b"H123", ""),
        (b"X12", ""),
        (b"", ""),
        (b'"H12"', "H12"),
    ],
)
def test_a_malformed_code_is_empty_and_the_request_counts(token: bytes, code: str) -> None:
    request = parse_router_line(b'at=info code=%s method=GET path="/" status=503' % token)

    assert request is not None
    assert request.code == code
    assert request.status == 503


@pytest.mark.parametrize(
    ("tail", "values"),
    [
        (b"dyno=web connect=1ms service=1ms status=200 bytes=1", ("", 0.001, 0.001, 200, 1)),
        (b"dyno=1.web connect=1ms service=1ms status=200 bytes=1", ("", 0.001, 0.001, 200, 1)),
        (b"dyno=web.1.2 connect=1s service=-1ms status=20 bytes=-1", ("", None, None, None, None)),
        (b"dyno=web.x connect=1.5ms service=nanms status=2000 bytes=1kB", ("", *[None] * 4)),
        (
            b"dyno= connect=%sms service=1e3 status=+20 bytes=%s" % (b"9" * 99, b"9" * 99),
            ("", *[None] * 4),
        ),
        (
            b"dyno=%s.1 connect=ms service=1 ms status=2_0 bytes=1_0" % (b"x" * 64),
            ("", None, 0.001, None, None),
        ),
    ],
)
def test_a_malformed_value_is_missing(tail: bytes, values: tuple[object, ...]) -> None:
    request = parse_router_line(b'at=info method=GET path="/" host=h fwd="" ' + tail)

    assert request is not None
    assert trusted(request)[1:] == values


@pytest.mark.parametrize(
    "line",
    [
        b"Error H10 (App crashed) -> GET myapp.heroku.com/ web=web.1 queue=0 wait=0ms service=0ms"
        b" bytes=0",
        b"GET / HTTP/1.1 | 75.36.147.245 | 8132 | http | 503",
        b"GET devcenter.heroku.com/articles/git dyno=web.3  service=44ms status=200 bytes=32839",
        b"",
        b"i'm not that long",
        b"at=info",
        b"at=info method=GET",
        b'at=info method=GET path="/" host=h dyno=web.1 connect=1ms',
        b'at=info path="/" host=h dyno=web.1 connect=1ms service=1ms status=200 bytes=1',
        b"at=info xmethod=GET status=200",
        b"at=info method=GET xstatus=200",
        LEGACY.replace(b"GET", b"X" * 128),
    ],
)
def test_other_lines_are_no_requests(line: bytes) -> None:
    assert parse_router_line(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"method=GET at=error code=H12 status=503 bytes=7 dyno=web.1 connect=1ms service=2ms"
        b' path="/" host=h fwd="1.1.1.1"',
        b'code=H12 at=error method=GET fwd="1.1.1.1" host=h path="/" service=2ms bytes=7 status=503'
        b" connect=1ms dyno=web.1",
        b'new=x at=error new="a b" code=H12 method=GET new=y path="/" host=h fwd="1.1.1.1" new=z'
        b" dyno=web.1 new=1 connect=1ms service=2ms status=503 bytes=7 new=2",
        b'at=error code=H12 method=GET path="/" host=h fwd="1.1.1.1" dyno=web.1 connect=1ms'
        b' service=2ms status=503 bytes=7 new="a b"',
        b'at=error at=info code=H12 code=H13 method=GET method=PUT path="/" host=h fwd="1.1.1.1"'
        b" dyno=web.2 connect=3ms dyno=web.1 connect=1ms service=2ms status=503 bytes=6 bytes=7",
    ],
)
def test_keys_may_move_come_twice_and_be_new(line: bytes) -> None:
    request = parse_router_line(line)

    assert request is not None
    assert trusted(request) == ("H12", "web.1", 0.001, 0.002, 503, 7)
    assert (request.at, request.method, request.path) == ("error", "GET", "/")


def test_the_least_that_is_a_request() -> None:
    assert parse_router_line(b"method= status=") == RouterRequest()
    assert parse_router_line(b"code=H31 method=GET") == RouterRequest(code="H31", method="GET")


def test_texts_have_a_bounded_length() -> None:
    long = b"x" * 10_000
    line = b'sock=%s at=%s code=H31 desc="%s" cause="%s" method=GET path="%s" host=%s request_id=%s'
    line += b' fwd="%s" status=421 protocol=%s tls_version=%s agent="%s"'

    request = parse_router_line(line % ((long,) * 11))

    assert request is not None
    assert [len(text) for text in (request.sock, request.at, request.protocol)] == [0, 0, 0]
    assert len(request.tls_version) == 0
    assert [len(text) for text in (request.desc, request.cause, request.fwd)] == [512, 512, 512]
    assert len(request.path) == 2048
    assert len(request.host) == len(request.request_id) == 256
    assert len(request.agent) == 512
