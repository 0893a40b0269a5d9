"""What all receivers have in common: how they are started, asked and stopped."""

from __future__ import annotations

import re
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, Self

from benchmarks import measure
from benchmarks.transports import HOST, Certificate, Transport

ROOT: Final = Path(__file__).resolve().parents[2]

_START_TIMEOUT: Final = 20.0
_STOP_TIMEOUT: Final = 20.0


class ReceiverError(Exception):
    """A receiver did not start, went away, or lost messages where none may be lost."""


class Setting(NamedTuple):
    """What a receiver has to be configured for.

    Attributes:
        transport: What it is sent over.
        connections: How many connections it will be sent.
        certificate: What it presents over TLS.
    """

    transport: Transport
    connections: int
    certificate: Certificate


class Account(NamedTuple):
    """What became of the messages that a receiver was sent.

    Attributes:
        consumed: How many it has verifiably consumed.
        lost: How many are known to be lost.
    """

    consumed: int
    lost: int = 0


class Receiver(ABC):
    """One receiver process, from start to stop: a context manager.

    Args:
        directory: Where its configuration and its output go; empty, and its own.
        setting: What it has to be configured for.

    Attributes:
        address: Where it listens.
        file: The file, or the pipe, that it reads where it does not listen; None where it does.
    """

    name: ClassVar[str]
    transports: ClassVar[frozenset[Transport]]
    """What it can take messages over."""
    counts_losses: ClassVar[bool] = False
    """Whether its account has to name every message that was lost over UDP."""

    def __init__(self, directory: Path, setting: Setting) -> None:
        self._directory = directory
        self._setting = setting
        self._log = directory / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = (HOST, 0)
        self.file: Path | None = None

    @classmethod
    @abstractmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the program, None where it, or what it needs for a transport, is not installed."""

    @classmethod
    @abstractmethod
    def version(cls, program: str) -> str:
        """Return the version of a program that was found."""

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process is None or self._process.poll() is not None

    def __enter__(self) -> Self:
        assert self._process is None, "started already"
        command = self._prepare()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            self._wait_until_listening()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @abstractmethod
    def account(self) -> Account:
        """Return what became of the messages; called when it is at rest."""

    def peak_memory(self) -> int:
        """Return its largest resident set, in bytes; it may be asked when the account is read."""
        return measure.peak_memory(self.pid)

    @abstractmethod
    def _prepare(self) -> list[str]:
        """Write the configuration; return the command."""

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._is_listening():
            if self.has_ended or time.monotonic() > deadline:
                raise ReceiverError(f"{self.name} did not start:\n{self._said()}")
            time.sleep(0.02)

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    @abstractmethod
    def _is_listening(self) -> bool:
        """Tell whether it can be sent to, and note its address."""


def version_of(command: list[str], pattern: str) -> str:
    """Return the version that a program prints: the first group of ``pattern``, else a ``?``."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(pattern, done.stdout + done.stderr)
    return match[1] if match else "?"
