"""Unfinished bodies: how much memory they may take together, and who gives way."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import cast

import pytest
from aiohttp import StreamReader
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from heroku_syslogd.listeners.bodies import Bodies, BodyGivenUp
from tests.listeners.conftest import LIMITS, Site, seen, until
from tests.listeners.posting import CHUNKED, FRAME, MESSAGE, Poster, chunk, head


class Content:
    """What a body is read from, as far as it matters here."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def set_exception(self, error: BaseException) -> None:
        self.error = error


def content() -> StreamReader:
    return cast("StreamReader", Content())


def given_up(one: StreamReader) -> bool:
    return isinstance(cast("Content", one).error, BodyGivenUp)


def test_what_is_held_is_counted_until_it_is_done_with() -> None:
    bodies = Bodies(100)
    with bodies.open(content()) as one, bodies.open(content()) as two:
        one.grow_to(30)
        two.grow_to(40)
        one.grow_to(60)
        assert bodies.bytes == 100
        two.finish()
        assert bodies.bytes == 100
    assert bodies.bytes == 0


def test_the_oldest_that_is_not_finished_gives_way() -> None:
    bodies = Bodies(100)
    contents = [content() for _ in range(4)]
    with ExitStack() as stack:
        held = [stack.enter_context(bodies.open(one)) for one in contents]
        for one in held[:3]:
            one.grow_to(30)
        held[0].finish()
        held[3].grow_to(40)

        assert [given_up(one) for one in contents] == [False, True, False, False]
        assert bodies.bytes == 100
    assert bodies.bytes == 0


def test_a_body_gives_way_itself_if_it_is_the_oldest() -> None:
    bodies = Bodies(100)
    old, new = content(), content()
    with bodies.open(old) as one, bodies.open(new) as two:
        two.grow_to(60)
        with pytest.raises(BodyGivenUp):
            one.grow_to(50)
        two.grow_to(100)

    assert (given_up(old), given_up(new)) == (True, False)
    assert bodies.bytes == 0


def test_bodies_that_wait_for_the_queue_are_not_given_up() -> None:
    bodies = Bodies(100)
    waiting = content()
    with bodies.open(waiting) as one, bodies.open(content()) as two:
        one.grow_to(100)
        one.finish()
        with pytest.raises(BodyGivenUp):
            two.grow_to(1)

    assert not given_up(waiting)


def test_a_body_that_is_alone_may_be_larger_than_all_together() -> None:
    bodies = Bodies(100)
    alone = content()
    with bodies.open(alone) as one, bodies.open(content()) as two:
        one.grow_to(1000)
        assert not given_up(alone)
        two.grow_to(1)
        assert given_up(alone)
        assert bodies.bytes == 1


def test_what_was_given_up_and_grows_all_the_same_is_forgotten_in_the_end() -> None:
    bodies = Bodies(100)
    with bodies.open(content()) as one, bodies.open(content()) as two:
        one.grow_to(60)
        two.grow_to(60)
        one.grow_to(30)  # a piece that had been read already
        assert bodies.bytes == 90
    assert bodies.bytes == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 300), st.booleans()), max_size=60))
def test_the_limit_holds_unless_a_body_is_alone(steps: list[tuple[int, int, bool]]) -> None:
    bodies = Bodies(200)
    with ExitStack() as stack:
        held = [stack.enter_context(bodies.open(content())) for _ in range(5)]
        for number, growth, is_last in steps:
            one = held[number]
            try:
                one.grow_to(one.size + growth)
            except BodyGivenUp:
                assert one.size == 0
            if is_last:
                one.finish()
            sizes = [each.size for each in held]
            assert bodies.bytes == sum(sizes)
            assert bodies.bytes <= max(200, *sizes)
    assert bodies.bytes == 0


# Over real connections ----------------------------------------------------------------------------


async def test_the_oldest_body_is_answered_503_and_the_newest_is_taken(site: Site) -> None:
    address = await site.open("http")
    most_of_it = FRAME * 500  # of 100 kB, with what the messages take beside their bytes
    with capture_logs() as logs:
        async with Poster(address) as old, Poster(address) as new:
            for client in (old, new):
                await client.send(head(None, CHUNKED) + chunk(most_of_it))
                await seen()
            reply = await old.reply()
            assert reply.status == 503
            assert reply.headers["retry-after"]
            assert (await new.ask(chunk(b""))).status == 200

    assert await site.take(500) == [MESSAGE] * 500
    assert site.queue.messages == 0
    assert logs == []


async def test_many_bodies_that_never_end_keep_nobody_out(site: Site) -> None:
    site.limit(max_connections=1000, max_connections_per_peer=1000)
    address = await site.open("http")
    slow = [Poster(address) for _ in range(50)]
    with capture_logs() as logs:
        for client in slow:
            await client.connect()
            await client.send(head(None, CHUNKED) + chunk(FRAME * 100))
        async with Poster(address) as client:
            for _ in range(5):
                assert (await client.post(FRAME * 90)).status == 200
                assert await site.take(90) == [MESSAGE] * 90
        await until(lambda: site.counters("http").http_requests[503] > 30)
        await asyncio.gather(*(client.__aexit__() for client in slow))

    assert logs == []
    assert LIMITS.max_connections < 50
