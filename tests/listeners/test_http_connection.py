"""Connections of HTTP drains: how long they live, what ends them, and that nothing stays."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Duration
from heroku_syslogd.listeners import acceptor
from heroku_syslogd.telemetry import RejectReason
from tests.listeners.authority import Authority
from tests.listeners.client import BareClient, Client
from tests.listeners.conftest import LIMITS, Site, seen, until
from tests.listeners.door import Door, http
from tests.listeners.posting import CHUNKED, FRAME, MESSAGE, Poster, batch_of, chunk, head, request


def tick(site: Site, seconds: float = 0.0) -> None:
    """Let time pass, and the housekeeping look at the connections."""
    site.now += seconds
    for listener in site.listeners:
        listener.tick(site.now)


async def test_many_batches_come_over_one_connection(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        for number in range(50):
            assert (await client.post(headers=batch_of(str(number)))).status == 200
            assert await site.take(1) == [MESSAGE]

    counters = site.counters("http")
    assert counters.connections_total == 1
    assert counters.http_requests[200] == 50


async def test_requests_sent_ahead_are_answered_in_their_order(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        await client.send(request() + request(target="/x") + request(b"", method="GET") + request())

        assert [(await client.reply()).status for _ in range(4)] == [200, 404, 405, 200]


async def test_a_request_in_pieces_is_one_request(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        for byte in request(headers=batch_of("1")):
            await client.send(bytes([byte]))
        assert (await client.reply()).status == 200

    assert await site.take(1) == [MESSAGE]


async def test_another_protocol_is_not_changed_to_and_nothing_behind_the_request_is_read(
    site: Site,
) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "h2c"}
    async with Poster(await site.open("http")) as client:
        await client.send(request(headers={**batch_of("1"), **upgrade}) + request())
        assert (await client.reply()).status == 200
        assert await client.closed_by_peer()

    assert await site.take(1) == [MESSAGE]
    assert site.queue.messages == 0


# What takes too long ------------------------------------------------------------------------------


async def test_a_head_that_takes_too_long_ends_the_connection(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.post()).status == 200
        await client.send(b"POST /log")
        await until(lambda: site.counters("http").connections == 1)
        await seen()
        tick(site, LIMITS.handshake_timeout - 1)
        await client.send(b"plex HTTP/1.1\r\n")
        await seen()
        assert site.rejected("http") == {}
        tick(site, 1)

        assert await client.closed_by_peer()
    assert site.rejected("http") == {RejectReason.HANDSHAKE_TIMEOUT: 1}


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as idle, Poster(address) as busy:
        await until(lambda: site.counters("http").connections == 2)
        tick(site, LIMITS.idle_timeout - 1)
        assert (await busy.post()).status == 200
        tick(site, 1)

        assert await idle.closed_by_peer()
        assert (await busy.post()).status == 200
    assert site.rejected("http") == {RejectReason.IDLE: 1}


async def test_a_connection_rests_for_as_long_as_logplex_keeps_it(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        for _ in range(3):
            assert (await client.post()).status == 200
            for _ in range(20):
                tick(site, 9)

    assert site.rejected("http") == {}


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param({"target": "/x"}, id="404"),
        pytest.param({"headers": {"Content-Type": "text/plain"}}, id="415"),
    ],
)
async def test_the_rest_of_a_refused_body_is_no_new_request(
    site: Site, refused: dict[str, object]
) -> None:
    body = FRAME * 10
    async with Poster(await site.open("http")) as client:
        await client.send(head(len(body), **refused))  # type: ignore[arg-type]
        assert (await client.reply()).status in (404, 415)
        for byte in body:
            await client.send(bytes([byte]))
        await seen()
        tick(site, LIMITS.handshake_timeout)

        assert (await client.post()).status == 200
    assert site.rejected("http") == {}


async def test_the_long_body_of_a_duplicate_is_no_new_request(site: Site) -> None:
    site.limit(max_body_bytes=2**20)
    body = FRAME * 10_000
    async with Poster(await site.open("http")) as client:
        assert (await client.post(headers=batch_of("1"))).status == 200
        assert (await client.post(body, batch_of("1"))).status == 200
        await seen()
        tick(site, LIMITS.handshake_timeout)

        assert (await client.post()).status == 200
    assert site.rejected("http") == {}


async def test_a_body_that_takes_too_long_ends_the_connection(site: Site) -> None:
    site.limit(request_timeout=Duration(0.05))
    with capture_logs() as logs:
        async with Poster(await site.open("http")) as client:
            await client.send(head(100) + FRAME)
            assert await client.closed_by_peer()
        await until(lambda: site.places == 0)

    assert site.rejected("http") == {RejectReason.REQUEST_TIMEOUT: 1}
    assert site.queue.messages == 0
    assert sum(site.counters("http").http_requests.values()) == 0
    assert [entry["reason"] for entry in logs] == ["request_timeout"]


async def ask_and_never_read(client: socket.socket) -> None:
    """Send requests until neither side takes anything more."""
    client.setblocking(False)
    asked = request(b"", target="/x") * 1000
    position = blocked = 0
    while blocked < 30:
        try:
            position = (position + client.send(asked[position:])) % len(asked)
            blocked = 0
        except BlockingIOError:
            blocked += 1
        await asyncio.sleep(0.001)


async def test_a_peer_that_reads_no_answers_is_not_waited_for(site: Site) -> None:
    with socket.create_connection(await site.open("http")) as client:
        await ask_and_never_read(client)
        for seconds in (LIMITS.idle_timeout, 0, 0):
            tick(site, seconds)
            await seen()
        await until(lambda: site.places == 0)

    assert site.rejected("http") == {RejectReason.IDLE: 1}


async def test_a_peer_that_answers_no_farewell_is_counted_once(
    site: Site, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "SHUTDOWN_TIMEOUT", 0.1)
    address = await site.open("https", **authority.server(tmp_path))
    async with BareClient(address, authority.client()):
        await until(lambda: site.places == 1)
        for seconds in (LIMITS.idle_timeout, 0, 0):
            tick(site, seconds)
            await asyncio.sleep(0)
        await until(lambda: site.places == 0)

    assert site.rejected("https") == {RejectReason.IDLE: 1}


async def test_a_stop_does_not_wait_for_a_peer_that_reads_no_answers(site: Site) -> None:
    with socket.create_connection(await site.open("http")) as client:
        await ask_and_never_read(client)
        async with asyncio.timeout(5):
            await site.listeners[0].close(0.1)

    assert site.places == 0


# Other protocols ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", RejectReason.TLS_ON_PLAIN_PORT),
        (FRAME, RejectReason.SYSLOG_ON_HTTP_PORT),
        (MESSAGE, RejectReason.SYSLOG_ON_HTTP_PORT),
        (b"<", RejectReason.SYSLOG_ON_HTTP_PORT),
    ],
)
async def test_another_protocol_is_recognised_logged_once_and_closed(
    site: Site, hello: bytes, reason: RejectReason
) -> None:
    address = await site.open("http")
    with capture_logs() as logs:
        for _ in range(3):
            async with Client(address) as client:
                await client.send(hello)
                assert await client.closed_by_peer()

    assert site.rejected("http") == {reason: 3}
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("connection.closed", reason)]
    assert sum(site.counters("http").http_requests.values()) == 0


async def test_only_the_first_byte_of_a_connection_is_judged(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.post()).status == 200
        assert (await client.ask(b"<13>1 - h app web.1 - hello\r\n\r\n")).status == 400

    assert site.rejected("http") == {}


# Peers that leave ---------------------------------------------------------------------------------


BROKEN_OFF = [
    pytest.param(b"", id="before it says anything"),
    pytest.param(b"POST /log", id="in the head"),
    pytest.param(head(100) + FRAME[:10], id="in the body"),
    pytest.param(head(None, CHUNKED) + b"5\r\n12", id="in a chunk"),
    pytest.param(head(100, {"Expect": "100-continue"}), id="asked to go on"),
    pytest.param(head(100, target="/x") + FRAME[:10], id="in a refused body"),
    pytest.param(request() * 3, id="without waiting for an answer"),
]


@http
@pytest.mark.parametrize("said", BROKEN_OFF)
@pytest.mark.parametrize("how", ["FIN", "RST"])
async def test_a_peer_that_leaves_takes_nothing_with_it(door: Door, said: bytes, how: str) -> None:
    await door.open()
    with capture_logs() as logs:
        for _ in range(LIMITS.max_connections + 1):
            client = door.client()
            await client.connect()
            await client.send(said)
            await until(lambda: door.has_connection)
            if how == "RST":
                client.reset()
            await client.__aexit__()
            await until(lambda: door.site.places == 0)
        async with Poster(door.address, door.tls) as other:
            assert (await other.post()).status == 200

    assert door.rejected == {}
    assert logs == []


async def test_a_chunk_that_is_broken_later_on_is_refused_at_once(site: Site) -> None:
    with capture_logs() as logs:
        async with Poster(await site.open("http")) as client:
            await client.send(head(None, CHUNKED) + chunk(FRAME))
            await seen()
            reply = await client.ask(b"no size\r\n")
            assert reply.status == 400
            assert await client.closed_by_peer()

    assert site.queue.messages == 0
    assert {entry["log_level"] for entry in logs} <= {"warning"}


async def test_a_request_that_is_held_ends_with_its_peer(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    tasks = len(asyncio.all_tasks())
    async with Poster(address) as client:
        await client.send(request())
        await seen()
    await until(lambda: site.places == 0)
    await until(lambda: len(asyncio.all_tasks()) == tasks)

    await site.take(site.queue.max_messages)
    assert site.queue.messages == 0
