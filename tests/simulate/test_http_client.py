from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from heroku_syslogd.simulate.faults import OF_ATTEMPT, Fault, FaultPlan
from heroku_syslogd.simulate.http_batches import Attempt, Outcome
from heroku_syslogd.simulate.http_client import HttpClient
from heroku_syslogd.simulate.logplex import http_frame
from heroku_syslogd.simulate.target import Target, parse_url

from .lines import TOKEN, line
from .receivers import OK, Authority, HttpReceiver, answer, http_receiver

# 5 s for an answer become 250 ms.
SCALE = 0.05

FRAMES = tuple(http_frame(line(number, size=100)) for number in range(50))
ATTEMPT = Attempt("09C557EAFCFB6CF2740EE62F62971098", 1, FRAMES, ())
SPACE = ATTEMPT._replace(frame_id=None)


def target_of(receiver: HttpReceiver, scheme: str = "http") -> Target:
    return parse_url(f"{scheme}://127.0.0.1:{receiver.port}/logs")


@asynccontextmanager
async def connected(
    receiver: HttpReceiver, *, scale: float = 1.0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpClient]:
    plan = FaultPlan({}, Random(1))
    scheme = "https" if tls else "http"
    client = HttpClient(target_of(receiver, scheme), TOKEN, tls=tls, faults=plan, scale=scale)
    await client.connect()
    try:
        yield client
    finally:
        await client.close()


async def test_requests_share_a_connection() -> None:
    async with http_receiver() as receiver, connected(receiver) as client:
        assert await client.post(ATTEMPT) == Outcome(200)
        assert await client.post(ATTEMPT) == Outcome(200)
        assert client.is_connected

        assert [request.connection for request in receiver.requests] == [0, 0]
        assert [request.body for request in receiver.requests] == [ATTEMPT.body] * 2
        sent = sum(len(request.head) + len(request.body) for request in receiver.requests)
        assert (client.connections, client.bytes) == (1, sent)


async def test_a_body_is_skipped_before_the_next_request() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
    async with http_receiver(page, page) as receiver, connected(receiver) as client:
        assert await client.post(ATTEMPT) == Outcome(200)
        assert await client.post(ATTEMPT) == Outcome(200)
        assert await client.post(ATTEMPT) == Outcome(200)


async def test_a_body_that_never_comes_costs_the_next_request() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"
    async with http_receiver(short) as receiver, connected(receiver, scale=SCALE) as client:
        assert await client.post(ATTEMPT) == Outcome(200)
        outcome = await client.post(ATTEMPT)

        assert outcome == Outcome(None, "the receiver took too long to answer")
        assert len(receiver.requests) == 1


async def test_bytes_without_a_length_corrupt_the_next_answer() -> None:
    page = b"HTTP/1.1 200 OK\r\n\r\nWelcome!\r\n\r\n"
    async with http_receiver(page) as receiver, connected(receiver) as client:
        assert await client.post(ATTEMPT) == Outcome(200)
        outcome = await client.post(ATTEMPT)

        assert outcome.problem == "not a status line that Logplex reads: b'Welcome!'"
        assert outcome.is_in_doubt
        assert not client.is_connected


@pytest.mark.parametrize("status", [204, 404])
async def test_a_connection_is_kept_after_success_and_refusal(status: int) -> None:
    async with http_receiver(answer(status)) as receiver, connected(receiver) as client:
        assert (await client.post(ATTEMPT)).status == status
        assert client.is_connected


@pytest.mark.parametrize("status", [100, 302, 429, 500, 503])
async def test_a_connection_is_closed_after_any_other_status(status: int) -> None:
    async with http_receiver(answer(status)) as receiver, connected(receiver) as client:
        outcome = await client.post(ATTEMPT)

        assert outcome == Outcome(status, f"the receiver answered {status}")
        assert not client.is_connected


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (b"", "the receiver closed the connection without an answer"),
        (b"HTTP/1.1 200\r\n\r\n", "not a status line that Logplex reads: b'HTTP/1.1 200'"),
        (b"\r\n", "an answer without a status line"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a chunked answer, which Logplex cannot read",
        ),
        (b"HTTP/1.1 200 " + b"O" * 200_000, "the head of the answer is too long"),
    ],
    ids=["none", "no space", "empty", "chunked", "too long"],
)
async def test_an_answer_that_cannot_be_read_is_none(reply: bytes, problem: str) -> None:
    async with http_receiver(reply) as receiver, connected(receiver) as client:
        assert await client.post(ATTEMPT) == Outcome(None, problem, is_in_doubt=True)
        assert not client.is_connected


async def test_an_answer_has_to_come_in_time() -> None:
    async with http_receiver(None) as receiver, connected(receiver, scale=SCALE) as client:
        outcome = await client.post(ATTEMPT)

        assert outcome == Outcome(None, "the receiver took too long to answer", is_in_doubt=True)
        assert not client.is_connected


