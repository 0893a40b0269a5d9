"""Drains: how Logplex gets lines to a receiver.

A `Drain` takes lines without waiting and sends them from a task of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Protocol

from heroku_syslogd.simulate.line import Line


def back_off(failures: int) -> float:
    """Return the seconds before attempt number ``failures`` + 1: 2, 4, 8 … 512, then 300.

    Logplex applies its limit of 300 s only after the ninth failure.
    """
    return float(2**failures) if failures < 10 else 300.0


@dataclass(slots=True)
class Counts:
    """What became of the messages of one drain.

    Once the drain has finished, every message that was offered is in one of ``sent``, ``damaged``
    and ``lost``; L10 lines come on top. A receiver that keeps to the rules has all of ``sent``, may
    have those of ``damaged`` and ``in_doubt``, and no others.

    Attributes:
        sent: Messages handed to the kernel, L10 lines included; over HTTP only those of
            acknowledged batches.
        bytes: Bytes as handed to the kernel, octet counts included, refused datagrams too; over
            HTTP all requests with their heads.
        lost: Messages that never were: overflow, broken connections, batches that were refused or
            given up, and what was left at the end.
        damaged: Messages of frames with a wrong octet count, and those that such a frame overlaps.
        connections: Connections opened; 1 for a UDP socket.
        acknowledged: HTTP: messages of batches answered with 2xx, damaged ones included.
        refused: HTTP: of ``lost``, messages of batches answered with 4xx other than 429.
        in_doubt: HTTP: of ``lost``, messages of batches that were sent, but no answer said what
            became of them: the receiver may have them all the same.
        retries: HTTP: attempts beyond the first of a batch.
        announced: Losses that L10 lines told of, invented ones included; over HTTP those lines of
            acknowledged batches. Over TCP one of them may be among ``damaged``.
        faults: Faults that were injected.
        last_error: The last failure that was not injected, in words.
    """

    sent: int = 0
    bytes: int = 0
    lost: int = 0
    damaged: int = 0
    connections: int = 0
    acknowledged: int = 0
    refused: int = 0
    in_doubt: int = 0
    retries: int = 0
    announced: int = 0
    faults: int = 0
    last_error: str | None = None


class Drain(Protocol):
    """The way of one app's lines to a receiver."""

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""

    def offer(self, line: Line) -> None:
        """Take a line for sending. Never waits: what there is no room for is lost and counted."""

    def finish(self) -> None:
        """Ask `run` to send what it holds, close, and return."""

    async def run(self) -> None:
        """Send until finished. Failures of the network are counted, not raised."""


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait up to ``seconds`` for ``event``; False if it did not come."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def pause_at_once(transport: asyncio.WriteTransport) -> None:
    """Have a transport pause its writer whenever the kernel does not take all at once.

    Logplex has one write under way. Over TLS the event loop still holds what it has encrypted, some
    64 KiB at most.
    """
    # TLS pauses at the limit, not above it: a limit of 0 would never resume.
    has_tls = transport.get_extra_info("sslcontext") is not None
    transport.set_write_buffer_limits(high=1 if has_tls else 0)


def in_words(error: OSError) -> str:
    """Return what went wrong on a connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the receiver's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS failed: {error.reason.replace('_', ' ').lower()}"
    if isinstance(error, TimeoutError):
        return "the receiver took too long"
    return str(error) or "the receiver closed the connection"
