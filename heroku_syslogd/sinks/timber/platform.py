"""What the platform does and reports, as Timber's ``custom`` events: it has no type for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from heroku_syslogd.drains import redact_token
from heroku_syslogd.heroku.events import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    LogLoss,
    PlatformError,
    Scale,
)
from heroku_syslogd.sinks.timber.draft import (
    MAX_NAME,
    Document,
    Draft,
    Level,
    Line,
    compact,
    custom,
    message_of,
    user_context,
)

_LEVEL_OF_CODE: Final[Mapping[str, Level]] = {
    "H16": "info",  # redirect
    "H27": "warn",  # the client went away
    "H28": "warn",  # the client was idle
    "H80": "info",  # maintenance mode
    "H81": "info",  # no code deployed yet
    "H82": "info",  # dyno hours used up
    "R12": "warn",  # slow to stop, and it was to stop
    "R14": "warn",  # over the quota, but it goes on
    "R16": "warn",  # a one-off dyno that its client left
    "L10": "warn",  # these and the next: lines are lost, but the app and its drains go on
    "L11": "warn",
    "L12": "warn",
    "L13": "warn",
    "L15": "warn",
    "L20": "warn",
}
"""Every other code is an error."""

_PLANNED_EXITS: Final = frozenset({None, 0, 143})
"""Exit statuses of a planned end: 143 is SIGTERM. A line without a status tells nothing."""

_SUBJECT_KEYS: Final[Mapping[ApiAction, str]] = {
    ApiAction.DEPLOY: "commit",
    ApiAction.CONFIG_SET: "variables",
    ApiAction.CONFIG_REMOVE: "variables",
    ApiAction.ADDON_ATTACH: "addon",
    ApiAction.ADDON_DETACH: "addon",
    ApiAction.ADDON_UPDATE: "addon",
    ApiAction.ADDON_READY: "addon",
    ApiAction.FEATURE: "feature",
    ApiAction.STACK: "stack",
    ApiAction.OTHER: "text",
}
"""What `ApiChange.subject` is called; ``subject`` for the actions that are not named here."""

_START: Final = "Starting process with command `…`"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")
_DRAIN: Final = re.compile(r"(?<=drain ')[^']*")
_URI: Final = re.compile(r"\buri=.*", re.DOTALL)


def level_of_code(code: str) -> Level:
    """Return the level of an H, R or L code by its nature."""
    return _LEVEL_OF_CODE.get(code, "error")


def platform_error(event: PlatformError, line: Line) -> list[Draft]:
    """Map a code; an L code may name a drain: its token, or its address with credentials in it."""
    message, detail = message_of(line.msg), event.detail
    if event.code.startswith("L"):
        message, detail = _without_drain(message), _without_drain(detail)
    error = custom("platform_error", {"code": event.code, "name": event.name, "detail": detail})
    return [Draft(level_of_code(event.code), error, message=message)]


def log_loss(event: LogLoss, line: Line) -> list[Draft]:
    """Map a notice of lost messages; the token of a drain is never shown whole."""
    loss = {
        "code": event.code,
        "count": event.count,
        "drain": _redact_drain(event.drain) if event.drain else "",
        "since": event.since,
    }
    message = _without_drain(message_of(line.msg))
    return [Draft("warn", custom("log_loss", loss), message=message)]


def dyno_state(event: DynoStateChange, line: Line) -> list[Draft]:
    """Map a change of state."""
    change = custom("dyno_state", {"from": event.old, "to": event.new})
    return [Draft("error" if event.new == "crashed" else "info", change)]


def dyno_exit(event: DynoExit, line: Line) -> list[Draft]:
    """Map the end of a process."""
    level: Level = "info" if event.status in _PLANNED_EXITS else "warn"
    return [Draft(level, custom("dyno_exit", {"status": event.status}))]


def dyno_action(event: DynoAction, line: Line) -> list[Draft]:
    """Map what the dyno manager does to a dyno.

    The command of a start is not shown: it is logged expanded, with the secrets of config vars.
    """
    level: Level = "warn" if event.action is DynoActionName.KILL else "info"
    message = _START if event.action is DynoActionName.START else None
    return [Draft(level, custom("dyno_action", {"action": event.action.value}), message=message)]


def api_change(event: ApiChange, line: Line) -> list[Draft]:
    """Map a change of the app, with who did it in ``context.user``; see `dyno_action` for `RUN`."""
    message = message_of(line.msg)
    if event.action is ApiAction.RUN:
        message = _by_user(_START, event.user)
    elif event.action is ApiAction.OTHER:
        message = _without_value(message, event.user)
    key = _SUBJECT_KEYS.get(event.action, "subject")
    change = custom(event.action.value, {key: event.subject, "version": event.version})
    context = user_context(event.user) | _release_context(event)
    return [Draft("info", change, context, message=message)]


def build(event: Build, line: Line) -> list[Draft]:
    """Map how far a build got."""
    level: Level = "error" if event.result is BuildResult.FAILED else "info"
    result = custom("build", {"result": event.result.value})
    return [Draft(level, result, user_context(event.user))]


def scale(event: Scale, line: Line) -> list[Draft]:
    """Map a new formation: quantity and size by process type."""
    formation = {
        item.process_type: compact({"quantity": item.quantity, "size": item.size})
        for item in event.items
    }
    return [Draft("info", custom("scale", {"formation": formation}), user_context(event.user))]


def _release_context(event: ApiChange) -> Document:
    """Return ``context.release``, where the line says which release the app has from now on.

    A rollback makes a new release and names an old one; a deploy names a commit, or a version.
    """
    release: Document = {}
    if event.action in (ApiAction.RELEASE, ApiAction.RELEASE_COMMAND):
        release["version"] = None if event.version is None else f"v{event.version}"
    elif event.action is ApiAction.DEPLOY:
        key = "commit_hash" if _COMMIT.fullmatch(event.subject) else "version"
        release[key] = event.subject[:MAX_NAME]
    return compact({"release": compact(release)})


def _redact_drain(token: str) -> str:
    return redact_token(token.encode())


def _without_value(text: str, user: str) -> str:
    """Replace what stands behind ``=`` in a text of the API that we do not know."""
    head, equals, _ = text.partition("=")
    return _by_user(f"{head}=…", user) if equals else text


def _by_user(text: str, user: str) -> str:
    return f"{text} by user {user}" if user else text


def _without_drain(text: str) -> str:
    """Shorten the tokens of drains in a text, and cut it before the first URI."""
    text = _DRAIN.sub(lambda match: _redact_drain(match[0]), text)
    head, found, _ = _URI.sub("uri=…", text).partition("://")
    return f"{head.rpartition(' ')[0]} …" if found else head
