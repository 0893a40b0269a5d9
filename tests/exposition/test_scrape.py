"""A scrape lets the event loop turn, stands for changes meanwhile, and remembers few formats."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser

from heroku_syslogd.dynos import DynoIdentity
from heroku_syslogd.exposition.scrape import LINES_PER_SLICE
from heroku_syslogd.heroku import DynoStateChange, RuntimeSample, SampleLine
from tests.exposition.state import T0, State

DYNOS = 3000
parse_openmetrics: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def fleet(dynos: int = DYNOS) -> State:
    """Return a state with many dynos."""
    state = State(max_series=100_000)
    for number in range(dynos):
        add_dyno(state, number)
    return state


def add_dyno(state: State, number: int) -> None:
    identity = DynoIdentity("shop", "web", f"web.{number}", state.budget)
    sample = RuntimeSample(SampleLine.LOAD, f"run-{number}", {"load_avg_1m": float(number)})
    state.state.dynos.apply(sample, identity, T0, T0)


def shown(text: bytes) -> list[str]:
    """Return the dynos whose load is in a text, in order."""
    begin = b'heroku_dyno_load_avg_1m{app="shop",dyno="'
    return [
        line[len(begin) :].partition(b'"')[0].decode()
        for line in text.splitlines()
        if line.startswith(begin)
    ]


async def test_the_event_loop_turns_while_a_scrape_is_rendered() -> None:
    state, turns = fleet(), 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    scrape = await state.exposition.render("")
    counting.cancel()

    series_of_a_dyno = 4
    assert turns >= series_of_a_dyno * DYNOS // LINES_PER_SLICE
    assert shown(b"".join(scrape.parts)) == [f"web.{number}" for number in range(DYNOS)]
    assert state.telemetry.scrape_duration > 0


async def test_dynos_that_come_and_go_meanwhile_disturb_nothing() -> None:
    state = fleet()
    rendering = asyncio.create_task(state.exposition.render(OPENMETRICS))
    for _ in range(3):
        await asyncio.sleep(0)

    for number in range(DYNOS, DYNOS + 100):
        add_dyno(state, number)
    last = f"web.{DYNOS - 1}"
    went_down = DynoStateChange("up", "down")
    identity = DynoIdentity("shop", "web", last, state.budget)
    state.state.dynos.apply(went_down, identity, T0 + 1, T0 + 1)
    state.state.expire(T0 + 3600)
    scrape = await rendering

    text = b"".join(scrape.parts)
    assert shown(text) == [f"web.{number}" for number in range(DYNOS - 1)]
    assert list(parse_openmetrics(text.decode()))


async def test_an_application_that_is_forgotten_meanwhile_disturbs_nothing() -> None:
    state = fleet(2000)
    for number in range(200):
        app = f"app-{number}"
        tally = state.state.tallies.app(app, state.budget)
        assert tally.log("app", "web", is_output=True)
        tally.note_platform()
    rendering = asyncio.create_task(state.exposition.render(""))
    for _ in range(4):
        await asyncio.sleep(0)

    for number in range(200):
        state.state.forget(f"app-{number}")
    scrape = await rendering

    assert len(shown(b"".join(scrape.parts))) == 2000


async def test_a_compressed_scrape_is_the_same_text() -> None:
    scrape = await fleet(300).exposition.render("")

    compressed = await scrape.compressed()

    assert gzip.decompress(b"".join(compressed.parts)) == b"".join(scrape.parts)
    assert compressed.content_type == scrape.content_type
    assert compressed.size * 5 < scrape.size == len(b"".join(scrape.parts))


async def test_formats_of_a_clients_invention_are_not_remembered_for_ever() -> None:
    state = fleet(1)

    for number in range(1, 30):
        accept = f"application/openmetrics-text; version={number}.0.0"
        assert (await state.exposition.render(accept)).content_type.split(";")[0] in accept

    assert len(state.exposition._templates) <= 8


def test_an_openmetrics_scrape_ends_once_and_is_valid() -> None:
    state = State()
    state.add_dyno()

    text = state.exposition.render_at_once(OPENMETRICS).decode()

    assert text.count("# EOF") == 1
    assert text.endswith("# EOF\n")
    assert list(parse_openmetrics(text))


async def test_pieces_are_the_whole_text_and_none_but_the_last_is_small() -> None:
    scrape = await fleet().exposition.render("")

    for one in (scrape, await scrape.compressed()):
        pieces = list(one.pieces(2**16))
        assert b"".join(pieces) == b"".join(one.parts)
        assert all(len(piece) >= 2**16 for piece in pieces[:-1])


async def test_no_part_is_large() -> None:
    scrape = await fleet().exposition.render("")

    assert max(map(len, scrape.parts)) < 2**18
