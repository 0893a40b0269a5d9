"""Those who watch: everything at first, then what changes, and nobody waits for the slow."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.status.publisher import (
    MOST_WAITING,
    MOST_WATCHERS,
    Watcher,
    message,
    update_between,
)
from tests.status.bench import Bench, load_line, request_line


def event_of(data: bytes) -> tuple[str, Any]:
    """Take a message apart as a browser does (HTML, section 9.2.6)."""
    lines = data.decode().split("\n")
    assert lines[2:] == ["", ""]
    assert lines[0].startswith("event: ")
    assert lines[1].startswith("data: ")
    return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


async def next_event(watcher: Watcher) -> tuple[str, Any]:
    async with asyncio.timeout(10):
        async for data in watcher.messages():
            return event_of(data)
    raise AssertionError("the stream has ended")


async def test_a_watcher_gets_everything_and_then_what_changes() -> None:
    bench = Bench()
    for dyno in ("web.1", "web.2"):
        bench.say("heroku", dyno, load_line(dyno, 0.5))
    async with bench.publisher.watcher() as watcher:
        kind, snapshot = await next_event(watcher)
        assert kind == "snapshot"
        assert [dyno["key"] for dyno in snapshot["dynos"]] == ["shop/web.1", "shop/web.2"]

        bench.say("heroku", "web.2", load_line("web.2", 0.7))
        await bench.publisher.publish()
        kind, update = await next_event(watcher)
        assert kind == "update"
        assert [(one["key"], one["load_avg_1m"]) for one in update["dynos"]] == [
            ("shop/web.2", 0.7)
        ]
        assert update["apps"] == update["events"] == []
        assert update["gone"] == {"apps": [], "dynos": []}

        bench.pipeline.registry.dynos.expire(bench.now + 1000)
        await bench.publisher.publish()
        _, update = await next_event(watcher)
        assert update["dynos"] == []
        assert sorted(update["gone"]["dynos"]) == ["shop/web.1", "shop/web.2"]


async def test_two_watchers_who_came_at_different_times_know_the_same() -> None:
    bench = Bench()
    async with bench.publisher.watcher() as early:
        await next_event(early)
        bench.say("heroku", "router", request_line(503, code="H12"))
        await bench.look()
        async with bench.publisher.watcher() as late:
            _, snapshot = await next_event(late)
            assert snapshot["apps"] == []  # what nobody has been told yet comes to all alike
            await bench.publisher.publish()
            first, second = await next_event(early), await next_event(late)
            assert first == second
            assert [app["app"] for app in first[1]["apps"]] == ["shop"]
            assert [entry["code"] for entry in first[1]["events"]] == ["H12"]


async def test_one_who_comes_after_all_others_left_gets_what_is_true_now() -> None:
    bench = Bench()
    async with bench.publisher.watcher() as watcher:
        await next_event(watcher)
    bench.say("app", "web.1", "hello")
    async with bench.publisher.watcher() as watcher:
        _, snapshot = await next_event(watcher)

    assert [app["app"] for app in snapshot["apps"]] == ["shop"]


async def test_one_who_does_not_read_is_left_and_the_others_go_on() -> None:
    bench = Bench()
    async with bench.publisher.watcher() as slow, bench.publisher.watcher() as quick:
        await next_event(quick)
        for _ in range(MOST_WAITING + 2):
            await bench.publisher.publish()
            await next_event(quick)
        assert (slow.is_left, quick.is_left) == (True, False)
        assert len([data async for data in slow.messages()]) == MOST_WAITING


async def test_watchers_are_bounded_and_their_places_come_back() -> None:
    bench = Bench()
    publisher = bench.publisher
    contexts = [publisher.watcher() for _ in range(MOST_WATCHERS)]
    for context in contexts:
        assert not publisher.is_full
        await context.__aenter__()
    assert publisher.is_full
    await contexts[0].__aexit__(None, None, None)
    assert len(publisher._watchers) == MOST_WATCHERS - 1
    for context in contexts[1:]:
        await context.__aexit__(None, None, None)


async def test_closing_ends_every_stream() -> None:
    bench = Bench()
    async with bench.publisher.watcher() as watcher:
        bench.publisher.close()
        assert len([data async for data in watcher.messages()]) == 1
    assert bench.publisher.is_full


def test_text_with_line_breaks_stays_one_line_of_data() -> None:
    data = message("update", {"text": "a\nb\r\nevent: x\n\ndata: y\u2028"})

    assert event_of(data) == ("update", {"text": "a\nb\r\nevent: x\n\ndata: y\u2028"})


STORY = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.integers(1, 4), st.integers(0, 9)),
        st.tuples(st.just("crash"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("request"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("expire"), st.just(0), st.just(0)),
        st.tuples(st.just("look"), st.just(0), st.just(0)),
    ),
    max_size=12,
)


def happen(bench: Bench, story: list[tuple[str, int, int]]) -> None:
    for what, number, value in story:
        if what == "load":
            bench.say("heroku", f"web.{number}", load_line(f"web.{number}", value / 10))
        elif what == "crash":
            bench.say("heroku", f"web.{number}", "State changed from up to crashed")
        elif what == "request":
            token = f"d.{number}{number}aaaaaa-0000-0000-0000-000000000000"
            bench.say("heroku", "router", request_line(503, code="H12"), token=token)
        elif what == "expire":
            bench.pipeline.registry.dynos.expire(bench.now + 1000)
        else:
            asyncio.run(bench.look())


@settings(deadline=None, max_examples=60)
@given(STORY, STORY)
def test_an_update_turns_one_document_into_the_other(
    first: list[tuple[str, int, int]], second: list[tuple[str, int, int]]
) -> None:
    bench = Bench()
    happen(bench, first)
    old = asyncio.run(bench.reader.read(bench.now))
    happen(bench, second)
    new = asyncio.run(bench.reader.read(bench.now))

    update = update_between(old, new)
    apps = {app.app: app for app in [*old.apps, *update.apps]}
    dynos = {dyno.key: dyno for dyno in [*old.dynos, *update.dynos]}
    events = {entry.id: entry for entry in [*old.events, *update.events]}
    left = (
        [app for name, app in apps.items() if name not in update.gone.apps],
        [dyno for key, dyno in dynos.items() if key not in update.gone.dynos],
        sorted(events.values(), key=lambda entry: -entry.id),
    )
    by_id = sorted(new.events, key=lambda entry: -entry.id)
    assert [sorted(map(str, one)) for one in left] == [
        sorted(map(str, one)) for one in (new.apps, new.dynos, by_id)
    ]
    assert all(app not in old.apps for app in update.apps)
    assert all(dyno not in old.dynos for dyno in update.dynos)


async def test_an_update_of_nothing_is_nothing() -> None:
    bench = Bench()
    bench.say("heroku", "router", request_line(503, code="H12"))
    await bench.look()
    document = await bench.reader.read(bench.now)

    update = msgspec.to_builtins(update_between(document, document))
    assert (update["apps"], update["dynos"], update["events"]) == ([], [], [])
