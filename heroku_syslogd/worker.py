"""From batches to metrics: the coroutine that takes what the listeners queued.

Between taking a batch and having applied all of it nothing is awaited. That keeps the order of a
connection's lines with any number of workers, and the sums consistent for a scrape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin, QueueClosed
from heroku_syslogd.drains import DrainTable, Refusal
from heroku_syslogd.dynos import DynoIdentity, DynoRegistry
from heroku_syslogd.heroku import LineParser, label_text, line_parser, process_type_of
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies import LogTally, Tallies
from heroku_syslogd.telemetry import LostReason, Telemetry
from heroku_syslogd.wire import (
    VALID_PRI_VERSION,
    HeaderFault,
    Message,
    message_text,
    parse_message,
    parse_timestamp,
    stream_key,
)

YIELD_AFTER: Final = 1000
"""Messages after which a worker lets the event loop turn: about a millisecond's work."""

MAX_STREAMS: Final = 20_000
"""Streams remembered. Only a cache: past this it is emptied and fills again, so that one-off dynos
and invented names come and go without growing memory."""

_LONGEST_KEY: Final = 256
"""Longest stream key that is remembered; Logplex's are about 60 bytes."""

IDLE_STRANGER: Final = 600.0
"""Seconds of silence after which an unconfigured drain loses its place to one that wants it."""

# Parts of the series budget, as divisors: one configured application may have half of it, all
# unconfigured drains together half, and one of those a tenth of that half.
_CONFIGURED_APP_PART: Final = 2
_STRANGERS_PART: Final = 2
_STRANGER_PART: Final = 10

FaultReporter = Callable[[Origin, HeaderFault], None]
"""Told about each header that could not be parsed."""


class Stream(NamedTuple):
    """What all lines with one HOSTNAME, APP-NAME and PROCID have in common.

    Attributes:
        tally: Where they are counted.
        parse: Reads what a line means; None where no line of the stream means anything.
        dyno: The dyno that PROCID names.
    """

    tally: LogTally
    parse: LineParser | None
    dyno: DynoIdentity


