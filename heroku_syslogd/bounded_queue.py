"""The one queue between the listeners and the workers, bounded in messages and bytes."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from heroku_syslogd.wire import Dialect


class Origin(NamedTuple):
    """Where a batch came from.

    Attributes:
        listener: Name of the listener.
        peer: Address of the sender without its port; empty where a batch has several senders.
        dialect: Header form that the listener carries.
        drain: Drain token that the transport gave for all of it (``Logplex-Drain-Token``); empty
            where each message names its drain as HOSTNAME.
        app: Application of the credential that it was sent with; empty without.
    """

    listener: str
    peer: str
    dialect: Dialect
    drain: bytes = b""
    app: str = ""


class Batch(NamedTuple):
    """The messages of one read.

    Attributes:
        frames: One message each, without framing.
        origin: Where they came from.
        received_at: When, seconds since the epoch.
        size: Their bytes in all.
    """

    frames: list[bytes]
    origin: Origin
    received_at: float
    size: int


class Producer(Protocol):
    """A listener that can be asked to stop reading for a while."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read again."""


class QueueClosed(Exception):  # noqa: N818 - it is the end of the work, not an error
    """Raised by `BoundedQueue.get` when the queue is closed and empty."""


class BoundedQueue:
    """A queue of batches that pushes back.

    A producer that can pause puts whatever it has read, because bytes already read cannot be given
    back; when the limit is crossed every producer is paused until half of it is free again. So the
    limit is exceeded by the read that crosses it, and by what producers let new connections bring
    in before their pause takes effect. A producer that cannot pause asks with `offer`.

    Args:
        max_messages: Messages at which producers are paused.
        max_bytes: Bytes of messages at which producers are paused.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self.max_messages = max_messages
        self.max_bytes = max_bytes
        self.messages = 0
        self.bytes = 0
        self.taken = 0
        """Batches taken since the start; standing still while the queue is not empty is a fault."""
        self._batches: asyncio.Queue[Batch | None] = asyncio.Queue()  # None: closed
        self._producers: list[Producer] = []
        self._paused = False
        self._closed = False

    def __len__(self) -> int:
        return self._batches.qsize()

    @property
    def paused(self) -> bool:
        """Whether the producers are paused."""
        return self._paused

    def register(self, producer: Producer) -> None:
        """Add a producer to those that are paused and resumed."""
        self._producers.append(producer)
        if self._paused:
            producer.pause()

    def put(self, batch: Batch) -> None:
        """Add a batch, and pause the producers if that crosses a limit."""
        self._batches.put_nowait(batch)
        self.messages += len(batch.frames)
        self.bytes += batch.size
        if not self._paused and self._full():
            self._paused = True
            for producer in self._producers:
                producer.pause()

    def offer(self, batch: Batch) -> bool:
        """Add a batch if there is room for it; False if there is none."""
        if self._full():
            return False
        self.put(batch)
        return True

    async def get(self) -> Batch:
        """Wait for a batch and take it.

        Raises:
            QueueClosed: The queue is closed and empty.
        """
        batch = await self._batches.get()
        if batch is None:
            self._batches.put_nowait(None)  # for the next worker
            raise QueueClosed
        self.taken += 1
        self.messages -= len(batch.frames)
        self.bytes -= batch.size
        if self._paused and self._half_empty():
            self._paused = False
            for producer in self._producers:
                producer.resume()
        return batch

    def close(self) -> None:
        """End the queue: what is in it can still be taken."""
        if not self._closed:
            self._closed = True
            self._batches.put_nowait(None)

    def abandon(self) -> list[Batch]:
        """Empty the queue and return what was in it."""
        batches = []
        while not self._batches.empty():
            batch = self._batches.get_nowait()
            if batch is not None:
                batches.append(batch)
        if self._closed:
            self._batches.put_nowait(None)
        self.messages = self.bytes = 0
        return batches

    def _half_empty(self) -> bool:
        return self.messages <= self.max_messages // 2 and self.bytes <= self.max_bytes // 2

    def _full(self) -> bool:
        return self.messages >= self.max_messages or self.bytes >= self.max_bytes
