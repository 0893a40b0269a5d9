"""``replay`` and ``explain`` as programs: pipes, terminals, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from heroku_syslogd.simulate import octet_framed, record
from tests.daemon_process import WAIT_SECONDS

MEGABYTE = 2**20
ON_A_TERMINAL = {"TERM": "xterm", "COLUMNS": "120"}


@pytest.fixture(scope="module")
def capture() -> bytes:
    return octet_framed(record(5000))


@contextmanager
def started(
    *arguments: str,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    environ: Mapping[str, str] = {},
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program; at the end it is there no more, whatever it does."""
    # Some terminals and test runners set these; they would decide what is to be tested.
    decided = {"NO_COLOR", "FORCE_COLOR", "PYTHONUNBUFFERED", "TTY_COMPATIBLE", "COLUMNS", "TERM"}
    inherited = {name: value for name, value in os.environ.items() if name not in decided}
    process = subprocess.Popen(
        [sys.executable, "-m", "heroku_syslogd", *arguments],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env={**inherited, **environ},
    )
    try:
        yield process
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait(WAIT_SECONDS)


def written_to_terminal(*arguments: str, stream: str, environ: Mapping[str, str] = {}) -> str:
    """Run the program with one of its streams on a terminal; return what that shows."""
    terminal, end = pty.openpty()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: end}
    with started(*arguments, **streams, environ={**ON_A_TERMINAL, **environ}) as process:
        os.close(end)
        assert process.stdin is not None
        process.stdin.close()
        shown = b"".join(read_terminal(terminal))
        os.close(terminal)
        process.wait(WAIT_SECONDS)
    return shown.decode()


def read_terminal(terminal: int) -> Iterator[bytes]:
    # Linux tells by EIO that nobody holds the other end any more.
    with suppress(OSError):
        while select.select([terminal], [], [], WAIT_SECONDS)[0]:
            yield os.read(terminal, 65536)


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def test_a_capture_can_come_through_a_pipe(capture: bytes) -> None:
    with started("replay", "-", "--output", "metrics") as process:
        out, err = process.communicate(capture, timeout=WAIT_SECONDS)

    assert process.returncode == 0
    assert b"\nheroku_dyno_memory_quota_bytes{" in out
    assert re.search(rb"^messages +5,000  ", err, re.M)
    assert b"\x1b" not in out + err


def test_a_pipe_without_an_end_takes_no_more_memory_the_longer_it_lasts(capture: bytes) -> None:
    def most_memory(process: subprocess.Popen[bytes]) -> int:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        match = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)
        assert match
        return int(match[1]) * 1024

    with started("replay", "-") as process:
        stdin = pipe(process.stdin)
        for _ in range(8 * MEGABYTE // len(capture)):
            stdin.write(capture)
        before = most_memory(process)
        for _ in range(40 * MEGABYTE // len(capture)):
            stdin.write(capture)
        after = most_memory(process)
        out, _ = process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 0
    assert b"understood" in out
    assert after - before < 4 * MEGABYTE


def test_events_come_as_soon_as_their_lines_and_ctrl_c_prints_the_summary(capture: bytes) -> None:
    with started("replay", "-", "--output", "events") as process:
        pipe(process.stdin).write(capture[:10_000])
        pipe(process.stdin).flush()
        event = json.loads(pipe(process.stdout).readline())
        process.send_signal(signal.SIGINT)
        code = process.wait(WAIT_SECONDS)
        err = pipe(process.stderr).read().decode()

    assert "event" in event
    assert code == 1
    assert re.search(r"^understood +[1-9]", err, re.M)
    assert "Traceback" not in err


def test_a_reader_that_has_enough_is_no_error(capture: bytes, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(capture)
    with started("replay", str(path), "--output", "events") as process:
        assert pipe(process.stdout).readline().startswith(b"{")
        pipe(process.stdout).close()
        code = process.wait(WAIT_SECONDS)
        err = pipe(process.stderr).read()

    assert code == 0
    assert err == b""


def test_a_terminal_shows_progress_and_standard_output_is_left_alone(
    capture: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(capture * 20)

    shown = written_to_terminal("replay", str(path), "--output", "events", stream="stderr")

    assert re.search(r"[0-9,]+ messages, [0-9,]+/s", shown)
    assert re.search(r"/[0-9.]+ MB", shown)
    assert "understood" in shown


def test_the_summary_is_a_table_on_a_terminal(capture: bytes, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(capture + b"junk")

    coloured = written_to_terminal("replay", str(path), stream="stdout")
    plain = written_to_terminal("replay", str(path), stream="stdout", environ={"NO_COLOR": "1"})

    assert "\x1b[33m  unexpected_byte" in coloured
    assert "unexpected_byte" in plain
    assert "\x1b[33m" not in plain


def test_explain_has_colours_on_a_terminal_alone(capture: bytes) -> None:
    line = "<45>1 - host heroku web.1 - State changed from starting to up"

    coloured = written_to_terminal("explain", line, stream="stdout")
    plain = written_to_terminal("explain", line, stream="stdout", environ={"NO_COLOR": "1"})
    with started("explain", line) as process:
        piped, _ = process.communicate(timeout=WAIT_SECONDS)

    assert "\x1b[1;32mUnderstood: dyno_state." in coloured
    assert "\x1b[1;32m" not in plain
    assert piped.decode().endswith("\nUnderstood: dyno_state.\n")
    assert b"\x1b" not in piped
