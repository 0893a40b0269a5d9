"""From batches to metrics: the coroutine that takes what the listeners queued.

Between taking a batch and having applied all of it nothing is awaited. That keeps the order of a
connection's lines with any number of workers, and the sums consistent for a scrape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin, QueueClosed
from heroku_syslogd.drains import DrainTable, Refusal
from heroku_syslogd.heroku import (
    DYNO_MANAGER,
    OUTPUT,
    POSTGRES_SERVER,
    Event,
    Kind,
    label_text,
    line_rule,
    process_type_of,
)
from heroku_syslogd.registry import Line, Registry, Scanner, Subject
from heroku_syslogd.tallies import LogTally
from heroku_syslogd.telemetry import LostReason, Telemetry
from heroku_syslogd.wire import (
    VALID_PRI_VERSION,
    Dialect,
    HeaderFault,
    Message,
    message_text,
    parse_message,
    parse_timestamp,
    stream_key,
)

YIELD_AFTER: Final = 1000
"""Messages after which the workers let the event loop turn, all of them together: about a
millisecond's work, and 20 of the dearest lines."""

YIELD_AFTER_BYTES: Final = 262_144
"""Bytes after which it does so, too: of long messages each may take some milliseconds."""

MAX_STREAMS: Final = 50_000
"""Streams remembered, about two per dyno. Only a cache: past this it is emptied and fills again, so
that one-off dynos and invented names come and go without growing memory."""

_LONGEST_KEY: Final = 256
"""Longest stream key that is remembered; Logplex's are about 60 bytes."""

_PROCESS_TYPE_OF_SERVERS: Final = "postgres"
"""What stands in front of the number in the PROCID of a Postgres server."""

IDLE_STRANGER: Final = 600.0
"""Seconds of silence after which an unconfigured drain loses its place to one that wants it."""

FaultReporter = Callable[[Origin, HeaderFault], None]
"""Told about each header that could not be parsed."""


class Observer(NamedTuple):
    """Who wants to see events, beside the metrics.

    Attributes:
        kinds: Which kinds of them may be wanted.
        notify: Given the event, what it is about, the time of its line in seconds since the epoch,
            and MSG. Must not block.
        every: Kinds of which every event is wanted. Those that come often are else counted
            without an event being made of them.
    """

    kinds: frozenset[Kind]
    notify: Callable[[Event, Subject, float, bytes], None]
    every: frozenset[Kind] = frozenset()


NOBODY: Final = Observer(frozenset(), lambda *_: None)


def together(*observers: Observer) -> Observer:
    """Return an observer that shows each of several others the kinds that it wants."""
    wanting: dict[Kind, list[Observer]] = {}
    for observer in observers:
        for kind in observer.kinds:
            wanting.setdefault(kind, []).append(observer)

    def notify(event: Event, subject: Subject, at: float, msg: bytes) -> None:
        for observer in wanting[event.kind]:
            observer.notify(event, subject, at, msg)

    every = frozenset[Kind]().union(*(observer.every for observer in observers))
    return Observer(frozenset(wanting), notify, every)


@dataclass(slots=True, eq=False)
class Stream:
    """What all lines with one HOSTNAME, APP-NAME and PROCID have in common.

    Not a named tuple: taking one of those apart takes three times as long as asking for what most
    lines need.

    Attributes:
        log: Where they are counted.
        needle: Byte that a line must hold to mean anything; None where any line may.
        pending: Lines of the present batch that may mean something.
        scan: Counts lines without making events of them; None where no such short cut exists.
        subject: What they are about.
        touched: Streams of the same writer that have pending lines.
    """

    log: LogTally
    needle: int | None
    pending: list[Line]
    scan: Scanner | None
    subject: Subject
    touched: list[Stream]


