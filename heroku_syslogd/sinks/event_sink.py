"""Structured events: from what a line means to a line of JSON in a file."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import msgspec

from heroku_syslogd import log
from heroku_syslogd.config import EventsConfig
from heroku_syslogd.heroku import Event, Kind
from heroku_syslogd.registry import Subject
from heroku_syslogd.sinks.event_file import STANDARD_OUTPUT, DropReason, EventFile
from heroku_syslogd.sinks.timber import Document, Line, documents

REPORT_EVERY: Final = 60.0
"""Seconds between two log lines about events that are being lost."""

_encode: Final = msgspec.json.Encoder().encode


def wanted_documents(event: Event, line: Line, kinds: Container[Kind]) -> list[Document]:
    """Return the documents of an event that are of a wanted kind.

    A request with an error code gives two: the request, and the error.
    """
    return [one for one in documents(event, line) if _kind_of(one, event) in kinds]


def event_lines(
    event: Event, subject: Subject, at: float, msg: bytes, kinds: Container[Kind]
) -> list[bytes]:
    """Return the documents of an event that are of a wanted kind, each as a line of JSON.

    Args:
        event: What the line means.
        subject: What it is about.
        at: Time of the line, in seconds since the epoch.
        msg: MSG.
        kinds: The kinds that are wanted.
    """
    line = Line(subject.log.app, subject.log.source, subject.dyno.name, at, msg)
    return [_encode(one) + b"\n" for one in wanted_documents(event, line, kinds)]


def _kind_of(document: Document, event: Event) -> Kind:
    is_error = "platform_error" in document["event"].get("custom", ())
    return Kind.PLATFORM_ERROR if is_error else event.kind


class EventSink:
    """Writes the events that are wanted.

    Args:
        config: Where to, and which.

    Attributes:
        kinds: Kinds of events that are written.
    """

    def __init__(self, config: EventsConfig) -> None:
        self.kinds = frozenset(config.kinds)
        self._file = EventFile(config.path or STANDARD_OUTPUT, config.max_queue_bytes)
        self._log = log.get("events")
        self._next_report = 0.0
        self._dropped_then = 0

    @property
    def offered(self) -> frozenset[Kind]:
        """Kinds of events to be offered."""
        if Kind.PLATFORM_ERROR in self.kinds:  # H codes come with their requests
            return self.kinds | {Kind.ROUTER_REQUEST}
        return self.kinds

    def offer(self, event: Event, subject: Subject, at: float, msg: bytes) -> None:
        """Write an event, if it is wanted, as of `event_lines`; what does not fit is dropped."""
        for line in event_lines(event, subject, at, msg, self.kinds):
            self._file.write(line)

    def open(self) -> None:
        """Open the file.

        Raises:
            StartupError: It cannot be written to.
        """
        self._file.open()

    def reopen(self) -> None:
        """Open the file anew, as after it was rotated."""
        self._file.reopen()

    async def close(self, flush_timeout: float) -> None:
        """Write what waits for so many seconds at most; the rest is counted as abandoned."""
        await self._file.close(flush_timeout)

    def report(self, now: float) -> None:
        """Log that events are being lost, once in a while.

        Raises:
            Exception: A bug of ours ended the thread that writes.
        """
        if self._file.failure is not None:
            raise self._file.failure
        dropped = sum(self._file.dropped.values())
        if dropped == self._dropped_then or now < self._next_report:
            return
        self._log.warning(
            "events.dropped",
            path=self._file.path,
            count=dropped - self._dropped_then,
            problem=self._file.problem or "they come faster than they can be written",
        )
        self._dropped_then, self._next_report = dropped, now + REPORT_EVERY

    @property
    def written(self) -> int:
        """Events written."""
        return self._file.written

    @property
    def written_bytes(self) -> int:
        """Their bytes."""
        return self._file.written_bytes

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait."""
        return self._file.queued_bytes

    @property
    def dropped(self) -> dict[DropReason, int]:
        """Events that were not written, by reason."""
        return self._file.dropped
