"""The load: a recording, sent by a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Final

from benchmarks import sender
from benchmarks.paced_sender import PacedJob
from benchmarks.programs import PacedSender, SenderProcess, start_paced_sender, start_process
from benchmarks.recordings import Recording
from benchmarks.sender import Job, Sent

RECORDED_ON: Final = "2023-11-14"
"""Date of the first lines of the recording."""


class Sender(SenderProcess):
    """A connected process that sends as fast as it is taken."""

    program: ClassVar[ModuleType] = sender

    def run(self) -> Sent:
        """Send everything and return when that was.

        Raises:
            RuntimeError: The sender failed; it has written why to standard error.
        """
        self.begin()
        return Sent(*self._answer())


def start_sender(
    recording: Recording,
    address: tuple[str, int],
    authority: Path | None,
    timeout: float,
    file: Path | None = None,
) -> AbstractContextManager[Sender]:
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
    return start_process(Sender, job, timeout)


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
