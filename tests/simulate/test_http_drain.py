from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from heroku_syslogd.simulate.faults import Fault, FaultPlan
from heroku_syslogd.simulate.http_drain import HttpDrain, connect_back_off
from heroku_syslogd.simulate.logplex import http_message
from heroku_syslogd.simulate.target import parse_url

from .lines import TOKEN, line
from .receivers import OK, Authority, HttpReceiver, answer, http_receiver

# 5 s for an answer become 250 ms.
SCALE = 0.05


def drain_to(
    receiver: HttpReceiver,
    *faults: Fault,
    scale: float = SCALE,
    tls: ssl.SSLContext | None = None,
) -> HttpDrain:
    """Return a drain to ``receiver``; of ``faults``, if there are any, one always happens."""
    url = f"{'https' if tls else 'http'}://127.0.0.1:{receiver.port}/logs"
    plan = FaultPlan({fault: 1 / len(faults) for fault in faults}, Random(1))
    return HttpDrain(parse_url(url), 0, TOKEN, tls=tls, faults=plan, scale=scale)


@asynccontextmanager
async def running(drain: HttpDrain) -> AsyncIterator[HttpDrain]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(drain.run())
        yield drain
        drain.finish()
        await task


def messages(receiver: HttpReceiver) -> list[bytes]:
    return [message for request in receiver.requests for message in request.messages()]


def test_back_off_of_connects_is_random_and_exponential() -> None:
    rng = Random(1)

    assert [connect_back_off(failures, rng) for failures in (0, 1, 2)] == [0, 0, 0]
    assert {connect_back_off(3, rng) for _ in range(100)} == {0.0, 0.01}
    assert {connect_back_off(4, rng) for _ in range(100)} == {0.0, 0.01, 0.03}
    slots = {connect_back_off(failures, rng) for failures in (11, 50) for _ in range(1000)}
    assert (min(slots), max(slots), len(slots)) == (0.0, 5.11, 10)


async def test_sends_all_over_one_connection() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, scale=1.0)) as drain:
            for number in range(10):
                for offset in range(10):
                    drain.offer(line(number * 10 + offset))
                await receiver.until_requests(number + 1)

        assert messages(receiver) == [http_message(line(number)) for number in range(100)]
        assert {request.connection for request in receiver.requests} == {0}
        ids = {request.headers["Logplex-Frame-Id"] for request in receiver.requests}
        assert len(ids) == len(receiver.requests) == 10


async def test_what_is_there_when_the_drain_is_idle_is_one_batch() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, scale=1.0)) as drain:
            for number in range(100):
                drain.offer(line(number))

        (request,) = receiver.requests
        assert request.headers["Logplex-Msg-Count"] == "100"
        assert request.headers["Logplex-Drain-Token"] == TOKEN
        counts = drain.counts
        assert (counts.sent, counts.lost, counts.connections) == (100, 0, 1)
        assert counts.bytes == len(request.head) + len(request.body)


async def test_does_not_connect_without_a_message() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver)) as drain:
            pass

        assert drain.counts.connections == 0


@pytest.mark.parametrize("failure", [answer(503), answer(429), b"", None])
async def test_a_retry_is_the_same_batch_over_a_new_connection(failure: bytes | None) -> None:
    async with http_receiver(failure, failure) as receiver:
        async with running(drain_to(receiver)) as drain:
            drain.offer(line(0))

        first, second, third = receiver.requests
        assert first[1:] == second[1:] == third[1:]
        assert [request.connection for request in receiver.requests] == [0, 1, 2]
        assert (drain.counts.sent, drain.counts.retries, drain.counts.lost) == (1, 2, 0)


async def test_a_batch_has_three_attempts_and_its_loss_is_told_by_the_next() -> None:
    async with http_receiver(*[answer(503)] * 3) as receiver, running(drain_to(receiver)) as drain:
        drain.offer(line(0))
        drain.offer(line(1))
        await receiver.until_requests(3)
        drain.offer(line(2))
        await receiver.until_requests(4)

        *failed, last = receiver.requests
        assert len({request.headers["Logplex-Frame-Id"] for request in failed}) == 1
        assert last.headers["Logplex-Frame-Id"] != failed[0].headers["Logplex-Frame-Id"]
        assert last.headers["Logplex-Msg-Count"] == "2"
        loss, message = last.messages()
        assert b" host heroku logplex - Error L10 (output buffer overflow): 2 messages" in loss
        assert loss.endswith(b".")
        assert message == http_message(line(2))
    assert (drain.counts.sent, drain.counts.lost, drain.counts.announced) == (2, 2, 2)
    assert drain.counts.last_error == "the receiver answered 503"


