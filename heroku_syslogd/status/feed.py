"""Recent notable events: deploys, scaling, crashes and error codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from heroku_syslogd.heroku import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    DynoStateChange,
    Event,
    Kind,
    Scale,
)
from heroku_syslogd.registry import Subject

MOST_ENTRIES: Final = 200
"""Entries that are remembered; the oldest ones make room."""

TOGETHER: Final = 300.0
"""Seconds within which the same thing that happens again is no entry of its own, but counts up."""

LONGEST_TEXT: Final = 120
"""Characters of an entry: Heroku splits lines at 10,000 bytes."""

FEED_KINDS: Final = frozenset({Kind.API, Kind.BUILD, Kind.SCALE, Kind.DYNO_STATE})
"""Kinds of events that may be notable. Error codes are not among them: there may be thousands in a
second, and their counters tell how many (`Feed.count_errors`)."""

_CRASHED: Final = "crashed"


class Severity(StrEnum):
    """How much an entry matters to an operator."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the feed.

    Attributes:
        id: Numbers entries in the order in which they were made.
        at: When it last happened, seconds since the epoch.
        app: Label value of the application.
        kind: What it is about: a `Kind`.
        severity: How much it matters.
        text: What happened. Parts of it were written by users of Heroku: no markup.
        code: Error code, empty if it is none.
        count: How often it happened.
    """

    id: int
    at: float
    app: str
    kind: str
    severity: str
    text: str
    code: str = ""
    count: int = 1


_API_TEXTS: Final = {
    ApiAction.RELEASE: "Released",
    ApiAction.DEPLOY: "Deployed",
    ApiAction.ROLLBACK: "Rolled back",
    ApiAction.RELEASE_COMMAND: "Release command",
    ApiAction.CONFIG_SET: "Config set",
    ApiAction.CONFIG_REMOVE: "Config removed",
    ApiAction.ADDON_ATTACH: "Add-on attached",
    ApiAction.ADDON_DETACH: "Add-on detached",
    ApiAction.ADDON_UPDATE: "Add-on updated",
    ApiAction.ADDON_READY: "Add-on ready",
    ApiAction.FEATURE: "Feature",
    ApiAction.STACK: "Stack",
    ApiAction.CREATE: "App created",
    ApiAction.RUN: "One-off dyno started",
    ApiAction.OTHER: "",
}
_BUILDS: Final = {
    BuildResult.STARTED: ("Build started", Severity.INFO),
    BuildResult.SUCCEEDED: ("Build succeeded", Severity.GOOD),
    BuildResult.FAILED: ("Build failed", Severity.BAD),
}


def _api(event: ApiChange, _: Subject) -> tuple[str, Severity]:
    version = f"v{event.version}" if event.version is not None else ""
    text = " ".join(filter(None, (_API_TEXTS[event.action], version, event.subject)))
    severity = Severity.GOOD if event.action is ApiAction.DEPLOY else Severity.INFO
    return text, Severity.WARNING if event.action is ApiAction.ROLLBACK else severity


def _build(event: Build, _: Subject) -> tuple[str, Severity]:
    return _BUILDS[event.result]


def _scale(event: Scale, _: Subject) -> tuple[str, Severity]:
    items = (
        f"{item.process_type}@{item.quantity}" + (f":{item.size}" if item.size else "")
        for item in event.items
    )
    return f"Scaled to {' '.join(items)}", Severity.INFO


def _state(event: DynoStateChange, subject: Subject) -> tuple[str, Severity] | None:
    if event.new != _CRASHED:
        return None  # every dyno restarts once a day
    return f"{subject.dyno.name} crashed", Severity.BAD


_Describer = Callable[..., "tuple[str, Severity] | None"]
_DESCRIBERS: Final[dict[type, _Describer]] = {
    ApiChange: _api,
    Build: _build,
    Scale: _scale,
    DynoStateChange: _state,
}

_WARNING_CODES: Final = frozenset({"H20", "H23", "H27", "H31", "R14"})
"""Codes that cost users little: the client left, or memory is swapped. All others are errors."""


class Feed:
    """The entries, bounded; nothing that a peer sends makes it grow further."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}  # that which happened last comes last
        self._latest: dict[tuple[str, str], int] = {}  # entry by application and text
        self._made = 0

    def __iter__(self) -> Iterator[Entry]:
        """Return the entries, that which happened last first."""
        return reversed(list(self._entries.values()))

    def notify(self, event: Event, subject: Subject, at: float, _msg: bytes) -> None:
        """Take an event, as an observer of the worker."""
        describe = _DESCRIBERS.get(type(event))
        found = describe(event, subject) if describe is not None else None
        if found is not None:
            text, severity = found
            self._note(at, subject.app.app, event.kind, severity, text, "", 1)

    def count_errors(self, app: str, process_type: str, code: str, count: int, now: float) -> None:
        """Take errors that were counted since the last time."""
        severity = Severity.WARNING if code in _WARNING_CODES else Severity.BAD
        kind = Kind.LOG_LOSS if code.startswith("L") else Kind.PLATFORM_ERROR
        self._note(now, app, kind, severity, f"{code} in {process_type}", code, count)

    def _note(
        self, at: float, app: str, kind: str, severity: str, text: str, code: str, count: int
    ) -> None:
        text = text[:LONGEST_TEXT]
        known = self._entries.get(self._latest.get((app, text), 0))
        if known is not None and at - known.at < TOGETHER:
            del self._entries[known.id]
            entry = msgspec.structs.replace(known, at=max(at, known.at), count=known.count + count)
        else:
            self._made += 1
            entry = Entry(
                id=self._made,
                at=at,
                app=app,
                kind=str(kind),
                severity=str(severity),
                text=text,
                code=code,
                count=count,
            )
        self._entries[entry.id] = entry
        self._latest[app, text] = entry.id
        if len(self._entries) > MOST_ENTRIES:
            oldest = self._entries.pop(next(iter(self._entries)))
            if self._latest.get((oldest.app, oldest.text)) == oldest.id:
                del self._latest[oldest.app, oldest.text]
