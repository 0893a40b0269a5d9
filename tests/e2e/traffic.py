"""What drains send: Logplex' lines, their framing, and ways to put them on the wire."""

from __future__ import annotations

import random
import socket
import struct
import uuid
from typing import Final

from heroku_syslogd.wire import encode_frame
from tests.daemon_process import Address, connect

MEBIBYTE: Final = 2**20
RUN: Final = "heroku.55681600.b0bc8784-5574-4f35-9508-5ea02d47d251"


def token(seed: int) -> str:
    """Return a drain token, the same for the same seed."""
    return f"d.{uuid.UUID(int=random.Random(seed).getrandbits(128), version=4)}"


def line(
    drain: str, app_name: str, procid: str, text: str, at: str = "2026-03-05T09:51:04.778759+00:00"
) -> bytes:
    """Return one message as Logplex sends it over TCP, its LF included."""
    return f"<134>1 {at} {drain} {app_name} {procid} - - {text}\n".encode()


def app_line(drain: str, text: str = "GET / 200", dyno: str = "web.1") -> bytes:
    """Return a line that an application printed."""
    return line(drain, "app", dyno, text)


def load_sample(drain: str, dyno: str, load: float = 0.25, run: str = RUN) -> bytes:
    """Return the first line of a runtime sample."""
    loads = " ".join(f"sample#load_avg_{period}={load:.2f}" for period in ("1m", "5m", "15m"))
    return line(drain, "heroku", dyno, f"source={dyno} dyno={run} {loads}")


def memory_sample(drain: str, dyno: str, rss: float = 190.25, run: str = RUN) -> bytes:
    """Return the second line of a runtime sample; ``rss`` is in MB."""
    return line(
        drain,
        "heroku",
        dyno,
        f"source={dyno} dyno={run} sample#memory_total={rss + 0.5:.2f}MB"
        f" sample#memory_rss={rss:.2f}MB sample#memory_cache=0.25MB sample#memory_swap=0.25MB"
        " sample#memory_pgpgin=88604pages sample#memory_pgpgout=53146pages"
        " sample#memory_quota=512.00MB",
    )


def state_change(drain: str, dyno: str, old: str, new: str) -> bytes:
    """Return what the dyno manager logs about a dyno's life."""
    return line(drain, "heroku", dyno, f"State changed from {old} to {new}")


def octet_counted(messages: list[bytes]) -> bytes:
    """Frame messages as Logplex does."""
    return b"".join(map(encode_frame, messages))


def send_tcp(address: Address, data: bytes) -> int:
    """Send bytes over a connection of their own, close it, and return how many they were."""
    with connect(address) as connection:
        connection.sendall(data)
    return len(data)


def send_slowly(address: Address, data: bytes) -> int:
    """Send bytes one at a time, each in a segment of its own as far as we can tell."""
    with connect(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(data)):
            connection.sendall(data[position : position + 1])
    return len(data)


def send_and_reset(address: Address, data: bytes) -> int:
    """Send bytes and reset the connection."""
    with connect(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(data)
    return len(data)


def send_udp(address: Address, *datagrams: bytes) -> int:
    """Send datagrams from one socket; return their bytes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sum(sender.sendto(datagram, address) for datagram in datagrams)
