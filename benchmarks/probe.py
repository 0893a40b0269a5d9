"""The probe: how long an event loop lets a request wait, seen from outside.

A program that asks for one path again and again over one kept connection. A request that falls
into a stall waits until its end, so that the largest latency is the largest stall, but for the
`INTERVAL` and what a request takes anyway. As one request at a time is under way, a long stall
counts as one of many: so the time that was spent in stalls is reported, too. Where it may, the
program runs with real-time priority: what it measures is not its own waiting for a processor.

Run as a file, with the job as its arguments; it imports the standard library alone.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Final, NamedTuple

INTERVAL: Final = 0.002
"""Seconds between two requests: each costs the daemon some 0.1 ms."""

STALL: Final = 0.02
"""Seconds of latency from which a request is held to have met a stall."""

_HEAD_END: Final = b"\r\n\r\n"
_PRIORITY: Final = 1


class Latencies(NamedTuple):
    """What was measured; all times in seconds.

    Attributes:
        requests: How many requests were answered.
        median: Median of the time from a request to its answer.
        p99: 99th percentile.
        p999: 99.9th percentile.
        largest: Largest.
        stalled: Sum of those that are longer than `STALL`, as a share of all time.
        own: Most that the probe woke up too late: what noise there is in the others.
    """

    requests: int
    median: float
    p99: float
    p999: float
    largest: float
    stalled: float
    own: float


def summarise(latencies: list[float], own: float, seconds: float) -> Latencies:
    """Return what latencies in seconds, one at least, within so many seconds amount to."""
    ordered = sorted(latencies)

    def at(share: float) -> float:
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    stalled = sum(one for one in ordered if one > STALL) / seconds
    return Latencies(len(ordered), at(0.5), at(0.99), at(0.999), ordered[-1], stalled, own)


def ask(sock: socket.socket, request: bytes, size: int = 0) -> int:
    """Send a request and read its answer of ``size`` bytes; with 0, find out how many it has."""
    sock.sendall(request)
    answer = b""
    while len(answer) < size or not size:
        more = sock.recv(4096)
        if not more:
            raise RuntimeError("the daemon closed the connection of the probe")
        answer += more
        if not size and _HEAD_END in answer:
            head, _, _ = answer.partition(_HEAD_END)
            lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            size = len(head) + len(_HEAD_END) + int(lines[b"content-length"])
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"the daemon answered the probe with {answer!r}")
    return size


def probe(sock: socket.socket, request: bytes, seconds: float) -> Latencies:
    """Ask every `INTERVAL` for some seconds."""
    size = ask(sock, request)
    latencies: list[float] = []
    own = 0.0
    began = due = time.monotonic()
    while due < began + seconds:
        asked = time.monotonic()
        own = max(own, asked - due)
        ask(sock, request, size)
        now = time.monotonic()
        latencies.append(now - asked)
        due = max(asked + INTERVAL, now)
        time.sleep(due - now)
    return summarise(latencies, own, time.monotonic() - began)


def main() -> None:
    """Measure and print the result. Arguments: host, port, path, seconds."""
    host, port, path, seconds = sys.argv[1:]
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with socket.create_connection((host, int(port))) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(json.dumps(probe(sock, request, float(seconds))), flush=True)


if __name__ == "__main__":
    main()
