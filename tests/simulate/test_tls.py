"""Drains over TLS, and what they say of a certificate that they do not trust."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from heroku_syslogd.simulate.drain import in_words
from heroku_syslogd.simulate.logplex import udp_datagram
from heroku_syslogd.simulate.target import Target, parse_url
from heroku_syslogd.simulate.tcp_drain import TcpDrain
from heroku_syslogd.simulate.tls import client_context

from .lines import TOKEN, line
from .receivers import Authority, TcpReceiver, tcp_receiver


def drain_to(
    receiver: TcpReceiver, tls: ssl.SSLContext, *, host: str = "127.0.0.1", scale: float = 1.0
) -> TcpDrain:
    return TcpDrain(Target("syslog+tls", host, receiver.port), 0, TOKEN, tls=tls, scale=scale)


@asynccontextmanager
async def running(drain: TcpDrain) -> AsyncIterator[TcpDrain]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(drain.run())
        yield drain
        drain.finish()
        await task


async def failure(drain: TcpDrain) -> str:
    async with running(drain):
        drain.offer(line(0))
        while drain.counts.last_error is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (0, 1, 0)
    return drain.counts.last_error


@pytest.mark.parametrize("scheme", ["syslog", "udpsyslog", "http"])
def test_other_schemes_have_no_context(scheme: str) -> None:
    assert client_context(parse_url(f"{scheme}://h")) is None


@pytest.mark.parametrize("scheme", ["syslog+tls", "https"])
def test_chain_and_name_are_checked_unless_the_url_says_otherwise(scheme: str) -> None:
    checked = client_context(parse_url(f"{scheme}://h"))
    insecure = client_context(parse_url(f"{scheme}://h/#insecure"))

    assert checked is not None
    assert (checked.verify_mode, checked.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert insecure is not None
    assert (insecure.verify_mode, insecure.check_hostname) == (ssl.CERT_NONE, False)


async def test_sends_all_over_one_connection() -> None:
    authority = Authority()
    async with tcp_receiver(tls=authority.server()) as receiver:
        async with running(drain_to(receiver, authority.client())) as drain:
            for number in range(1000):
                drain.offer(line(number))
        await receiver.until_received(drain.counts.bytes)

        assert receiver.messages() == [udp_datagram(line(number)) for number in range(1000)]
    assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (1000, 0, 1)


async def test_large_packets_wait_for_the_receiver() -> None:
    authority = Authority()
    async with tcp_receiver(tls=authority.server()) as receiver:
        async with running(drain_to(receiver, authority.client())) as drain:
            for number in range(500):
                drain.offer(line(number, size=50_000))
        await receiver.until_received(drain.counts.bytes)

        assert len(receiver.messages()) == drain.counts.sent == 500


async def test_an_authority_that_is_not_trusted() -> None:
    async with tcp_receiver(tls=Authority().server()) as receiver:
        problem = await failure(drain_to(receiver, Authority().client()))

    assert problem.startswith("the receiver's certificate is not trusted: ")
    assert "local issuer" in problem


async def test_a_certificate_for_another_host() -> None:
    authority = Authority()
    async with tcp_receiver(tls=authority.server("logs.example.com")) as receiver:
        problem = await failure(drain_to(receiver, authority.client(), host="localhost"))

    assert problem.startswith("the receiver's certificate is not trusted: Hostname mismatch")


async def test_a_receiver_without_tls() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n")
        writer.close()

    receiver = TcpReceiver()
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        receiver.port = server.sockets[0].getsockname()[1]
        problem = await failure(drain_to(receiver, Authority().client()))

    assert problem == "TLS failed: wrong version number"


async def test_a_receiver_that_never_shakes_hands() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = TcpReceiver()
        receiver.port = listening.getsockname()[1]
        problem = await failure(drain_to(receiver, Authority().client(), scale=0.01))

    assert problem == "the receiver took too long"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "[Errno 111] Connection refused"),
        (TimeoutError(), "the receiver took too long"),
        (ConnectionResetError(), "the receiver closed the connection"),
    ],
)
def test_errors_in_words(error: OSError, expected: str) -> None:
    assert in_words(error) == expected
