"""HTTP drains under pressure: answers that are held, and what a stop does to them."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from heroku_syslogd.config import Duration
from heroku_syslogd.credentials import Credential
from heroku_syslogd.listeners import http_intake
from heroku_syslogd.listeners.http_drain import HttpListener
from tests.listeners.conftest import Site, seen, until
from tests.listeners.door import Door, http
from tests.listeners.posting import (
    CHUNKED,
    FRAME,
    MESSAGE,
    Poster,
    basic,
    batch_of,
    chunk,
    head,
    request,
)
from tests.listeners.test_http_drain import HASH, PASSWORD


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold answers for an instant only."""
    monkeypatch.setattr(http_intake, "HOLD", 0.05)


def listener_of(site: Site) -> HttpListener:
    listener = site.listeners[0]
    assert isinstance(listener, HttpListener)
    return listener


async def test_an_answer_is_held_while_the_queue_is_full(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        await client.send(request(headers=batch_of("1")))
        await seen()
        assert sum(site.counters("http").http_requests.values()) == 0
        site.now += 3
        assert site.counters("http").backpressure_total(site.now) == 3
        await site.take_batch()

        assert (await client.reply()).status == 200
    assert await site.take(1) == [MESSAGE]
    assert site.counters("http").backpressure_seconds == 3


@pytest.mark.usefixtures("brief")
async def test_an_answer_is_held_no_longer_than_logplex_waits(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        for _ in range(3):
            reply = await client.post(headers=batch_of("1"))
            assert reply.status == 503
            assert int(reply.headers["retry-after"]) >= 1
            assert not reply.closes
        await site.take_batch()
        assert (await client.post(headers=batch_of("1"))).status == 200

    assert await site.take(1) == [MESSAGE]
    assert site.telemetry.duplicate_batches == 0
    assert site.counters("http").received_messages == 1


async def test_attempts_that_are_held_at_the_same_time_count_once(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as one, Poster(address) as two, Poster(address) as three:
        for client in (one, two, three):
            await client.send(request(headers=batch_of("1")))
        await seen()
        await site.take_batch()
        replies = [(await client.reply()).status for client in (one, two, three)]

    assert replies == [200] * 3
    assert site.telemetry.duplicate_batches == 2
    assert await site.take(1) == [MESSAGE]


async def test_those_who_wait_come_in_one_after_the_other(site: Site) -> None:
    site.limit(max_connections=100, max_connections_per_peer=100)
    address = await site.open("http")
    site.fill()
    clients = [Poster(address) for _ in range(20)]
    for number, client in enumerate(clients):
        await client.connect()
        await client.send(request(FRAME * 25, batch_of(str(number), count=25)))
    await seen()
    most = 0
    taken = len((await site.take_batch()).frames)
    replies = asyncio.gather(*(client.reply() for client in clients))
    while taken < site.queue.max_messages + 20 * 25:
        await seen()
        most = max(most, site.queue.messages)
        taken += len((await site.take_batch()).frames)

    assert {reply.status for reply in await replies} == {200}
    assert most <= site.queue.max_messages + 25  # the batch that crosses the limit
    assert site.queue.messages == 0
    for client in clients:
        await client.__aexit__()


async def test_a_body_is_not_read_while_the_queue_is_full(site: Site) -> None:
    site.limit(max_body_bytes=2**24)
    site.queue.max_bytes = 10**9
    address = await site.open("http")
    site.fill()
    body = FRAME * 200_000
    async with Poster(address) as client:
        sender = asyncio.create_task(client.send(request(body)))
        for _ in range(10):
            await seen()
        (connection,) = listener_of(site)._open
        assert connection._reading_paused
        assert not sender.done()
        assert connection._body.total_bytes < 2**20
        await site.take_batch()
        await sender
        assert (await client.reply()).status == 200
    assert site.counters("http").received_bytes == len(body)


@pytest.mark.usefixtures("brief")
async def test_a_body_that_is_there_waits_for_the_queue_to_the_same_moment(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as client:
        await client.send(head(len(FRAME), batch_of("1")) + FRAME[:10])
        await seen()
        site.fill()
        assert (await client.ask(FRAME[10:])).status == 503
        await site.take_batch()
        assert (await client.post(headers=batch_of("1"))).status == 200

    assert site.counters("http").received_messages == 1


async def test_a_duplicate_is_not_held(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as client:
        assert (await client.post(headers=batch_of("1"))).status == 200
        await site.take(1)
        site.fill()
        assert (await client.post(headers=batch_of("1"))).status == 200

    assert site.telemetry.duplicate_batches == 1


async def test_what_is_refused_is_not_held(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        assert (await client.ask(request(target="/x"))).status == 404
        assert (await client.post(headers={"Content-Type": "x"})).status == 415


async def test_a_connection_whose_answer_is_held_is_not_idle(site: Site) -> None:
    site.limit(idle_timeout=Duration(5))
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        await client.send(request())
        await seen()
        site.now += 60
        site.listeners[0].tick(site.now)
        await site.take_batch()
        assert (await client.reply()).status == 200
        site.listeners[0].tick(site.now)
        assert (await client.post()).status == 200

    assert site.rejected("http") == {}


async def test_a_request_is_let_in_at_the_moment_in_which_we_close_its_connection(
    site: Site,
) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        await client.send(head(100))
        await seen()
        (connection,) = listener_of(site)._open
        await site.take_batch()
        connection.abort()
        assert await client.closed_by_peer()

    assert site.counters("http").received_messages == 0


# Stop ---------------------------------------------------------------------------------------------


async def test_a_stop_finishes_what_has_begun_and_refuses_what_has_not(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as busy, Poster(address) as idle, Poster(address) as late:
        assert (await idle.post()).status == 200
        await busy.send(head(len(FRAME)) + FRAME[:10])
        await late.send(b"POST /log")
        await seen()
        stop = asyncio.create_task(listener_of(site).close(10))
        await asyncio.sleep(0)
        reply = await late.ask(b"plex" + request()[len("POST /logplex") :])
        assert reply.status == 503
        assert reply.closes
        assert await idle.closed_by_peer()
        assert not stop.done()
        reply = await busy.ask(FRAME[10:])
        assert reply.status == 200
        assert reply.closes
        await stop

    assert await site.take(2) == [MESSAGE] * 2
    assert site.places == 0


async def test_a_stop_takes_what_waits_for_room_once_there_is_some(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        await client.send(request())
        await seen()
        stop = asyncio.create_task(listener_of(site).close(10))
        await seen()
        await site.take_batch()
        assert (await client.reply()).status == 200
        await stop
    assert await site.take(1) == [MESSAGE]


async def test_nobody_can_connect_to_a_stopping_listener(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as busy:
        await busy.send(head(len(FRAME)))
        await seen()
        stop = asyncio.create_task(listener_of(site).close(10))
        await seen()
        with pytest.raises(ConnectionError):
            await Poster(address).connect()
        assert (await busy.ask(FRAME)).status == 200
        await stop


STAGES = [
    pytest.param(b"", False, id="nothing said"),
    pytest.param(b"POST /", False, id="in a head"),
    pytest.param(head(100) + FRAME, False, id="in a body"),
    pytest.param(head(None, CHUNKED) + chunk(FRAME), False, id="between chunks"),
    pytest.param(head(100, batch_of("taken")) + FRAME, False, id="in the body of a duplicate"),
    pytest.param(head(100, target="/x") + FRAME, False, id="in a refused body"),
    pytest.param(request(headers=batch_of("1")), True, id="held"),
    pytest.param(head(100) + FRAME, True, id="held before its body is there"),
    pytest.param(request() * 20, True, id="held, with more behind it"),
    pytest.param(
        request(gzip.compress(FRAME), {"Content-Encoding": "gzip"}), True, id="held, compressed"
    ),
]


@http
@pytest.mark.parametrize(("said", "is_full"), STAGES)
async def test_a_stop_at_once_admits_nothing_more(door: Door, said: bytes, is_full: bool) -> None:
    site = door.site
    await door.open()
    async with Poster(door.address, door.tls) as client:
        assert (await client.post(headers=batch_of("taken"))).status == 200
        if is_full:
            site.fill()
        await client.send(said)
        await seen()
        await door.close()
        assert site.places == 0
        received = site.counters(door.kind).received_messages
        site.queue.abandon()
        client.writer.write(FRAME * 10)
        await seen()

    assert received == 1
    assert site.counters(door.kind).received_messages == received
    assert site.queue.messages == 0


async def test_a_stop_at_once_admits_nothing_that_comes_in_the_same_moment(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as one, Poster(address) as two:
        for client in (one, two):
            await client.send(head(len(FRAME)) + FRAME[:-1])
        await seen()
        for client in (one, two):
            client.writer.write(FRAME[-1:])
        closing = asyncio.create_task(listener_of(site).close(0))
        await closing
        admitted = site.queue.messages
        await seen()

    assert site.queue.messages == admitted
    assert site.counters("http").received_messages == admitted


async def test_a_stop_may_be_cut_short_and_repeated(site: Site) -> None:
    address = await site.open("http")
    site.fill()
    async with Poster(address) as client:
        await client.send(request())
        await seen()
        stop = asyncio.create_task(listener_of(site).close(10))
        await seen()
        stop.cancel()
        await asyncio.gather(stop, return_exceptions=True)
        await asyncio.gather(listener_of(site).close(0), listener_of(site).close(0))
        assert await client.closed_by_peer()

    assert site.places == 0
    assert site.counters("http").received_messages == 0


async def test_a_stop_during_the_check_of_a_password_admits_nothing(site: Site) -> None:
    site.context.credentials.configure([Credential("heroku", HASH)])
    address = await site.open("http")
    async with Poster(address) as client:
        await client.send(request(headers=basic("heroku", PASSWORD)))
        await until(lambda: site.places == 1)
        await listener_of(site).close(0)
        await seen()

    assert site.queue.messages == 0
