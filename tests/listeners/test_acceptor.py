"""From accepting to speaking: the gates that a connection passes, in their order."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Duration
from heroku_syslogd.listeners import acceptor
from heroku_syslogd.listeners.syslog_stream import StreamListener
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import encode_frame
from heroku_syslogd.wire.proxy_protocol import encode_proxy_v1, encode_proxy_v2
from tests.listeners.authority import Authority
from tests.listeners.conftest import LIMITS, Client, Site, networks, seen, until
from tests.listeners.posting import Poster, request

MESSAGE = b"<13>1 - h app web.1 - - hello"
FRAME = encode_frame(MESSAGE)
KINDS = ["tcp", "tls", "http", "https"]
ENCRYPTED = ["tls", "https"]


class Door:
    """A listener of one type, and how to send to it."""

    def __init__(self, site: Site, kind: str, authority: Authority, directory: Path) -> None:
        self.site = site
        self.kind = kind
        self.authority = authority
        self.files = authority.server(directory) if kind in ENCRYPTED else {}
        self.tls = authority.client() if kind in ENCRYPTED else None
        self.address = ("", 0)

    async def open(self, host: str = "127.0.0.1", **keys: object) -> None:
        self.address = await self.site.open(self.kind, host, **self.files, **keys)

    async def deliver(self, client: Client) -> None:
        """Bring a message in over a connection."""
        if self.kind in ("http", "https"):
            await client.send(request(b"".join([FRAME]), {"Connection": "close"}))
            async with asyncio.timeout(10):
                assert b" 200 OK" in await client.reader.readline()
        else:
            await client.send(FRAME)
        assert await self.site.take(1) == [MESSAGE]

    @property
    def rejected(self) -> dict[RejectReason, int]:
        return self.site.rejected(self.kind)


@pytest.fixture
def door(
    site: Site, authority: Authority, tmp_path: Path, request: pytest.FixtureRequest
) -> Door:
    return Door(site, request.param, authority, tmp_path)


every_kind = pytest.mark.parametrize("door", KINDS, indirect=True)
encrypted = pytest.mark.parametrize("door", ENCRYPTED, indirect=True)


# Who may connect ----------------------------------------------------------------------------------


@every_kind
async def test_only_those_who_are_allowed_are_served(door: Door) -> None:
    await door.open(allow=networks("192.0.2.0/24", "127.0.0.0/8"))
    async with Client(door.address, door.tls) as client:
        await door.deliver(client)
    await until(lambda: door.site.places == 0)
    assert door.rejected == {}


@every_kind
async def test_those_who_are_not_are_closed_before_anything_is_spent_on_them(door: Door) -> None:
    await door.open(allow=networks("192.0.2.0/24", "::1"))
    with capture_logs() as logs:
        for _ in range(2):
            async with Client(door.address) as client:
                assert await client.closed_by_peer()

    assert door.rejected == {RejectReason.NOT_ALLOWED: 2}
    assert door.site.counters(door.kind).connections_total == 0
    assert [(entry["event"], entry["peer"], entry["reason"]) for entry in logs] == [
        ("connection.closed", "127.0.0.1", "not_allowed")
    ]


@pytest.mark.parametrize(
    ("listen", "connect", "allow", "permitted"),
    [
        ("::1", "::1", "::1", True),
        ("::1", "::1", "2001:db8::/32", False),
        ("::", "127.0.0.1", "127.0.0.1", True),
        ("::", "127.0.0.1", "::/0", False),
        ("::", "::ffff:127.0.0.1", "127.0.0.0/8", True),
        ("::", "::1", "0.0.0.0/0", False),
    ],
)
async def test_addresses_of_both_families(
    site: Site, listen: str, connect: str, allow: str, permitted: bool
) -> None:
    _, port = await site.open("tcp", listen, allow=networks(allow))
    async with Client((connect, port)) as client:
        if permitted:
            await client.send(FRAME)
            assert await site.take(1) == [MESSAGE]
        else:
            assert await client.closed_by_peer()


async def test_a_reload_changes_who_may_connect_and_leaves_others_alone(site: Site) -> None:
    from heroku_syslogd.config import Address, ListenerConfig

    address = await site.open("tcp")
    async with Client(address) as before:
        await before.send(FRAME)
        assert await site.take(1) == [MESSAGE]
        config = ListenerConfig(
            type="tcp", address=Address(*address), allow=networks("192.0.2.0/24")
        )
        site.listeners[0].configure(config)
        async with Client(address) as after:
            assert await after.closed_by_peer()
        await before.send(FRAME)
        assert await site.take(1) == [MESSAGE]


# Behind a proxy -----------------------------------------------------------------------------------

V1 = encode_proxy_v1("203.0.113.7", 40000, "192.0.2.1", 6514)
V2 = encode_proxy_v2("2001:db8::7", 40000, "2001:db8::1", 6514)


async def behind(door: Door, header: bytes, *, pieces: bool = False) -> Client:
    """Connect as a proxy does: its header first, and then, if there is TLS, the handshake."""
    client = Client(door.address)
    await client.connect()
    for piece in [bytes([byte]) for byte in header] if pieces else [header]:
        await client.send(piece)
    if door.tls is not None:
        await client.writer.start_tls(door.tls, server_hostname="drain.example")
    return client


@every_kind
@pytest.mark.parametrize(
    ("header", "peer"),
    [
        pytest.param(V1, "203.0.113.7", id="v1"),
        pytest.param(V2, "2001:db8::7", id="v2"),
        pytest.param(b"PROXY UNKNOWN\r\n", "127.0.0.1", id="v1 UNKNOWN"),
        pytest.param(V2[:12] + b"\x20\x00\x00\x00", "127.0.0.1", id="v2 LOCAL"),
    ],
)
@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "in pieces"])
async def test_a_proxy_names_its_client(
    door: Door, header: bytes, peer: str, pieces: bool
) -> None:
    await door.open(proxy_protocol=True)
    client = await behind(door, header, pieces=pieces)
    if door.kind in ("http", "https"):
        await client.send(request(FRAME))
    else:
        await client.send(FRAME)
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
async def test_without_a_proper_header_nobody_is_served(
    door: Door, said: bytes, hint: str
) -> None:
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
    client = await behind(door, V1)
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


# TLS ----------------------------------------------------------------------------------------------


def hello(tls: ssl.SSLContext) -> bytes:
    """Return the first flight of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = tls.wrap_bio(incoming, outgoing, server_hostname="drain.example")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


