"""Lines of the dyno manager about a dyno's life (Dev Center, "Dynos")."""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.heroku.events import DynoStateChange

_STATE_CHANGE: Final = re.compile(rb"State changed from ([a-z]{1,20}) to ([a-z]{1,20})\Z")

ENDED_STATES: Final = frozenset({"down", "crashed", "complete"})
"""States in which no run of the dyno is left to report."""


def parse_state_change(msg: bytes) -> DynoStateChange | None:
    """Read ``State changed from <a> to <b>``."""
    match = _STATE_CHANGE.match(msg)
    if match is None:
        return None
    return DynoStateChange(match[1].decode("ascii"), match[2].decode("ascii"))
