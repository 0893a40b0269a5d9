"""The real logrotate, with the configuration that we ship, on a file that is being written."""

from __future__ import annotations

import grp
import gzip
import itertools
import os
import pwd
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import uvloop

from heroku_syslogd.sinks.event_file import EventFile
from tests.daemon_process import WAIT_SECONDS, wait_until
from tests.real import require

SHIPPED: Final = Path(__file__).parents[2] / "systemd" / "logrotate.d" / "heroku-syslogd"
LOGS: Final = "/var/log/heroku-syslogd"
OWNER: Final = "su heroku-syslogd heroku-syslogd"

ROTATIONS: Final = 4
LINES_AT_A_TIME: Final = 50

# What Debian's /etc/logrotate.conf says before ours is included; ours has to say otherwise.
GLOBAL: Final = "create 0666\n"

SYSTEMCTL: Final = """\
#!/bin/sh
echo "$*" >> {calls}
kill -USR1 {pid}
"""


class Writer:
    """Writes numbered lines, and knows how many."""

    def __init__(self, path: Path) -> None:
        self.sink = EventFile(str(path), max_bytes=2**24)
        self.offered = 0
        self._numbers = itertools.count()

    def write_some(self) -> None:
        for number in itertools.islice(self._numbers, LINES_AT_A_TIME):
            self.sink.write(b'{"number": %d}\n' % number)
        self.offered += LINES_AT_A_TIME


def adapted(logs: Path) -> str:
    """Return the shipped configuration, for another directory and our own user."""
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    text = GLOBAL + SHIPPED.read_text()
    for old, new in {f"\n{LOGS}/": f"\n{logs}/", OWNER: f"su {user} {group}"}.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


@contextmanager
def reopening(sink: EventFile) -> Iterator[None]:
    """Let SIGUSR1 do here what SIGHUP does in the daemon."""
    before = signal.signal(signal.SIGUSR1, lambda *_: sink.reopen())
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def is_running(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(0.001)
    except subprocess.TimeoutExpired:
        return True
    return False


def contents(logs: Path) -> list[bytes]:
    """Return what is in the generations of the file, the oldest first."""

    def age(file: Path) -> int:
        number = file.name.removeprefix("events.jsonl").removesuffix(".gz")
        return int(number.removeprefix(".") or 0)

    files = sorted(logs.iterdir(), key=age, reverse=True)
    names = ["events.jsonl.4.gz", "events.jsonl.3.gz", "events.jsonl.2.gz", "events.jsonl.1"]
    assert [file.name for file in files] == [*names, "events.jsonl"]
    return [
        gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for file in files
    ]


@pytest.mark.real
def test_no_line_is_lost_by_logrotate(tmp_path: Path) -> None:
    program = require("logrotate")
    logs, commands = tmp_path / "logs", tmp_path / "commands"
    logs.mkdir(0o750)
    commands.mkdir()
    calls, config = tmp_path / "calls", tmp_path / "logrotate.conf"
    config.write_text(adapted(logs))
    config.chmod(0o644)
    systemctl = commands / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(calls=calls, pid=os.getpid()))
    systemctl.chmod(0o755)
    path = logs / "events.jsonl"
    writer = Writer(path)
    writer.sink.open()

    def new_file_while_writing() -> bool:
        writer.write_some()
        return path.exists()

    with reopening(writer.sink):
        for _ in range(ROTATIONS):
            writer.write_some()
            wait_until(lambda: path.stat().st_size, "something to rotate")
            with subprocess.Popen(
                [program, "--force", "--state", str(tmp_path / "state"), str(config)],
                env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process:
                while is_running(process):
                    writer.write_some()
                assert process.stdout is not None
                assert (process.returncode, process.stdout.read()) == (0, "")
            wait_until(new_file_while_writing, "the new file")
        writer.write_some()
        uvloop.run(writer.sink.close(WAIT_SECONDS))

    generations = contents(logs)
    assert b"".join(generations) == b"".join(
        b'{"number": %d}\n' % number for number in range(writer.offered)
    )
    assert all(generation.endswith(b"\n") for generation in generations)
    assert writer.sink.written == writer.offered
    assert sum(writer.sink.dropped.values()) == 0
    units = "heroku-syslogd.service heroku-syslogd@*.service"
    assert calls.read_text() == f"try-reload-or-restart {units}\n" * ROTATIONS
    mode = stat.S_IMODE(path.stat().st_mode)
    assert mode & ~0o640 == 0, "it was made by logrotate, or for everybody"
