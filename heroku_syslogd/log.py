"""The daemon's own log: JSON without a terminal, coloured lines with one."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Literal, TextIO, cast

# structlog imports rich wherever it is installed, for tracebacks that show local variables: 5 MiB
# of memory for something that must not be in a log, because variables hold drain tokens. None
# makes that import fail (Python's language reference, section 5.3.1), which structlog allows for.
_WITHHELD: Final = sys.modules.setdefault("rich", cast("Any", None)) is None

import structlog  # noqa: E402

from heroku_syslogd.terminal import can_draw  # noqa: E402

if _WITHHELD:
    del sys.modules["rich"]

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

_PEERS_KEPT: Final = 1000


def configure(level: Level, log_format: Format, stream: TextIO | None = None) -> None:
    """Set logging up; also used when the level changes while the daemon runs.

    Args:
        level: Least level that is written.
        log_format: ``auto`` is ``console`` on a terminal and ``json`` otherwise. ``NO_COLOR`` is
            respected.
        stream: Where to write; standard error unless given.
    """
    stream = stream or sys.stderr
    terminal = not stream.closed and stream.isatty()
    console = log_format == "console" or (log_format == "auto" and terminal)
    final: list[structlog.typing.Processor]
    if console:
        plain = structlog.dev.plain_traceback
        colors = terminal and can_draw(stream) and not os.environ.get("NO_COLOR")
        final = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    else:
        final = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *final,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Unbreakable(stream))),
        cache_logger_on_first_use=False,  # a reload may change the level
    )


class _Unbreakable:
    """A stream to write to whatever becomes of its other end.

    A full disk, a closed pipe or a restarting journald costs log lines; it must not cost a message
    or a connection.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def get(component: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger that names its component."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=component)
    return logger


class PeerFaultLog:
    """Logs faults of peers without ever flooding: once per peer and reason in an interval.

    Peers are many and may be forged, so the lines of all of them together are bounded too. What is
    left out is counted and named by the next line.

    Args:
        clock: Returns the time in seconds.
        interval: Seconds between two lines about the same peer and reason.
        burst: Most lines within one interval.
    """

    def __init__(self, clock: Callable[[], float], interval: float = 60.0, burst: int = 60) -> None:
        self._clock = clock
        self._interval = interval
        self._burst = burst
        self._log = get("listener")
        self._next: dict[tuple[str, str], float] = {}
        self._suppressed: dict[tuple[str, str], int] = {}
        self._window_ends = 0.0
        self._left = burst
        self._dropped = 0

    def warning(self, event: str, *, peer: str, reason: str, **details: Any) -> None:
        """Log a fault of ``peer``, or count it as suppressed."""
        now = self._clock()
        if now >= self._window_ends:
            self._window_ends, self._left = now + self._interval, self._burst
        key = (peer, reason)
        if now < self._next.get(key, 0.0):
            self._suppressed[key] = self._suppressed.get(key, 0) + 1
            return
        if self._left <= 0:
            self._dropped += 1
            return
        self._left -= 1
        if len(self._next) >= _PEERS_KEPT:
            self._next.clear()
            self._suppressed.clear()
        self._next[key] = now + self._interval
        if suppressed := self._suppressed.pop(key, 0):
            details["suppressed"] = suppressed
        if self._dropped:
            details["other_peers_suppressed"], self._dropped = self._dropped, 0
        self._log.warning(event, peer=peer, reason=reason, **details)
