"""The programs that load the daemon and probe it, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from benchmarks import paced_sender, probe
from benchmarks.paced_sender import PacedJob, PacedSent
from benchmarks.probe import Latencies


class SenderProcess:
    """A process that is given a job, connects, is told to begin, and tells what it sent.

    Args:
        process: The process, its standard input and output pipes.
        job: What it is to send.

    Raises:
        RuntimeError: It could not connect; it has written why to standard error.
    """

    program: ClassVar[ModuleType]
    """What it runs: a module that is a program as well."""

    def __init__(self, process: subprocess.Popen[str], job: tuple[Any, ...]) -> None:
        self._process = process
        self._tell(json.dumps(job))
        self._line()

    def begin(self) -> None:
        """Begin to send, and return at once."""
        self._tell("go")

    def _answer(self) -> list[Any]:
        answer: list[Any] = json.loads(self._line())
        return answer

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # that it has ended shows where its answer is read
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sender failed, or was stopped because it took too long")
        return line


_Process = TypeVar("_Process", bound=SenderProcess)


@contextmanager
def start_process(kind: type[_Process], job: tuple[Any, ...], timeout: float) -> Iterator[_Process]:
    """Start a sender; it is connected when the block begins, and until the block ends.

    Args:
        kind: Which one.
        job: What to send.
        timeout: Seconds after which it is killed.

    Raises:
        RuntimeError: It could not connect; it has written why to standard error.
    """
    command = [sys.executable, str(kind.program.__file__)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        watch = threading.Timer(timeout, process.kill)
        watch.start()
        try:
            yield kind(process, job)
        finally:
            watch.cancel()
            process.kill()


class PacedSender(SenderProcess):
    """A connected process that sends at a steady rate."""

    program: ClassVar[ModuleType] = paced_sender

    def result(self) -> PacedSent:
        """Wait for the end and return what was sent.

        Raises:
            RuntimeError: The sender failed; it has written why to standard error.
        """
        return PacedSent(*self._answer())


def start_paced_sender(job: PacedJob, timeout: float) -> AbstractContextManager[PacedSender]:
    """Start a sender as `start_process` does."""
    return start_process(PacedSender, job, timeout)


class Probe:
    """A process that measures the latency of an address for some seconds, from now on.

    Args:
        address: Host and port.
        path: What to ask for.
        seconds: How long.
    """

    def __init__(self, address: tuple[str, int], path: str, seconds: float) -> None:
        host, port = address
        command = [sys.executable, probe.__file__, host, str(port), path, str(seconds)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self._process.poll() is None

    def result(self) -> Latencies:
        """Wait for the end and return what was measured.

        Raises:
            RuntimeError: It failed; it has written why to standard error.
        """
        line, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError("the probe failed")
        return Latencies(*json.loads(line))
