"""The event file: lines reach it in order, the loop never waits, and every loss is counted."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.errors import StartupError
from heroku_syslogd.sinks.event_file import RETRY_AFTER, DropReason, EventFile
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


def wait_for_writers() -> None:
    """Wait until no thread of a sink is left, also of one that was abandoned in a write."""
    for thread in threading.enumerate():
        if thread.name == "event file":
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()


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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


# Files --------------------------------------------------------------------------------------------


def test_lines_reach_the_file_in_order(path: Path) -> None:
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offered = lines(10_000)
    offer(sink, offered)
    close(sink)

    assert path.read_bytes() == b"".join(offered)
    assert sink.written == len(offered)
    assert sink.written_bytes == len(b"".join(offered))
    assert_balanced(sink, len(offered))


def test_a_line_is_written_without_another_one_to_follow(path: Path) -> None:
    sink = EventFile(str(path), ROOMY)
    sink.open()
    for line in lines(3):
        sink.write(line)
        wait_settled(sink)
        assert path.read_bytes().endswith(line)
    close(sink)


def test_lines_are_appended_to_a_file_that_exists(path: Path) -> None:
    path.write_bytes(b"{}\n")
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offer(sink, lines(1))
    close(sink)

    assert path.read_bytes() == b"{}\n" + lines(1)[0]


def test_a_torn_line_of_an_earlier_process_is_ended_first(path: Path) -> None:
    path.write_bytes(b'{}\n{"cut":')
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offer(sink, lines(2))
    close(sink)

    assert path.read_bytes().splitlines(keepends=True) == [b"{}\n", b'{"cut":\n', *lines(2)]
    assert_balanced(sink, 2)


@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o640), (0o022, 0o640), (0o077, 0o600)])
def test_a_new_file_is_not_for_everybody(path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        sink = EventFile(str(path), ROOMY)
        sink.open()
    finally:
        os.umask(before)
    close(sink)

    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("absent/events.jsonl", "No such file or directory"),
        ("", "Is a directory"),
        ("file/events.jsonl", "Not a directory"),
        ("fifo", "nobody reads from it"),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    path = str(tmp_path / name)
    with pytest.raises(StartupError) as caught:
        EventFile(path, ROOMY).open()

    assert str(caught.value) == f"events: cannot write to {path}: {problem}"


WITHOUT_PERMISSION: Final = """
import json, os, sys
from heroku_syslogd.errors import StartupError
from heroku_syslogd.sinks.event_file import EventFile

if os.geteuid() == 0:  # root needs no permission
    os.setresuid(65534, 65534, 65534)
try:
    EventFile(sys.argv[1], 1).open()
except StartupError as error:
    print(json.dumps([str(error)]), file=sys.stderr)
