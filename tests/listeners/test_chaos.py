"""Peers of every kind at once, most of them up to no good, while the listeners are stopped.

What each of them does is chosen at random. However it goes: what was counted as received is in the
queue, every place is given back, nothing is received once a listener has been closed, and nothing
is held to be a bug of ours.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Duration
from heroku_syslogd.listeners import acceptor, http_connection, http_intake
from heroku_syslogd.wire.proxy_protocol import (
    encode_proxy_local,
    encode_proxy_v1,
    encode_proxy_v2,
)
from tests.listeners.authority import Authority
from tests.listeners.client import BareClient, Client
from tests.listeners.conftest import Site
from tests.listeners.door import Door
from tests.listeners.posting import CHUNKED, FRAME, batch_of, chunk, head, request

CONNECTIONS = 30
HEADERS = [
    encode_proxy_v1("203.0.113.7", 1, "192.0.2.1", 1),
    encode_proxy_v2("2001:db8::7", 1, "2001:db8::1", 1),
    encode_proxy_local(),
    b"PROXY junk\r\n",
]
BODIES = [FRAME, FRAME * 200, FRAME + b"\n" + FRAME, b"3 <1>" * 5000, b"junk", b""]
STREAMS = [FRAME * 400, FRAME, b"junk\n", FRAME[:30], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"]
LEFT = (OSError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError, RuntimeError)


class Peer:
    """Somebody who connects, says something, and leaves, again and again."""

    def __init__(self, doors: list[Door], rng: Random) -> None:
        self._doors = doors
        self._rng = rng

    async def run(self) -> None:
        while True:
            door = self._rng.choice(self._doors)
            client, encrypted = self._client(door)
            try:
                with suppress(*LEFT):
                    async with asyncio.timeout(2):
                        await client.connect()
                        if door.is_behind_proxy:
                            await self._introduce(door, client)
                        for _ in range(self._rng.randrange(6)):
                            await self._say(client, encrypted(self._text(door)))
            finally:
                await self._leave(client)

    def _client(self, door: Door) -> tuple[Client, Callable[[bytes], bytes]]:
        if door.tls is None or door.is_behind_proxy:
            return Client(door.address), bytes
        if self._rng.random() < 0.5:
            return Client(door.address, door.tls), bytes
        bare = BareClient(door.address, door.tls)
        return bare, bare.encrypted

    async def _introduce(self, door: Door, client: Client) -> None:
        header = self._rng.choice(HEADERS)
        await client.send(header[: self._rng.choice([None, None, None, 5])])
        if door.tls is not None and self._rng.random() < 0.8:
            await client.writer.start_tls(door.tls, server_hostname="drain.example")

    def _text(self, door: Door) -> bytes:
        rng = self._rng
        if door.kind in ("tcp", "tls"):
            text = rng.choice(STREAMS)
        else:
            text = self._request() * rng.choice([1, 1, 1, 5, 40])
        return text[: rng.choice([None, None, None, rng.randrange(len(text) + 1)])]

    def _request(self) -> bytes:
        rng = self._rng
        body = rng.choice(BODIES)
        headers = batch_of(str(rng.randrange(50)), count=rng.randrange(3))
        if rng.random() < 0.3:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        if rng.random() < 0.1:
            headers["Expect"] = rng.choice(["100-continue", "a miracle"])
        if rng.random() < 0.1:
            headers["Connection"] = "close"
        if rng.random() < 0.3:
            chunks = b"".join(chunk(body[at : at + 500]) for at in range(0, len(body), 500))
            broken = chunks.replace(b"\r\n1f4\r\n", b"\r\nzz\r\n", rng.randrange(2))
            return head(None, {**headers, **CHUNKED}) + broken + chunk(b"")
        target = rng.choice(["/logplex"] * 5 + ["/other"])
        return request(body, headers, target=target)

    async def _say(self, client: Client, text: bytes) -> None:
        for part in (text[:100], text[100:5000], text[5000:]):
            client.writer.write(part)
            if self._rng.random() < 0.3:
                await asyncio.sleep(self._rng.choice([0, 0.001, 0.02]))
        if self._rng.random() < 0.5:
            async with asyncio.timeout(0.05):
                await client.reader.read(1000)

    async def _leave(self, client: Client) -> None:
        with suppress(AttributeError, *LEFT):  # it may never have been connected
            if self._rng.random() < 0.4:
                client.reset()
            elif self._rng.random() < 0.5:
                client.writer.close()
            else:
                async with asyncio.timeout(0.5):
                    await client.__aexit__()


async def open_doors(site: Site, authority: Authority, directory: Path) -> list[Door]:
    """Open a listener of each type, and another of each behind a proxy."""
    doors = []
    for is_behind_proxy in (False, True):
        for kind in ("tcp", "tls", "http", "https"):
            door = Door(site, kind, authority, directory)
            await door.open(proxy_protocol=is_behind_proxy, name=f"{kind} {is_behind_proxy}")
            doors.append(door)
    return doors


async def take(site: Site, rng: Random, taken: list[int]) -> None:
    """Be the worker, now and then a slow one."""
    while True:
        taken.append(len((await site.queue.get()).frames))
        if rng.random() < 0.2:
            await asyncio.sleep(rng.choice([0, 0.001, 0.06]))


async def look_after(site: Site) -> None:
    """Be the housekeeping."""
    while True:
        site.now += 0.5
        for listener in site.listeners:
            listener.tick(site.now)
        assert site.places <= CONNECTIONS
        await asyncio.sleep(0.01)


async def stop(site: Site, rng: Random) -> None:
    """Stop the listeners as the daemon does: in peace, or cut short, and then at once."""
    in_peace = asyncio.gather(*(one.close(rng.choice([0, 0.05, 0.5])) for one in site.listeners))
    await asyncio.sleep(rng.choice([0, 0.05, 1.0]))
    in_peace.cancel()
    await asyncio.gather(in_peace, return_exceptions=True)
    async with asyncio.timeout(10):
        await asyncio.gather(*(one.close(0) for one in site.listeners))


@pytest.mark.parametrize("seed", range(4))
async def test_peers_of_every_kind(
    site: Site,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    rng = Random(seed)
    monkeypatch.setattr(http_intake, "HOLD", 0.03)
    monkeypatch.setattr(http_connection, "_LINGER", 0.03)
    monkeypatch.setattr(acceptor, "SHUTDOWN_TIMEOUT", 0.05)
    brief = Duration(0.05)
    site.limit(max_connections=CONNECTIONS, max_connections_per_peer=CONNECTIONS)
    site.limit(handshake_timeout=brief, request_timeout=brief, idle_timeout=Duration(5))
    site.limit(max_body_bytes=50_000)
    doors = await open_doors(site, authority, tmp_path)
    taken: list[int] = []
    with capture_logs() as logs:
        peers = [asyncio.create_task(Peer(doors, rng).run()) for _ in range(25)]
        ours = [asyncio.create_task(take(site, rng, taken)), asyncio.create_task(look_after(site))]
        await asyncio.sleep(0.5)
        await stop(site, rng)
        assert site.places == 0
        received = site.telemetry.received_messages
        await asyncio.sleep(0.05)
        for task in (*peers, *ours):
            assert not task.done(), task
            task.cancel()
        await asyncio.gather(*peers, *ours, return_exceptions=True)

    assert received == site.telemetry.received_messages
    assert received == sum(taken) + sum(len(batch.frames) for batch in site.queue.abandon())
    assert {entry["log_level"] for entry in logs} <= {"warning", "info"}
