"""What an example is, and the frames around lines that were published without theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from heroku_syslogd.heroku.events import Event
from heroku_syslogd.wire import Dialect

RFC5424: Final = Dialect.RFC5424
LOGPLEX_1: Final = Dialect.LOGPLEX_1

Series = dict[str, float]
"""Values by series, in exposition form with the labels in the catalogue's order."""


class Example(NamedTuple):
    """Bytes of a drain and everything that they mean.

    Attributes:
        name: Number in the collection of lines, and what it is.
        dialect: That of the listener which receives it.
        body: Bytes as they come from the wire.
        framed: Whether they are a stream; False for one frame whose count was lost or edited.
        events: What each frame means; None for output of a dyno and for what no rule knows.
        series: All series afterwards, the log counters and timestamps excepted.
        faults: Reasons of malformed stretches and headers.
        note: Where it differs from what was published.
    """

    name: str
    dialect: Dialect
    body: bytes
    framed: bool
    events: tuple[Event | None, ...]
    series: Series
    faults: tuple[str, ...] = ()
    note: str = ""


Text = tuple[bytes, Event | None, Series]
"""A MSG, the event that it means, and the series afterwards."""

_TIME: Final = b"2024-01-02T03:04:05.678901+00:00"
TIME: Final = 1704164645.678901
"""That of `frame`, in seconds since the epoch."""

TOKEN: Final = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
APP: Final = "d.9173ea1f"
"""Label of the drain that `frame` names."""

NO_DRAIN: Final = "unknown"
"""Label of the lines that `rendered` makes: they have no HOSTNAME."""


def frame(app_name: bytes, procid: bytes, msg: bytes) -> bytes:
    """Put a MSG into a message as a TCP drain carries it."""
    return b"<134>1 %s %s %s %s - - %s\n" % (_TIME, TOKEN, app_name, procid, msg)


def rendered(*lines: bytes) -> bytes:
    """Put lines of ``heroku logs`` behind a PRI and VERSION, each ended by LF.

    Router 2.0 has sent lines of this form. A line that was published without its time begins with
    a blank and gets one.
    """
    timed = ((_TIME if line.startswith(b" ") else b"") + line for line in lines)
    return b"".join(b"<45>1 %s\n" % line for line in timed)


def texts(number: str, app_name: bytes, procid: bytes, rows: Iterable[Text]) -> list[Example]:
    """Make an example of each MSG of a table."""
    stream = f"{app_name.decode()}[{procid.decode()}]"
    return [
        Example(
            f"{number} {stream}: {msg[:72].decode()}",
            RFC5424,
            frame(app_name, procid, msg),
            framed=False,
            events=(event,),
            series=series,
        )
        for msg, event, series in rows
    ]
