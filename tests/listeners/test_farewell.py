"""How a stopping listener takes leave: peers are told, not waited for, and nothing is discarded."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial

import pytest

from heroku_syslogd.config import Duration
from heroku_syslogd.listeners import acceptor
from tests.listeners.authority import NAME
from tests.listeners.client import Client
from tests.listeners.conftest import Site, seen
from tests.listeners.door import Door, encrypted, every_kind, http
from tests.listeners.posting import FRAME, MESSAGE

FOR_EVER = 60.0
"""Longer than a test waits."""


async def test_what_is_on_its_way_while_a_peer_is_told_is_read(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        await client.send(FRAME)
        await site.take(1)
        stop = asyncio.create_task(site.listeners[0].close(FOR_EVER))
        assert await client.closed_by_peer()
        await client.send(FRAME * 3)  # as if it had been sent before that arrived

    async with asyncio.timeout(10):
        await stop
    assert site.counters("tcp").received_messages == 4


@every_kind
@pytest.mark.parametrize("proxy_protocol", [True, False])
async def test_who_has_said_nothing_delays_no_stop(door: Door, *, proxy_protocol: bool) -> None:
    door.site.limit(handshake_timeout=Duration(FOR_EVER))
    await door.open(proxy_protocol=proxy_protocol)
    async with Client(door.address) as client:
        await seen()
        await door.close(FOR_EVER)

        assert await client.closed_by_peer()


def handshake(address: tuple[str, int], tls: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a connection that tells an end from a farewell."""
    sock = socket.create_connection(address, timeout=10)
    return tls.wrap_socket(sock, server_hostname=NAME, suppress_ragged_eofs=False)


def is_reset(peer: ssl.SSLSocket, data: bytes) -> bool:
    """Tell whether a peer that sends on finds out, as nothing of it is read."""
    try:
        while True:
            peer.sendall(data)
    except OSError as error:
        return not isinstance(error, TimeoutError)


@encrypted
async def test_a_peer_that_does_not_answer_a_farewell_delays_no_stop(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "SHUTDOWN_TIMEOUT", FOR_EVER)
    await door.open()
    assert door.tls is not None
    with await asyncio.to_thread(handshake, door.address, door.tls) as peer:
        peer.sendall(door.wrapped(MESSAGE))
        await door.site.take(1)
        await seen()
        await door.close(FOR_EVER)

        assert is_reset(peer, door.wrapped(MESSAGE))
        peer.settimeout(0)
        if door.kind == "tls":
            assert peer.recv(1) == b""  # its farewell


@http
@pytest.mark.parametrize("turns", range(6))
async def test_whatever_is_admitted_is_answered_though_a_stop_at_once_follows(
    door: Door, turns: int
) -> None:
    await door.open()
    door.site.fill()
    async with door.client() as client:
        await client.send(door.wrapped(MESSAGE))
        await seen()
        await door.site.take_batch()  # now there is room
        for _ in range(turns):
            await asyncio.sleep(0)
        await door.close(0)
        answered = partial(client.reader.readuntil, b"\r\n\r\n")
        try:
            async with asyncio.timeout(10):
                answers = int(b" 200 OK" in await answered())
        except (OSError, asyncio.IncompleteReadError):
            answers = 0

    assert door.site.counters(door.kind).received_messages == answers
