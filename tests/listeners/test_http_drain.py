"""HTTP drains on real loopback sockets: what becomes of a batch, and how often it counts."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from structlog.testing import capture_logs

from heroku_syslogd.credentials import CHECKS_PER_PEER, Credential
from heroku_syslogd.listeners.frame_ids import WINDOW
from heroku_syslogd.wire import Dialect, FrameFault, encode_frame
from tests.listeners.authority import Authority
from tests.listeners.conftest import Site
from tests.listeners.posting import (
    CHUNKED,
    FRAME,
    MESSAGE,
    TOKEN,
    Poster,
    basic,
    batch_of,
    chunk,
    head,
    request,
)

PASSWORD = "correct horse"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4))

# Real bytes: a notice of Logplex has no LF (heroku/logplex, issue 105).
L10 = (
    b"<172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10 (output buffer overflow):"
    b" 1 messages dropped since 2014-11-07T23:29:45+00:00."
)
STATE = (
    b"<45>1 2014-11-11T08:24:24.064853+00:00 host heroku web.1 - State changed from starting to up"
)


async def assert_books(site: Site) -> None:
    """Check that every byte is of a message, its framing, or rejected."""
    counters = site.counters("http")
    frames = await site.take(counters.received_messages)
    assert site.queue.messages == 0
    framed = sum(len(encode_frame(frame)) for frame in frames)
    assert counters.received_bytes == framed + sum(counters.rejected_bytes.values())


async def test_a_batch_comes_with_its_origin(site: Site) -> None:
    body = encode_frame(L10) + encode_frame(STATE) + FRAME
    async with Poster(await site.open("http")) as client:
        assert (await client.post(body, batch_of("1", count=3))).status == 200

    batch = await site.take_batch()
    assert batch.frames == [L10, STATE, MESSAGE]
    assert batch.origin == ("http", "127.0.0.1", Dialect.LOGPLEX_1, TOKEN.encode(), "")
    assert (batch.received_at, batch.size) == (site.now, len(body))
    counters = site.counters("http")
    assert (counters.received_messages, counters.received_bytes) == (3, len(body))
    assert site.telemetry.message_count_mismatches == 0


async def test_the_answer_is_the_one_that_heroku_asks_for(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        reply = await client.post()

    assert (reply.status, reply.version) == (200, "HTTP/1.1")
    assert set(reply.headers) == {"server", "content-length", "date"}


async def test_another_client_over_tls(site: Site, authority: Authority, tmp_path: Path) -> None:
    host, port = await site.open("https", **authority.server(tmp_path))
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"https://{host}:{port}/logplex",
            data=FRAME * 20,
            headers={"Content-Type": "application/logplex-1", **basic("any", "body")},
            ssl=authority.client(),
            server_hostname="drain.example",
        ) as response,
    ):
        assert (response.status, await response.read()) == (200, b"")
    assert await site.take(20) == [MESSAGE] * 20


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_many_batches_over_tls(
    site: Site, authority: Authority, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    site.queue.max_messages = 1000
    address = await site.open("https", **authority.server(tmp_path))
    async with Poster(address, authority.client(version)) as client:
        for number in range(20):
            assert (await client.post(FRAME * 4, batch_of(str(number), count=4))).status == 200

    assert site.counters("https").connections_total == 1
    assert await site.take(80) == [MESSAGE] * 80


async def test_an_empty_batch_is_one(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.post(b"")).status == 200
        assert (await client.ask(head(None, {"Content-Length": None}))).status == 200

    assert site.queue.messages == 0


async def test_line_feeds_delimit_nothing(site: Site) -> None:
    message = b"<190>1 - host app web.1 - a\n5 <1>ab\n<13>1 - host heroku web.1 - b\n\n"
    async with Poster(await site.open("http")) as client:
        body = encode_frame(message) + encode_frame(L10) + encode_frame(message)
        assert (await client.post(body, batch_of("1", count=3))).status == 200

    assert await site.take(3) == [message, L10, message]
    assert site.telemetry.message_count_mismatches == 0


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        pytest.param(b"garbage\n" + FRAME, {FrameFault.UNEXPECTED_BYTE: 8}, id="garbage first"),
        pytest.param(FRAME + b"\n" + FRAME, {FrameFault.BLANK: 1}, id="a count without its LF"),
        pytest.param(MESSAGE * 2, {FrameFault.UNEXPECTED_BYTE: 2 * len(MESSAGE)}, id="no counts"),
        pytest.param(FRAME + FRAME[:-1], {FrameFault.TRUNCATED: len(FRAME) - 1}, id="cut off"),
        pytest.param(b"99999999 <1>x", {FrameFault.COUNT_DIGITS: 13}, id="an absurd count"),
        pytest.param(b"63 no PRI", {FrameFault.NO_PRI: 9}, id="no PRI"),
        pytest.param(
            encode_frame(b"<" + b"x" * 1024) + FRAME, {FrameFault.TOO_LONG: 1030}, id="too long"
        ),
    ],
)
async def test_odd_frames_cost_only_themselves(
    site: Site, body: bytes, faults: dict[FrameFault, int]
) -> None:
    with capture_logs() as logs:
        async with Poster(await site.open("http")) as client:
            assert (await client.post(body)).status == 200
            assert (await client.post()).status == 200

    counters = site.counters("http")
    assert {k: v for k, v in counters.frame_errors.items() if v} == dict.fromkeys(faults, 1)
    assert {k: v for k, v in counters.rejected_bytes.items() if v} == faults
    assert [(entry["event"], entry["reason"]) for entry in logs] == [
        ("frame.malformed", next(iter(faults)))
    ]
    await assert_books(site)


async def test_a_body_of_nothing_but_faults_is_taken_and_costs_little(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.post(b"x\0" * 50_000)).status == 200
        assert (await client.post(b"0 <1>x" * 50_000)).status == 200

    counters = site.counters("http")
    assert sum(counters.frame_errors.values()) <= 2 * site.context.limits.fault_budget
    await assert_books(site)


async def test_a_batch_of_very_many_messages_is_several_in_the_queue(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.post(b"3 <1>" * 5000)).status == 200

    sizes: list[int] = []
    while sum(sizes) < 5000:
        sizes.append(len((await site.take_batch()).frames))
    assert max(sizes) <= 1024


@pytest.mark.parametrize(
    ("stated", "mismatches"), [("2", 0), ("1", 1), ("3", 1), ("two", 1), ("", 1), ("-2", 1)]
)
async def test_a_count_that_disagrees_is_counted_and_not_refused(
    site: Site, stated: str, mismatches: int
) -> None:
    async with Poster(await site.open("http")) as client:
        assert (await client.post(FRAME * 2, {"Logplex-Msg-Count": stated})).status == 200

    assert await site.take(2) == [MESSAGE] * 2
    assert site.telemetry.message_count_mismatches == mismatches


# Batches that come again --------------------------------------------------------------------------


async def test_a_batch_counts_once_over_all_connections_and_listeners(
    site: Site, authority: Authority, tmp_path: Path
) -> None:
    plain = await site.open("http")
    https = await site.open("https", **authority.server(tmp_path))
    again = request(headers=batch_of("1"))
    async with Poster(plain) as first, Poster(plain) as second:
        assert (await first.ask(again)).status == 200
        assert (await first.ask(again)).status == 200
        assert (await second.ask(again)).status == 200
        async with Poster(https, authority.client()) as third:
            assert (await third.ask(again)).status == 200
        assert (await first.post(headers=batch_of("2"))).status == 200

    assert site.telemetry.duplicate_batches == 3
    assert site.queue.messages == 2


async def test_the_same_id_of_another_drain_is_another_batch(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        for token in (TOKEN, "d.other", None):
            for _ in range(2):
                assert (await client.post(headers=batch_of("1", token=token))).status == 200

    assert site.queue.messages == 3
    assert site.telemetry.duplicate_batches == 3


async def test_a_batch_without_an_id_counts_each_time(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        for headers in ({}, {"Logplex-Frame-Id": ""}, {"Logplex-Frame-Id": "x" * 129}):
            for _ in range(2):
                assert (await client.post(headers=headers)).status == 200

    assert site.queue.messages == 6


async def test_after_the_window_an_id_is_a_new_one(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        await client.post(headers=batch_of("1"))
        site.now += WINDOW - 1
        await client.post(headers=batch_of("1"))
        site.now += 1
        await client.post(headers=batch_of("1"))

    assert site.telemetry.duplicate_batches == 1
    assert site.queue.messages == 2


async def test_attempts_at_the_same_time_count_once(site: Site) -> None:
    address = await site.open("http")
    async with Poster(address) as one, Poster(address) as two, Poster(address) as three:
        clients = (one, two, three)
        for client in clients:
            await client.send(head(len(FRAME), batch_of("1")) + FRAME[:10])
        for client in clients:
            await client.send(FRAME[10:])
        replies = await asyncio.gather(*(client.reply() for client in clients))

    assert [reply.status for reply in replies] == [200] * 3
    assert site.telemetry.duplicate_batches == 2
    assert await site.take(1) == [MESSAGE]
    assert site.queue.messages == 0


async def test_what_was_refused_may_come_again(site: Site) -> None:
    address = await site.open("http")
    gzipped = {**batch_of("1"), "Content-Encoding": "gzip"}
    async with Poster(address) as client:
        assert (await client.post(gzip.compress(FRAME)[:-1], gzipped)).status == 400
    async with Poster(address) as client:
        assert (await client.post(headers={**batch_of("1"), "Content-Type": "x"})).status == 415
        assert (await client.post(headers=batch_of("1"))).status == 200

    assert site.telemetry.duplicate_batches == 0


# Who may post -------------------------------------------------------------------------------------


@pytest.fixture
def guarded(site: Site) -> Site:
    site.context.credentials.configure(
        [Credential("heroku", HASH, "shop"), Credential("other", b"plain words")]
    )
    return site


async def test_a_password_is_asked_for_and_names_an_application(guarded: Site) -> None:
    async with Poster(await guarded.open("http")) as client:
        for headers in ({}, basic("heroku", "wrong"), basic("nobody", PASSWORD), basic("", "")):
            reply = await client.post(headers=headers)
            assert reply.status == 401
            assert reply.headers["www-authenticate"].startswith("Basic realm=")
            assert not reply.closes
        assert guarded.queue.messages == 0
        assert (await client.post(headers=basic("heroku", PASSWORD))).status == 200
        assert (await client.post(headers=basic("other", "plain words"))).status == 200

    assert (await guarded.take_batch()).origin.app == "shop"
    assert (await guarded.take_batch()).origin.app == ""
    assert guarded.counters("http").http_requests[401] == 4


async def test_a_stranger_learns_of_the_path_alone(guarded: Site) -> None:
    async with Poster(await guarded.open("http")) as client:
        assert (await client.ask(request(target="/x"))).status == 404
        assert (await client.ask(request(headers={"Content-Type": "x"}))).status == 401
        assert (await client.ask(request(headers={"Content-Encoding": "br"}))).status == 401
        assert (await client.ask(request(headers={"Expect": "x"}))).status == 401


async def test_a_stranger_cannot_tell_that_a_batch_was_taken(guarded: Site) -> None:
    async with Poster(await guarded.open("http")) as client:
        headers = {**batch_of("1"), **basic("heroku", PASSWORD)}
        assert (await client.post(headers=headers)).status == 200
        assert (await client.post(headers=batch_of("1"))).status == 401

    assert guarded.telemetry.duplicate_batches == 0


async def test_ids_without_a_token_belong_to_the_user(guarded: Site) -> None:
    async with Poster(await guarded.open("http")) as client:
        for user in (basic("heroku", PASSWORD), basic("other", "plain words")):
            for _ in range(2):
                headers = {**batch_of("1", token=None), **user}
                assert (await client.post(headers=headers)).status == 200

    assert guarded.queue.messages == 2


async def test_who_guesses_is_put_off(guarded: Site) -> None:
    guarded.limit(max_connections=100, max_connections_per_peer=100)
    guarded.context.credentials.configure(
        [Credential("heroku", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(9)))]
    )
    address = await guarded.open("http")
    clients = [Poster(address) for _ in range(CHECKS_PER_PEER + 4)]
    for number, client in enumerate(clients):
        await client.connect()
        await client.send(request(headers=basic("heroku", f"guess {number}")))
    replies = [await client.reply() for client in clients]
    for client in clients:
        await client.__aexit__()

    busy = [reply for reply in replies if reply.status == 503]
    assert busy
    assert {reply.status for reply in replies} == {401, 503}
    assert all(reply.headers["retry-after"] for reply in busy)


async def test_a_peer_may_leave_while_its_password_is_checked(guarded: Site) -> None:
    guarded.context.credentials.configure(
        [Credential("heroku", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(9)))]
    )
    address = await guarded.open("http")
    async with Poster(address) as client:
        await client.send(request(headers=basic("heroku", PASSWORD)))
    async with Poster(address) as client:
        assert (await client.post(headers=basic("heroku", PASSWORD))).status == 200


async def test_chunks_are_counted_as_the_body_that_they_make(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        await client.send(head(None, CHUNKED))
        for byte in FRAME * 2:
            await client.send(chunk(bytes([byte])))
        assert (await client.ask(chunk(b""))).status == 200

    assert site.counters("http").received_bytes == 2 * len(FRAME)
    await assert_books(site)
