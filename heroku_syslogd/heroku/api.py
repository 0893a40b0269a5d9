"""Lines of the API about changes of an app: releases, builds, scaling, one-off dynos.

PROCID ``api``, ``slug-compiler`` or ``slugc`` (Dev Center, "Logging" and "Getting Started on
Heroku"; old forms: of 2011 to 2015). Texts end in `` by user U`` today, in `` by U`` until about
2016, and some never named a user.

A command with line breaks is split over several lines, which stand among the texts of the API. So
an unknown text is believed only where it names a user, and begins and reads like one of the API; a
line with a back-tick is a command or a part of one.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from heroku_syslogd.heroku.events import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    FormationItem,
    Scale,
)
from heroku_syslogd.heroku.naming import free_text, label_text

_MAX_TEXT: Final = 256
_MAX_ITEMS: Final = 100


class _ApiText(NamedTuple):
    """One text of the API, without its user.

    Attributes:
        pattern: Matches the whole text; may have the groups ``subject`` and ``version``.
        action: What it says was done.
    """

    pattern: re.Pattern[bytes]
    action: ApiAction | BuildResult


def _text(pattern: bytes, action: ApiAction | BuildResult) -> _ApiText:
    return _ApiText(re.compile(pattern), action)


_VERSION: Final = rb"v(?P<version>[0-9]{1,9})"
_CONFIG_VARS: Final = rb"(?P<subject>[A-Za-z0-9_., -]+)"
# The name of an attachment, and the add-on behind it: ``DATABASE (@ref:postgresql-sharp-1)``.
_ATTACHMENT: Final = rb"(?P<subject>[A-Z][A-Z0-9_]*(?: \(@ref:[A-Za-z0-9_-]+\))?)"

# The first that matches counts.
_TEXTS: Final = (
    _text(rb"Release %b created" % _VERSION, ApiAction.RELEASE),
    _text(rb"Deploy (?P<subject>\S+)", ApiAction.DEPLOY),
    _text(rb"Rollback to %b" % _VERSION, ApiAction.ROLLBACK),
    _text(rb"Running release %b commands" % _VERSION, ApiAction.RELEASE_COMMAND),
    _text(rb"Set %b config vars" % _CONFIG_VARS, ApiAction.CONFIG_SET),
    _text(rb"Config add %b" % _CONFIG_VARS, ApiAction.CONFIG_SET),  # 2011
    _text(rb"Remove %b config vars" % _CONFIG_VARS, ApiAction.CONFIG_REMOVE),
    _text(rb"Attach %b(?: resource)?" % _ATTACHMENT, ApiAction.ADDON_ATTACH),  # resource: 2014
    _text(rb"Detach %b(?: resource)?" % _ATTACHMENT, ApiAction.ADDON_DETACH),
    _text(rb"Update %b" % _ATTACHMENT, ApiAction.ADDON_UPDATE),
    _text(
        rb"(?P<subject>@ref:[A-Za-z0-9_-]+) completed provisioning"
        rb"(?:, setting [A-Za-z0-9_, ]+)?\.?",
        ApiAction.ADDON_READY,
    ),
    # The verb belongs to the subject: on and off would look the same without it.
    _text(rb"(?P<subject>(?:Enable|Disable) [A-Za-z0-9_-]+)", ApiAction.FEATURE),
    _text(rb"Stack changed from \S+ to (?P<subject>\S+)", ApiAction.STACK),
    _text(rb"Upgrade stack to (?P<subject>\S+)", ApiAction.STACK),
    _text(rb"Initial release", ApiAction.CREATE),
    _text(rb"Build started", BuildResult.STARTED),
    _text(rb"Build succeeded", BuildResult.SUCCEEDED),
    _text(rb"Build failed(?: -- .*)?", BuildResult.FAILED),
    _text(rb"Slug compilation started", BuildResult.STARTED),  # these three: 2011 to 2015
    _text(rb"Slug compilation finished", BuildResult.SUCCEEDED),
    _text(rb"Slug compilation failed(?:: .*)?", BuildResult.FAILED),
)
# Free words behind a verb: a line of a command can look like that, so these need a user.
_TEXTS_BY_USER: Final = (
    _text(rb"Deploy (?P<subject>.+)", ApiAction.DEPLOY),
    _text(rb"(?P<subject>(?:Enable|Disable) [^=\n]+)", ApiAction.FEATURE),
    # Texts of the API begin with a word such as ``Add-on``. What is behind ``=`` can be secret.
    _text(
        rb"(?P<subject>(?:[A-Z][A-Za-z0-9-]*|@ref:[A-Za-z0-9_-]+)(?:\Z| [^=\n]*))(?:=.*)?",
        ApiAction.OTHER,
    ),
)

_ADDRESS: Final = rb"[^\x00-\x20\x7f@:/]{1,64}@[^\x00-\x20\x7f@:/]{1,189}"
_USER: Final = re.compile(
    rb"(?:user (?P<user>[^\x00-\x20\x7f]{1,254})|(?P<address>%b)"
    rb"|(?!user\Z)(?P<word>[^\x00-\x20\x7f]{1,254}))" % _ADDRESS
)

_COMMAND: Final = b"process with command"
_RUNS: Final = (b"Starting %b `" % _COMMAND, b"Starting %b: `" % _COMMAND)
_USER_OF_RUN: Final = re.compile(rb" by (?:user )?(%b)" % _ADDRESS)

_PROCESS_TYPE: Final = rb"([A-Za-z][A-Za-z0-9_-]{0,62})"
# Prefix, separator, item: ``web@4:Standard-1X worker@0:Free``, and ``mailer=1, web=3`` until 2015.
_SCALES: Final = (
    (b"Scaled to ", b" ", re.compile(rb"%b@([0-9]{1,6}):([^\s@:,]{1,32})" % _PROCESS_TYPE)),
    (b"Scale to ", b", ", re.compile(rb"%b=([0-9]{1,6})()" % _PROCESS_TYPE)),
)


def parse_api_line(msg: bytes) -> ApiChange | Build | Scale | None:
    """Read a line of the API or of the slug compiler; None for one that a command left behind."""
    if b"`" in msg or _COMMAND in msg:
        return _parse_run(msg)
    text, user, certain = _split_user(msg)
    for prefix, separator, item in _SCALES:
        if text.startswith(prefix):
            return _parse_scale(text[len(prefix) :].split(separator, _MAX_ITEMS), item, user)
    for pattern, action in _TEXTS + _TEXTS_BY_USER if certain else _TEXTS:
        if match := pattern.fullmatch(text):
            return _build_or_change(match, action, user)
    return None


def _split_user(msg: bytes) -> tuple[bytes, str, bool]:
    """Split the user off.

    Returns:
        The text before the last `` by ``, the user, and whether it is one for certain: an address,
        or named with the word ``user``. Without a user, all of the line and an empty string.
    """
    text, by, tail = msg.rpartition(b" by ")
    match = _USER.fullmatch(tail) if by else None
    if match is None:
        return msg, "", False
    user = match["user"] or match["address"] or match["word"]
    return text, free_text(user), match["word"] is None


def _parse_run(msg: bytes) -> ApiChange | None:
    """Read the start of a one-off dyno; the command is passed over.

    The command may be cut off where the line was split. What stands behind its last back-tick is
    then more of it, unless it has the form of an address.
    """
    prefix = next(filter(msg.startswith, _RUNS), None)
    if prefix is None:
        return None
    _, tick, behind = msg[len(prefix) :].rpartition(b"`")
    match = _USER_OF_RUN.fullmatch(behind) if tick else None
    return ApiChange(ApiAction.RUN, user=free_text(match[1]) if match else "")


def _parse_scale(words: list[bytes], item: re.Pattern[bytes], user: str) -> Scale | None:
    """Read the items of a scaling; None if one is malformed, or if one type is named twice."""
    if len(words) > _MAX_ITEMS:
        return None
    items = []
    for word in words:
        match = item.fullmatch(word)
        if match is None:
            return None
        process_type, quantity, size = match.groups()
        items.append(
            FormationItem(
                process_type.decode("ascii"), int(quantity), label_text(size) if size else ""
            )
        )
    if len({one.process_type for one in items}) < len(items):
        return None
    return Scale(tuple(items), user)


def _build_or_change(
    match: re.Match[bytes], action: ApiAction | BuildResult, user: str
) -> ApiChange | Build:
    if isinstance(action, BuildResult):
        return Build(action, user)
    groups = match.groupdict()
    version = groups.get("version")
    return ApiChange(
        action,
        free_text(groups.get("subject", b""), _MAX_TEXT),
        None if version is None else int(version),
        user,
    )
