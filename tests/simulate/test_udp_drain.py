from __future__ import annotations

import asyncio
import socket

from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import udp_datagram
from heroku_syslogd.simulate.target import Target
from heroku_syslogd.simulate.udp_drain import UdpDrain

from .receivers import udp_receiver


def line(number: int) -> Line:
    stamp = "2022-01-26T20:25:08+00:00"
    return Line(0, "d.token", 190, stamp, "app", "web.1", b"%d" % number)


async def test_one_datagram_per_message() -> None:
    async with udp_receiver() as receiver, asyncio.TaskGroup() as group:
        drain = UdpDrain(Target("udpsyslog", "127.0.0.1", receiver.port))
        task = group.create_task(drain.run())
        for number in range(50):
            drain.offer(line(number))
        await receiver.until_received(50)
        drain.finish()
        await task

        assert receiver.datagrams == [udp_datagram(line(number)) for number in range(50)]
        assert (drain.counts.sent, drain.counts.lost) == (50, 0)
        assert drain.counts.bytes == sum(map(len, receiver.datagrams))


async def test_datagrams_that_nobody_takes_are_lost() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with asyncio.TaskGroup() as group:
        drain = UdpDrain(Target("udpsyslog", "127.0.0.1", port))
        task = group.create_task(drain.run())
        offered = 0
        while not drain.counts.lost:
            drain.offer(line(offered))
            offered += 1
            await asyncio.sleep(0)
        drain.finish()
        await task

    assert drain.counts.sent + drain.counts.lost == offered
    assert drain.counts.last_error is not None


async def test_what_waits_for_the_socket_is_bounded() -> None:
    drain = UdpDrain(Target("udpsyslog", "127.0.0.1", 1))
    for number in range(1030):
        drain.offer(line(number))

    assert drain.counts.lost == 6


async def test_a_name_that_does_not_resolve_costs_all_messages() -> None:
    drain = UdpDrain(Target("udpsyslog", "no such host", 1))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(drain.run())
        drain.offer(line(0))
        while drain.counts.last_error is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        drain.finish()
        await task

    assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (0, 1, 0)
