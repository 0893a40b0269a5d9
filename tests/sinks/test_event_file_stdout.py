"""Events to standard output: closed, without a reader, and not blocking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

import pytest

from heroku_syslogd.sinks.event_file import EventFile
from tests.sinks.writing import ROOMY, assert_balanced, close, lines, offer, run_script


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
