"""Sends everybody who watches what has changed, as server-sent events (HTML, section 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from heroku_syslogd.status.document import AppStatus, Document, DynoStatus, StatusReader
from heroku_syslogd.status.feed import Entry
from heroku_syslogd.status.recorder import EVERY, Recorder

PUBLISH_EVERY: Final = 2.0
"""Seconds between two messages to those who watch."""

MOST_WATCHERS: Final = 50
"""Watchers at once: what they are sent is made once, but each is sent it."""

MOST_WAITING: Final = 5
"""Messages that wait for a watcher. One that is further behind is left, and may connect anew."""

_encode: Final = msgspec.json.Encoder().encode


class Gone(msgspec.Struct, frozen=True):
    """What is no longer there: names of applications, and keys of dynos."""

    apps: list[str]
    dynos: list[str]


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What a `Document` has that the one before had not; `health` and `listeners` are whole.

    Curves are left out: whoever watches has them, and sees which point comes next.
    """

    at: float
    health: Any
    listeners: Any
    apps: list[AppStatus]
    dynos: list[DynoStatus]
    events: list[Entry]
    gone: Gone


def update_between(old: Document, new: Document) -> Update:
    """Return what turns one document into the other."""
    old_apps = {app.app: app for app in old.apps}
    old_dynos = {dyno.key: dyno for dyno in old.dynos}
    old_events = {entry.id: entry for entry in old.events}
    apps = [app for app in new.apps if old_apps.pop(app.app, None) != app]
    dynos = [dyno for dyno in new.dynos if old_dynos.pop(dyno.key, None) != dyno]
    return Update(
        at=new.at,
        health=new.health,
        listeners=new.listeners,
        apps=apps,
        dynos=dynos,
        events=[entry for entry in new.events if old_events.get(entry.id) != entry],
        gone=Gone(list(old_apps), list(old_dynos)),
    )


def message(event: str, data: Any) -> bytes:
    """Return an event of a stream. JSON has no line breaks of its own."""
    return b"event: " + event.encode() + b"\ndata: " + _encode(data) + b"\n\n"


class Watcher:
    """Somebody who watches; at most `MOST_WAITING` messages wait for them."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING + 1)
        self.is_left = False

    def offer(self, data: bytes) -> None:
        """Have a message sent, unless too many wait already: then it is the end."""
        if self._waiting.qsize() >= MOST_WAITING:
            self.leave()
        elif not self.is_left:
            self._waiting.put_nowait(data)

    def leave(self) -> None:
        """Send nothing more."""
        if not self.is_left:
            self.is_left = True
            self._waiting.put_nowait(None)

    async def messages(self) -> AsyncIterator[bytes]:
        """Yield messages until it is left."""
        while (data := await self._waiting.get()) is not None:
            yield data


class Publisher:
    """Looks at the state regularly, and tells those who watch.

    Nothing but `Recorder.look` is done while nobody watches.

    Args:
        reader: Makes the documents.
        recorder: Looks at the counters.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(
        self, reader: StatusReader, recorder: Recorder, clock: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._recorder = recorder
        self._clock = clock
        self._watchers: set[Watcher] = set()
        self._document: Document | None = None  # that which everybody who watches has
        self._publishing = asyncio.Lock()
        self._is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether nobody else may watch, or it is over."""
        return self._is_closed or len(self._watchers) >= MOST_WATCHERS

    async def run(self) -> None:
        """Look and tell until cancelled."""
        loop = asyncio.get_running_loop()
        next_look = loop.time()
        while True:
            if loop.time() >= next_look:
                next_look = max(next_look + EVERY, loop.time())
                await self._recorder.look(self._clock())
            if self._watchers:
                await self.publish()
            await asyncio.sleep(min(PUBLISH_EVERY, max(next_look - loop.time(), 0.0)))

    async def publish(self) -> None:
        """Tell everybody who watches what has changed since the last time."""
        async with self._publishing:
            document = await self._reader.read(self._clock())
            if self._document is not None:
                update = update_between(self._document, document)
                await asyncio.sleep(0)
                data = message("update", update)
                for watcher in list(self._watchers):
                    watcher.offer(data)
            self._document = document

    async def document(self) -> Document:
        """Return the state as it is."""
        return await self._reader.read(self._clock())

    @asynccontextmanager
    async def watcher(self) -> AsyncIterator[Watcher]:
        """Begin to watch: everything first, then what changes."""
        watcher = Watcher()
        async with self._publishing:
            if not self._watchers or self._document is None:
                self._document = await self._reader.read(self._clock())
            watcher.offer(message("snapshot", self._document))
            self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """Leave everybody."""
        self._is_closed = True
        for watcher in self._watchers:
            watcher.leave()
