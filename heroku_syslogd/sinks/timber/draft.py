"""What the documents of all events have in common: Timber's nested shape, schema 4.1.

The schema (timberio/log-event-json-schema) allows neither null nor an empty object nor a key of
one's own, except below ``context.custom`` and ``event.custom``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from heroku_syslogd.heroku.naming import free_text

Document = dict[str, Any]

Level = Literal["debug", "info", "notice", "warn", "error", "critical", "alert"]
"""The levels of the schema that are in use."""

MAX_MESSAGE: Final = 8192
"""Most characters of ``message``, and of any other text."""

MAX_NAME: Final = 256
"""Most characters of a short text: host, request id, user, hostname."""

_MOST_UTF8_BYTES: Final = 4  # of one character
_SOURCES: Final = frozenset({"app", "heroku"})
_LAST_SECOND: Final = 253402300799.0  # of the year 9999
_MAX_DYNO_DIGITS: Final = 15
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Line(NamedTuple):
    """The line that an event was read from.

    Attributes:
        app: Our label of the application (``my-app``, or ``d.9173ea1f`` for an unconfigured drain).
        source: APP-NAME as sent: ``heroku`` or ``app``.
        procid: ``web.1``, ``router``, ``api``, ``heroku-postgres``, ``postgres.1234``.
        time: Seconds since the epoch: Heroku's time of the line, our arrival if that is unreadable.
        msg: MSG.
    """

    app: str
    source: str
    procid: str
    time: float
    msg: bytes


class Draft(NamedTuple):
    """What one document says beyond what every document says.

    Attributes:
        level: ``level``.
        event: ``event``: exactly one key.
        context: Groups of ``context`` beside those of every document.
        custom: Groups of ``context.custom`` beside those of every document.
        message: ``message``, where MSG must not be shown; None shows MSG.
        time_ms: ``time_ms``: how long what the line reports took.
    """

    level: Level
    event: Document
    context: Mapping[str, Any] = _NOTHING
    custom: Mapping[str, Any] = _NOTHING
    message: str | None = None
    time_ms: float | None = None


def assemble(draft: Draft, line: Line) -> Document:
    """Return the document of a draft."""
    document: Document = {
        "dt": _date_time(line.time),
        "level": draft.level,
        "message": message_of(line.msg) if draft.message is None else draft.message[:MAX_MESSAGE],
    }
    if draft.time_ms is not None:
        document["time_ms"] = draft.time_ms
    document["context"] = {
        **_platform(line),
        **draft.context,
        # Timber had one source per application; whoever takes several needs to tell them apart.
        "custom": {"drain": {"app": line.app}, **draft.custom},
    }
    document["event"] = draft.event
    return document


def compact(values: Mapping[str, Any]) -> Document:
    """Leave out what the line did not give: None, empty texts and empty objects."""
    return {key: value for key, value in values.items() if value not in (None, "", {})}


def custom(name: str, values: Mapping[str, Any]) -> Document:
    """Return an event that the schema has no type for.

    Such an event must hold something: ``occurred`` stands where the line says no more than that.
    """
    return {"custom": {name: compact(values) or {"occurred": True}}}


def message_of(msg: bytes) -> str:
    """Return MSG as text."""
    return free_text(msg, MAX_MESSAGE * _MOST_UTF8_BYTES)[:MAX_MESSAGE]


def user_context(user: str) -> Document:
    """Return ``context.user`` of who did something: an e-mail address, else a name."""
    return compact({"user": compact({"email" if "@" in user else "name": user[:MAX_NAME]})})


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds as the schema wants them; Heroku's finest times are microseconds."""
    return None if seconds is None else round(seconds * 1000, 3)


def _platform(line: Line) -> Document:
    """Return ``context.platform``; nothing for a source that the schema does not know."""
    if line.source not in _SOURCES:
        return {}
    heroku: Document = {"dyno_type": line.procid[:MAX_NAME] or "-", "source": line.source}
    process_type, _, number = line.procid.rpartition(".")
    if process_type and number.isascii() and number.isdigit() and len(number) <= _MAX_DYNO_DIGITS:
        heroku["dyno_type"] = process_type[:MAX_NAME]
        if int(number):  # the schema's dynos count from 1, and so do Heroku's
            heroku["dyno_id"] = int(number)
    return {"platform": {"heroku": heroku}}


def _date_time(seconds: float) -> str:
    """Return a time as RFC 3339 in UTC with microseconds; one out of its range as the nearest."""
    within = min(max(0.0, seconds), _LAST_SECOND)
    return datetime.fromtimestamp(within, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
