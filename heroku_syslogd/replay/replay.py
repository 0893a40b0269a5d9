"""Captures through the pipeline of the daemon, offline."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import Config
from heroku_syslogd.exposition import Exposition
from heroku_syslogd.heroku import AddonSample, Event, Kind
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.registry import Subject
from heroku_syslogd.replay.clock import CaptureClock
from heroku_syslogd.sinks import event_lines
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import (
    HEAD_BYTES,
    Decoded,
    Dialect,
    FrameDecoder,
    RenderedDecoder,
    is_rendered,
)
from heroku_syslogd.worker import Observer

_LISTENER: Final = "replay"
_LARGEST_BATCH: Final = 1024
"""Messages of one batch, as of a read of the daemon."""

_TIDY_AT_LEAST_EVERY: Final = 5.0
"""Seconds of the capture, as in the daemon."""

_EVERY_KIND: Final = frozenset(Kind)
_MOST_NAMES: Final = 1000

EventWriter = Callable[[bytes], object]
"""Takes one event as a line of JSON."""


class Replay:
    """Reads captures one after the other; the state goes on from one to the next.

    A capture is a stream of frames, or text as ``heroku logs`` prints it, which its first bytes
    tell. There is no fault budget: a damaged capture is read to its end.

    Args:
        config: Drains, limits and times of expiry.
        dialect: Header form of the frames.
        write_event: Given every event, in the order of the captures; None where none are wanted.
        wall: Returns the machine's time, seconds since the epoch.

    Attributes:
        dialect: As given.
        telemetry: The books: what was received, applied and lost.
        counters: Those of the captures as of a listener.
        pipeline: The state.
        clock: The time of the captures.
        captures: Captures begun.
        rendered: Those of them that are text of ``heroku logs``.
        unknown_keys: How often each ``sample#`` key of an add-on came that we do not know.
        forgotten: Unrecognised lines of applications that lost their places, by APP-NAME and
            process type: the state has forgotten them.
    """

    def __init__(
        self,
        config: Config,
        dialect: Dialect,
        write_event: EventWriter | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.dialect = dialect
        self.telemetry = Telemetry()
        self.counters = self.telemetry.listener(_LISTENER)
        self.clock = CaptureClock(wall)
        self.captures = 0
        self.rendered = 0
        self.unknown_keys: Counter[tuple[str, str]] = Counter()
        self.forgotten: Counter[tuple[str, str]] = Counter()
        self._write_event = write_event
        # The worker reads a batch stream by stream; events are to come in the capture's order.
        self._batch_size = 1 if write_event else _LARGEST_BATCH
        every = _EVERY_KIND if write_event else frozenset[Kind]()
        kinds = every | {Kind.ADDON_SAMPLE}
        observer = Observer(kinds, self._notify, every)
        self.pipeline = Pipeline(config, self.telemetry, lambda *_: None, observer)
        self._max_frame_bytes = config.limits.max_frame_bytes
        self._tidy_every = min(_TIDY_AT_LEAST_EVERY, config.dynos.expire_after / 4)
        self._tidied_at = 0.0
        self._origin = Origin(_LISTENER, "", dialect)
        self._head = b""
        self._decoder: FrameDecoder | RenderedDecoder | None = None

    def begin(self) -> None:
        """Begin a capture; its framing is its own."""
        self.captures += 1
        self._head, self._decoder = b"", None

    def feed(self, data: bytes) -> None:
        """Take bytes of a capture as they were read."""
        self.counters.received_bytes += len(data)
        if self._decoder is None:
            self._head += data
            if len(self._head) < HEAD_BYTES:
                return
        decoder, data = self._started(data)
        self._deliver(decoder.feed(data))

    def end(self) -> None:
        """Take the end of a capture."""
        decoder, rest = self._started(b"")
        self._deliver(decoder.feed(rest))
        self._deliver(decoder.finish())

    def finish(self) -> None:
        """Bring the state to the end of the last capture: what was silent too long is gone."""
        self._tidy(self.clock.now)

    def metrics(self) -> bytes:
        """Return ``heroku_*`` in the text format of Prometheus."""
        nothing = CollectorRegistry()
        state, telemetry = self.pipeline.registry, self.telemetry
        return Exposition(state, nothing, telemetry, lambda: self.clock.now).render_at_once()

    def _started(self, data: bytes) -> tuple[FrameDecoder | RenderedDecoder, bytes]:
        """Return the decoder of the capture, and what it is to be fed."""
        if self._decoder is not None:
            return self._decoder, data
        if is_rendered(self._head):
            self.rendered += 1
            self._decoder = RenderedDecoder(self._max_frame_bytes)
        else:
            self._decoder = FrameDecoder(self._max_frame_bytes)
        data, self._head = self._head, b""
        return self._decoder, data

    def _deliver(self, decoded: Decoded) -> None:
        self.counters.received_messages += len(decoded.frames)
        apply = self.pipeline.worker.apply
        for frames, now in self.clock.runs(decoded.frames):
            if not 0 <= now - self._tidied_at < self._tidy_every:
                self._tidy(now)
            for start in range(0, len(frames), self._batch_size):
                part = frames[start : start + self._batch_size]
                apply(Batch(part, self._origin, now, sum(map(len, part))))
        for fault in decoded.faults:
            self.counters.count_fault(fault)

    def _tidy(self, now: float) -> None:
        """Do what the daemon's housekeeping does, as often in the time of the capture.

        It is done before the messages of a new second are applied, so that a gap in the capture
        expires what a quiet daemon would have expired.
        """
        self._tidied_at = now
        drains, tallies = self.pipeline.drains, self.pipeline.registry.tallies
        if not drains.is_full:
            self.pipeline.tidy(now)
            return
        before = {app.app: list(app.logs.values()) for app in tallies.apps()}
        self.pipeline.tidy(now)
        for app in before.keys() - {app.app for app in tallies.apps()}:
            for log in before[app]:
                self.forgotten[log.source, log.process_type] += log.unrecognised

    def _notify(self, event: Event, subject: Subject, at: float, msg: bytes) -> None:
        if isinstance(event, AddonSample) and len(self.unknown_keys) < _MOST_NAMES:
            self.unknown_keys.update((event.addon, key) for key in event.unknown)
        if self._write_event is not None:
            for line in event_lines(event, subject, at, msg, _EVERY_KIND):
                self._write_event(line)
