"""Delivery: a read is one batch, or several where it holds very many messages."""

from __future__ import annotations

import pytest

from heroku_syslogd.listeners.delivery import LARGEST_BATCH, deliver
from tests.listeners.conftest import FILLER, Site


@pytest.mark.parametrize("count", [1, LARGEST_BATCH, LARGEST_BATCH + 1, 5 * LARGEST_BATCH])
async def test_no_batch_is_larger_than_a_worker_may_hold_the_loop_for(
    site: Site, count: int
) -> None:
    frames = [b"<%d" % number for number in range(count)]
    deliver(site.queue.lane(), frames, FILLER, 5.0, sum(map(len, frames)))

    batches = site.queue.abandon()
    assert [frame for batch in batches for frame in batch.frames] == frames
    assert len(batches) == -(-count // LARGEST_BATCH)
    assert max(len(batch.frames) for batch in batches) <= LARGEST_BATCH
    assert sum(batch.size for batch in batches) == sum(map(len, frames))
    assert {(batch.origin, batch.received_at) for batch in batches} == {(FILLER, 5.0)}
