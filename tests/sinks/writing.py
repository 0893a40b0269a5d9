"""How the tests of the event file write to one, wait for it and check its books."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import uvloop

from heroku_syslogd.sinks.event_file import DropReason, EventFile
from tests.daemon_process import WAIT_SECONDS, wait_until

QUEUE_FULL, WRITE_ERROR, ABANDONED = DropReason
ROOMY: Final = 2**24
PIPE_BYTES: Final = 2**16
"""What a pipe holds by default; see pipe(7)."""


def lines(count: int, begin: int = 0, padding: int = 0) -> list[bytes]:
    return [
        json.dumps({"number": number, "padding": "x" * padding}).encode() + b"\n"
        for number in range(begin, begin + count)
    ]


def offer(sink: EventFile, offered: list[bytes]) -> None:
    for line in offered:
        sink.write(line)


def wait_settled(sink: EventFile) -> None:
    """Wait until the thread has nothing in hand."""
    wait_until(lambda: not sink.queued_bytes, "an empty queue")


def close(sink: EventFile, flush_timeout: float = 10 * WAIT_SECONDS) -> None:
    """Close the sink; with the default it has to be done before the time is over."""

    async def bounded() -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            await sink.close(flush_timeout)

    uvloop.run(bounded())


def assert_balanced(sink: EventFile, offered: int) -> None:
    assert sink.written + sum(sink.dropped.values()) == offered
    assert sink.queued_bytes == 0
    assert sink.failure is None


def assert_no_problem(sink: EventFile) -> None:
    assert sink.problem is None


def run_script(
    script: str, *arguments: str, stdout: int | None = None, prefix: Sequence[str] = ()
) -> object:
    """Run a script in a process of its own; return what it reports as JSON on standard error."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", script, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=True,
        timeout=WAIT_SECONDS,
    )
    report: object = json.loads(done.stderr)
    return report


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