async def test_a_receiver_that_does_not_read_has_not_got_it() -> None:
    large = ATTEMPT._replace(frames=(b"x" * 2**26,))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        target = parse_url(f"http://127.0.0.1:{listening.getsockname()[1]}")
        client = HttpClient(target, TOKEN, scale=SCALE)
        await client.connect()
        outcome = await client.post(large)

    assert outcome == Outcome(None, "the receiver took too long to answer")
    assert not client.is_connected


async def test_that_an_idle_connection_was_closed_shows_in_the_next_request() -> None:
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.close()
        closing.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        target = parse_url(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        client = HttpClient(target, TOKEN)
        await client.connect()
        assert await client.post(ATTEMPT) == Outcome(200)
        await closing.wait()
        assert client.is_connected
        outcome = await client.post(ATTEMPT)

    assert outcome.status is None
    assert outcome.problem is not None
    assert not client.is_connected


async def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = HttpClient(parse_url(f"http://127.0.0.1:{unused.getsockname()[1]}"), TOKEN)
        with pytest.raises(OSError, match=r"refused|failed"):
            await client.connect()

    assert (client.is_connected, client.connections) == (False, 0)


async def test_cancelling_leaves_a_connection_that_can_be_closed() -> None:
    async with http_receiver(None) as receiver, connected(receiver) as client:
        task = asyncio.create_task(client.post(ATTEMPT))
        await receiver.until_requests(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.close()

        assert not client.is_connected


# TLS ----------------------------------------------------------------------------------------------


async def test_https() -> None:
    authority = Authority()
    async with (
        http_receiver(tls=authority.server()) as receiver,
        connected(receiver, tls=authority.client()) as client,
    ):
        assert await client.post(ATTEMPT) == Outcome(200)
        assert receiver.requests[0].body == ATTEMPT.body


@pytest.mark.parametrize("fault", list(OF_ATTEMPT))
async def test_faults_over_tls(fault: Fault) -> None:
    authority = Authority()
    async with http_receiver(tls=authority.server()) as receiver:
        async with connected(receiver, tls=authority.client(), scale=0.1) as client:
            outcome = await client.post(ATTEMPT, fault)
        await receiver.until(lambda: receiver.closed == 1)

        whole = fault is not Fault.DISCONNECT
        assert [request.body for request in receiver.requests] == [ATTEMPT.body] * whole
        assert len(receiver.broken_off) == (not whole)
        assert outcome.is_in_doubt == (fault is Fault.LOST_REPLY)


@pytest.mark.parametrize("reply", [b"", b"junk\r\n", None])
async def test_failures_over_tls(reply: bytes | None) -> None:
    authority = Authority()
    async with (
        http_receiver(reply, tls=authority.server()) as receiver,
        connected(receiver, tls=authority.client(), scale=SCALE) as client,
    ):
        outcome = await client.post(ATTEMPT)

        assert outcome.status is None
        assert outcome.is_in_doubt
        assert not client.is_connected


async def test_a_certificate_is_checked() -> None:
    async with http_receiver(tls=Authority().server()) as receiver:
        client = HttpClient(target_of(receiver, "https"), TOKEN, tls=Authority().client())
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.connect()

        assert not client.is_connected


# Faults -------------------------------------------------------------------------------------------


async def test_disconnect_closes_in_the_middle_of_a_frame() -> None:
    async with http_receiver() as receiver:
        async with connected(receiver) as client:
            assert await client.post(ATTEMPT, Fault.DISCONNECT) == Outcome()
            assert not client.is_connected
        await receiver.until(lambda: receiver.closed == 1)

        assert not receiver.requests
        (request,) = receiver.broken_off
        assert request.headers["Content-Length"] == str(len(ATTEMPT.body))
        assert ATTEMPT.body.startswith(request.body)
        boundaries = {sum(map(len, FRAMES[:count])) for count in range(len(FRAMES) + 1)}
        assert len(request.body) not in boundaries


async def test_lost_reply_sends_all_and_forgets_the_answer() -> None:
    async with http_receiver(OK) as receiver, connected(receiver) as client:
        assert await client.post(ATTEMPT, Fault.LOST_REPLY) == Outcome(is_in_doubt=True)
        assert receiver.requests[0].body == ATTEMPT.body
        assert not client.is_connected


async def test_slow_sends_in_pieces() -> None:
    sizes: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while sum(sizes) < len(ATTEMPT.body):
            sizes.append(len(await reader.read(1_000_000)))
        writer.write(OK)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        target = parse_url(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        client = HttpClient(target, TOKEN, scale=0.1)
        await client.connect()
        assert await client.post(ATTEMPT, Fault.SLOW) == Outcome(200)
        await client.close()

    assert sum(sizes) == len(ATTEMPT.body)
    assert len(sizes) > 1


async def test_a_batch_of_a_space_has_a_connection_of_its_own() -> None:
    async with http_receiver() as receiver, connected(receiver) as client:
        assert await client.post(SPACE, Fault.HEADERLESS) == Outcome(200)
        assert not client.is_connected

        headers = receiver.requests[0].headers
        assert not [name for name in headers if name.startswith("Logplex")]
        assert headers["Connection"] == "close"
        assert headers["User-Agent"].startswith("excon/")
