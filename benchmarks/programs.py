"""The programs that load the daemon and probe it, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import paced_sender, probe
from benchmarks.paced_sender import PacedJob, PacedSent
from benchmarks.probe import Latencies


class PacedSender:
    """A connected process that sends at a steady rate.

    Args:
        process: The process, its standard input and output pipes.
        job: What it is to send.

    Raises:
        RuntimeError: It could not connect; it has written why to standard error.
    """

    def __init__(self, process: subprocess.Popen[str], job: PacedJob) -> None:
        self._process = process
        self._tell(json.dumps(job))
        self._line()

    def begin(self) -> None:
        """Begin to send, and return at once."""
        self._tell("go")

    def result(self) -> PacedSent:
        """Wait for the end and return what was sent.

        Raises:
            RuntimeError: The sender failed; it has written why to standard error.
        """
        return PacedSent(*json.loads(self._line()))

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sender failed, or was stopped because it took too long")
        return line


@contextmanager
def start_paced_sender(job: PacedJob, timeout: float) -> Iterator[PacedSender]:
    """Start a sender; it is connected when the block begins, and until the block ends.

    Args:
        job: What to send.
        timeout: Seconds after which it is killed.
    """
    command = [sys.executable, paced_sender.__file__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        watch = threading.Timer(timeout, process.kill)
        watch.start()
        try:
            yield PacedSender(process, job)
        finally:
            watch.cancel()
            process.kill()


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
