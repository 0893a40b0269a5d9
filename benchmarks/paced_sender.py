"""The paced sender: a program that sends a recording at a steady rate.

It repeats the recording as long as need be. As samples that are older than those that came before
count for nothing, all dates are a day later each time.

Run as a file, it imports the standard library alone, and starts at once. Standard input: the
`PacedJob` as one line of JSON; then, once it has said that it is ready, a line to begin. It stays
connected until it is killed.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

_TICKS_PER_SECOND: Final = {"tcp": 200, "udp": 1000}
"""How often it sends: a burst of datagrams must not be what fills the receive buffer."""


class PacedJob(NamedTuple):
    """What to send.

    Attributes:
        transport: ``tcp``: octet-counted frames. ``udp``: their messages, one per datagram.
        path: File of the recording, octet-counted frames.
        host: Where to: address,
        port: and port.
        connections: How many connections, or sockets, the bursts take turns on.
        rate: Messages per second.
        messages: How many to send in all.
        day: Date of all lines in the recording, as they have it: ``2023-11-14``.
        skip: How many messages of the recording were sent by another job.
    """

    transport: str
    path: str
    host: str
    port: int
    connections: int
    rate: float
    messages: int
    day: str
    skip: int = 0


class PacedSent(NamedTuple):
    """What was sent.

    Attributes:
        messages: How many messages.
        seconds: How long that took.
        latest: Most seconds that it was late: it was kept from running, or from sending.
    """

    messages: int
    seconds: float
    latest: float


def boundaries(data: bytes) -> list[tuple[int, int, int]]:
    """Return where each frame begins, where its message begins, and where both end."""
    found = []
    at = 0
    while at < len(data):
        start = data.index(b" ", at) + 1
        end = start + int(data[at:start])
        found.append((at, start, end))
        at = end
    return found


class Recorded:
    """The messages of a recording, one burst after the other, without end.

    Args:
        data: Octet-counted frames.
        day: Date of all lines.
        skip: How many of the first messages to leave out the first time.
    """

    def __init__(self, data: bytes, day: str, skip: int = 0) -> None:
        self._data = data
        self._bounds = boundaries(data)
        self._day = day
        self._repeats, self._at = divmod(skip, len(self._bounds))

    def frames(self, count: int) -> tuple[bytes, int]:
        """Return up to ``count`` frames as one, and how many they are."""
        first, last = self._take(count)
        data = self._data[self._bounds[first][0] : self._bounds[last][2]]
        return self._dated(data), last + 1 - first

    def messages(self, count: int) -> list[bytes]:
        """Return up to ``count`` messages."""
        first, last = self._take(count)
        data = self._data
        found = [data[start:end] for _, start, end in self._bounds[first : last + 1]]
        return [self._dated(one) for one in found] if self._repeats else found

    def _take(self, count: int) -> tuple[int, int]:
        if self._at == len(self._bounds):
            self._repeats += 1
            self._at = 0
        first = self._at
        self._at = min(first + count, len(self._bounds))
        return first, self._at - 1

    def _dated(self, data: bytes) -> bytes:
        if not self._repeats:
            return data
        later = date.fromisoformat(self._day) + timedelta(days=self._repeats)
        return data.replace(f"{self._day}T".encode(), f"{later}T".encode())


def connect(job: PacedJob) -> list[socket.socket]:
    """Return the sockets, connected."""
    address = (job.host, job.port)
    if job.transport == "tcp":
        return [socket.create_connection(address) for _ in range(job.connections)]
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(job.connections)]
    for one in sockets:
        one.connect(address)
    return sockets


def send(job: PacedJob, sockets: list[socket.socket], recorded: Recorded) -> PacedSent:
    """Send at the rate; what could not be sent in time is sent at once."""
    burst = max(1, round(job.rate / _TICKS_PER_SECOND[job.transport]))
    senders = [_sender(job.transport, one, recorded) for one in sockets]
    sent = turn = 0
    latest = 0.0
    began = time.monotonic()
    while sent < job.messages:
        wait = began + sent / job.rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        else:
            latest = max(latest, -wait)
        sent += senders[turn % len(senders)](min(burst, job.messages - sent))
        turn += 1
    return PacedSent(sent, time.monotonic() - began, latest)


def _sender(transport: str, sock: socket.socket, recorded: Recorded) -> Callable[[int], int]:
    def send_frames(count: int) -> int:
        data, count = recorded.frames(count)
        sock.sendall(data)
        return count

    def send_datagrams(count: int) -> int:
        messages = recorded.messages(count)
        put = sock.send
        for message in messages:
            put(message)
        return len(messages)

    return send_frames if transport == "tcp" else send_datagrams


def main() -> None:
    """Connect, wait for a line on standard input, send, tell what was sent."""
    job = PacedJob(*json.loads(sys.stdin.readline()))
    with open(job.path, "rb") as file:  # noqa: PTH123 - a sender of few imports starts at once
        recorded = Recorded(file.read(), job.day, job.skip)
    sockets = connect(job)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(send(job, sockets, recorded)), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
