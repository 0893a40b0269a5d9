"""The rotation of an event file: no line is lost, doubled or moved."""

from __future__ import annotations

import os
from pathlib import Path

from heroku_syslogd.sinks.event_file import EventFile
from tests.daemon_process import wait_until
from tests.sinks.writing import PIPE_BYTES, ROOMY, assert_balanced, close, lines, offer


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