async def test_a_refused_batch_is_dropped_over_the_same_connection() -> None:
    async with http_receiver(answer(400)) as receiver, running(drain_to(receiver)) as drain:
        drain.offer(line(0))
        await receiver.until_requests(1)
        drain.offer(line(1))
        await receiver.until_requests(2)

        refused, after = receiver.requests
        assert after.connection == refused.connection == 0
        assert b" 1 messages dropped since " in after.messages()[0]
    assert (drain.counts.sent, drain.counts.lost, drain.counts.refused) == (2, 1, 1)


async def test_a_chunked_answer_is_a_failure() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    async with http_receiver(chunked) as receiver:
        async with running(drain_to(receiver)) as drain:
            drain.offer(line(0))

        assert len(receiver.requests) == 2
    assert drain.counts.sent == 1
    assert drain.counts.last_error == "a chunked answer, which Logplex cannot read"


async def test_connects_that_fail_cost_no_attempt() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        receiver = HttpReceiver([answer(503), answer(503)])
        receiver.port = port
        drain = drain_to(receiver)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(drain.run())
            drain.offer(line(0))
            while drain.counts.last_error is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            reserved.listen()
            reserved.setblocking(False)
            async with await asyncio.start_server(receiver.serve, sock=reserved.dup()):
                await receiver.until_requests(3)
                drain.finish()
                await task

    assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (1, 0, 3)


async def test_nobody_there_costs_all_messages() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        receiver = HttpReceiver(())
        receiver.port = unused.getsockname()[1]
        async with running(drain_to(receiver)) as drain:
            drain.offer(line(0))
            while drain.counts.last_error is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)

    assert (drain.counts.sent, drain.counts.lost, drain.counts.connections) == (0, 1, 0)
    assert drain.counts.in_doubt == 0


async def test_overflow_drops_the_oldest() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver)) as drain:
            for number in range(1500):
                drain.offer(line(number))

        loss, *rest = messages(receiver)
        assert b"Error L10 (output buffer overflow): 476 messages dropped since " in loss
        assert rest == [http_message(line(number)) for number in range(476, 1500)]
    assert (drain.counts.sent, drain.counts.lost) == (1025, 476)


async def test_an_idle_connection_is_closed_and_a_new_message_opens_another() -> None:
    # 144 s become 14 ms.
    async with http_receiver() as receiver, running(drain_to(receiver, scale=0.0001)) as drain:
        while receiver.closed == 0:
            if receiver.connections == 0:
                drain.offer(line(0))
            await asyncio.sleep(0)


async def test_cancelling_closes_the_connection() -> None:
    async with http_receiver(None) as receiver:
        drain = drain_to(receiver, scale=1.0)
        task = asyncio.create_task(drain.run())
        drain.offer(line(0))
        await receiver.until_requests(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert (drain.counts.lost, drain.counts.in_doubt) == (1, 1)


async def test_https() -> None:
    authority = Authority()
    async with http_receiver(tls=authority.server()) as receiver:
        async with running(drain_to(receiver, scale=1.0, tls=authority.client())) as drain:
            drain.offer(line(0))

        assert messages(receiver) == [http_message(line(0))]
        assert drain.counts.sent == 1


async def test_a_certificate_that_is_not_trusted_is_said_in_words() -> None:
    trusted = Authority().client()
    async with (
        http_receiver(tls=Authority().server()) as receiver,
        running(drain_to(receiver, scale=1.0, tls=trusted)) as drain,
    ):
        drain.offer(line(0))
        while drain.counts.last_error is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)

    assert "certificate is not trusted: " in drain.counts.last_error
    assert (drain.counts.lost, drain.counts.connections) == (1, 0)


# Faults -------------------------------------------------------------------------------------------


