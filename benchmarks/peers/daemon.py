"""The daemon, and its command that reads files."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, ClassVar, Final

from benchmarks import measure
from benchmarks.peers.receiver import Account, Receiver, ReceiverError, Setting, version_of
from benchmarks.transports import HOST, Transport
from heroku_syslogd import __version__

COMPILED: Final = "HEROKU_SYSLOGD_COMPILED"
"""Environment variable that names the command ``heroku-syslogd`` of a compiled installation."""

_REPLAY_STOP: Final = 20.0
_PIPE_SIZE: Final = 1 << 20
"""Many reads, so that none waits for the sender."""


class Daemon(Receiver):
    """heroku-syslogd from its sources, with its default limits.

    Attributes:
        command: What runs it.
    """

    name = "heroku-syslogd"
    command: ClassVar[tuple[str, ...]] = (sys.executable, "-m", "heroku_syslogd")
    transports = frozenset(Transport) - {Transport.FILE}
    counts_losses = True
    _COUNTERS: Final = ("received_messages_total", "applied_messages_total", "lost_messages_total")

    def __init__(self, directory: Path, setting: Setting) -> None:
        super().__init__(directory, setting)
        self._admin = ""

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the interpreter."""
        return cls.command[0]

    @classmethod
    def version(cls, program: str) -> str:
        """Return the version of the package."""
        return __version__

    def account(self) -> Account:
        """Return what its counters say.

        Where they do not add up, the message that was received last is not applied.
        """
        with urllib.request.urlopen(f"http://{self._admin}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        values = dict.fromkeys(self._COUNTERS, 0)
        for name, value in re.findall(r"(?m)^heroku_syslogd_(\w+_total)(?:\{.*\})? (\S+)$", text):
            if name in values:
                values[name] += int(float(value))
        received, applied, lost = values.values()
        return Account(applied if applied + lost == received else min(applied, received - 1), lost)

    def _prepare(self) -> list[str]:
        config = self._directory / "config.toml"
        transport, _, certificate = self._setting
        text = (
            f'[log]\nformat = "json"\n[admin]\naddress = "{HOST}:0"\n'
            f'[[listener]]\ntype = "{transport}"\naddress = "{HOST}:0"\n'
        )
        if transport is Transport.TLS:
            text += f'certificate = "{certificate.certificate}"\nkey = "{certificate.key}"\n'
        config.write_text(text)
        return [*self.command, "run", "--config", str(config)]

    def _is_listening(self) -> bool:
        lines = self._log.read_bytes().splitlines(keepends=True)
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines if line[:1] == b"{"]
        for entry in entries:
            if entry["event"] == "listener.started":
                host, _, port = entry["addresses"][0].rpartition(":")
                self.address = (host, int(port))
            elif entry["event"] == "daemon.started":
                self._admin = entry["admin"]
        return bool(self._admin)


class CompiledDaemon(Daemon):
    """heroku-syslogd as `setup.sh compiled` installs it."""

    name = "heroku-syslogd compiled"

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the command, None where there is none, or where it is not compiled."""
        program = os.environ.get(COMPILED)
        if not program or "compiled" not in version_of([program, "--version"], r"(\(compiled\))"):
            return None
        cls.command = (program,)
        return program


class Replay(Receiver):
    """``heroku-syslogd replay``, which does offline what the daemon does, with a pipe for a file.

    So it has started before the first line comes, and is there when the last one was read. SIGINT
    ends it: it prints its summary.
    """

    name = "heroku-syslogd replay"
    transports = frozenset({Transport.FILE})

    def __init__(self, directory: Path, setting: Setting) -> None:
        super().__init__(directory, setting)
        self.file: Path = directory / "lines"
        self._held: int | None = None
        self._peak = 0

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the interpreter."""
        return sys.executable

    @classmethod
    def version(cls, program: str) -> str:
        """Return the version of the package."""
        return __version__

    def account(self) -> Account:
        """Let it end, and return what its summary says was applied.

        Raises:
            ReceiverError: It printed none.
        """
        assert self._process is not None
        if not self.has_ended:
            self._peak = measure.peak_memory(self.pid)
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_REPLAY_STOP)
            except subprocess.TimeoutExpired as error:
                raise ReceiverError(f"{self.name} did not end") from error
        match = re.search(r"(?m)^applied +([\d,]+)", self._log.read_text())
        if match is None:
            raise ReceiverError(f"{self.name} has no summary:\n{self._said()}")
        return Account(int(match[1].replace(",", "")))

    def peak_memory(self) -> int:
        """Return its largest resident set before it printed its summary, in bytes."""
        return self._peak

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _prepare(self) -> list[str]:
        os.mkfifo(self.file)
        run = [sys.executable, "-m", "heroku_syslogd", "replay"]
        return [*run, "--output", "summary", str(self.file)]

    def _is_listening(self) -> bool:
        """Tell whether it has opened the pipe; hold that open, or the replay would see its end."""
        try:
            self._held = os.open(self.file, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        fcntl.fcntl(self._held, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        return True
