"""Offline: captures of drains through the same pipeline as the daemon's, and what came of them."""

from heroku_syslogd.replay.captures import (
    Capture,
    CaptureError,
    Progress,
    opened,
    replay_captures,
    total_size,
)
from heroku_syslogd.replay.replay import Replay
from heroku_syslogd.replay.report import Row, print_summary, rows
from heroku_syslogd.replay.summary import Stretches, Summary, UnknownKeys, summarise

__all__ = [
    "Capture",
    "CaptureError",
    "Progress",
    "Replay",
    "Row",
    "Stretches",
    "Summary",
    "UnknownKeys",
    "opened",
    "print_summary",
    "replay_captures",
    "rows",
    "summarise",
    "total_size",
]
