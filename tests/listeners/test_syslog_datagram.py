"""UDP on real loopback sockets: bursts, faults, overflow of the queue and of the kernel."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.telemetry import LostReason
from heroku_syslogd.wire import FrameFault
from tests.listeners.conftest import LIMITS, Site, until

MESSAGE = b"<13>1 - h app web.1 - - hello"


def sender() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


async def test_each_datagram_is_a_message_and_a_burst_is_a_batch(site: Site) -> None:
    address = await site.open("udp")
    with sender() as client:
        for number in range(50):
            client.sendto(MESSAGE + b" %d\n" % number, address)
    async with asyncio.timeout(10):
        batch = await site.queue.get()

    assert batch.frames[0] == MESSAGE + b" 0\n"  # exactly as sent, its LF too
    assert (batch.origin.listener, batch.origin.peer) == ("udp", "127.0.0.1")
    await site.take(50 - len(batch.frames))
    counters = site.counters("udp")
    assert counters.received_messages == 50
    assert counters.received_bytes == 50 * len(MESSAGE) + 10 * 3 + 40 * 4


@pytest.mark.parametrize(("connect", "peer"), [("::1", "::1"), ("::ffff:127.0.0.1", "127.0.0.1")])
async def test_ipv6_and_both_at_once(site: Site, connect: str, peer: str) -> None:
    _, port = await site.open("udp", "::")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.sendto(MESSAGE, (connect, port))
        async with asyncio.timeout(10):
            batch = await site.queue.get()

    assert (batch.frames, batch.origin.peer) == ([MESSAGE], peer)


async def test_datagrams_that_are_no_message_are_counted_by_reason(site: Site) -> None:
    address = await site.open("udp")
    largest = b"<" + b"x" * (LIMITS.max_frame_bytes - 1)
    with capture_logs() as logs, sender() as client:
        for datagram in (b"", largest, largest + b"x", b"x" * 60_000, MESSAGE):
            client.sendto(datagram, address)
        assert await site.take(2) == [largest, MESSAGE]

    counters = site.counters("udp")
    assert counters.frame_errors[FrameFault.EMPTY] == 1
    assert counters.frame_errors[FrameFault.TOO_LONG] == 2
    assert counters.rejected_bytes[FrameFault.TOO_LONG] == len(largest) + 1 + 60_000
    assert counters.received_messages == 2
    assert [(entry["peer"], entry["reason"]) for entry in logs] == [
        ("127.0.0.1", "empty"),
        ("127.0.0.1", "too_long"),
    ]


async def test_the_newest_are_dropped_and_counted_when_the_queue_is_full(site: Site) -> None:
    address = await site.open("udp")
    counters = site.counters("udp")
    with sender() as client:
        for number in range(1, 401):
            client.sendto(MESSAGE + b" %d" % number, address)
            await until(lambda number=number: counters.received_messages == number)  # type: ignore[misc]

    lost = counters.lost_messages[LostReason.QUEUE_FULL]
    kept = await site.take(site.queue.messages)
    assert lost == 400 - len(kept)
    assert len(kept) == site.queue.max_messages
    assert kept[-1] == MESSAGE + b" %d" % len(kept)  # the oldest were kept


async def test_what_the_kernel_drops_is_counted_exactly(site: Site) -> None:
    address = await site.open("udp")
    listener = site.listeners[0]
    counters = site.counters("udp")
    site.queue.max_messages = 10**9
    site.queue.max_bytes = 10**12
    total = 100_000
    with sender() as client:
        for _ in range(total):  # the loop does not turn: nothing is read meanwhile
            client.sendto(MESSAGE, address)
    async with asyncio.timeout(30):
        while counters.received_messages < total:
            await asyncio.sleep(0.001)
            listener.tick(site.now)

    dropped = counters.lost_messages[LostReason.KERNEL]
    assert dropped > 0
    assert counters.received_messages == total
    assert counters.received_bytes == (total - dropped) * len(MESSAGE)


async def test_closing_reads_what_the_kernel_holds(site: Site) -> None:
    address = await site.open("udp")
    with sender() as client:
        for _ in range(90):
            client.sendto(MESSAGE, address)
    await site.listeners.pop().close(5)

    assert site.counters("udp").received_messages == 90
    assert await site.take(90) == [MESSAGE] * 90
