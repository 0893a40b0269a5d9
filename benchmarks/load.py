"""The load: a recording, sent by a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from benchmarks import sender
from benchmarks.paced_sender import PacedJob
from benchmarks.programs import PacedSender, start_paced_sender
from benchmarks.recordings import Recording
from benchmarks.sender import Job, Sent

RECORDED_ON: Final = "2023-11-14"
"""Date of the first lines of the recording."""


class Sender:
    """A connected sender process.

    Args:
        process: The process, its standard input and output pipes.
        job: What it is to send.

    Raises:
        RuntimeError: It could not connect; it has written why to standard error.
    """

    def __init__(self, process: subprocess.Popen[str], job: Job) -> None:
        self._process = process
        self._tell(job.encode())
        self._line()

    def run(self) -> Sent:
        """Send everything and return when that was.

        Raises:
            RuntimeError: The sender failed; it has written why to standard error.
        """
        self._tell("go\n")
        return Sent(*json.loads(self._line()))

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sender failed, or was stopped because it took too long")
        return line


@contextmanager
def start_sender(
    recording: Recording,
    address: tuple[str, int],
    authority: Path | None,
    timeout: float,
    file: Path | None = None,
) -> Iterator[Sender]:
    """Start a sender; it has connected when the block begins, and stays so until the block ends.

    Args:
        recording: What to send.
        address: Where to.
        authority: Certificate that is trusted over TLS; None does without TLS.
        timeout: Seconds after which it is killed.
        file: A file that is appended to, or a pipe, instead of a connection.
    """
    trusted = str(authority) if authority else None
    target = str(file) if file else None
    job = Job(str(recording.path), *address, trusted, recording.connections, target)
    command = [sys.executable, sender.__file__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        watch = threading.Timer(timeout, process.kill)
        watch.start()
        try:
            yield Sender(process, job)
        finally:
            watch.cancel()
            process.kill()


class DatagramSender:
    """A process that sends datagrams at a steady rate, with the face of a `Sender`.

    Args:
        sender: The process.
    """

    def __init__(self, sender: PacedSender) -> None:
        self._sender = sender

    def run(self) -> Sent:
        """Send everything and return when that was.

        Raises:
            RuntimeError: The sender failed; it has written why to standard error.
        """
        began = time.monotonic()
        self._sender.begin()
        return Sent(began, began + self._sender.result().seconds)


@contextmanager
def start_datagrams(
    recording: Recording, address: tuple[str, int], rate: float, timeout: float
) -> Iterator[DatagramSender]:
    """Start a sender of datagrams; it is ready when the block begins.

    Args:
        recording: What to send: octet-counted frames, of which each message is a datagram.
        address: Where to.
        rate: Datagrams per second, over all sockets together.
        timeout: Seconds after which it is killed.
    """
    sockets = len(recording.connections)
    job = PacedJob(
        "udp", str(recording.path), *address, sockets, rate, recording.messages, RECORDED_ON
    )
    with start_paced_sender(job, timeout) as paced:
        yield DatagramSender(paced)
