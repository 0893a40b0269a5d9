from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.simulate.http_batches import Attempt
from heroku_syslogd.simulate.http_request import AnswerError, Head, parse_head, request_head
from heroku_syslogd.simulate.logplex import http_frame
from heroku_syslogd.simulate.target import parse_url

from .lines import line

ATTEMPT = Attempt("09C557EAFCFB6CF2740EE62F62971098", 1, (http_frame(line(0)),) * 10, ())
LENGTH = len(ATTEMPT.body)


def test_the_request_is_logplex_own_example() -> None:
    head = request_head(parse_url("http://example.com/logs"), "d.fc6b856b", ATTEMPT)

    assert head.decode() == (
        "POST /logs HTTP/1.1\r\n"
        "Host: example.com\r\n"
        "Content-Type: application/logplex-1\r\n"
        "Logplex-Msg-Count: 10\r\n"
        "Logplex-Frame-Id: 09C557EAFCFB6CF2740EE62F62971098\r\n"
        "Logplex-Drain-Token: d.fc6b856b\r\n"
        "User-Agent: Logplex/v72\r\n"
        f"Content-Length: {LENGTH}\r\n"
        "\r\n"
    )


def test_a_password_and_a_port_are_sent() -> None:
    target = parse_url("https://user:pass@example.com:8443/logs?app=x#insecure")
    head = request_head(target, "d.fc6b856b", ATTEMPT)

    assert head.decode().split("\r\n")[:4] == [
        "POST /logs?app=x HTTP/1.1",
        "Host: example.com:8443",
        "Authorization: Basic dXNlcjpwYXNz",
        "Content-Type: application/logplex-1",
    ]


def test_a_batch_of_a_space_has_no_header_of_logplex() -> None:
    target = parse_url("https://user:pass@example.com/logs")
    head = request_head(target, "d.fc6b856b", ATTEMPT._replace(frame_id=None))

    assert head.decode() == (
        "POST /logs HTTP/1.1\r\n"
        "Host: example.com\r\n"
        "Connection: close\r\n"
        "User-Agent: excon/0.76.0\r\n"
        "Accept: */*\r\n"
        "Content-Type: application/logplex-1\r\n"
        "Authorization: Basic dXNlcjpwYXNz\r\n"
        f"Content-Length: {LENGTH}\r\n"
        "\r\n"
    )


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0", Head(200, 0)),
        (b"HTTP/1.1 204 ", Head(204, 0)),
        (b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1", Head(503, 0)),
        (b"HTTP/1.1 200 OK\r\ncontent-length:7\r\nX: y: z", Head(200, 7)),
        (b"HTTP/1.1 100 Continue", Head(100, 0)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip", Head(200, 0)),
    ],
)
def test_answers(head: bytes, expected: Head) -> None:
    assert parse_head(head.split(b"\r\n")) == expected


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"HTTP/1.1 200", "not a status line that Logplex reads: b'HTTP/1.1 200'"),
        (b"HTTP/1.1 20 OK", "not a status line"),
        (b"HTTP/1.1 2000 OK", "not a status line"),
        (b"HTTP/2 200 OK", "not a status line"),
        (b"http/1.1 200 OK", "not a status line"),
        (b" HTTP/1.1 200 OK", "not a status line"),
        (b"<html>", "not a status line"),
        (b"HTTP/1.1 200 OK\r\nNonsense", "a header without a colon"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: ten", "not a Content-Length: b'ten'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1", "not a Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length:  0", "not a Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", "a chunked answer, which Logplex"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked", "a chunked answer"),
    ],
)
def test_answers_that_logplex_does_not_understand(head: bytes, problem: str) -> None:
    with pytest.raises(AnswerError, match=problem):
        parse_head(head.split(b"\r\n"))


@given(st.lists(st.binary(), min_size=1))
def test_any_answer_is_understood_or_not(lines: list[bytes]) -> None:
    try:
        head = parse_head(lines)
    except AnswerError:
        return
    assert 0 <= head.status <= 999
    assert head.body_bytes >= 0


@given(st.lists(st.sampled_from([b"Content-Length", b"X", b":", b": ", b"chunked", b"7", b" "])))
def test_headers_of_any_shape_are_understood_or_not(parts: list[bytes]) -> None:
    try:
        head = parse_head([b"HTTP/1.1 200 OK", b"".join(parts)])
    except AnswerError:
        return
    assert head.status == 200
