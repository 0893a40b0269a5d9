"""One log line of a Heroku app, before Logplex frames it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

# PRI values as captured since about 2022. The facilities are local0, local3, local5 and local7;
# the severity says nothing, because stdout and stderr share one.
PLATFORM: Final = 134
API: Final = 133
LEGACY_ROUTER: Final = 158
POSTGRES_ERROR: Final = 132
LOGPLEX_LOSS: Final = 172
APP_OUTPUT: Final = 190


class Line(NamedTuple):
    """What Logplex keeps of a message, and the drain it goes to.

    Attributes:
        app: Index of the app in its fleet.
        token: Drain token, the HOSTNAME of the message.
        pri: PRI value, facility * 8 + severity.
        timestamp: TIMESTAMP as rendered by `timestamp`.
        app_name: APP-NAME, ``heroku`` for the platform and ``app`` for the app and its add-ons.
        procid: PROCID, for example ``web.1`` or ``router``.
        msg: MSG without LF.
    """

    app: int
    token: str
    pri: int
    timestamp: str
    app_name: str
    procid: str
    msg: bytes


def timestamp(now: float) -> str:
    """Render seconds since the epoch in the shape of Heroku's lines since 2022.

    Microseconds lose their trailing zeros: ``2022-01-26T20:25:08.61556+00:00``.
    """
    second, micros = divmod(round(now * 1_000_000), 1_000_000)
    if not micros:
        return f"{_to_second(second)}+00:00"
    return f"{_to_second(second)}.{micros:06d}".rstrip("0") + "+00:00"


def whole_seconds(now: float) -> str:
    """Render seconds since the epoch as Postgres, build and L10 lines do: without a fraction."""
    return f"{_to_second(int(now))}+00:00"


@lru_cache(maxsize=64)
def _to_second(second: int) -> str:
    # Thousands of lines share a second; strftime costs more than the rest of such a line.
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
