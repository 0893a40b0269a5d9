"""Lines for a daemon under test."""

from __future__ import annotations

from collections.abc import Iterable

from tests.daemon_process import DaemonProcess, connect

TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
TIME = "2024-01-02T03:04:05+00:00"


def frame(source: str, procid: str, text: str, token: str = TOKEN) -> bytes:
    message = f"<45>1 {TIME} {token} {source} {procid} - - {text}".encode()
    return b"%d %b" % (len(message), message)


def sample(dyno: str, total: float, token: str = TOKEN, load: float = 0.25) -> bytes:
    run = f"source={dyno} dyno=heroku.1.0f4c7a10-8f5d-4b6e-9a3c-1d2e3f405162"
    memory = (
        f"{run} sample#memory_total={total:.2f}MB sample#memory_rss={total:.2f}MB"
        " sample#memory_cache=0.00MB sample#memory_swap=0.00MB sample#memory_pgpgin=1pages"
        " sample#memory_pgpgout=1pages sample#memory_quota=512.00MB"
    )
    loads = f"{run} sample#load_avg_1m={load} sample#load_avg_5m=0.20 sample#load_avg_15m=0.10"
    return frame("heroku", dyno, memory, token) + frame("heroku", dyno, loads, token)


def send(daemon: DaemonProcess, frames: Iterable[bytes]) -> None:
    """Send over one connection, and wait until everything was applied."""
    with connect(daemon.tcp) as connection:
        connection.sendall(b"".join(frames))
    daemon.wait_idle()