class Worker:
    """Parses messages and applies them to the metrics; all workers share one.

    Args:
        drains: Maps drain tokens to applications.
        tallies: Log counters.
        dynos: Per-dyno state.
        telemetry: Our own counters.
        budget: Bound on live series.
        report: Told about headers that could not be parsed.
    """

    def __init__(
        self,
        drains: DrainTable,
        tallies: Tallies,
        dynos: DynoRegistry,
        telemetry: Telemetry,
        budget: SeriesBudget,
        report: FaultReporter,
    ) -> None:
        self._drains = drains
        self._tallies = tallies
        self._dynos = dynos
        self._telemetry = telemetry
        self._budget = budget
        self._strangers_budget = budget.share(_STRANGERS_PART)
        self._budgets: dict[str, SeriesBudget] = {}
        self._report = report
        self._streams: dict[bytes, Stream] = {}

    async def run(self, queue: BoundedQueue) -> None:
        """Apply batches until the queue is closed and empty."""
        since_yield = 0
        try:
            while True:
                batch = await queue.get()  # does not let the loop turn while there are batches
                try:
                    self.apply(batch)
                except Exception:
                    lost = self._telemetry.listener(batch.origin.listener).lost_messages
                    lost[LostReason.INTERNAL] += len(batch.frames)
                    raise
                since_yield += len(batch.frames)
                if since_yield >= YIELD_AFTER:
                    since_yield = 0
                    await asyncio.sleep(0)
        except QueueClosed:
            return

    def forget_streams(self, promoted: Iterable[str] = ()) -> None:
        """Look every stream up anew: the mapping of drains to applications has changed.

        Args:
            promoted: Applications that are configured now and were not: theirs is a larger share.
        """
        self._streams.clear()
        for app in promoted:
            self._budgets.pop(app, None)

    def make_room(self, now: float) -> int:
        """Forget unconfigured drains that have been idle long, if their places are wanted.

        Otherwise whoever invents enough tokens keeps every new drain out for ever. Their counters
        are lost with them; a drain that matters has a name in the configuration.

        Returns:
            How many were forgotten.
        """
        if not self._drains.is_full:
            return 0
        last_message_at = self._tallies.last_message_at()
        strangers = self._drains.strangers
        idle = [app for app in strangers if last_message_at.get(app, 0.0) <= now - IDLE_STRANGER]
        for app in idle:
            self._drains.forget(app)
            self._tallies.forget(app)
            self._budgets.pop(app, None)
        if idle:
            self.forget_streams()
        return len(idle)

    def apply(self, batch: Batch) -> None:
        """Apply every message of a batch.

        The fast path: a frame of Logplex has a nil MSGID, so the bytes between TIME and the first
        ``" - "`` name its stream (`wire.stream_key`), and one look-up of that slice stands for
        parsing the header, mapping the drain, finding the counter and choosing the line's parser.
        Everything else, and the first line of every stream, takes `_slow`.
        """
        frames, origin, now, _ = batch
        streams = self._streams
        lost = 0
        for frame in frames:
            head, _, rest = frame.partition(b" - ")
            try:
                pri_version, timestamp, key = head.split(b" ", 2)
            except ValueError:
                lost += not self._slow(frame, origin, now)
                continue
            stream = streams.get(key)
            if stream is None or pri_version not in VALID_PRI_VERSION:
                lost += not self._slow(frame, origin, now)
                continue
            tally, parse, dyno = stream
            tally.messages += 1
            tally.bytes += len(frame)
            tally.last_message_at = now
            if parse is not None:
                event = parse(message_text(rest, origin.dialect))
                if event is not None:
                    self._dynos.apply(event, dyno, parse_timestamp(timestamp), now)
        self._telemetry.applied_messages += len(frames) - lost

    def _slow(self, frame: bytes, origin: Origin, now: float) -> bool:
        """Apply one message by parsing all of it; False if it was lost, with the reason counted."""
        message = parse_message(frame, origin.dialect)
        if isinstance(message, HeaderFault):
            self._telemetry.parse_errors[message.reason] += 1
            self._lose(origin, LostReason.HEADER)
            self._report(origin, message)
            return False
        key = stream_key(message)
        stream = self._streams.get(key) or self._open_stream(key, message, origin)
        if stream is None:
            return False
        tally, parse, dyno = stream
        tally.messages += 1
        tally.bytes += len(frame)
        tally.last_message_at = now
        event = parse(message.msg) if parse is not None else None
        if event is not None:
            self._dynos.apply(event, dyno, parse_timestamp(message.timestamp), now)
        return True

    def _open_stream(self, key: bytes, message: Message, origin: Origin) -> Stream | None:
        """Find everything that the lines of a new stream share; None if they are refused."""
        app = self._drains.app_of(message.hostname)
        if isinstance(app, Refusal):
            self._lose(origin, LostReason(app.value))
            return None
        source, process_type = label_text(message.app_name), process_type_of(message.procid)
        budget = self._budget_of(app)
        tally = self._tallies.log(app, source, process_type, budget)
        if tally is None:
            self._lose(origin, LostReason.SERIES_LIMIT)
            return None
        parse = line_parser(message.app_name, message.procid)
        dyno = DynoIdentity(app, process_type, label_text(message.procid), budget)
        stream = Stream(tally, parse, dyno)
        if len(key) <= _LONGEST_KEY:
            if len(self._streams) >= MAX_STREAMS:
                self._streams.clear()
            self._streams[key] = stream
        return stream

    def _budget_of(self, app: str) -> SeriesBudget:
        """Return an application's share: nobody takes the room of all the others."""
        budget = self._budgets.get(app)
        if budget is None:
            if self._drains.is_configured(app):
                budget = self._budget.share(_CONFIGURED_APP_PART)
            else:
                budget = self._strangers_budget.share(_STRANGER_PART)
            self._budgets[app] = budget
        return budget

    def _lose(self, origin: Origin, reason: LostReason) -> None:
        self._telemetry.listener(origin.listener).lost_messages[reason] += 1
