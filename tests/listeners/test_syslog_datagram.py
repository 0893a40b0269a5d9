"""UDP on real loopback sockets: bursts, faults, overflow of the queue and of the kernel."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Address, ListenerConfig
from heroku_syslogd.listeners import syslog_datagram
from heroku_syslogd.listeners.syslog_datagram import DatagramListener
from heroku_syslogd.sockets import UDP_RECEIVE_BUFFER, bind, is_readable, kernel_drops
from heroku_syslogd.telemetry import LostReason
from heroku_syslogd.wire import FrameFault
from tests.listeners.conftest import LIMITS, Site, networks, until

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


async def test_the_newest_are_dropped_and_counted_when_they_have_their_share(
    site: Site,
) -> None:
    address = await site.open("udp")
    counters = site.counters("udp")
    with sender() as client:
        for number in range(1, 401):
            client.sendto(MESSAGE + b" %d" % number, address)
            await until(lambda number=number: counters.received_messages == number)  # type: ignore[misc]

    lost = counters.lost_messages[LostReason.QUEUE_FULL]
    kept = await site.take(site.queue.messages)
    assert lost == 400 - len(kept)
    assert len(kept) == site.queue.max_messages // 2
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


async def test_what_the_kernel_dropped_before_is_not_counted(site: Site) -> None:
    sock = bind(Address("127.0.0.1", 0), socket.SOCK_DGRAM, "udp")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    with sender() as client:
        for _ in range(1000):  # nobody reads: what systemd holds while the daemon is down
            client.sendto(MESSAGE, sock.getsockname())
        dropped = kernel_drops(sock)
        assert 0 < dropped < 1000
        listener = DatagramListener(ListenerConfig(type="udp", systemd="udp"), site.context)
        listener.open([sock])
        site.listeners.append(listener)
        counters = site.counters("udp")
        await until(lambda: counters.received_messages == 1000 - dropped)
        listener.tick(site.now)
        assert counters.lost_messages[LostReason.KERNEL] == 0

        for _ in range(100_000):
            client.sendto(MESSAGE, sock.getsockname())
        await until(lambda: is_all_read(sock))
    listener.tick(site.now)
    lost = counters.lost_messages[LostReason.KERNEL]
    assert lost == (kernel_drops(sock) - dropped) % 2**32 > 0
    assert counters.received_messages == 1000 - dropped + 100_000


def is_all_read(sock: socket.socket) -> bool:
    return not is_readable(sock)


@pytest.mark.parametrize("granted", [212_992, UDP_RECEIVE_BUFFER])
async def test_a_receive_buffer_that_is_too_small_is_reported_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, granted: int
) -> None:
    monkeypatch.setattr(syslog_datagram, "enlarge_receive_buffer", lambda _: granted)
    with capture_logs() as logs:
        await site.open("udp")

    if granted == UDP_RECEIVE_BUFFER:
        assert logs == []
        return
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("udp.receive_buffer", "warning")
    assert (entry["granted"], entry["wanted"]) == (granted, UDP_RECEIVE_BUFFER)
    assert "net.core.rmem_max" in entry["hint"]
    assert "ReceiveBuffer=" in entry["hint"]


@pytest.mark.parametrize("granted", [212_992, UDP_RECEIVE_BUFFER])
async def test_nothing_is_forgotten_under_load(
    site: Site, monkeypatch: pytest.MonkeyPatch, granted: int
) -> None:
    monkeypatch.setattr(syslog_datagram, "enlarge_receive_buffer", lambda _: granted)
    site.queue.max_messages = 10**6
    site.queue.max_bytes = 10**9
    address = await site.open("udp")
    taken: list[bytes] = []
    with sender() as client:
        for number in range(200):
            for part in range(20):
                client.sendto(MESSAGE + b" %d %d" % (number, part), address)
            if number % 10 == 0:
                client.sendto(b"x" * (LIMITS.max_frame_bytes + 1), address)
            taken += await site.take(20)

    assert taken == [MESSAGE + b" %d %d" % (n, part) for n in range(200) for part in range(20)]
    await until(lambda: site.counters("udp").frame_errors[FrameFault.TOO_LONG] == 20)
    assert site.counters("udp").received_messages == 4000


async def test_senders_are_told_apart_where_not_everybody_may_send(site: Site) -> None:
    site.queue.max_messages = 10**6
    site.queue.max_bytes = 10**9
    address = await site.open("udp", allow=networks("127.0.0.1/32"))
    counters = site.counters("udp")
    with sender() as client, sender() as stranger:
        stranger.bind(("127.0.0.2", 0))
        for number in range(1, 501):
            client.sendto(MESSAGE, address)
            stranger.sendto(MESSAGE, address)
            await until(lambda number=number: counters.received_messages == 2 * number)  # type: ignore[misc]

    assert counters.lost_messages[LostReason.NOT_ALLOWED] == 500
    while len(site.queue):
        assert (await site.take_batch()).origin.peer == "127.0.0.1"


async def test_closing_reads_what_the_kernel_holds(site: Site) -> None:
    address = await site.open("udp")
    with sender() as client:
        for _ in range(90):
            client.sendto(MESSAGE, address)
    await site.listeners.pop().close(5)

    assert site.counters("udp").received_messages == 90
    assert await site.take(90) == [MESSAGE] * 90
