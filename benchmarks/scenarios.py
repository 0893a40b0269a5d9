"""What is measured: each transport, with its connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.recordings import (
    Recorded,
    Recording,
    Requests,
    write_frames,
    write_lines,
)
from benchmarks.transports import Transport
from heroku_syslogd.simulate import record, record_http

RECORDED: Final = 1_000_000
"""Messages in the recording; more than that are the recording again."""

SEED: Final = 1


class Scenario(NamedTuple):
    """A transport with a number of connections.

    Attributes:
        transport: The transport.
        connections: How many connections share the messages; sockets over UDP.
    """

    transport: Transport
    connections: int

    def __str__(self) -> str:
        return f"{self.transport} {self.connections}" if self.connections > 1 else self.transport


_DEFAULT: Final[Mapping[Transport, tuple[int, ...]]] = {
    Transport.TCP: (1, 4, 20),
    Transport.UDP: (1,),
    Transport.HTTP: (1,),
    Transport.TLS: (1,),
    Transport.FILE: (1,),
}
"""Connections that each transport is measured with unless told otherwise."""


def choose_scenarios(
    transports: Sequence[Transport] | None, connections: Sequence[int] | None
) -> list[Scenario]:
    """Return what is to be measured, nothing twice.

    Args:
        transports: The transports; None is every one.
        connections: Numbers of connections, over all of them but a file; None is what each of them
            has by default.
    """
    chosen = [
        Scenario(transport, count)
        for transport in transports or Transport
        for count in (
            _DEFAULT[transport]
            if connections is None or transport is Transport.FILE
            else connections
        )
    ]
    return list(dict.fromkeys(chosen))


def write_recordings(
    scenarios: Sequence[Scenario], messages: int, directory: Path
) -> dict[Scenario, Recording]:
    """Record the messages once, in the form of each transport, and share them out."""
    recorded = min(RECORDED, messages)
    transports = {scenario.transport for scenario in scenarios}
    forms: dict[Transport, Recorded] = {}
    if Transport.HTTP in transports:
        drains = record_http(recorded, seed=SEED)
        forms[Transport.HTTP] = Requests(drains, directory / "requests")
    if transports - {Transport.HTTP}:
        lines = record(recorded, seed=SEED)
        if Transport.FILE in transports:
            forms[Transport.FILE] = write_lines(lines, directory / "lines")
        if framed := transports - {Transport.HTTP, Transport.FILE}:
            forms |= dict.fromkeys(framed, write_frames(lines, directory / "frames"))
    return {
        scenario: forms[scenario.transport].shared(_shares(messages, scenario.connections))
        for scenario in scenarios
    }


def _shares(messages: int, connections: int) -> list[int]:
    each, more = divmod(messages, connections)
    return [each + (number < more) for number in range(connections)]
