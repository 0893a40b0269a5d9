"""From accepting to speaking: the gates that a connection passes, and what a stop does in them."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Address, Duration, ListenerConfig
from heroku_syslogd.listeners import acceptor
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import encode_frame
from tests.listeners.conftest import LIMITS, Client, Site, networks, seen, until
from tests.listeners.door import Door, every_kind

MESSAGE = b"<13>1 - h app web.1 - - hello"
FRAME = encode_frame(MESSAGE)


# Who may connect ----------------------------------------------------------------------------------


@every_kind
async def test_only_those_who_are_allowed_are_served(door: Door) -> None:
    await door.open(allow=networks("192.0.2.0/24", "127.0.0.0/8"))
    async with door.client() as client:
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


# Places -------------------------------------------------------------------------------------------


@every_kind
async def test_a_place_is_free_again_after_every_end_of_a_connection(door: Door) -> None:
    await door.open()
    for how in ("FIN", "RST", "in the middle") * LIMITS.max_connections:
        client = door.client()
        await client.connect()
        await until(lambda: door.site.places == 1)
        if how == "in the middle":
            await client.send(door.wrapped(b"<13>" + b"x" * 100)[:-10])
        else:
            await door.deliver(client)
        if how == "RST":
            client.reset()
        await client.__aexit__()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {}
    assert door.site.counters(door.kind).connections_total == 3 * LIMITS.max_connections


@every_kind
async def test_many_connections_at_once_are_each_served_or_refused(door: Door) -> None:
    door.site.limit(max_connections=20, max_connections_per_peer=20)
    await door.open()
    refused = 0
    clients = []
    for _ in range(200):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(door.address)
        clients.append(sock)
    await until(lambda: door.rejected.get(RejectReason.MAX_CONNECTIONS, 0) >= 180)
    assert door.site.places == 20
    for sock in clients:
        sock.close()
    await until(lambda: door.site.places == 0)
    refused = door.rejected[RejectReason.MAX_CONNECTIONS]
    async with door.client() as client:
        await door.deliver(client)

    assert refused == 180


async def test_an_idle_connection_is_counted_once_however_long_its_farewell_takes(
    site: Site,
) -> None:
    address = await site.open("tcp")
    async with Client(address) as client:
        await until(lambda: site.places == 1)
        site.now += LIMITS.idle_timeout
        for _ in range(3):
            site.listeners[0].tick(site.now)
        assert await client.closed_by_peer()

    assert site.rejected("tcp") == {RejectReason.IDLE: 1}


# Without descriptors ------------------------------------------------------------------------------


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)  # all below it are taken
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@every_kind
async def test_without_descriptors_accepting_rests_and_goes_on(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "_REST", 0.02)
    await door.open()
    with capture_logs() as logs, socket.socket() as waiting:
        with no_descriptors():
            waiting.connect(door.address)
            await until(lambda: bool(logs))
            await seen()
            assert door.site.places == 0
        await until(lambda: door.site.places == 1)
        async with door.client() as client:
            await door.deliver(client)

    assert [(entry["event"], entry["reason"]) for entry in logs] == [
        ("accept.failed", "Too many open files")
    ]
    assert "LimitNOFILE" in logs[0]["hint"]
    assert door.rejected == {}


@every_kind
@pytest.mark.parametrize("rest", [0.001, 10.0])
async def test_a_stop_does_not_wait_for_descriptors(
    door: Door, monkeypatch: pytest.MonkeyPatch, rest: float
) -> None:
    monkeypatch.setattr(acceptor, "_REST", rest)
    await door.open()
    with capture_logs() as logs, socket.socket() as waiting, no_descriptors():
        waiting.connect(door.address)
        await until(lambda: bool(logs))
        await door.close(1)
        await seen()  # whoever would watch the socket again finds it closed


# Stop ---------------------------------------------------------------------------------------------


@every_kind
async def test_a_stop_at_once_gives_up_whoever_is_arriving(door: Door) -> None:
    await door.open()
    clients = [Client(door.address) for _ in range(LIMITS.max_connections_per_peer)]
    for client, said in zip(clients, (b"", b"\x16", b"\x16\x03\x01\x01\x00\x01"), strict=True):
        await client.connect()
        await client.send(said)
    await seen()
    await door.close()

    assert door.site.places == 0
    for client in clients:
        assert await client.closed_by_peer()
        await client.__aexit__()


@every_kind
async def test_a_stop_in_the_moment_of_accepting_loses_no_place(door: Door) -> None:
    await door.open()
    with socket.create_connection(door.address), socket.create_connection(door.address):
        (sock,) = door.site.listeners[0]._acceptor._sockets  # type: ignore[attr-defined]
        door.site.listeners[0]._acceptor._accept(sock)  # type: ignore[attr-defined]
        assert door.site.places == 2
        await door.close()

    assert door.site.places == 0


@every_kind
async def test_a_stop_loses_no_place_at_any_moment_of_an_arrival(door: Door) -> None:
    for turns in range(25):
        await door.open()
        client = door.client()
        arriving = asyncio.create_task(client.connect())
        for _ in range(turns):
            await asyncio.sleep(0)
        listener = door.site.listeners.pop()
        async with asyncio.timeout(10):
            await listener.close(0)
        assert door.site.places == 0
        (failed,) = await asyncio.gather(arriving, return_exceptions=True)
        if failed is None:
            await client.__aexit__()


@every_kind
async def test_a_stop_gives_those_who_are_arriving_their_time(door: Door) -> None:
    door.site.limit(handshake_timeout=Duration(0.1))
    await door.open(proxy_protocol=True)
    client = Client(door.address)
    await client.connect()
    await client.send(b"PROXY UNK")
    await seen()
    stop = asyncio.create_task(door.close(10))
    await seen()
    if door.kind == "tcp":
        await client.send(b"NOWN\r\n" + FRAME)
        assert await door.site.take(1) == [MESSAGE]
    assert await client.closed_by_peer()
    await client.__aexit__()
    await stop

    assert door.site.places == 0


async def test_a_stop_takes_what_waits_to_be_accepted(site: Site) -> None:
    site.limit(max_connections=1000, max_connections_per_peer=1000)
    site.queue.max_messages = 10**6
    address = await site.open("tcp")
    clients = [socket.create_connection(address) for _ in range(200)]  # nobody accepts meanwhile
    for client in clients:
        client.sendall(FRAME)
    await site.listeners[0].close(10)
    for client in clients:
        client.close()

    assert site.counters("tcp").received_messages == 200


async def test_a_stop_that_is_cut_short_leaves_no_socket_open(site: Site) -> None:
    site.limit(max_connections=1000, max_connections_per_peer=1000)
    address = await site.open("tcp")
    clients = [socket.create_connection(address) for _ in range(200)]
    stop = asyncio.create_task(site.listeners[0].close(10))
    await asyncio.sleep(0)
    stop.cancel()
    await asyncio.gather(stop, return_exceptions=True)
    await site.listeners[0].close(0)
    for client in clients:
        client.close()

    assert site.places == 0
    with pytest.raises(ConnectionRefusedError):
        await Client(address).connect()
