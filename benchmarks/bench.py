"""A receiver's turn: started, sent everything, measured, stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.load import DatagramSender, Sender, start_datagrams, start_sender
from benchmarks.measure import Pinning, cpu_seconds, pinned, wait_for_rest
from benchmarks.peers import Account, Receiver, ReceiverError, Setting
from benchmarks.recordings import Recording
from benchmarks.report import Run
from benchmarks.scenarios import Scenario
from benchmarks.transports import Certificate, Transport

_SETTLE: Final = 0.2
_SLOWEST: Final = 100e-6
"""Seconds per message after which a receiver is given up, beside `_PATIENCE`."""
_PATIENCE: Final = 30.0
_MISSING: Final = 2.0
"""Seconds of rest after which what came over UDP and is nowhere to be found is lost."""


class Bench:
    """Gives receivers their turns.

    Args:
        recordings: What they are sent.
        certificate: What they present over TLS.
        pinning: Which processors are whose.
        datagram_rate: Datagrams per second over UDP.
        directory: Where they may write.
    """

    def __init__(
        self,
        recordings: Mapping[Scenario, Recording],
        certificate: Certificate,
        pinning: Pinning,
        datagram_rate: float,
        directory: Path,
    ) -> None:
        self._recordings = recordings
        self._certificate = certificate
        self._pinning = pinning
        self._datagram_rate = datagram_rate
        self._directory = directory

    def turn(self, kind: type[Receiver], scenario: Scenario) -> Run:
        """Start a receiver, send it everything, measure, stop it.

        Raises:
            ReceiverError: It failed, or did not consume every message; over UDP, the daemon does
                not account for every message.
            RuntimeError: The sender failed.
        """
        recording = self._recordings[scenario]
        setting = Setting(*scenario, self._certificate)
        with TemporaryDirectory(dir=self._directory) as own, ExitStack() as stack:
            with pinned(self._pinning.receiver):
                receiver = stack.enter_context(kind(Path(own), setting))
            with pinned(self._pinning.sender):
                limit = _PATIENCE + recording.messages * _SLOWEST
                sender = self._start_sender(receiver, scenario, recording, limit)
                may_lose = scenario.transport is Transport.UDP
                return _measure(
                    receiver, sender, recording.messages, time.monotonic() + limit, may_lose
                )

    def _start_sender(
        self, receiver: Receiver, scenario: Scenario, recording: Recording, limit: float
    ) -> AbstractContextManager[Sender | DatagramSender]:
        if scenario.transport is Transport.UDP:
            return start_datagrams(recording, receiver.address, self._datagram_rate, limit)
        is_tls = scenario.transport is Transport.TLS
        authority = self._certificate.certificate if is_tls else None
        return start_sender(recording, receiver.address, authority, limit, receiver.file)


def _measure(
    receiver: Receiver,
    starting: AbstractContextManager[Sender | DatagramSender],
    messages: int,
    deadline: float,
    may_lose: bool,
) -> Run:
    with starting as sender:
        time.sleep(_SETTLE)
        before = cpu_seconds(receiver.pid)
        sent = sender.run()
        last, unchanged_since = Account(-1), 0.0
        while True:
            rest = wait_for_rest(receiver.pid)
            consumed, lost = account = receiver.account()
            if consumed + lost == messages and (may_lose or not lost):
                break
            if account != last:
                last, unchanged_since = account, rest.since
            if may_lose and not receiver.counts_losses and consumed <= messages:
                if time.monotonic() > unchanged_since + _MISSING:
                    lost = messages - consumed
                    break
            elif consumed + lost > messages or time.monotonic() > deadline or receiver.has_ended:
                raise ReceiverError(
                    f"{receiver.name} consumed {consumed} and lost {lost} of {messages} messages"
                )
            before += cpu_seconds(receiver.pid) - rest.cpu  # what it cost to ask is not counted
        peak = receiver.peak_memory()
    if not consumed:
        raise ReceiverError(f"{receiver.name} consumed none of {messages} messages")
    seconds = max(rest.since, sent.ended) - sent.began
    return Run(rest.cpu - before, seconds, peak, consumed, lost)
