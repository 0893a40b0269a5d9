"""From the messages of one read to batches in the queue."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin

LARGEST_BATCH: Final = 1024
"""Messages of one batch: a worker does not let the event loop turn within one. A read of Heroku's
holds fewer."""


def deliver(
    queue: BoundedQueue, frames: list[bytes], origin: Origin, now: float, size: int
) -> None:
    """Queue the messages of one read, as several batches where there are very many.

    Args:
        queue: Where they go.
        frames: The messages.
        origin: Where they came from.
        now: When, seconds since the epoch.
        size: Their bytes in all, framing included or not.
    """
    if len(frames) <= LARGEST_BATCH:
        queue.put(Batch(frames, origin, now, size))
        return
    for start in range(0, len(frames), LARGEST_BATCH):
        part = frames[start : start + LARGEST_BATCH]
        queue.put(Batch(part, origin, now, sum(map(len, part))))
