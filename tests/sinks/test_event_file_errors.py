"""An event file that cannot be written to: the problem is told, and lines are whole after it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.sinks.event_file import RETRY_AFTER, EventFile
from tests.sinks.writing import (
    ABANDONED,
    PIPE_BYTES,
    QUEUE_FULL,
    ROOMY,
    WRITE_ERROR,
    Clock,
    assert_balanced,
    assert_no_problem,
    close,
    lines,
    offer,
    run_script,
    wait_settled,
)


def test_a_full_disk_is_told_and_counted() -> None:
    sink = EventFile("/dev/full", ROOMY)
    sink.open()
    offer(sink, lines(10))
    close(sink)

    assert sink.problem == "No space left on device"
    assert sink.dropped == {QUEUE_FULL: 0, WRITE_ERROR: 10, ABANDONED: 0}
    assert_balanced(sink, 10)


def test_a_reader_that_went_away_and_came_back(path: Path) -> None:
    clock = Clock()
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink = EventFile(str(path), ROOMY, clock)
    sink.open()
    offer(sink, lines(1))
    wait_settled(sink)
    os.close(reader)
    offer(sink, lines(1, begin=1))
    wait_settled(sink)
    assert sink.problem == "Broken pipe"
    clock.now += RETRY_AFTER
    offer(sink, lines(1, begin=2))
    wait_settled(sink)
    assert sink.problem == "nobody reads from it"

    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    clock.now += RETRY_AFTER
    offer(sink, lines(1, begin=3))
    close(sink)

    assert os.read(reader, PIPE_BYTES) == lines(1, begin=3)[0]
    os.close(reader)
    assert_no_problem(sink)
    assert sink.dropped[WRITE_ERROR] == 2
    assert_balanced(sink, 4)


def test_a_directory_that_vanished_and_came_back(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "logs" / "events.jsonl"
    path.parent.mkdir()
    sink = EventFile(str(path), ROOMY, clock)
    sink.open()
    offer(sink, lines(1))
    wait_settled(sink)
    path.unlink()
    path.parent.rmdir()
    sink.reopen()
    offer(sink, lines(1, begin=1))
    wait_settled(sink)
    assert sink.problem == "No such file or directory"

    path.parent.mkdir()
    offer(sink, lines(1, begin=2))  # too soon for another try
    wait_settled(sink)
    assert not path.exists()
    clock.now += RETRY_AFTER
    offer(sink, lines(2, begin=3))
    close(sink)

    assert path.read_bytes() == b"".join(lines(2, begin=3))
    assert_no_problem(sink)
    assert sink.dropped[WRITE_ERROR] == 2
    assert_balanced(sink, 5)


def test_a_reload_does_not_wait_with_the_next_try(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    path.parent.mkdir()
    sink = EventFile(str(path), ROOMY, Clock())
    sink.open()
    path.unlink()
    path.parent.rmdir()
    sink.reopen()
    offer(sink, lines(1))
    wait_settled(sink)
    path.parent.mkdir()
    sink.reopen()
    offer(sink, lines(1, begin=1))
    close(sink)

    assert path.read_bytes() == lines(1, begin=1)[0]
    assert_balanced(sink, 2)


def test_a_bug_ends_the_thread_and_is_shown(path: Path) -> None:
    sink = EventFile(str(path), ROOMY)
    sink.open()
    sink.write("no bytes")  # type: ignore[arg-type]
    offer(sink, lines(1))
    close(sink)

    assert isinstance(sink.failure, TypeError)
    assert sink.dropped[ABANDONED] == 2


TEAR: Final = """
import asyncio, json, resource, sys
from heroku_syslogd.sinks.event_file import EventFile

async def main(path, limit):
    now = 0.0
    sink = EventFile(path, 2**24, lambda: now)
    for number in range(1000):
        sink.write(b'{"number": %03d}\\n' % (number + 100))
    # The file cannot grow beyond this: a short write, then EFBIG.
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    sink.open()
    while sink.queued_bytes:
        await asyncio.sleep(0)
    problem = sink.problem
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    now = 1.0
    sink.write(b'{"number": 5000}\\n')
    await sink.close(30)
    report = [problem, sink.problem, sink.written, sink.written_bytes, sink.dropped["write_error"]]
    print(json.dumps(report), file=sys.stderr)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""
LINE_BYTES: Final = len(b'{"number": 100}\n')


@pytest.mark.parametrize("standard_output", [False, True])
@pytest.mark.parametrize(
    "torn",
    [pytest.param(7, id="within a line"), pytest.param(0, id="between two lines")],
)
def test_a_torn_line_spoils_no_other(path: Path, torn: int, standard_output: bool) -> None:
    whole = 500
    with path.open("wb") as file:
        report = run_script(
            TEAR,
            "-" if standard_output else str(path),
            str(whole * LINE_BYTES + torn),
            stdout=file.fileno() if standard_output else None,
        )

    first, cut, last = whole * LINE_BYTES, b'{"numbe\n' if torn else b"", b'{"number": 5000}\n'
    content = path.read_bytes()
    assert content[first:] == cut + last
    assert [json.loads(line)["number"] for line in content[:first].splitlines()] == list(
        range(100, 100 + whole)
    )
    assert report == ["File too large", None, whole + 1, first + len(last), 500]