async def test_a_lost_reply_is_followed_by_the_same_batch() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, Fault.LOST_REPLY)) as drain:
            drain.offer(line(0))

        first, second, third = receiver.requests
        assert first[1:] == second[1:] == third[1:]
    counts = drain.counts
    assert (counts.sent, counts.lost, counts.in_doubt, counts.faults) == (0, 1, 1, 3)
    assert counts.last_error is None


async def test_a_disconnect_is_followed_by_the_same_batch() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, Fault.DISCONNECT)) as drain:
            for number in range(20):
                drain.offer(line(number))
        await receiver.until(lambda: receiver.closed == 3)

        heads = {request.head for request in receiver.broken_off}
        assert len(receiver.broken_off) == 3
        assert len(heads) == 1
    counts = drain.counts
    assert (counts.sent, counts.lost, counts.in_doubt, counts.faults) == (0, 20, 0, 3)


async def test_big_batches_wait_for_100_kib() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, Fault.BIG_BATCH, scale=1.0)) as drain:
            for number in range(20):
                drain.offer(line(number, size=9000))
                await asyncio.sleep(0)

        assert [len(request.messages()) for request in receiver.requests] == [11, 9]
        assert len(receiver.requests[0].body) > 102_400 - 9100
    assert (drain.counts.sent, drain.counts.faults) == (20, 2)


async def test_a_loss_line_without_line_feed_stands_in_front_though_nothing_was_lost() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, Fault.UNTERMINATED_LOSS)) as drain:
            drain.offer(line(0))

        (request,) = receiver.requests
        loss, message = request.messages()
        assert loss.endswith(b".")
        assert b"Error L10 (output buffer overflow): 1 messages dropped since " in loss
        assert message == http_message(line(0))
        assert request.headers["Logplex-Msg-Count"] == "2"
    counts = drain.counts
    assert (counts.sent, counts.lost, counts.announced, counts.faults) == (2, 0, 1, 1)


async def test_a_miscounted_frame_is_in_the_body_and_in_the_count_of_messages() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, Fault.MISCOUNT)) as drain:
            for number in range(20):
                drain.offer(line(number))

        (request,) = receiver.requests
        right = b"".join(b"%d %b" % (len(m), m) for m in map(http_message, map(line, range(20))))
        assert request.body != right
        assert len(request.body) == len(right)
        assert request.headers["Logplex-Msg-Count"] == "20"
    assert (drain.counts.sent, drain.counts.damaged, drain.counts.acknowledged) == (18, 2, 20)


async def test_a_batch_of_a_space_is_not_tried_again() -> None:
    async with http_receiver(OK, answer(503)) as receiver:
        async with running(drain_to(receiver, Fault.HEADERLESS)) as drain:
            drain.offer(line(0))
            await receiver.until_requests(1)
            drain.offer(line(1))

        first, second = receiver.requests
        assert "Logplex-Frame-Id" not in first.headers
        assert "Logplex-Drain-Token" not in second.headers
        assert [first.connection, second.connection] == [0, 1]
    assert (drain.counts.sent, drain.counts.lost, drain.counts.retries) == (1, 1, 0)


async def test_a_slow_batch_arrives_whole() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, Fault.SLOW)) as drain:
            for number in range(20):
                drain.offer(line(number))

        assert messages(receiver) == [http_message(line(number)) for number in range(20)]
    assert (drain.counts.sent, drain.counts.faults) == (20, 1)


async def test_all_faults_together_keep_the_books() -> None:
    async with http_receiver() as receiver:
        async with running(drain_to(receiver, *Fault, scale=0.1)) as drain:
            for number in range(300):
                drain.offer(line(number))
                if number % 10 == 0:
                    await asyncio.sleep(0.001)

        counts = drain.counts
        # Each of these messages ends with its only LF; a wrong count does not hide it.
        offered = {http_message(line(number)) for number in range(300)}
        bodies = [request.body for request in receiver.requests]
        parts = [part for body in bodies for part in body.split(b"\n")]
        received = {part[part.rfind(b"<190>") :] + b"\n" for part in parts} & offered

        loss_lines = counts.sent + counts.damaged + counts.lost - len(offered)
        assert 0 <= loss_lines <= sum(b" heroku logplex - Error L10 " in body for body in bodies)
        assert counts.sent + counts.damaged == counts.acknowledged
        assert counts.sent - loss_lines <= len(received)
        assert len(received) <= counts.sent + counts.damaged + counts.in_doubt
        assert counts.last_error is None