"""


def test_a_file_that_is_not_ours_is_named(path: Path) -> None:
    path.touch(0o400)

    problem = f"events: cannot write to {path}: Permission denied"
    assert run_script(WITHOUT_PERMISSION, str(path)) == [problem]


# Bounds -------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_dropped_and_counted(path: Path) -> None:
    sink = EventFile(str(path), max_bytes=30)
    for size in (10, 21, 20, 1):
        sink.write(b"x" * size)

    assert sink.queued_bytes == 30
    assert sink.dropped == {QUEUE_FULL: 2, WRITE_ERROR: 0, ABANDONED: 0}


def test_lines_fit_again_when_others_were_written(path: Path) -> None:
    offered = lines(2)
    sink = EventFile(str(path), max_bytes=len(offered[0]))
    offer(sink, offered)
    sink.open()
    wait_settled(sink)
    offer(sink, offered[1:])
    close(sink)

    assert path.read_bytes() == b"".join(offered)
    assert sink.dropped[QUEUE_FULL] == 1


@given(sizes=st.lists(st.integers(1, 50)), max_bytes=st.integers(0, 200))
def test_never_more_than_the_bound_waits(sizes: list[int], max_bytes: int) -> None:
    sink = EventFile("never opened", max_bytes)
    for size in sizes:
        sink.write(b"x" * size)
        assert sink.queued_bytes <= max_bytes
    close(sink, 0)

    assert_balanced(sink, len(sizes))


# A reader that is stuck ---------------------------------------------------------------------------


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


# Errors -------------------------------------------------------------------------------------------


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


# Rotation -----------------------------------------------------------------------------------------


def test_lines_are_neither_lost_nor_doubled_nor_moved_by_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = EventFile(str(path), ROOMY)
    sink.open()
    offered = lines(20_000)
    generations = []
    for number, line in enumerate(offered, 1):
        sink.write(line)
        if number % 2_000 == 0:
            wait_until(
                path.exists, "the new file"
            )  # the last rotation has taken effect; nothing else is awaited
            generations.append(path.rename(tmp_path / str(number)))
            sink.reopen()
    close(sink)

    contents = [file.read_bytes() for file in (*generations, path)]
    assert b"".join(contents) == b"".join(offered)
    assert all(not content or content.endswith(b"\n") for content in contents)
    assert len(list(filter(None, contents))) > 1
    assert_balanced(sink, len(offered))


def test_what_waits_when_the_reload_comes_belongs_to_the_old_file(path: Path) -> None:
    sink = EventFile(str(path), ROOMY)
    sink.open()
    old = path.rename(path.with_suffix(".1"))
    offered = lines(1000)
    offer(sink, offered[:600])
    sink.reopen()
    offer(sink, offered[600:])
    close(sink)

    assert old.read_bytes() == b"".join(offered[:600])
    assert path.read_bytes() == b"".join(offered[600:])


def test_the_reader_of_a_fifo_notices_nothing_of_a_reload(path: Path) -> None:
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink = EventFile(str(path), ROOMY)
    sink.open()
    os.set_blocking(reader, True)
    for number in range(10):
        sink.reopen()
        sink.write(lines(1, number)[0])
        # An end of the file would be an empty read.
        assert os.read(reader, PIPE_BYTES) == lines(1, number)[0]
    close(sink)
    assert os.read(reader, PIPE_BYTES) == b""
    os.close(reader)


# Standard output ----------------------------------------------------------------------------------


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sink = EventFile("-", ROOMY)
    sink.open()
    offer(sink, lines(1000))
    sink.reopen()
    offer(sink, lines(1000, begin=1000))
    close(sink)

    assert os.fstat(1)  # it is not ours to close
    assert capfdbinary.readouterr().out == b"".join(lines(2000))
    assert_balanced(sink, 2000)


TO_STANDARD_OUTPUT: Final = """
import asyncio, json, os, sys
from heroku_syslogd.errors import StartupError
from heroku_syslogd.sinks.event_file import EventFile

async def main(count):
    sink = EventFile("-", 2**24)
    try:
        sink.open()
    except StartupError as error:
        print(json.dumps([str(error)]), file=sys.stderr)
        return
    for number in range(count):
        sink.write(b"%d\\n" % number)
    await sink.close(30)
    print(json.dumps([sink.problem, sink.written, sink.dropped]), file=sys.stderr)

asyncio.run(main(int(sys.argv[1])))
"""


def test_standard_output_whose_reader_has_gone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    report = run_script(TO_STANDARD_OUTPUT, "10", stdout=writer)
    os.close(writer)

    dropped = {"queue_full": 0, "write_error": 10, "abandoned": 0}
    assert report == ["Broken pipe", 0, dropped]


def test_standard_output_that_is_closed() -> None:
    report = run_script(TO_STANDARD_OUTPUT, "10", prefix=["sh", "-c", 'exec "$@" >&-', "sh"])

    assert report == ["events: cannot write to -: it is closed"]


def test_standard_output_that_somebody_made_non_blocking() -> None:
    count = 100_000
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen(
        [sys.executable, "-c", TO_STANDARD_OUTPUT, str(count)],
        stdout=writer,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writer)
        with os.fdopen(reader, "rb") as output:
            assert output.read() == b"".join(b"%d\n" % number for number in range(count))
        assert process.stderr is not None
        dropped = {"queue_full": 0, "write_error": 0, "abandoned": 0}
        assert json.load(process.stderr) == [None, count, dropped]
