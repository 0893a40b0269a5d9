"""Bodies of HTTP drains: lengths, codings, and peers that wait to be asked for them."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from heroku_syslogd.listeners import http_connection
from tests.listeners.conftest import Site
from tests.listeners.posting import CHUNKED, FRAME, MESSAGE, Headers, Poster, chunk, head

LIMIT = 16 * 1024
GZIP: Headers = {"Content-Encoding": "gzip"}
CONTINUE: Headers = {"Expect": "100-continue"}

FITTING = FRAME * (LIMIT // len(FRAME))
TOO_LONG = FITTING + FRAME
BOMB = gzip.compress(FRAME * (4000 * LIMIT // len(FRAME)), 9)


@pytest.fixture
def narrow(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a site that takes 16 KiB, and does not wait for the rest of what it refuses."""
    monkeypatch.setattr(http_connection, "_LINGER", 0.01)
    site.limit(max_body_bytes=LIMIT)
    site.queue.max_messages = 10**6
    site.queue.max_bytes = 10**9
    return site


def chunked(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(map(chunk, [*pieces, b""]))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(GZIP, gzip.compress(FITTING), id="gzip"),
        pytest.param({"Content-Encoding": "x-gzip"}, gzip.compress(FITTING, 1), id="x-gzip"),
        pytest.param(
            GZIP,
            b"".join(gzip.compress(FITTING[n : n + 1000]) for n in range(0, len(FITTING), 1000)),
            id="several members",
        ),
        pytest.param(
            GZIP, gzip.compress(b"") * 9 + gzip.compress(FITTING) + gzip.compress(b""), id="empty"
        ),
        pytest.param({"Content-Encoding": "identity"}, FITTING, id="identity"),
        pytest.param({}, FITTING, id="none"),
    ],
)
async def test_every_coding_of_a_body_is_the_same_batch(
    narrow: Site, headers: Headers, body: bytes
) -> None:
    async with Poster(await narrow.open("http")) as client:
        assert (await client.post(body, headers)).status == 200
        await client.send(head(None, {**headers, **CHUNKED}))
        assert (await client.ask(chunked(body))).status == 200

    counters = narrow.counters("http")
    assert counters.received_bytes == 2 * len(FITTING)
    assert await narrow.take(counters.received_messages) == 2 * (len(FITTING) // len(FRAME)) * [
        MESSAGE
    ]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param({}, TOO_LONG, 413, id="too long"),
        pytest.param(GZIP, gzip.compress(TOO_LONG), 413, id="too long when decompressed"),
        pytest.param(GZIP, gzip.compress(TOO_LONG, 0), 413, id="too long either way"),
        pytest.param(GZIP, gzip.compress(FITTING) * 2, 413, id="too long, two members"),
        pytest.param(GZIP, BOMB, 413, id="a bomb"),
        pytest.param(GZIP, gzip.compress(BOMB), 200, id="a bomb in a bomb is one frame"),
        pytest.param(GZIP, b"", 400, id="nothing"),
        pytest.param(GZIP, FRAME, 400, id="not compressed"),
        pytest.param(GZIP, zlib.compress(FRAME), 400, id="another format"),
        pytest.param(GZIP, gzip.compress(FITTING)[:-1], 400, id="truncated"),
        pytest.param(GZIP, gzip.compress(FITTING)[:5], 400, id="truncated in its header"),
        pytest.param(GZIP, gzip.compress(FITTING)[:-8] + b"12345678", 400, id="wrong checksum"),
        pytest.param(GZIP, gzip.compress(FRAME) + b"\0", 400, id="something behind it"),
        pytest.param(GZIP, gzip.compress(b"") * 200, 400, id="members without end"),
    ],
)
async def test_bodies_that_are_refused(
    narrow: Site, headers: Headers, body: bytes, status: int
) -> None:
    if status == 200:
        narrow.limit(max_body_bytes=2**20)
    address = await narrow.open("http")
    for framing in ({}, CHUNKED):
        async with Poster(address) as client:
            await client.send(head(None if framing else len(body), {**headers, **framing}))
            await client.send(chunked(body) if framing else body)
            reply = await client.reply()
            assert reply.status == status
            assert reply.closes is (status != 200)

    assert narrow.counters("http").received_messages == 0 or status == 200
    assert narrow.rejected("http") == {}


async def test_a_bomb_takes_no_memory(narrow: Site) -> None:
    async with Poster(await narrow.open("http")) as client:
        await client.post()
        tracemalloc.start()
        reply = await client.post(BOMB, GZIP)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert reply.status == 413
    assert len(BOMB) < LIMIT * 15
    assert peak < 2**20


async def test_a_body_without_end_is_refused_where_it_is_too_long(narrow: Site) -> None:
    async with Poster(await narrow.open("http")) as client:
        await client.send(head(None, CHUNKED))
        sender = asyncio.create_task(client.send(chunk(FRAME * 100) * 1000))
        assert (await client.reply()).status == 413
        await asyncio.gather(sender, return_exceptions=True)

    assert narrow.queue.messages == 0


# Expect: 100-continue (RFC 9110, section 10.1.1) --------------------------------------------------


async def interim(client: Poster) -> bytes:
    async with asyncio.timeout(10):
        return await client.reader.readuntil(b"\r\n\r\n")


async def test_a_peer_that_waits_to_be_asked_is_asked(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        for _ in range(2):
            await client.send(head(len(FRAME), CONTINUE))
            assert await interim(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert (await client.ask(FRAME)).status == 200

    assert await site.take(2) == [MESSAGE] * 2


@pytest.mark.parametrize(
    ("headers", "target", "status"),
    [
        ({}, "/x", 404),
        ({"Content-Type": "x"}, "/logplex", 415),
        ({"Content-Length": "99999999"}, "/logplex", 413),
    ],
)
async def test_a_peer_that_is_refused_is_not_asked(
    narrow: Site, headers: dict[str, str], target: str, status: int
) -> None:
    async with Poster(await narrow.open("http")) as client:
        await client.send(head(len(FRAME), {**CONTINUE, **headers}, target=target))
        assert (await client.reply()).status == status


async def test_an_old_peer_is_not_asked(site: Site) -> None:
    async with Poster(await site.open("http")) as client:
        await client.send(head(len(FRAME), CONTINUE, version="1.0") + FRAME)
        assert (await client.reply()).status == 200


async def test_a_fault_after_it_was_asked_is_answered_as_any_other(narrow: Site) -> None:
    async with Poster(await narrow.open("http")) as client:
        await client.send(head(5, {**CONTINUE, **GZIP}))
        assert (await interim(client)).startswith(b"HTTP/1.1 100 ")
        assert (await client.ask(b"junk!")).status == 400
