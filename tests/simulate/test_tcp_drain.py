from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from heroku_syslogd.simulate.drain import back_off
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import udp_datagram
from heroku_syslogd.simulate.target import Target
from heroku_syslogd.simulate.tcp_drain import TcpDrain

from .receivers import split_octets, tcp_receiver

# Delays of 2 s become 2 ms.
SCALE = 0.001


def line(number: int, size: int = 0) -> Line:
    msg = b"%d %b" % (number, b"x" * size)
    return Line(0, "d.token", 190, "2022-01-26T20:25:08+00:00", "app", "web.1", msg)


@asynccontextmanager
async def running(drain: TcpDrain) -> AsyncIterator[TcpDrain]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(drain.run())
        yield drain
        drain.finish()
        await task


def test_back_off_is_logplex_own() -> None:
    assert [back_off(failures) for failures in (1, 2, 3, 9, 10, 50)] == [2, 4, 8, 512, 300, 300]


async def test_sends_all_over_one_connection() -> None:
    async with tcp_receiver() as receiver:
        async with running(TcpDrain(Target("syslog", "127.0.0.1", receiver.port), 0, "d")) as drain:
            for number in range(1000):
                drain.offer(line(number))
        await receiver.until_received(drain.counts.bytes)

        assert receiver.messages() == [udp_datagram(line(number)) for number in range(1000)]
        assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (1000, 0, 1)
        assert drain.counts.bytes == len(receiver.streams[0])


async def test_does_not_connect_without_a_message() -> None:
    async with tcp_receiver() as receiver:
        async with running(TcpDrain(Target("syslog", "127.0.0.1", receiver.port), 0, "d")) as drain:
            pass

        assert drain.counts.connections == 0


async def test_overflow_is_told_by_l10() -> None:
    async with tcp_receiver() as receiver:
        async with running(TcpDrain(Target("syslog", "127.0.0.1", receiver.port), 0, "d")) as drain:
            # No turn for the sender in between: 1,024 is what the buffer holds.
            for number in range(1500):
                drain.offer(line(number))
        await receiver.until_received(drain.counts.bytes)

        first, *rest = receiver.messages()
        assert b" heroku logplex - - Error L10 (output buffer overflow): 476 messages" in first
        assert rest == [udp_datagram(line(number)) for number in range(476, 1500)]
        assert (drain.counts.sent, drain.counts.lost) == (1025, 476)


async def test_reconnects_after_the_receiver_closed() -> None:
    async with tcp_receiver(close_first_after=1) as receiver:
        target = Target("syslog", "127.0.0.1", receiver.port)
        async with running(TcpDrain(target, 0, "d", scale=SCALE)) as drain:
            drain.offer(line(0))
            number = 0
            while len(receiver.streams) < 2:
                number += 1
                drain.offer(line(number))
                await asyncio.sleep(0)
        # What the first connection still took, the receiver never read: as with Logplex.
        await receiver.until(lambda: receiver.streams[1].endswith(udp_datagram(line(number))))

        assert drain.counts.connections == 2
        assert split_octets(bytes(receiver.streams[0]))[0] == udp_datagram(line(0))
        assert split_octets(bytes(receiver.streams[1]))[-1] == udp_datagram(line(number))
        assert drain.counts.last_error is not None


async def test_keeps_trying_while_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = Target("syslog", "127.0.0.1", unused.getsockname()[1])
        async with running(TcpDrain(target, 0, "d", scale=SCALE)) as drain:
            drain.offer(line(0))
            while drain.counts.last_error is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)

    assert drain.counts.last_error
    assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (0, 1, 0)


async def test_a_receiver_that_does_not_read_costs_the_packet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        target = Target("syslog", "127.0.0.1", listening.getsockname()[1])
        async with running(TcpDrain(target, 0, "d", scale=SCALE)) as drain:
            number = 0
            while drain.counts.connections < 2:
                number += 1
                drain.offer(line(number, size=9000))
                await asyncio.sleep(0)

    assert drain.counts.last_error == "the receiver took too long"
    assert drain.counts.lost > 0


async def test_cancelling_closes_the_connection() -> None:
    async with tcp_receiver() as receiver:
        drain = TcpDrain(Target("syslog", "127.0.0.1", receiver.port), 0, "d")
        task = asyncio.create_task(drain.run())
        drain.offer(line(0))
        await receiver.until_received(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
