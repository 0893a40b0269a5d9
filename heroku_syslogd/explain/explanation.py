"""What one line is: the same steps as the daemon's, each with its result kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.samples import Sample

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import Config
from heroku_syslogd.drains import Refusal
from heroku_syslogd.dynos import MAX_CLOCK_AHEAD
from heroku_syslogd.explain.framing import Framing, unframe
from heroku_syslogd.explain.tables import PLATFORM_RULES
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.heroku import Event, Kind, LineRule, line_rule
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.registry import Subject
from heroku_syslogd.sinks import Line, wanted_documents
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import Dialect, HeaderFault, Message, parse_message, parse_timestamp
from heroku_syslogd.worker import Observer

_HTTPS_HOST: Final = b"host"
_EVERY_KIND: Final = frozenset(Kind)


class Verdict(Enum):
    """What a line is to the daemon."""

    UNDERSTOOD = "understood"
    OUTPUT = "output"
    """An application printed it, and it need not mean anything."""
    UNRECOGNISED = "unrecognised"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a message is that was not refused.

    Attributes:
        app: Label of its application.
        is_configured: Whether the configuration names that.
        time: Heroku's time of it, seconds since the epoch; None if none can be read.
        is_ahead: Whether that is a time to come, so that its arrival counts.
        rule: How it is read.
        event: What it means; None if nothing.
        lookalike: Rule of the platform that would understand the text, where its writer is not the
            platform, and the event that it is not.
        series: Series that it touches, with their values on a daemon that was empty.
        documents: Its structured events.
    """

    app: str
    is_configured: bool
    time: float | None
    is_ahead: bool
    rule: LineRule
    event: Event | None
    lookalike: tuple[LineRule, Event] | None
    series: tuple[Sample, ...]
    documents: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one line, as far as it got.

    Attributes:
        framing: How it is framed.
        verdict: What it is.
        dialect: Header form that was assumed; None if it did not come to that.
        dialect_reason: Why that one.
        header: Its header; a fault if it has none.
        refusal: Why its drain is refused.
        meaning: What it is; None if it was refused.
    """

    framing: Framing
    verdict: Verdict
    dialect: Dialect | None = None
    dialect_reason: str = ""
    header: Message | HeaderFault | None = None
    refusal: Refusal | None = None
    meaning: Meaning | None = None


def explain(
    line: bytes,
    config: Config,
    dialect: Dialect | None = None,
    wall: Callable[[], float] = time.time,
) -> Explanation:
    """Explain a line.

    Args:
        line: A frame with or without its octet count, or a line as ``heroku logs`` prints it.
        config: Drains and limits.
        dialect: Header form; None to go by HOSTNAME.
        wall: Returns our time, seconds since the epoch.
    """
    framing = unframe(line, config.limits.max_frame_bytes)
    frame = framing.frame
    if frame is None:
        return Explanation(framing, Verdict.REFUSED)
    dialect, reason = _choose(frame, dialect, is_rendered=framing.is_rendered)
    message = parse_message(frame, dialect)
    if isinstance(message, HeaderFault):
        return Explanation(framing, Verdict.REFUSED, dialect, reason, message)
    meaning = _apply(frame, message, dialect, config, wall())
    if isinstance(meaning, Refusal):
        return Explanation(framing, Verdict.REFUSED, dialect, reason, message, meaning)
    return Explanation(framing, _verdict(meaning), dialect, reason, message, meaning=meaning)


def _choose(frame: bytes, asked: Dialect | None, *, is_rendered: bool) -> tuple[Dialect, str]:
    if asked is not None:
        return asked, "as asked for"
    if is_rendered:
        return Dialect.RFC5424, "of no consequence: a printed line has no STRUCTURED-DATA"
    message = parse_message(frame, Dialect.RFC5424)
    if isinstance(message, Message) and message.hostname == _HTTPS_HOST:
        return Dialect.LOGPLEX_1, "HOSTNAME is `host`, as HTTPS drains write it"
    return Dialect.RFC5424, "HOSTNAME is not `host`, which HTTPS drains write"


def _verdict(meaning: Meaning) -> Verdict:
    if meaning.event is not None:
        return Verdict.UNDERSTOOD
    return Verdict.OUTPUT if meaning.rule.is_output else Verdict.UNRECOGNISED


def _apply(
    frame: bytes, message: Message, dialect: Dialect, config: Config, wall: float
) -> Meaning | Refusal:
    """Let a daemon that is empty apply the message, and see what it did."""
    at = parse_timestamp(message.timestamp)
    is_ahead = at is not None and at > wall + MAX_CLOCK_AHEAD
    now = wall if at is None or is_ahead else at
    seen: list[tuple[Event, Subject, float]] = []
    observer = Observer(
        _EVERY_KIND, lambda event, subject, at, _: seen.append((event, subject, at)), _EVERY_KIND
    )
    pipeline = Pipeline(config, Telemetry(), lambda *_: None, observer)
    origin = Origin("explain", "", dialect)
    app = pipeline.drains.app_of(message.hostname)
    if isinstance(app, Refusal):
        return app
    pipeline.worker.apply(Batch([frame], origin, now, len(frame)))
    rule = line_rule(message.app_name, message.procid)
    event, documents = None, []
    for event, subject, held_at in seen:
        line = Line(app, subject.log.source, subject.dyno.name, held_at, message.msg)
        documents = wanted_documents(event, line, _EVERY_KIND)
    return Meaning(
        app=app,
        is_configured=pipeline.drains.is_configured(app),
        time=at,
        is_ahead=is_ahead,
        rule=rule,
        event=event,
        lookalike=None if rule.is_platform else _lookalike(message.msg),
        series=tuple(_touched(HerokuCollector(pipeline.registry, lambda: now).collect())),
        documents=tuple(documents),
    )


def _lookalike(msg: bytes) -> tuple[LineRule, Event] | None:
    for rule in PLATFORM_RULES:
        if event := rule.parse(msg):
            return rule, event
    return None


def _touched(families: Iterator[MetricFamily]) -> Iterator[Sample]:
    """Return the samples that one message made: of counters those that are not zero.

    Of a histogram its count, its sum, and the first bucket that holds the observation.
    """
    for family in families:
        if family.type in ("histogram", "summary"):
            yield from _shortened(family.samples)
        else:
            yield from (one for one in family.samples if one.value or family.type == "gauge")


def _shortened(samples: list[Sample]) -> Iterator[Sample]:
    """Shorten the samples of histograms with one observation each, or of summaries."""
    by_series: dict[tuple[str, ...], list[Sample]] = {}
    for one in samples:
        labels = tuple(value for name, value in one.labels.items() if name != "le")
        by_series.setdefault(labels, []).append(one)
    for series in by_series.values():
        if not any(one.value for one in series if one.name.endswith("_count")):
            continue
        buckets = [one for one in series if one.name.endswith("_bucket") and one.value]
        yield from buckets[:1]
        yield from (one for one in series if not one.name.endswith("_bucket"))
