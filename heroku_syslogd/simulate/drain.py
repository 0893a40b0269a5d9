"""Drains: how Logplex gets lines to a receiver.

A `Drain` takes lines without waiting and sends them from a task of its own. TLS is a `TcpDrain`
whose connection is opened with a context; HTTPS is one more class of this shape.
"""

from __future__ import annotations

import asyncio
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

    Attributes:
        sent: Messages handed to the kernel, L10 lines included.
        bytes: Bytes as handed to the kernel, octet counts included, refused datagrams too.
        lost: Messages that never were: overflow, broken connections, and what was left at the end.
        connections: Connections opened; 1 for a UDP socket.
        last_error: The last failure, in words.
    """

    sent: int = 0
    bytes: int = 0
    lost: int = 0
    connections: int = 0
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
