"""A receiver's turn: started, sent everything, measured, stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.load import start_sender
from benchmarks.measure import Pinning, cpu_seconds, peak_memory, pinned, wait_for_rest
from benchmarks.peers import Receiver, ReceiverError, Setting
from benchmarks.recordings import Recording
from benchmarks.report import Run
from benchmarks.transports import Certificate, Transport

_SETTLE: Final = 0.2
_SLOWEST: Final = 100e-6
"""Seconds per message after which a receiver is given up, beside `_PATIENCE`."""
_PATIENCE: Final = 30.0


class Bench:
    """Gives receivers their turns.

    Args:
        recordings: What they are sent, by transport.
        certificate: What they present over TLS.
        pinning: Which processors are whose.
        directory: Where they may write.
    """

    def __init__(
        self,
        recordings: Mapping[Transport, Recording],
        certificate: Certificate,
        pinning: Pinning,
        directory: Path,
    ) -> None:
        self._recordings = recordings
        self._certificate = certificate
        self._pinning = pinning
        self._directory = directory

    def turn(self, kind: type[Receiver], transport: Transport) -> Run:
        """Start a receiver, send it everything, measure, stop it.

        Raises:
            ReceiverError: It failed, or did not consume every message.
            RuntimeError: The sender failed.
        """
        recording = self._recordings[transport]
        setting = Setting(transport, len(recording.connections), self._certificate)
        authority = self._certificate.certificate if transport is Transport.TLS else None
        with TemporaryDirectory(dir=self._directory) as own, ExitStack() as stack:
            with pinned(self._pinning.receiver):
                receiver = stack.enter_context(kind(Path(own), setting))
            with pinned(self._pinning.sender):
                return _measure(receiver, recording, authority)


def _measure(receiver: Receiver, recording: Recording, authority: Path | None) -> Run:
    limit = _PATIENCE + recording.messages * _SLOWEST
    deadline = time.monotonic() + limit
    with start_sender(recording, receiver.address, authority, limit) as sender:
        time.sleep(_SETTLE)
        before = cpu_seconds(receiver.pid)
        sent = sender.run()
        while True:
            rest = wait_for_rest(receiver.pid)
            consumed = receiver.consumed()
            if consumed == recording.messages:
                break
            if consumed > recording.messages or time.monotonic() > deadline:
                raise ReceiverError(
                    f"{receiver.name} consumed {consumed} of {recording.messages} messages"
                )
        peak = peak_memory(receiver.pid)
    return Run(rest.cpu - before, max(rest.since, sent.ended) - sent.began, peak)
