"""Raw syslog over TLS on real loopback sockets: records, farewells, and peers that skip them."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.listeners import acceptor
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import FrameFault, encode_frame
from tests.listeners.authority import Authority
from tests.listeners.client import BareClient, Client
from tests.listeners.conftest import LIMITS, Site, seen, until
from tests.listeners.posting import request
from tests.real import require

MESSAGE = b"<13>1 - h app web.1 - - hello"
FRAME = encode_frame(MESSAGE)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture
async def address(site: Site, authority: Authority, tmp_path: Path) -> tuple[str, int]:
    return await site.open("tls", **authority.server(tmp_path))


@pytest.mark.parametrize("version", VERSIONS)
async def test_messages_come_over_tls(
    site: Site, address: tuple[str, int], authority: Authority, version: ssl.TLSVersion
) -> None:
    async with Client(address, authority.client(version)) as client:
        await client.send(FRAME * 3 + MESSAGE + b"\n")
        assert await site.take(4) == [MESSAGE] * 4
        await client.send(MESSAGE)  # a line that the connection ends
    assert await site.take(1) == [MESSAGE]

    counters = site.counters("tls")
    assert counters.received_bytes == 3 * len(FRAME) + 2 * len(MESSAGE) + 1
    assert counters.received_messages == 5
    assert site.rejected("tls") == {}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_message_in_records_of_one_byte_is_one_message(
    site: Site, address: tuple[str, int], authority: Authority, version: ssl.TLSVersion
) -> None:
    async with BareClient(address, authority.client(version)) as client:
        records = b"".join(client.encrypted(bytes([byte])) for byte in FRAME * 2)
        for start in range(0, len(records), 7):
            await client.send(records[start : start + 7])
        assert await site.take(2) == [MESSAGE] * 2


async def test_many_connections_share_a_listener(
    site: Site, address: tuple[str, int], authority: Authority
) -> None:
    site.limit(max_connections=100, max_connections_per_peer=100)
    site.queue.max_messages = 10**6
    context = authority.client()

    async def send(number: int) -> None:
        async with Client(address, context) as client:
            for part in range(20):
                await client.send(encode_frame(b"<13>%d %d" % (number, part)) * 3)

    await asyncio.gather(*map(send, range(30)))
    taken = await site.take(30 * 20 * 3)

    for number in range(30):  # nothing is mixed up, and every connection keeps its order
        parts = [text for text in taken if text.startswith(b"<13>%d " % number)]
        assert parts == [b"<13>%d %d" % (number, part) for part in range(20) for _ in range(3)]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_full_lane_stops_reading_and_loses_nothing(
    site: Site, address: tuple[str, int], authority: Authority, version: ssl.TLSVersion
) -> None:
    total = 100_000
    counters = site.counters("tls")

    async def flood() -> None:
        async with Client(address, authority.client(version)) as client:
            await client.send(FRAME * total)

    sender = asyncio.create_task(flood())
    await until(lambda: counters.paused_since is not None)
    read = counters.received_bytes
    await seen()
    assert counters.received_bytes == read  # not one byte more
    assert await site.take(total) == [MESSAGE] * total
    await sender
    await until(lambda: site.places == 0)

    assert counters.received_messages == total
    assert sum(counters.rejected_bytes.values()) == 0


@pytest.mark.parametrize("is_early", [True, False], ids=["connected before", "connected after"])
@pytest.mark.parametrize("says_goodbye", [True, False], ids=["close_notify", "FIN alone"])
@pytest.mark.parametrize("count", [1, 400, 5000, 50_000])
async def test_a_peer_that_leaves_while_the_queue_is_full_loses_nothing(
    site: Site,
    address: tuple[str, int],
    authority: Authority,
    is_early: bool,
    says_goodbye: bool,
    count: int,
) -> None:
    client = BareClient(address, authority.client())
    if is_early:
        await client.connect()
        await client.send(client.encrypted(FRAME))
        assert await site.take(1) == [MESSAGE]
    site.fill()
    if not is_early:
        await client.connect()
    client.writer.write(client.encrypted(FRAME * count))
    if says_goodbye:
        client.writer.write(client.farewell())
    client.writer.close()
    await seen()
    if is_early:
        assert site.counters("tls").received_messages == 1
    taken = await site.take(site.queue.max_messages + count)
    await until(lambda: site.places == 0)

    assert taken[-count:] == [MESSAGE] * count
    assert sum(site.counters("tls").rejected_bytes.values()) == 0


# Connections that end badly -----------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("cut", [0, 1, 4, 5, 20, -1])
async def test_a_connection_that_is_cut_in_a_record_costs_that_record(
    site: Site,
    address: tuple[str, int],
    authority: Authority,
    version: ssl.TLSVersion,
    how: str,
    cut: int,
) -> None:
    with capture_logs() as logs:
        async with BareClient(address, authority.client(version)) as client:
            await client.send(client.encrypted(FRAME + FRAME[:10]))
            assert await site.take(1) == [MESSAGE]
            await client.send(client.encrypted(FRAME[10:] + FRAME)[:cut])
            await seen()
            if how == "RST":
                client.reset()
        await until(lambda: site.places == 0)

    counters = site.counters("tls")
    assert counters.received_bytes == len(FRAME) + 10
    assert counters.rejected_bytes[FrameFault.TRUNCATED] == 10
    assert [entry["reason"] for entry in logs] == ["truncated"]
    assert site.rejected("tls") == {}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_record_that_was_tampered_with_ends_the_connection(
    site: Site, address: tuple[str, int], authority: Authority, version: ssl.TLSVersion
) -> None:
    async with BareClient(address, authority.client(version)) as client:
        record = bytearray(client.encrypted(FRAME))
        record[-1] ^= 1
        await client.send(bytes(record))
        await client.send(client.encrypted(FRAME))
        await client.closed_by_peer()
    await until(lambda: site.places == 0)

    assert site.queue.messages == 0


@pytest.mark.parametrize("junk", [b"\0" * 100, FRAME, b"\x17\x03\x03\xff\xff" + b"x" * 70_000])
async def test_junk_between_records_ends_the_connection(
    site: Site, address: tuple[str, int], authority: Authority, junk: bytes
) -> None:
    async with BareClient(address, authority.client()) as client:
        await client.send(client.encrypted(FRAME))
        assert await site.take(1) == [MESSAGE]
        await client.send(junk)
        await client.closed_by_peer()
    await until(lambda: site.places == 0)

    assert site.queue.messages == 0


# Farewells ----------------------------------------------------------------------------------------


async def test_a_peer_that_answers_no_farewell_is_counted_once_and_left(
    site: Site,
    address: tuple[str, int],
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "SHUTDOWN_TIMEOUT", 0.1)
    with capture_logs() as logs:
        async with BareClient(address, authority.client()) as client:
            await until(lambda: site.places == 1)
            site.now += LIMITS.idle_timeout
            for _ in range(5):
                site.listeners[0].tick(site.now)
                await asyncio.sleep(0)
            assert await client.closed_by_peer() is not None
            await until(lambda: site.places == 0)

    assert site.rejected("tls") == {RejectReason.IDLE: 1}
    assert [entry["reason"] for entry in logs] == ["idle"]


@pytest.mark.parametrize("drain_timeout", [0, 0.1])
async def test_a_stop_does_not_wait_for_farewells(
    site: Site, address: tuple[str, int], authority: Authority, drain_timeout: float
) -> None:
    async with BareClient(address, authority.client()) as client:
        await client.send(client.encrypted(FRAME[:10]))
        await until(lambda: site.places == 1)
        async with asyncio.timeout(5):
            await site.listeners[0].close(drain_timeout)
        assert site.places == 0


async def test_closing_reads_what_was_sent_before(
    site: Site, address: tuple[str, int], authority: Authority
) -> None:
    site.queue.max_messages = 10**9
    site.queue.max_bytes = 10**12
    async with Client(address, authority.client()) as client:
        client.writer.write(FRAME * 5000)
        await client.writer.drain()
        await site.listeners[0].close(10)

    assert site.counters("tls").received_messages == 5000


async def test_closing_waits_for_the_queue(
    site: Site, address: tuple[str, int], authority: Authority
) -> None:
    async with Client(address, authority.client()) as client:
        await client.send(FRAME * 5000)
        await until(lambda: site.counters("tls").paused_since is not None)
        stop = asyncio.create_task(site.listeners[0].close(10))
        assert await site.take(5000) == [MESSAGE] * 5000
        await stop

    assert site.counters("tls").received_messages == 5000


# What is not syslog -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (request(), RejectReason.HTTP_ON_SYSLOG_PORT),
        (b"x\n" * LIMITS.fault_budget, RejectReason.FAULT_BUDGET),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", RejectReason.TLS_ON_PLAIN_PORT),
    ],
)
async def test_what_is_inside_tls_is_judged_as_without_it(
    site: Site,
    address: tuple[str, int],
    authority: Authority,
    said: bytes,
    reason: RejectReason,
) -> None:
    async with Client(address, authority.client()) as client:
        await client.send(said)
        assert await client.closed_by_peer()
    await until(lambda: site.places == 0)

    counters = site.counters("tls")
    assert site.rejected("tls") == {reason: 1}
    assert counters.received_bytes == sum(counters.rejected_bytes.values()) == len(said)


@pytest.mark.real
async def test_a_peer_cannot_renegotiate(
    site: Site, address: tuple[str, int], authority: Authority
) -> None:
    command = [require("openssl"), "s_client", "-connect", "{}:{}".format(*address), "-tls1_2"]
    client = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, limit=2**20
    )
    assert client.stdin is not None
    assert client.stdout is not None
    async with asyncio.timeout(30):
        await client.stdout.readuntil(b"Extended master secret")
        client.stdin.write(FRAME + b"\n")
        assert await site.take(1) == [MESSAGE]
        client.stdin.write(b"R\n")  # on a line of its own it asks for another handshake
        said = await client.stdout.read()
        await client.wait()

    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said
    await until(lambda: site.places == 0)
    assert site.queue.messages == 0
