"""Which lines of a stream mean something, decided once per stream and not once per line.

Trust: an application writes any text it likes, but neither its APP-NAME nor its PROCID. APP-NAME
``heroku`` is the platform's alone. Under ``app``, a dyno's PROCID is its name, with a dot and a
number; the PROCIDs ``api``, ``heroku-postgres`` and so on have none, so they are not a dyno's.

``postgres.<number>`` is the exception: an application with a process type of that name could print
records of a Postgres server. It would deceive nobody but its own operators.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from heroku_syslogd.heroku.addons import addon_sample_parser
from heroku_syslogd.heroku.api import parse_api_line
from heroku_syslogd.heroku.events import Addon, Event
from heroku_syslogd.heroku.l2met import parse_app_metrics
from heroku_syslogd.heroku.lifecycle import parse_lifecycle
from heroku_syslogd.heroku.platform_errors import (
    parse_dyno_error,
    parse_log_error,
    parse_router_error,
)
from heroku_syslogd.heroku.postgres_log import parse_postgres_log
from heroku_syslogd.heroku.router import parse_router_line
from heroku_syslogd.heroku.runtime_metrics import parse_runtime_sample

LineParser = Callable[[bytes], Event | None]
"""Takes MSG, gives the event that it means, or None."""

DYNO: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10}")
"""A dyno's name: process type, dot, number."""


class LineRule(NamedTuple):
    """What the lines of a stream can be.

    Attributes:
        writer: Who writes them, for people.
        parse: Reads one.
        needle: Byte that a line must hold to mean anything; None where any line may.
        is_platform: Whether Heroku writes them, so that they are believed.
        is_output: Whether they may be anything, so that one that means nothing is not unrecognised.
    """

    writer: str
    parse: LineParser
    needle: int | None = None
    is_platform: bool = True
    is_output: bool = False


def parse_dyno_manager_line(msg: bytes) -> Event | None:
    """Read a line that the dyno manager wrote about a dyno (PROCID is the dyno's name)."""
    if msg.startswith(b"source="):
        return parse_runtime_sample(msg)
    if msg.startswith(b"Error "):
        return parse_dyno_error(msg)
    return parse_lifecycle(msg) or (parse_runtime_sample(msg) if b"sample#" in msg else None)


def parse_router(msg: bytes) -> Event | None:
    """Read a line of the router, that of an error in the form of 2011 included."""
    return parse_router_line(msg) or parse_router_error(msg)


def _addon_parser(addon: Addon) -> LineParser:
    parse_sample = addon_sample_parser(addon)

    def parse(msg: bytes) -> Event | None:
        return parse_sample(msg) or parse_api_line(msg)

    return parse


DYNO_MANAGER: Final = LineRule("the dyno manager", parse_dyno_manager_line)
ROUTER: Final = LineRule("the router", parse_router)
LOG_SYSTEM: Final = LineRule("the log system", parse_log_error)
API: Final = LineRule("the API", parse_api_line)
POSTGRES_SERVER: Final = LineRule("a Postgres server", parse_postgres_log)
OUTPUT: Final = LineRule(
    "the application", parse_app_metrics, ord("#"), is_platform=False, is_output=True
)
OTHER: Final = LineRule("an add-on or a foreign sender", parse_app_metrics, is_platform=False)
UNKNOWN: Final = LineRule("an unknown part of Heroku", lambda msg: None)

_ADDONS: Final = {
    b"heroku-%s" % addon.encode(): LineRule(f"heroku-{addon}", _addon_parser(addon))
    for addon in Addon
}
_OF_HEROKU: Final = {
    b"router": ROUTER,
    b"logplex": LOG_SYSTEM,
    b"api": API,
    b"slug-compiler": API,
    b"slugc": API,
}
_OF_APP: Final = {b"api": API, b"log-shuttle": LOG_SYSTEM, b"-": OUTPUT, **_ADDONS}
_POSTGRES: Final = re.compile(rb"postgres(?:\.[0-9]{1,10})?")


def line_rule(app_name: bytes, procid: bytes) -> LineRule:
    """Return the rule for the lines of one stream."""
    if app_name == b"heroku":
        if rule := _OF_HEROKU.get(procid):
            return rule
        return DYNO_MANAGER if DYNO.fullmatch(procid) else UNKNOWN
    if app_name == b"app":
        if rule := _OF_APP.get(procid):
            return rule
        if _POSTGRES.fullmatch(procid):
            return POSTGRES_SERVER
    return OUTPUT if procid == b"-" or DYNO.fullmatch(procid) else OTHER
