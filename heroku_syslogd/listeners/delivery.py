"""From the messages of one read to batches in the queue."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.bounded_queue import Batch, Lane, Origin

LARGEST_BATCH: Final = 1024
"""Messages of one batch: a worker does not let the event loop turn within one. That is some 10 ms
of malformed headers; the dearest lines are long, so that a read holds half as many."""


def deliver(lane: Lane, frames: list[bytes], origin: Origin, now: float, size: int) -> None:
    """Queue the messages of one read, as several batches where there are many.

    Args:
        lane: Where they go.
        frames: The messages.
        origin: Where they came from.
        now: When, seconds since the epoch.
        size: Their bytes in all, framing included or not.
    """
    if len(frames) <= LARGEST_BATCH:
        lane.put(Batch(frames, origin, now, size))
        return
    for start in range(0, len(frames), LARGEST_BATCH):
        part = frames[start : start + LARGEST_BATCH]
        lane.put(Batch(part, origin, now, sum(map(len, part))))
