"""Error lines of the platform (Dev Center, "Heroku Error Codes").

R codes are about a dyno, L codes about the log system. H codes come with the router's request line
today; the form of their own that is read here is the one of 2011.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.heroku.events import LogLoss, PlatformError
from heroku_syslogd.heroku.naming import free_text

_MAX_TEXT: Final = 256

_DYNO: Final = re.compile(rb"Error (R[0-9]{2}) \(([^)]*)\)(?: -> (.*))?", re.DOTALL)
_ROUTER: Final = re.compile(rb"Error (H[0-9]{2}) \(([^)]*)\)(?: -> .*)?", re.DOTALL)

# Logplex has two wordings, the newer of which (seen since 2020) names the drain. Both are quoted
# without their time as well.
_SINCE: Final = rb"(?: since (?P<since>\S{1,64}?))?\.?"
_LOGPLEX_LOSS: Final = re.compile(
    rb"Error (?P<code>L10) \(output buffer overflow\): "
    rb"(?:drain '(?P<drain>[^'\s]{1,128})' dropped (?P<of_drain>[0-9]{1,12}) messages?"
    rb"|(?P<count>[0-9]{1,12}) messages? dropped)" + _SINCE
)
_SHUTTLE_LOSS: Final = re.compile(
    rb"Error (?P<code>L1[23]): (?P<count>[0-9]{1,12}) messages? (?:dropped|lost)" + _SINCE
)
# ``Error Lnn (name): text``, ``Error Lnn: text``, and ``Lnn (name)`` with ``->`` or nothing between
# it and the text. A name with a colon would be a URI.
_LOG: Final = re.compile(
    rb"(?:Error )?(?P<code>L[0-9]{2})"
    rb"(?: \((?P<name>[^):]*)\)(?::| ->)?(?: (?P<text>.*))?|: (?P<bare_text>.*))",
    re.DOTALL,
)


def parse_dyno_error(msg: bytes) -> PlatformError | None:
    """Read ``Error Rnn (<name>)[ -> <text>]``, unknown codes included."""
    match = _DYNO.fullmatch(msg)
    if match is None:
        return None
    code, name, text = match.groups(b"")
    return PlatformError(
        code.decode("ascii"), free_text(name, _MAX_TEXT), free_text(text, _MAX_TEXT)
    )


def parse_router_error(msg: bytes) -> PlatformError | None:
    """Read ``Error H10 (App crashed) -> GET ...``. A client chose the request: it is dropped."""
    match = _ROUTER.fullmatch(msg)
    if match is None:
        return None
    return PlatformError(match[1].decode("ascii"), free_text(match[2], _MAX_TEXT))


def parse_log_error(msg: bytes) -> LogLoss | PlatformError | None:
    """Read an L code: a loss where the line says how many were lost, an error otherwise."""
    if match := _LOGPLEX_LOSS.fullmatch(msg):
        return LogLoss(
            match["code"].decode("ascii"),
            int(match["of_drain"] or match["count"]),
            free_text(match["drain"] or b"", _MAX_TEXT),
            free_text(match["since"] or b"", _MAX_TEXT),
        )
    if match := _SHUTTLE_LOSS.fullmatch(msg):
        since = free_text(match["since"] or b"", _MAX_TEXT)
        return LogLoss(match["code"].decode("ascii"), int(match["count"]), since=since)
    if match := _LOG.fullmatch(msg):
        code = match["code"].decode("ascii")
        text = match["text"] or match["bare_text"] or b""
        # The URI of a drain, as in L14, can hold credentials.
        if code == "L14" or b"://" in text:
            text = b""
        return PlatformError(
            code, free_text(match["name"] or b"", _MAX_TEXT), free_text(text, _MAX_TEXT)
        )
    return None
