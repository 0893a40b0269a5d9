"""Lines for the drains of tests."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.simulate.line import Line

TOKEN: Final = "d.8f7a4b11-c323-c764-a74f-89bf4c1100ab"


def line(number: int, size: int = 0) -> Line:
    msg = b"%d %b" % (number, b"x" * size)
    return Line(0, TOKEN, 190, "2022-01-26T20:25:08+00:00", "app", "web.1", msg)
