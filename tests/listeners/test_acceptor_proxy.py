"""PROXY headers in front of connections of every type: whose they are, and who may send them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Duration
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire.proxy_protocol import (
    encode_proxy_local,
    encode_proxy_v1,
    encode_proxy_v2,
)
from tests.listeners.conftest import LIMITS, Client, Site, networks, until
from tests.listeners.door import Door, every_kind
from tests.listeners.posting import FRAME, MESSAGE

V1 = encode_proxy_v1("203.0.113.7", 40000, "192.0.2.1", 6514)
V2 = encode_proxy_v2("2001:db8::7", 40000, "2001:db8::1", 6514)


@every_kind
@pytest.mark.parametrize(
    ("header", "peer"),
    [
        pytest.param(V1, "203.0.113.7", id="v1"),
        pytest.param(V2, "2001:db8::7", id="v2"),
        pytest.param(b"PROXY UNKNOWN\r\n", "127.0.0.1", id="v1 UNKNOWN"),
        pytest.param(encode_proxy_local(), "127.0.0.1", id="v2 LOCAL"),
    ],
)
@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "in pieces"])
async def test_a_proxy_names_its_client(
    door: Door, header: bytes, peer: str, in_pieces: bool
) -> None:
    await door.open(proxy_protocol=True)
    client = await door.behind_proxy(header, in_pieces=in_pieces)
    await client.send(door.wrapped(MESSAGE))
    batch = await door.site.take_batch()
    await client.__aexit__()

    assert (batch.frames, batch.origin.peer) == ([MESSAGE], peer)
    assert door.rejected == {}


@every_kind
@pytest.mark.parametrize(
    ("said", "hint"),
    [
        pytest.param(FRAME, "does the load balancer send one", id="no header"),
        pytest.param(b"PROXY TCP4 nonsense\r\n", "does not follow", id="malformed"),
        pytest.param(b"PROXY " + b"x" * 200, "too long", id="too long"),
        pytest.param(V2[:12] + b"\x31", "unknown version", id="unknown version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01", "does the load balancer", id="TLS"),
    ],
)
async def test_without_a_proper_header_nobody_is_served(door: Door, said: bytes, hint: str) -> None:
    await door.open(proxy_protocol=True)
    with capture_logs() as logs:
        async with Client(door.address) as client:
            await client.send(said)
            assert await client.closed_by_peer()

    assert door.rejected == {RejectReason.PROXY_HEADER: 1}
    assert [entry["reason"] for entry in logs] == ["proxy_header"]
    assert hint in logs[0]["hint"]
    assert door.site.queue.messages == 0


@every_kind
@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("said", [b"", V1[:9]])
async def test_a_health_check_is_no_fault(door: Door, how: str, said: bytes) -> None:
    await door.open(proxy_protocol=True)
    with capture_logs() as logs:
        for _ in range(2 * LIMITS.max_connections):
            client = Client(door.address)
            await client.connect()
            await client.send(said)
            await until(lambda: door.site.places == 1)
            if how == "RST":
                client.reset()
            await client.__aexit__()
            await until(lambda: door.site.places == 0)

    assert door.rejected == {}
    assert logs == []


@every_kind
async def test_the_proxy_and_its_client_have_to_be_allowed_each(door: Door) -> None:
    await door.open(
        proxy_protocol=True,
        proxies=networks("127.0.0.0/8"),
        allow=networks("203.0.113.0/24"),
    )
    client = await door.behind_proxy(V1)
    await door.deliver(client)
    await client.__aexit__()
    async with Client(door.address) as stranger:
        await stranger.send(V2)
        assert await stranger.closed_by_peer()
    assert door.rejected == {RejectReason.NOT_ALLOWED: 1}


async def test_who_is_no_proxy_is_not_even_read(site: Site) -> None:
    address = await site.open("tcp", proxy_protocol=True, proxies=networks("192.0.2.0/24"))
    async with Client(address) as client:
        assert await client.closed_by_peer()

    assert site.rejected("tcp") == {RejectReason.NOT_ALLOWED: 1}


async def test_places_are_those_of_the_clients_and_not_of_their_proxy(site: Site) -> None:
    site.limit(max_connections=100, max_connections_per_peer=2)
    address = await site.open("tcp", proxy_protocol=True)
    clients = []
    for number in range(10):
        client = Client(address)
        await client.connect()
        await client.send(encode_proxy_v1(f"203.0.113.{number // 2}", 1, "192.0.2.1", 1) + FRAME)
        clients.append(client)
    assert await site.take(10) == [MESSAGE] * 10
    async with Client(address) as third:
        await third.send(encode_proxy_v1("203.0.113.0", 1, "192.0.2.1", 1))
        assert await third.closed_by_peer()
    for client in clients:
        await client.__aexit__()

    assert site.rejected("tcp") == {RejectReason.MAX_CONNECTIONS_PER_PEER: 1}
    assert site.counters("tcp").connections_total == 10


async def test_whoever_has_one_ipv6_address_has_very_many_and_is_one_peer(site: Site) -> None:
    site.limit(max_connections=100, max_connections_per_peer=2)
    address = await site.open("tcp", proxy_protocol=True)
    clients = [Client(address) for _ in range(4)]
    for client, source in zip(
        clients, ("2001:db8::1", "2001:db8::2:1", "2001:db8::3", "2001:db8:0:1::1"), strict=True
    ):
        await client.connect()
        await client.send(encode_proxy_v2(source, 1, "2001:db8::9", 1) + FRAME)
    assert await clients[2].closed_by_peer()
    assert await site.take(3) == [MESSAGE] * 3
    for client in clients:
        await client.__aexit__()

    assert site.rejected("tcp") == {RejectReason.MAX_CONNECTIONS_PER_PEER: 1}


@every_kind
async def test_a_proxy_header_that_takes_too_long_is_given_up(door: Door) -> None:
    door.site.limit(handshake_timeout=Duration(0.05))
    await door.open(proxy_protocol=True)
    async with Client(door.address) as client:
        await client.send(V1[:9])
        assert await client.closed_by_peer()
    await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.HANDSHAKE_TIMEOUT: 1}
