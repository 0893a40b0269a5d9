"""The event file: lines reach it in order, and what does not fit is counted."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.errors import StartupError
from heroku_syslogd.sinks.event_file import EventFile
from tests.sinks.writing import (
    ABANDONED,
    QUEUE_FULL,
    ROOMY,
    WRITE_ERROR,
    assert_balanced,
    close,
    lines,
    offer,
    run_script,
    wait_settled,
)

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
