"""Lines of the dyno manager about a dyno's life (Dev Center, "Dynos", "Heroku Error Codes").

Texts are compared whole: one that goes on behind a text of Heroku's is another text.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.heroku.events import (
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    ProcessMemory,
)

ENDED_STATES: Final = frozenset({"down", "crashed", "complete"})
"""States in which no run of the dyno is left to report."""

_ACTIONS: Final = {
    b"Restarting": DynoActionName.RESTART,
    b"Cycling": DynoActionName.CYCLE,
    b"Relocating dyno to a new server": DynoActionName.RELOCATE,
    b"Idling": DynoActionName.IDLE,
    b"Unidling": DynoActionName.UNIDLE,
    b"Stopping all processes with SIGTERM": DynoActionName.TERMINATE,
    b"Stopping process with SIGTERM": DynoActionName.TERMINATE,
    b"Stopping process with SIGKILL": DynoActionName.KILL,
    b"Stopping remaining processes with SIGKILL": DynoActionName.KILL,
    b"Stopping all processes with SIGKILL": DynoActionName.KILL,
    b"Awaiting client": DynoActionName.AWAIT_CLIENT,
    b"Client connection closed. Sending SIGHUP to all processes": DynoActionName.HANG_UP,
}
# The command behind them is not looked at: it can hold back-ticks and line breaks, and may lack its
# closing back-tick where the line was split. The two forms with a colon are of 2010 and 2011.
_STARTS: Final = (
    b"Starting process with command `",
    b"Starting process with command: `",
    b"Running process with command: `",
)
_LISTENING: Final = re.compile(rb"Listening on [0-9]{1,5}")
_STATE_CHANGE: Final = re.compile(rb"State changed from ([a-z]{1,20}) to ([a-z]{1,20})\Z")
_EXIT: Final = re.compile(rb"Process exited(?: with status ([0-9]{1,3}))?")
_MEMORY: Final = re.compile(
    rb"Process running mem=([0-9]{1,15}(?:\.[0-9]{1,9})?)MB?\(([0-9]{1,9}(?:\.[0-9]{1,9})?)%\)"
)
# The share that is logged beside it shows that this is the megabyte of the quotas.
_MEGABYTE: Final = 2.0**20


def parse_lifecycle(
    msg: bytes,
) -> DynoStateChange | DynoExit | DynoAction | ProcessMemory | None:
    """Read a line about a dyno's life, or the size that comes before an R14 or R15."""
    if action := _ACTIONS.get(msg):
        return DynoAction(action)
    if msg.startswith(_STARTS):
        return DynoAction(DynoActionName.START)
    if _LISTENING.fullmatch(msg):
        return DynoAction(DynoActionName.LISTEN)
    if match := _EXIT.fullmatch(msg):
        return DynoExit(None if match[1] is None else int(match[1]))
    if match := _MEMORY.fullmatch(msg):
        # Divided by 100 as a text: 170.1 / 100 is not the float 1.701.
        return ProcessMemory(float(match[1]) * _MEGABYTE, float(match[2] + b"e-2"))
    return parse_state_change(msg)


def parse_state_change(msg: bytes) -> DynoStateChange | None:
    """Read ``State changed from <a> to <b>``."""
    match = _STATE_CHANGE.match(msg)
    if match is None:
        return None
    return DynoStateChange(match[1].decode("ascii"), match[2].decode("ascii"))
