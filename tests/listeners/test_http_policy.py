"""What the HTTP drain answers to heads of every kind, and what becomes of the connection."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from heroku_syslogd.listeners import http_connection
from heroku_syslogd.listeners.http_policy import answer, is_gzipped, refusal_of_head
from heroku_syslogd.telemetry import HTTP_CODES
from tests.listeners.conftest import Site
from tests.listeners.posting import (
    CHUNKED,
    FRAME,
    MESSAGE,
    Poster,
    batch_of,
    chunk,
    head,
    request,
)

TYPE = {"Content-Type": "application/logplex-1"}


@pytest.mark.parametrize(
    ("headers", "length", "status"),
    [
        ({}, 10, None),
        ({"Content-Type": "Application/Logplex-1 ; charset=utf-8"}, 10, None),
        ({"Content-Type": ""}, 10, 415),
        ({"Content-Type": "application/json"}, 10, 415),
        ({"Content-Type": "application/logplex-1x"}, 10, 415),
        ({"Content-Encoding": "gzip"}, 10, None),
        ({"Content-Encoding": " X-GZIP "}, 10, None),
        ({"Content-Encoding": "identity"}, 10, None),
        ({"Content-Encoding": "br"}, 10, 415),
        ({"Content-Encoding": "gzip, gzip"}, 10, 415),
        ({}, None, None),
        ({}, 0, None),
        ({}, 100, None),
        ({}, 101, 413),
        ({"Expect": "100-Continue"}, 10, None),
        ({"Expect": "200-ok"}, 10, 417),
    ],
)
def test_what_a_head_may_say(
    headers: dict[str, str], length: int | None, status: int | None
) -> None:
    assert refusal_of_head(CIMultiDict(TYPE | headers), length, 100) == status


def test_a_head_without_content_type_is_not_logplex() -> None:
    assert refusal_of_head(CIMultiDict(), 10, 100) == 415


@pytest.mark.parametrize(
    ("coding", "expected"), [("gzip", True), ("x-gzip", True), ("identity", False), ("", False)]
)
def test_which_bodies_are_compressed(coding: str, expected: bool) -> None:
    assert is_gzipped(CIMultiDict({"Content-Encoding": coding})) is expected


@pytest.mark.parametrize("status", HTTP_CODES)
def test_no_answer_tells_what_we_are_made_of(status: int) -> None:
    response = answer(status)

    assert response.headers["Server"] == "heroku-syslogd"
    assert response.status == status
    assert response.body is None


# Over real connections ----------------------------------------------------------------------------

REFUSED = [
    pytest.param(request(target="/other"), 404, {}, id="another path"),
    pytest.param(request(target="/logplex/"), 404, {}, id="a path that goes on"),
    pytest.param(request(target="/"), 404, {}, id="no path"),
    pytest.param(request(method="GET", target="//logplex"), 404, {}, id="two slashes"),
    pytest.param(request(b"", method="GET"), 405, {"allow": "POST"}, id="GET"),
    pytest.param(request(method="PUT"), 405, {"allow": "POST"}, id="PUT"),
    pytest.param(
        request(headers={"Content-Type": "application/json"}),
        415,
        {"accept": "application/logplex-1", "accept-encoding": "gzip"},
        id="content type",
    ),
    pytest.param(request(headers={"Content-Type": None}), 415, {}, id="no content type"),
    pytest.param(request(headers={"Content-Encoding": "br"}), 415, {}, id="content coding"),
    pytest.param(
        request(b"x" * 200_000, target="/other"), 404, {}, id="a long body to another path"
    ),
]


@pytest.mark.parametrize(("asked", "status", "headers"), REFUSED)
async def test_a_connection_outlives_a_refused_request(
    site: Site, asked: bytes, status: int, headers: dict[str, str]
) -> None:
    async with Poster(await site.open("http")) as client:
        for _ in range(2):
            reply = await client.ask(asked)
            assert reply.status == status
            assert headers.items() <= reply.headers.items()
            assert not reply.closes
        assert (await client.post()).status == 200

    assert site.counters("http").http_requests[status] == 2
    assert await site.take(1) == [MESSAGE]


CLOSING = [
    pytest.param(head(2**20 + 1), 413, id="Content-Length"),
    pytest.param(head(10**18), 413, id="a Content-Length of 19 digits"),
    pytest.param(request(headers={"Expect": "a miracle"}), 417, id="an unknown expectation"),
    pytest.param(b"hello\r\n\r\n", 400, id="no request line"),
    pytest.param(b"POST /logplex HTTP/1.1\r\nNo colon\r\n\r\n", 400, id="no header"),
    pytest.param(b"POST /" + b"x" * 9000, 400, id="a request line without end"),
    pytest.param(b"POST /logplex HTTP/1.1\r\nX: " + b"x" * 9000, 400, id="an endless header"),
    pytest.param(b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 65 + b"\r\n", 400, id="65 headers"),
    pytest.param(head(None, {"Content-Length": "-1"}), 400, id="a negative length"),
    pytest.param(head(None, {"Content-Length": "1e3"}), 400, id="a length that is no number"),
    pytest.param(head(None, {"Content-Length": "9" * 40}), 400, id="a length of 40 digits"),
    pytest.param(head(5, CHUNKED), 400, id="a length and chunks"),
    pytest.param(head(None, CHUNKED) + b"xyz\r\n", 400, id="a chunk without a size"),
    pytest.param(
        head(None, CHUNKED) + chunk(FRAME) + b"5\r\nhello there", 400, id="a chunk that goes on"
    ),
]


@pytest.mark.parametrize(("asked", "status"), CLOSING)
async def test_a_connection_ends_where_the_rest_is_of_no_use(
    site: Site, monkeypatch: pytest.MonkeyPatch, asked: bytes, status: int
) -> None:
    monkeypatch.setattr(http_connection, "_LINGER", 0.01)
    async with Poster(await site.open("http")) as client:
        reply = await client.ask(asked)
        assert reply.status == status
        assert reply.closes
        assert await client.closed_by_peer()

    assert site.counters("http").http_requests[status] == 1
    assert site.rejected("http") == {}
    assert site.queue.messages == 0


ACCEPTED = [
    pytest.param(request(), id="without any header of Logplex"),
    pytest.param(request(headers=batch_of("1")), id="as Logplex sends it"),
    pytest.param(request(target="/logplex?app=shop&x=%zz#y"), id="a query"),
    pytest.param(request(target="/%6cogplex"), id="an escaped path"),
    pytest.param(request(target="http://elsewhere/logplex"), id="an absolute URI"),
    pytest.param(request(headers={"Host": None}, version="1.0"), id="HTTP/1.0"),
    pytest.param(request(headers={"Connection": "close"}), id="Connection: close"),
    pytest.param(head(None, CHUNKED) + chunk(FRAME) + chunk(b""), id="chunks"),
    pytest.param(request(headers={"Upgrade": "h2c", "Connection": "Upgrade"}), id="an upgrade"),
    pytest.param(
        request(headers={"Upgrade": "websocket", "Connection": "Upgrade"}), id="a web socket"
    ),
    pytest.param(b"\r\n" + request(), id="an empty line before it"),
]


@pytest.mark.parametrize("asked", ACCEPTED)
async def test_what_is_taken(site: Site, asked: bytes) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.ask(asked)).status == 200

    assert await site.take(1) == [MESSAGE]
    assert site.counters("http").http_requests[200] == 1


@pytest.mark.parametrize("path", ["/", "/a/very-long/path_of.1~"])
async def test_the_path_is_a_matter_of_configuration(site: Site, path: str) -> None:
    async with Poster(await site.open("http", path=path)) as client:
        assert (await client.ask(request(target="/logplex"))).status == 404
        assert (await client.ask(request(target=path))).status == 200
        assert (await client.ask(request(target=f"{path}?x=/logplex"))).status == 200


@pytest.mark.parametrize(
    "odd",
    [
        b"CONNECT drain.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /\xff\xfe\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /%ff%00%2e%2e/logplex HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST http://host:99999/logplex HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST //host:99999/logplex HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST ? HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        head(5, {"Transfer-Encoding": "gzip"}),
        head(None, {"Transfer-Encoding": "gzip, chunked"}) + chunk(FRAME) + chunk(b""),
        head(None, {"Content-Encoding": "\x00"}),
        request(headers={"Logplex-Drain-Token": "\udcff\udc80" * 40, "Logplex-Frame-Id": "ü" * 9}),
        request(headers={"Logplex-Frame-Id": "x" * 129, "Logplex-Msg-Count": "\udcff"}),
        request(headers={"Authorization": "Basic \udcff"}),
    ],
)
async def test_odd_requests_are_answered_and_no_bug_of_ours(site: Site, odd: bytes) -> None:
    async with Poster(await site.open("http")) as client:
        reply = await client.ask(odd)
        assert reply.status in (200, 400, 404, 405)
    assert site.rejected("http") == {}
