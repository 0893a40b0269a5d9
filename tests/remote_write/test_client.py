"""What is posted, and what becomes of each answer, and of none."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd import __version__
from heroku_syslogd.config import Duration, HeaderValue, RemoteWriteConfig, RemoteWriteURL
from heroku_syslogd.remote_write.client import (
    MAX_RETRY_AFTER,
    MAX_TEXT,
    Client,
    Failure,
    Later,
    Outcome,
    Refused,
    Sent,
    parse_retry_after,
)
from tests.remote_write.receiver import (
    HEADERS,
    Reply,
    answers,
    breaks_off,
    breaks_off_after,
    hangs,
    receiving,
)

NOW: Final = 1_700_000_000.0
BODY: Final = bytes(range(256))
PASSWORD: Final = "correct horse: battery"
TOKEN: Final = "eyJhbGciOi.J9-_~+/x=="


@asynccontextmanager
async def client(config: RemoteWriteConfig) -> AsyncIterator[Client]:
    one = Client(config, lambda: NOW)
    try:
        yield one
    finally:
        await one.close()


async def outcome(reply: Reply, **keys: Any) -> Outcome:
    """Return what becomes of a request that is answered so."""
    async with receiving(reply) as receiver, client(receiver.config(**keys)) as one:
        return await one.post(BODY)


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


async def test_a_request_has_the_headers_of_the_protocol_and_its_body_as_it_is() -> None:
    async with receiving() as receiver, client(receiver.config(headers=HEADERS)) as one:
        assert await one.post(BODY) == Sent(204)

    (request,) = receiver.requests
    assert request.body == BODY
    assert request.path == "/api/v1/write"
    assert dict(request.headers) == {
        "Host": f"127.0.0.1:{receiver.port}",
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "Content-Length": "256",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
        "User-Agent": f"heroku-syslogd/{__version__}",
        "X-Scope-OrgID": "heroku",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }


async def test_the_url_is_sent_as_it_is_written() -> None:
    path = "/a%2Fb/write?key=%C3%A4&b=%20+c"
    async with receiving() as receiver, client(receiver.config(path)) as one:
        await one.post(BODY)

    assert receiver.requests[0].path == path


async def test_requests_share_a_connection() -> None:
    replies = [answers(status, "some text") for status in (204, 200, 400, 429, 503)]
    async with receiving(*replies) as receiver, client(receiver.config()) as one:
        for _ in range(6):
            await one.post(BODY)

    assert len({id(request.connection) for request in receiver.requests}) == 1


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_request_that_is_taken(status: int) -> None:
    assert await outcome(answers(status)) == Sent(status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 422, 499])
async def test_a_request_that_is_refused(status: int) -> None:
    reply = answers(status, "out of order sample\n")

    assert await outcome(reply) == Refused(status, "out of order sample")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_not_followed(status: int, tmp_path: Path) -> None:
    token = write(tmp_path / "token", TOKEN)
    async with receiving() as elsewhere:
        reply = answers(status, "moved", Location=str(elsewhere.url()))
        found = await outcome(reply, bearer_token_file=token)

    assert found == Refused(status, "moved")
    assert not elsewhere.requests


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, Failure.THROTTLED),
        (500, Failure.SERVER_ERROR),
        (502, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
        (504, Failure.SERVER_ERROR),
        (599, Failure.SERVER_ERROR),
    ],
)
async def test_a_request_that_is_to_be_sent_again(status: int, reason: Failure) -> None:
    assert await outcome(answers(status)) == Later(reason, f"status {status}")


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (formatdate(NOW + 90, usegmt=True), 90),
        (formatdate(NOW - 90, usegmt=True), 0),
        ("86400", MAX_RETRY_AFTER),
        ("soon", None),
    ],
)
async def test_the_receiver_says_when(status: int, value: str, seconds: float | None) -> None:
    found = await outcome(answers(status, "busy", Retry_After=value))

    assert isinstance(found, Later)
    assert (found.text, found.retry_after) == (f"status {status}: busy", seconds)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("9" * 5000, MAX_RETRY_AFTER),
        ("-1", None),
        ("1.5", None),
        ("\u0663", None),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10),
        ("Tue, 14 Nov 2023 22:13:30", 10),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10),
        ("Tue Nov 14 22:13:30 2023", 10),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0),
        ("Tue, 31 Feb 2023 22:13:30 GMT", None),
    ],
)
def test_forms_of_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,9} [A-Z][a-z]{2} [0-9]{1,9}.*"))
def test_any_retry_after_gives_seconds_within_bounds_or_none(value: str) -> None:
    seconds = parse_retry_after(value, NOW)

    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


async def test_of_a_long_answer_only_the_beginning_is_read_and_made_printable() -> None:
    text = "\x1b[31mbad\r\nsample\x00 é " + "x" * 10_000_000
    found = await outcome(answers(400, text))

    assert isinstance(found, Refused)
    assert found.text.startswith("\\x1b[31mbad sample\\x00 é xxx")
    assert len(found.text) < MAX_TEXT + 20
    assert found.text.isprintable()


async def test_an_answer_that_is_no_text_is_shown_all_the_same() -> None:
    reply = answers(400, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"))

    found = await outcome(reply)

    assert isinstance(found, Refused)
    assert found.text.isprintable()


async def test_no_answer_shows_a_secret(tmp_path: Path) -> None:
    password = write(tmp_path / "password", PASSWORD)
    pair = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    key = HeaderValue("0123456789abcdef")
    text = f"no route for /write?token=abc; Authorization: Basic {pair}; X-Key: {key}; Tenant: t"
    keys: dict[str, Any] = {"user": "me", "password_file": password, "headers": {"X-Key": key}}
    found = await outcome(answers(404, text), path="/write?token=abc", **keys)

    expected = "no route for /write?…; Authorization: Basic …; X-Key: …; Tenant: t"
    assert found == Refused(404, expected)


# No answer ----------------------------------------------------------------------------------------


async def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = RemoteWriteURL(f"http://127.0.0.1:{unused.getsockname()[1]}/?key=hidden")
        async with client(RemoteWriteConfig(url=url)) as one:
            found = await one.post(BODY)

    assert found == Later(Failure.CONNECTION, "Connection refused")


async def test_a_name_that_does_not_exist() -> None:
    config = RemoteWriteConfig(url=RemoteWriteURL("https://nowhere.invalid/api/v1/write"))
    async with client(config) as one:
        found = await one.post(BODY)

    assert isinstance(found, Later)
    assert found.reason in (Failure.CONNECTION, Failure.TIMEOUT)  # as the resolver answers


async def test_a_receiver_that_hangs() -> None:
    found = await outcome(hangs, timeout=Duration(0.02))

    assert found == Later(Failure.TIMEOUT, "no answer within 0.02 s")


async def test_a_receiver_that_closes_without_an_answer() -> None:
    found = await outcome(breaks_off)

    assert found == Later(Failure.CONNECTION, "it closed the connection without an answer")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Sent(200)),
        (400, Refused(400, "the beginning")),
        (503, Later(Failure.SERVER_ERROR, "status 503: the beginning")),
    ],
)
async def test_a_status_holds_whatever_becomes_of_the_rest(status: int, expected: Outcome) -> None:
    assert await outcome(breaks_off_after(status)) == expected


async def test_a_kept_connection_that_closes_as_it_is_used_again_costs_nothing() -> None:
    async with receiving(answers(204), breaks_off) as receiver, client(receiver.config()) as one:
        assert await one.post(BODY) == Sent(204)
        assert await one.post(BODY) == Sent(204)

    assert len(receiver.requests) == 3


async def test_a_new_connection_that_closes_is_not_tried_again_at_once() -> None:
    replies = (answers(204), breaks_off, breaks_off)
    async with receiving(*replies) as receiver, client(receiver.config()) as one:
        await one.post(BODY)
        found = await one.post(BODY)

    assert isinstance(found, Later)
    assert len(receiver.requests) == 3


async def answered(answer: bytes) -> Outcome:
    """Return what becomes of a request that gets these bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(BODY)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = RemoteWriteURL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        async with client(RemoteWriteConfig(url=url)) as one:
            return await one.post(BODY)


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
    ],
)
async def test_an_answer_that_is_no_http(answer: bytes) -> None:
    assert await answered(answer) == Later(Failure.CONNECTION, "its answer is no HTTP")


