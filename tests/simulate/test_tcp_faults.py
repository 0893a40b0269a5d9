"""Faults of drains over TCP and TLS, as they are seen on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from heroku_syslogd.simulate.faults import Fault, FaultPlan
from heroku_syslogd.simulate.logplex import tcp_frame, udp_datagram
from heroku_syslogd.simulate.target import Target
from heroku_syslogd.simulate.tcp_drain import TcpDrain
from heroku_syslogd.wire import FrameDecoder

from .lines import TOKEN, line
from .receivers import Authority, TcpReceiver, tcp_receiver

# Delays of 2 s become 100 ms.
SCALE = 0.05


def drain_to(receiver: TcpReceiver, fault: Fault, share: float = 1.0) -> TcpDrain:
    target = Target("syslog", "127.0.0.1", receiver.port)
    return TcpDrain(target, 0, TOKEN, faults=FaultPlan({fault: share}, Random(1)), scale=SCALE)


@asynccontextmanager
async def running(drain: TcpDrain) -> AsyncIterator[TcpDrain]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(drain.run())
        yield drain
        drain.finish()
        await task


async def test_disconnect_costs_what_of_the_packet_was_not_sent() -> None:
    async with tcp_receiver() as receiver:
        async with running(drain_to(receiver, Fault.DISCONNECT)) as drain:
            for number in range(40):
                drain.offer(line(number))
        await receiver.until_received(drain.counts.bytes)

        (stream,) = receiver.streams
        whole = b"".join(tcp_frame(line(number)) for number in range(40))
        decoder = FrameDecoder()
        frames = decoder.feed(bytes(stream)).frames
        (fault,) = decoder.finish().faults
        assert whole.startswith(bytes(stream))
        assert fault.reason == "truncated"
        assert frames == [udp_datagram(line(number)) for number in range(len(frames))]
    counts = drain.counts
    assert (counts.sent, counts.lost, counts.faults) == (len(frames), 40 - len(frames), 1)
    assert counts.last_error is None


async def test_after_a_disconnect_another_connection_goes_on_with_the_next_packet() -> None:
    async with tcp_receiver() as receiver:
        async with running(drain_to(receiver, Fault.DISCONNECT, share=0.5)) as drain:
            number = 0
            while drain.counts.connections < 4:
                drain.offer(line(number))
                number += 1
                await asyncio.sleep(0)
        await receiver.until_received(drain.counts.bytes)

        received = []
        for stream in receiver.streams:
            received += FrameDecoder().feed(bytes(stream)).frames
        assert len(received) == drain.counts.sent
        assert drain.counts.sent + drain.counts.lost >= number


async def test_big_batches_wait_for_100_kib() -> None:
    async with tcp_receiver() as receiver:
        async with running(drain_to(receiver, Fault.BIG_BATCH)) as drain:
            for number in range(20):
                drain.offer(line(number, size=9000))
                await asyncio.sleep(0)
                assert (drain.counts.bytes > 0) == (drain.counts.sent == 11)
        await receiver.until_received(drain.counts.bytes)

        assert len(receiver.messages()) == 20
    assert (drain.counts.sent, drain.counts.faults) == (20, 2)


async def test_a_loss_line_has_its_line_feed_here() -> None:
    async with tcp_receiver() as receiver:
        async with running(drain_to(receiver, Fault.UNTERMINATED_LOSS)) as drain:
            drain.offer(line(0))
        await receiver.until_received(drain.counts.bytes)

        loss, message = receiver.messages()
        assert b" heroku logplex - - Error L10 (output buffer overflow): 1 messages" in loss
        assert loss.endswith(b".\n")
        assert message == udp_datagram(line(0))
    counts = drain.counts
    assert (counts.sent, counts.lost, counts.announced, counts.faults) == (2, 0, 1, 1)


async def test_miscounted_frames_damage_no_more_than_is_counted() -> None:
    async with tcp_receiver() as receiver:
        async with running(drain_to(receiver, Fault.MISCOUNT, share=0.3)) as drain:
            for number in range(400):
                drain.offer(line(number))
                await asyncio.sleep(0)
        await receiver.until_received(drain.counts.bytes)

        decoder = FrameDecoder()
        frames = [*decoder.feed(bytes(receiver.streams[0])).frames, *decoder.finish().frames]
        intact = {udp_datagram(line(number)) for number in range(400)} & set(frames)
    counts = drain.counts
    assert counts.damaged > 0
    assert counts.sent + counts.damaged == 400
    assert counts.sent <= len(intact)
    assert len(intact) < 400


async def test_slow_packets_come_in_pieces() -> None:
    sizes: list[int] = []
    whole = b"".join(tcp_frame(line(number)) for number in range(40))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1_000_000):
            sizes.append(len(data))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        receiver = TcpReceiver()
        receiver.port = server.sockets[0].getsockname()[1]
        async with running(drain_to(receiver, Fault.SLOW)) as drain:
            for number in range(40):
                drain.offer(line(number))
        while sum(sizes) < len(whole):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)

    assert sum(sizes) == len(whole)
    assert len(sizes) > 1
    assert (drain.counts.sent, drain.counts.faults) == (40, 1)


async def test_disconnect_over_tls() -> None:
    authority = Authority()
    async with tcp_receiver(tls=authority.server()) as receiver:
        target = Target("syslog+tls", "127.0.0.1", receiver.port)
        plan = FaultPlan({Fault.DISCONNECT: 1.0}, Random(1))
        drain = TcpDrain(target, 0, TOKEN, tls=authority.client(), faults=plan)
        async with running(drain):
            for number in range(40):
                drain.offer(line(number))
        await receiver.until_received(drain.counts.bytes)

        frames = FrameDecoder().feed(bytes(receiver.streams[0])).frames
    assert len(frames) == drain.counts.sent
    assert drain.counts.sent + drain.counts.lost == 40
