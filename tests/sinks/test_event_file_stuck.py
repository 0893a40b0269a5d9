"""An event file whose reader is stuck, and stops: the loop never waits, every loss is counted."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.sinks.event_file import EventFile
from tests.daemon_process import WAIT_SECONDS
from tests.sinks.writing import (
    ABANDONED,
    PIPE_BYTES,
    QUEUE_FULL,
    ROOMY,
    WRITE_ERROR,
    assert_balanced,
    close,
    lines,
    offer,
    run_script,
)


def wait_for_writers() -> None:
    """Wait until no thread of a sink is left, also of one that was abandoned in a write."""
    for thread in threading.enumerate():
        if thread.name == "event file":
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()


@pytest.fixture
def stuck_reader(path: Path) -> Iterator[int]:
    """The reading end of a FIFO, not read from."""
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield reader
    os.close(reader)
    wait_for_writers()


def test_a_stuck_reader_costs_lines_and_no_time(path: Path, stuck_reader: int) -> None:
    offered = lines(1000, padding=1000)
    size = len(offered[-1])
    sink = EventFile(str(path), max_bytes=100 * size)
    sink.open()
    offer(sink, offered)
    assert sink.queued_bytes <= 100 * size
    assert sink.dropped[QUEUE_FULL] >= 1000 - 100 - PIPE_BYTES // size

    close(sink, 0.01)

    assert sink.dropped[ABANDONED] > 0
    assert_balanced(sink, len(offered))


def test_what_a_stuck_writer_does_after_the_end_changes_no_counter(
    path: Path, stuck_reader: int, caplog: pytest.LogCaptureFixture
) -> None:
    offered = lines(3000, padding=1000)
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offer(sink, offered)
    close(sink, 0)
    counted = (sink.written, sink.written_bytes, sink.dropped)
    os.set_blocking(stuck_reader, True)
    arrived = 0
    while data := os.read(stuck_reader, PIPE_BYTES):  # until the writer closes its end
        arrived += len(data)
    wait_for_writers()

    assert (sink.written, sink.written_bytes, sink.dropped) == counted
    assert_balanced(sink, len(offered))
    assert arrived < sum(map(len, offered)), "it goes on with what was abandoned"
    assert not caplog.records


STUCK: Final = """
import asyncio, json, sys
from heroku_syslogd.sinks.event_file import EventFile

async def main(path):
    sink = EventFile(path, 2**24)
    sink.open()
    for _ in range(200):
        sink.write(b"x" * 1000 + b"\\n")
    await sink.close(0)
    print(json.dumps(sink.dropped), file=sys.stderr)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.usefixtures("stuck_reader")
def test_a_stuck_writer_does_not_keep_the_process_from_ending(path: Path) -> None:
    dropped = run_script(STUCK, str(path))
    assert isinstance(dropped, dict)
    assert dropped["abandoned"] > 0


async def test_a_stop_that_is_cut_short_closes_the_books(path: Path, stuck_reader: int) -> None:
    offered = lines(200, padding=1000)
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offer(sink, offered)
    closing = asyncio.create_task(sink.close(WAIT_SECONDS))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)

    assert closing.cancelled()
    assert sink.dropped[ABANDONED] > 0
    assert_balanced(sink, len(offered))


def test_lines_that_come_after_the_end_are_abandoned(path: Path) -> None:
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offer(sink, lines(3))
    close(sink)
    offer(sink, lines(2))
    sink.reopen()
    close(sink)

    assert sink.dropped == {QUEUE_FULL: 0, WRITE_ERROR: 0, ABANDONED: 2}
    assert_balanced(sink, 5)


def test_a_sink_that_was_never_opened_can_be_closed(path: Path) -> None:
    sink = EventFile(str(path), ROOMY)
    offer(sink, lines(3))
    close(sink)

    assert sink.dropped[ABANDONED] == 3
    assert not path.exists()
