"""Which lines of a stream mean something, decided once per stream and not once per line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from heroku_syslogd.heroku.events import Event
from heroku_syslogd.heroku.lifecycle import parse_state_change
from heroku_syslogd.heroku.runtime_metrics import parse_runtime_sample

LineParser = Callable[[bytes], Event | None]
"""Takes MSG, gives the event that it means, or None."""

_DYNO: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10}")


def line_parser(app_name: bytes, procid: bytes) -> LineParser | None:
    """Return the parser for the lines of one stream, None where no line of it means anything.

    APP-NAME ``heroku`` is written by the platform alone; an application that prints a sample or a
    state change does so under ``app`` and changes nothing.
    """
    if app_name == b"heroku" and _DYNO.fullmatch(procid):
        return parse_dyno_manager_line
    return None


def parse_dyno_manager_line(msg: bytes) -> Event | None:
    """Read a line that the dyno manager wrote about a dyno (PROCID is the dyno's name)."""
    if msg.startswith(b"State changed "):
        return parse_state_change(msg)
    if b"sample#" in msg:
        return parse_runtime_sample(msg)
    return None
