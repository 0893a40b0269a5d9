"""The command line on a terminal of its own (pty(7)), as wide as a test wants it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from typing import Final, NamedTuple

WAIT_SECONDS: Final = 60
_LINES: Final = 50
_READ_SIZE: Final = 65536

# What the tests themselves run under must not decide how the terminal is used.
_OF_TERMINALS: Final = ("COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")

CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR: Final = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3|9|4|10)[0-9][;m]")
"""Select Graphic Rendition with a colour (ECMA-48, 8.3.117)."""


class Shown(NamedTuple):
    """What became of a command.

    Attributes:
        code: Its exit code.
        screen: All that was written to the terminal, control sequences included.
        piped: What standard output got, if it was a pipe.
    """

    code: int
    screen: str
    piped: str

    @property
    def text(self) -> str:
        """What was written to the terminal without control sequences and trailing blanks."""
        plain = CONTROL.sub("", self.screen).replace("\r\n", "\n")
        return "\n".join(line.rstrip() for line in plain.split("\n"))


def run_on_terminal(
    *arguments: str,
    columns: int = 100,
    environment: Mapping[str, str] | None = None,
    pipe_stdout: bool = False,
) -> Shown:
    """Run the command line; standard error is a terminal, standard output too unless piped."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (_LINES, columns))
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_TERMINALS}
    with subprocess.Popen(
        [sys.executable, "-m", "heroku_syslogd", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if pipe_stdout else theirs,
        stderr=theirs,
        env={**inherited, "TERM": "xterm-256color", **(environment or {})},
    ) as process:
        os.close(theirs)
        timer = Timer(WAIT_SECONDS, process.kill)
        timer.start()
        screen = _read_to_the_end(ours)
        piped = process.stdout.read() if process.stdout else b""
        code = process.wait()
        timer.cancel()
    return Shown(code, screen.decode(), piped.decode())


def _read_to_the_end(terminal: int) -> bytes:
    """Read until nobody has the other end open, of which Linux tells by EIO."""
    parts: list[bytes] = []
    with suppress(OSError):
        while part := os.read(terminal, _READ_SIZE):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts)
