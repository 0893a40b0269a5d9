"""TCP on real loopback sockets: limits, faults, back-pressure, closing."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.bounded_queue import TURN_MESSAGES
from heroku_syslogd.errors import StartupError
from heroku_syslogd.listeners.delivery import LARGEST_BATCH
from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import FrameDecoder, FrameFault, encode_frame
from tests.listeners.conftest import LIMITS, Client, Site, until

MESSAGE = b"<13>1 - h app web.1 - - hello"
FRAME = encode_frame(MESSAGE)


async def test_messages_of_one_read_are_one_batch_with_their_origin(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        await client.send(FRAME * 3 + MESSAGE + b"\n")
        async with asyncio.timeout(10):
            batch = await site.queue.get()

    assert batch.frames == [MESSAGE] * 4
    assert (batch.origin.listener, batch.origin.peer) == ("tcp", "127.0.0.1")
    assert batch.received_at == site.now
    counters = site.counters("tcp")
    assert counters.received_messages == 4
    assert counters.received_bytes == batch.size == 3 * len(FRAME) + len(MESSAGE) + 1


@pytest.mark.parametrize(
    ("listen", "connect", "peer"),
    [("::1", "::1", "::1"), ("::", "127.0.0.1", "127.0.0.1"), ("::", "::1", "::1")],
)
async def test_ipv6_and_both_at_once(site: Site, listen: str, connect: str, peer: str) -> None:
    _, port = await site.open("tcp", listen)
    async with Client((connect, port)) as client:
        await client.send(FRAME)
        async with asyncio.timeout(10):
            batch = await site.queue.get()

    assert (batch.frames, batch.origin.peer) == ([MESSAGE], peer)


async def test_a_message_in_pieces_is_one_message(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        for byte in FRAME:
            await client.send(bytes([byte]))
        assert await site.take(1) == [MESSAGE]


async def test_a_line_without_its_end_counts_when_the_connection_ends(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        await client.send(MESSAGE)
    assert await site.take(1) == [MESSAGE]


async def test_a_message_cut_off_is_truncated_and_every_byte_counted(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        await client.send(FRAME + FRAME[:20])
    await site.take(1)
    counters = site.counters("tcp")
    await until(lambda: counters.connections == 0)

    assert counters.frame_errors[FrameFault.TRUNCATED] == 1
    assert counters.rejected_bytes[FrameFault.TRUNCATED] == 20
    assert counters.received_bytes == len(FRAME) + 20


async def test_a_message_cut_off_is_logged(site: Site) -> None:
    with capture_logs() as logs:
        async with Client(await site.open("tcp")) as client:
            await client.send(FRAME[:20])
        await until(lambda: bool(logs))

    assert [(entry["event"], entry["reason"]) for entry in logs] == [
        ("frame.malformed", "truncated")
    ]


async def test_a_reset_costs_only_its_own_connection(site: Site) -> None:
    address = await site.open("tcp")
    async with Client(address) as other:
        async with Client(address) as client:
            await client.send(FRAME + FRAME[:20])
            await site.take(1)
            client.reset()
        await until(lambda: site.counters("tcp").connections == 1)
        await other.send(FRAME)
        assert await site.take(1) == [MESSAGE]


async def test_a_bad_message_costs_no_connection(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        await client.send(b"garbage\n" + FRAME)
        assert await site.take(1) == [MESSAGE]
        await client.send(FRAME)
        assert await site.take(1) == [MESSAGE]

    assert site.counters("tcp").frame_errors[FrameFault.UNEXPECTED_BYTE] == 1


async def test_a_connection_closes_when_its_fault_budget_is_spent(site: Site) -> None:
    with capture_logs() as logs:
        async with Client(await site.open("tcp")) as client:
            await client.send(b"x\n" * LIMITS.fault_budget)
            assert await client.closed_by_peer()

    counters = site.counters("tcp")
    assert counters.connections_rejected[RejectReason.FAULT_BUDGET] == 1
    assert counters.frame_errors[FrameFault.UNEXPECTED_BYTE] == LIMITS.fault_budget
    assert [entry["event"] for entry in logs] == ["frame.malformed", "connection.closed"]


async def test_good_messages_restore_the_fault_budget(site: Site) -> None:
    async with Client(await site.open("tcp")) as client:
        for _ in range(10 * LIMITS.fault_budget):
            await client.send(FRAME + b"\n")  # a sender whose count leaves out its LF
            await site.take(1)
        await client.send(FRAME)
        assert await site.take(1) == [MESSAGE]

    assert sum(site.counters("tcp").connections_rejected.values()) == 0


async def test_good_messages_of_other_reads_restore_it_too(site: Site) -> None:
    counters = site.counters("tcp")
    async with Client(await site.open("tcp")) as client:
        for number in range(1, 5 * LIMITS.fault_budget):
            await client.send(b"x\n")
            await until(
                lambda n=number: counters.frame_errors[FrameFault.UNEXPECTED_BYTE] == n  # type: ignore[misc]
            )
            await client.send(FRAME)
            assert await site.take(1) == [MESSAGE]

    assert sum(counters.connections_rejected.values()) == 0


@pytest.mark.parametrize(
    ("hello", "fault", "reason"),
    [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
            FrameFault.TLS_HELLO,
            RejectReason.TLS_ON_PLAIN_PORT,
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
            FrameFault.HTTP_REQUEST,
            RejectReason.HTTP_ON_SYSLOG_PORT,
        ),
        (
            b"POST /logs HTTP/1.1\r\n\r\n",
            FrameFault.HTTP_REQUEST,
            RejectReason.HTTP_ON_SYSLOG_PORT,
        ),
    ],
)
async def test_another_protocol_is_recognised_logged_once_and_closed(
    site: Site, hello: bytes, fault: FrameFault, reason: RejectReason
) -> None:
    address = await site.open("tcp")
    with capture_logs() as logs:
        for _ in range(3):
            async with Client(address) as client:
                await client.send(hello)
                assert await client.closed_by_peer()

    counters = site.counters("tcp")
    assert counters.frame_errors[fault] >= 3
    assert counters.connections_rejected[reason] == 3
    assert counters.received_bytes == sum(counters.rejected_bytes.values()) == 3 * len(hello)
    assert [(entry["event"], entry["reason"]) for entry in logs] == [
        ("frame.malformed", fault),
        ("connection.closed", reason),
    ]


async def test_connections_are_limited_per_peer_and_in_all(site: Site) -> None:
    first, second = await site.open("tcp"), await site.open("tcp")
    clients = [Client(address) for address in (first, first, second)]
    for client in clients:
        await client.__aenter__()
    counters = site.counters("tcp")
    await until(lambda: counters.connections == 3)

    async with Client(second) as refused:
        assert await refused.closed_by_peer()
    assert counters.connections_rejected[RejectReason.MAX_CONNECTIONS_PER_PEER] == 1
    site.context.connections.max_per_peer = 10
    async with Client(second) as fourth:
        await until(lambda: counters.connections == 4)
        async with Client(second) as refused:
            assert await refused.closed_by_peer()
        assert counters.connections_rejected[RejectReason.MAX_CONNECTIONS] == 1
        await fourth.send(FRAME)
        assert await site.take(1) == [MESSAGE]

    for client in clients:
        await client.__aexit__()
    await until(lambda: counters.connections == 0)
    async with Client(first):
        await until(lambda: counters.connections == 1)
    assert counters.connections_total == 5


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(site: Site) -> None:
    address = await site.open("tcp")
    async with Client(address) as idle, Client(address) as busy:
        await until(lambda: site.counters("tcp").connections == 2)
        site.now += LIMITS.idle_timeout - 1
        await busy.send(FRAME)
        await site.take(1)
        site.listeners[0].tick(site.now)
        site.now += 1
        site.listeners[0].tick(site.now)

        assert await idle.closed_by_peer()
        await busy.send(FRAME)
        assert await site.take(1) == [MESSAGE]
    assert site.counters("tcp").connections_rejected[RejectReason.IDLE] == 1


async def test_whoever_floods_is_not_read_from_and_loses_nothing(site: Site) -> None:
    address = await site.open("tcp")
    total = 60_000
    counters = site.counters("tcp")

    async def flood() -> None:
        async with Client(address) as client:
            await client.send(FRAME * total)

    sender = asyncio.create_task(flood())
    await until(lambda: counters.paused_since is not None)
    read = counters.received_bytes
    for _ in range(50):
        await asyncio.sleep(0)
    assert counters.received_bytes == read  # not one byte more
    async with Client(address) as other:
        await other.send(FRAME)
        await until(lambda: counters.received_bytes == read + len(FRAME))  # of others, though
        site.now += 7
        assert counters.backpressure_total(site.now) == 7

        assert await site.take(total + 1) == [MESSAGE] * (total + 1)
        await sender
    assert counters.received_messages == total + 1
    assert counters.backpressure_total(site.now + 100) == counters.backpressure_seconds


async def test_a_message_of_another_overtakes_a_flood(site: Site) -> None:
    address = await site.open("tcp")
    counters = site.counters("tcp")
    async with Client(address) as flooding, Client(address) as other:
        sender = asyncio.create_task(flooding.send(FRAME * 20_000))
        await until(lambda: counters.paused_since is not None)
        waiting, received = site.queue.messages, counters.received_messages
        await other.send(encode_frame(b"<13>other"))
        await until(lambda: counters.received_messages == received + 1)
        taken: list[bytes] = []
        while b"<13>other" not in taken:
            taken += (await site.take_batch()).frames
        assert len(taken) <= TURN_MESSAGES + LARGEST_BATCH + 1
        assert await site.take(20_001 - len(taken))
        await sender
    assert waiting > 0


async def test_a_read_of_tiny_messages_is_decoded_as_far_as_there_is_room(site: Site) -> None:
    address = await site.open("tcp")
    counters = site.counters("tcp")
    data = b"<\n" * 100_000
    async with Client(address) as client:
        sender = asyncio.create_task(client.send(data))
        await until(lambda: counters.paused_since is not None)
        assert counters.received_messages <= 2 * LARGEST_BATCH
        assert len(await site.take(100_000)) == 100_000
        await sender
    await until(lambda: site.places == 0)
    assert counters.received_bytes == len(data)


@pytest.mark.parametrize("ending", [b"", b"5 <1>", b"<13>no end"])
async def test_a_peer_that_leaves_loses_nothing_of_what_was_read(site: Site, ending: bytes) -> None:
    address = await site.open("tcp")
    counters = site.counters("tcp")
    data = b"<\n" * 50_000 + ending
    async with Client(address) as client:
        await client.send(data)
        await until(lambda: counters.paused_since is not None)
    await site.listeners[0].close(0)

    decoder = FrameDecoder()
    read = decoder.feed(data[: counters.received_bytes]), decoder.finish()
    expected = [frame for decoded in read for frame in decoded.frames]
    assert counters.received_messages == len(expected)
    assert await site.take(len(expected)) == expected
    assert counters.paused_since is None


async def test_a_connection_made_while_the_queue_is_full_is_read_once_at_most(site: Site) -> None:
    address = await site.open("tcp")
    counters = site.counters("tcp")
    site.fill()
    async with Client(address) as late:
        sender = asyncio.create_task(late.send(FRAME * 200_000))
        await until(lambda: counters.connections == 1)
        for _ in range(200):
            await asyncio.sleep(0.001)  # what would be read, were reading not paused
        assert counters.received_bytes <= 1024
        assert await site.take(200_000)
        await sender
    await until(lambda: counters.connections == 0)


async def test_a_read_of_very_many_messages_is_several_batches(site: Site) -> None:
    site.queue.max_messages = 10**9
    async with Client(await site.open("tcp")) as client:
        await client.send(b"<\n" * 20_000)
    sizes: list[int] = []
    async with asyncio.timeout(10):
        while sum(sizes) < 20_000:
            batch = await site.queue.get()
            sizes.append(len(batch.frames))
            assert batch.size >= len(batch.frames)
    assert max(sizes) <= 1024


async def test_closing_reads_what_was_sent_before(site: Site) -> None:
    address = await site.open("tcp")
    site.queue.max_messages = 10**9
    site.queue.max_bytes = 10**12
    with socket.create_connection(address) as client:
        client.setblocking(False)
        sent = client.send(FRAME * 20_000)  # what the kernel takes at once
        await site.listeners[0].close(10)

    whole = sent // len(FRAME)
    assert site.counters("tcp").received_messages == whole
    assert site.counters("tcp").received_bytes == sent
    assert await site.take(whole) == [MESSAGE] * whole


async def test_closing_ends_within_its_time_though_a_peer_goes_on(site: Site) -> None:
    address = await site.open("tcp")
    site.queue.max_messages = 10**9
    site.queue.max_bytes = 10**12
    async with Client(address) as client:

        async def go_on() -> None:
            while True:
                await client.send(FRAME * 100)

        sender = asyncio.create_task(go_on())
        await site.take(100)
        async with asyncio.timeout(5):
            await site.listeners[0].close(0.2)
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    assert site.counters("tcp").connections == 0


async def test_an_address_in_use_is_named(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        from heroku_syslogd.config import Address, ListenerConfig
        from heroku_syslogd.listeners import open_listener

        config = ListenerConfig(type="tcp", address=Address("127.0.0.1", port))
        with pytest.raises(StartupError, match=f"listener tcp: .*127.0.0.1:{port}: Address"):
            await open_listener(config, site.context, {})