class Worker:
    """Parses messages and applies them to the registry; all workers share one.

    Args:
        drains: Maps drain tokens to applications.
        registry: Where events go.
        telemetry: Our own counters.
        report: Told about headers that could not be parsed.
        observer: Shown the events.

    Attributes:
        max_streams: Streams remembered at most.
    """

    def __init__(
        self,
        drains: DrainTable,
        registry: Registry,
        telemetry: Telemetry,
        report: FaultReporter,
        observer: Observer = NOBODY,
    ) -> None:
        self.max_streams = MAX_STREAMS
        self._running = 0
        self._messages = self._bytes = 0  # since the event loop turned
        self._drains = drains
        self._registry = registry
        self._telemetry = telemetry
        self._report = report
        self._observer = observer
        # By drain token and account of the transport, which are empty for syslog, then by
        # HOSTNAME, APP-NAME and PROCID: in a batch of an HTTPS drain every HOSTNAME is `host`.
        self._streams: dict[tuple[bytes, str], dict[bytes, Stream]] = {}
        self._stream_count = 0
        self._being_read = (b"", "")  # key of the streams that the present batch is of
        self._touched: dict[str, list[Stream]] = {}  # those with pending lines, by writer

    async def run(self, queue: BoundedQueue) -> None:
        """Apply batches until the queue is closed and empty; several may run at once."""
        loop = asyncio.get_running_loop()
        if not self._running:
            self._begin_turn()
        self._running += 1
        try:
            while True:
                while self._has_done_enough():  # noqa: ASYNC110 - the loop is to turn once
                    await asyncio.sleep(0)
                batch = await queue.get()  # does not let the loop turn while there are batches
                try:
                    self.apply(batch)
                except Exception:
                    lost = self._telemetry.listener(batch.origin.listener).lost_messages
                    lost[LostReason.INTERNAL] += len(batch.frames)
                    raise
                self._messages += len(batch.frames)
                self._bytes += batch.size
                if self._has_done_enough():
                    loop.call_soon(self._begin_turn)
        except QueueClosed:
            return
        finally:
            self._running -= 1

    def _has_done_enough(self) -> bool:
        return self._messages >= YIELD_AFTER or self._bytes >= YIELD_AFTER_BYTES

    def _begin_turn(self) -> None:
        self._messages = self._bytes = 0

    def observe(self, observer: Observer) -> None:
        """Show the events to somebody else from now on."""
        self._observer = observer
        self.forget_streams()

    def forget_streams(self, promoted: Iterable[str] = ()) -> None:
        """Look every stream up anew: the mapping of drains to applications has changed.

        Args:
            promoted: Applications that are configured now and were not: theirs is a larger share.
        """
        self._clear_streams()
        for app in promoted:
            self._registry.promote(app)

    def make_room(self, now: float) -> int:
        """Forget unconfigured drains that have been idle long, if their places are wanted.

        Otherwise whoever invents enough tokens keeps every new drain out for ever. Their counters
        are lost with them; a drain that matters has a name in the configuration.

        Returns:
            How many were forgotten.
        """
        if not self._drains.is_full:
            return 0
        last_message_at = self._registry.tallies.last_message_at()
        strangers = self._drains.strangers
        idle = [app for app in strangers if last_message_at.get(app, 0.0) <= now - IDLE_STRANGER]
        for app in idle:
            self._drains.forget(app)
            self._registry.forget(app)
        if idle:
            self.forget_streams()
        return len(idle)

    def apply(self, batch: Batch) -> None:
        """Apply every message of a batch.

        The fast path has four tricks. A frame of Logplex has a nil MSGID, so the bytes between
        TIME and the next ``" - "`` name its stream (`wire.stream_key`), and one look-up of that
        slice stands for parsing the header, mapping the drain, finding the counter and choosing the
        line's rule. Most lines are an application's output and mean nothing unless they hold a
        ``#``: the others are done with once that has been looked for. Of the lines that are left,
        most are of a form that is counted without an event being made of it. And the streams that
        have any are read at the end, one after the other, each in its order: the same work many
        times in a row keeps its code in the processor's cache, which saves a tenth.

        Everything else, and the first line of every stream, goes the long way.
        """
        frames, origin, now, _ = batch
        self._being_read = origin.drain, origin.app
        streams, dialect = self._streams_of(origin), origin.dialect
        lost = 0
        for frame in frames:
            try:
                pri_version, timestamp, rest = frame.split(b" ", 2)
                key, _, rest = rest.partition(b" - ")
                stream = streams[key]
            except (ValueError, KeyError):
                lost += not self._slow(frame, origin, now)
                continue
            if pri_version not in VALID_PRI_VERSION:
                lost += not self._slow(frame, origin, now)
                continue
            log = stream.log
            log.messages += 1
            log.bytes += len(frame)
            log.last_message_at = now
            needle = stream.needle
            if needle is None or needle in rest:
                pending = stream.pending
                if not pending:
                    stream.touched.append(stream)
                pending.append((timestamp, rest))
        self._read_touched(dialect, now)
        self._telemetry.applied_messages += len(frames) - lost

    def _read_touched(self, dialect: Dialect, now: float) -> None:
        """Apply what the pending lines of all streams mean."""
        for touched in self._touched.values():
            for stream in touched:
                self._read_pending(stream, dialect, now)
            touched.clear()

    def _read_pending(self, stream: Stream, dialect: Dialect, now: float) -> None:
        """Apply what the pending lines of a stream mean."""
        lines, scan, subject = stream.pending, stream.scan, stream.subject
        position = scan(lines, 0, now) if scan is not None else 0
        while position < len(lines):
            timestamp, rest = lines[position]
            self._read(message_text(rest, dialect), timestamp, subject, now)
            position += 1
            if scan is not None and position < len(lines):
                position = scan(lines, position, now)
        lines.clear()

    def _slow(self, frame: bytes, origin: Origin, now: float) -> bool:
        """Apply one message by parsing all of it; False if it was lost, with the reason counted."""
        self._read_touched(origin.dialect, now)  # it may open its stream anew; those came before
        message = parse_message(frame, origin.dialect)
        if isinstance(message, HeaderFault):
            self._telemetry.parse_errors[message.reason] += 1
            self._lose(origin, LostReason.HEADER)
            self._report(origin, message)
            return False
        key = stream_key(message)
        stream = self._streams_of(origin).get(key) or self._open_stream(key, message, origin)
        if stream is None:
            return False
        log = stream.log
        log.messages += 1
        log.bytes += len(frame)
        log.last_message_at = now
        self._read(message.msg, message.timestamp, stream.subject, now)
        return True

    def _read(self, msg: bytes, timestamp: bytes, subject: Subject, now: float) -> None:
        """Apply what a line means."""
        rule = subject.rule
        event = rule.parse(msg)
        if event is None:
            subject.log.unrecognised += not rule.is_output
            return
        at = self._registry.apply(event, subject, parse_timestamp(timestamp), now)
        if event.kind in self._observer.kinds:
            self._observer.notify(event, subject, at, msg)

    def _open_stream(self, key: bytes, message: Message, origin: Origin) -> Stream | None:
        """Find everything that the lines of a new stream share; None if they are refused."""
        token = origin.drain or message.hostname
        app = self._drains.app_of(token, origin.app)
        if isinstance(app, Refusal):
            self._lose(origin, LostReason(app.value))
            return None
        subject = self._subject(app, token, message)
        if subject is None:
            self._lose(origin, LostReason.SERIES_LIMIT)
            return None
        scan = self._registry.scanner(subject, self._observer.every)
        rule = subject.rule
        touched = self._touched.setdefault(rule.writer, [])
        stream = Stream(subject.log, rule.needle, [], scan, subject, touched)
        if len(key) <= _LONGEST_KEY:
            if self._stream_count >= self.max_streams:
                self._clear_streams()
            self._streams_of(origin)[key] = stream
            self._stream_count += 1
        return stream

    def _streams_of(self, origin: Origin) -> dict[bytes, Stream]:
        """Return the streams that are remembered of one drain, or of all that name themselves."""
        key = (origin.drain, origin.app)
        streams = self._streams.get(key)
        if streams is None:
            if self._stream_count >= self.max_streams:
                self._clear_streams()
            streams = self._streams[key] = {}
            self._stream_count += 1  # a drain takes as much room as a stream
        return streams

    def _clear_streams(self) -> None:
        """Forget all streams; a batch that is being read finds them anew, as they are opened."""
        being_read = self._streams.get(self._being_read)
        self._streams.clear()
        if being_read is not None:
            being_read.clear()
            self._streams[self._being_read] = being_read
        self._stream_count = len(self._streams)

    def _subject(self, app: str, token: bytes, message: Message) -> Subject | None:
        rule = line_rule(message.app_name, message.procid)
        process_type = process_type_of(message.procid)
        if rule is POSTGRES_SERVER and self._registry.has_dynos(app, process_type):
            rule = OUTPUT
        subject = self._registry.subject(
            app,
            rule,
            label_text(message.app_name),
            process_type,
            label_text(message.procid),
            token,
            is_configured=self._drains.is_configured(app),
        )
        is_new = subject is not None and not subject.log.messages
        if is_new and rule is DYNO_MANAGER and process_type == _PROCESS_TYPE_OF_SERVERS:
            self._clear_streams()  # those that were held to be a server's may be its dynos'
        return subject

    def _lose(self, origin: Origin, reason: LostReason) -> None:
        self._telemetry.listener(origin.listener).lost_messages[reason] += 1