@settings(max_examples=60)
@given(
    st.sampled_from(
        [b"", b"HTTP/1.1 ", b"HTTP/1.1 400 Bad\r\n", b"HTTP/1.1 503 Busy\r\nRetry-After: "]
    ),
    st.binary(max_size=80),
    st.sampled_from([b"", b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"]),
    st.binary(max_size=80),
)
def test_any_answer_is_a_value(begin: bytes, head: bytes, end: bytes, body: bytes) -> None:
    found = uvloop.run(answered(begin + head + end + body))

    assert isinstance(found, Sent) or found.text.isprintable()


# Who we are ---------------------------------------------------------------------------------------


async def test_a_password_is_read_for_every_request(tmp_path: Path) -> None:
    path = tmp_path / "password"
    write(path, f"{PASSWORD}\nnot this\n")
    async with receiving() as receiver:
        config = receiver.config(user="mé", password_file=str(path))
        async with client(config) as one:
            await one.post(BODY)
            write(path, "another")
            await one.post(BODY)

    seen = [request.headers["Authorization"].split(" ") for request in receiver.requests]
    assert [(scheme, base64.b64decode(pair).decode()) for scheme, pair in seen] == [
        ("Basic", f"mé:{PASSWORD}"),
        ("Basic", "mé:another"),
    ]


async def test_a_bearer_token(tmp_path: Path) -> None:
    path = write(tmp_path / "token", f"{TOKEN}\n")
    async with receiving() as receiver, client(receiver.config(bearer_token_file=path)) as one:
        await one.post(BODY)

    assert receiver.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


async def test_without_its_password_nothing_is_sent_until_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "token"
    async with receiving() as receiver:
        config = receiver.config(bearer_token_file=str(path))
        async with client(config) as one:
            absent = await one.post(BODY)
            write(path, "two words")
            unusable = await one.post(BODY)
            assert not receiver.requests
            write(path, TOKEN)
            assert await one.post(BODY) == Sent(204)

    assert isinstance(absent, Later)
    assert isinstance(unusable, Later)
    assert absent.reason is unusable.reason is Failure.CREDENTIALS
    assert f"remote_write.bearer_token_file: {path} cannot be read: No such file" in absent.text
    assert "two words" not in unusable.text


async def test_no_cookie_is_kept() -> None:
    async with (
        receiving(answers(204, Set_Cookie="who=we")) as receiver,
        client(receiver.config()) as one,
    ):
        await one.post(BODY)
        await one.post(BODY)

    assert "Cookie" not in receiver.requests[1].headers


async def test_another_configuration_counts_from_the_next_request_on() -> None:
    async with receiving() as receiver, client(receiver.config(headers=HEADERS)) as one:
        await one.post(BODY)
        take_over = one.prepare(receiver.config(headers={"X-Scope-OrgID": HeaderValue("b")}))
        await one.post(BODY)
        take_over()
        await one.post(BODY)

    assert [request.headers["X-Scope-OrgID"] for request in receiver.requests] == [
        "heroku",
        "heroku",
        "b",
    ]


async def test_a_client_may_be_closed_unused_and_twice() -> None:
    one = Client(msgspec.structs.replace(RemoteWriteConfig(), url=RemoteWriteURL("http://a/")))

    await one.close()
    await one.close()