@encrypted
async def test_half_a_handshake_takes_a_place(door: Door) -> None:
    await door.open()
    halves = [Client(door.address) for _ in range(LIMITS.max_connections_per_peer)]
    for number, client in enumerate(halves):
        await client.connect()
        await client.send(hello(door.authority.client())[: 100 * number])
        await until(lambda: door.site.places == number + 1)  # noqa: B023
    async with Client(door.address) as refused:
        assert await refused.closed_by_peer()
    door.site.limit(max_connections=3, max_connections_per_peer=10)
    async with Client(door.address) as refused:
        assert await refused.closed_by_peer()
    for client in halves:
        client.reset()
        await client.__aexit__()
    await until(lambda: door.site.places == 0)

    assert door.rejected.pop(RejectReason.TLS_HANDSHAKE, 0) <= 2
    counts = {reason: count for reason, count in door.rejected.items() if "max" in reason}
    assert counts == {RejectReason.MAX_CONNECTIONS_PER_PEER: 1, RejectReason.MAX_CONNECTIONS: 1}
    async with Client(door.address, door.tls) as client:
        await door.deliver(client)


@encrypted
@pytest.mark.parametrize("length", [0, 1, 5, 100])
async def test_a_handshake_that_takes_too_long_is_given_up(door: Door, length: int) -> None:
    door.site.limit(handshake_timeout=Duration(0.05))
    await door.open()
    with capture_logs() as logs:
        async with Client(door.address) as client:
            await client.send(hello(door.authority.client())[:length])
            assert await client.closed_by_peer()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.HANDSHAKE_TIMEOUT: 1}
    assert [entry["reason"] for entry in logs] == ["handshake_timeout"]


@every_kind
async def test_a_proxy_header_that_takes_too_long_is_given_up(door: Door) -> None:
    door.site.limit(handshake_timeout=Duration(0.05))
    await door.open(proxy_protocol=True)
    async with Client(door.address) as client:
        await client.send(V1[:9])
        assert await client.closed_by_peer()
    await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.HANDSHAKE_TIMEOUT: 1}


@encrypted
@pytest.mark.parametrize("said", [FRAME, MESSAGE + b"\n", request(), b"\0"])
async def test_what_is_no_tls_is_told_apart_from_a_failed_handshake(
    door: Door, said: bytes
) -> None:
    await door.open()
    with capture_logs() as logs:
        for _ in range(2):
            async with Client(door.address) as client:
                await client.send(said)
                assert await client.closed_by_peer()

    assert door.rejected == {RejectReason.PLAIN_ON_TLS_PORT: 2}
    assert [entry["reason"] for entry in logs] == ["plain_on_tls_port"]
    assert "syslog+tls://" in logs[0]["hint"]


@encrypted
@pytest.mark.parametrize("how", ["FIN", "RST"])
async def test_a_peer_that_leaves_before_its_handshake_is_no_fault(door: Door, how: str) -> None:
    await door.open()
    with capture_logs() as logs:
        client = Client(door.address)
        await client.connect()
        await until(lambda: door.site.places == 1)
        if how == "RST":
            client.reset()
        await client.__aexit__()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {}
    assert logs == []


@encrypted
@pytest.mark.parametrize("how", ["FIN", "RST"])
async def test_a_peer_that_leaves_during_its_handshake_is_counted(door: Door, how: str) -> None:
    await door.open()
    with capture_logs() as logs:
        client = Client(door.address)
        await client.connect()
        await client.send(hello(door.authority.client()))
        await seen()
        if how == "RST":
            client.reset()
        await client.__aexit__()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 1}
    assert "left during the TLS handshake" in logs[0]["hint"]


@encrypted
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_peer_that_does_not_trust_us_is_told_apart(
    door: Door, version: ssl.TLSVersion
) -> None:
    await door.open()
    with capture_logs() as logs:
        with pytest.raises(ssl.SSLCertVerificationError):
            await Client(door.address, Authority().client(version)).connect()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 1}
    assert "does not trust our certificate" in logs[0]["hint"]


@encrypted
async def test_junk_in_a_handshake_costs_only_its_own_connection(door: Door) -> None:
    await door.open()
    for junk in (b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x16" * 100, b"\x16\x03\x01\0\0" * 99):
        async with Client(door.address) as client:
            await client.send(junk)
            assert await client.closed_by_peer() is not None
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 3}
