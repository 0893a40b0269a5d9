"""The gate of an HTTP connection: shut while its lane is held back."""

from __future__ import annotations

import asyncio

import pytest

from heroku_syslogd.bounded_queue import Batch
from heroku_syslogd.listeners.back_pressure import BackPressure
from heroku_syslogd.listeners.gate import Gate
from tests.listeners.conftest import FILLER, Site


@pytest.fixture
def gate(site: Site) -> Gate:
    return Gate(site.queue, BackPressure(site.counters("http"), lambda: site.now))


def put(gate: Gate, messages: int) -> None:
    gate.lane.put(Batch([b"<1>"] * messages, FILLER, 0.0, 1))


async def test_whoever_brings_in_much_waits_until_most_of_it_is_taken(
    site: Site, gate: Gate
) -> None:
    other = Gate(site.queue, BackPressure(site.counters("http"), lambda: site.now))
    await gate.wait()
    for _ in range(5):
        put(gate, 5)
    waiting = asyncio.create_task(gate.wait())
    await other.wait()  # of whom nothing waits
    await site.take(15)
    await asyncio.sleep(0)
    assert not waiting.done()
    await site.take(5)
    await waiting


async def test_a_full_queue_shuts_every_gate(site: Site, gate: Gate) -> None:
    site.fill()
    waiting = asyncio.create_task(gate.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await site.take_batch()
    await waiting


async def test_whoever_is_woken_does_not_wait_any_more(site: Site, gate: Gate) -> None:
    site.fill()
    waiting = asyncio.create_task(gate.wait())
    await asyncio.sleep(0)
    gate.wake()
    await waiting


async def test_a_gate_that_is_gone_is_held_back_no_more(site: Site, gate: Gate) -> None:
    site.fill()
    site.now += 3
    gate.remove()
    site.now += 5
    await site.take_batch()

    assert site.counters("http").backpressure_total(site.now) == 3
