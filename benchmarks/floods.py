"""What may flood a daemon: lines that cost it much each, or requests, without end."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Final, NamedTuple

from benchmarks.recordings import PATH
from benchmarks.transports import HOST
from heroku_syslogd.simulate import octet_framed, record
from heroku_syslogd.simulate.addons.postgres import Postgres
from heroku_syslogd.simulate.addons.postgres_log import PostgresLog

AT: Final = "2026-03-05T09:51:04.778759+00:00"
"""Time of all lines that are not recorded."""

_TOKEN: Final = "d.00000000-0000-4000-8000-000000000001"
_SEED: Final = 1
_SETTLE: Final = 1.0
_BLOB: Final = 2**20
_READ_SIZE: Final = 1 << 16


class Flood(NamedTuple):
    """What the connections send, again and again.

    Attributes:
        listener: Type of the listener.
        data: What is sent at a time; to a listener of HTTP a request, which is answered before the
            next one is sent.
    """

    listener: str
    data: bytes


def _line(procid: str, msg: str) -> bytes:
    return f"<134>1 {AT} {_TOKEN} app {procid} - - {msg}\n".encode()


def _repeated(messages: Sequence[bytes]) -> bytes:
    """Return a stream of about `_BLOB` bytes."""
    frames = octet_framed(messages)
    return frames * (_BLOB // len(frames) + 1)


def _addon_samples() -> bytes:
    server = Postgres("postgresql-curly-12345", "DATABASE", Random(_SEED), 0.0)
    return _repeated([_line(server.procid, server.message(20.0 * n)) for n in range(1, 200)])


def _slow_queries() -> bytes:
    log = PostgresLog("DATABASE", ("web",), Random(_SEED), 0.0)
    texts = [
        part
        for n in range(200)
        for part in log.of_client(n, "00000", f"LOG:  duration: {2000 + n}.25 ms  statement: S")
    ]
    return _repeated([_line(log.procid, text) for text in texts])


def _request(frames: bytes) -> bytes:
    """Return a request with as many of the frames as fit into a body of 1 MiB."""
    end = 0
    while end < len(frames):
        blank = frames.index(b" ", end)
        behind = blank + 1 + int(frames[end:blank])
        if behind > _BLOB:
            break
        end = behind
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/logplex-1\r\n"
        f"Logplex-Drain-Token: {_TOKEN}\r\nContent-Length: {end}\r\n\r\n"
    )
    return head.encode() + frames[:end]


FLOODS: Final[Mapping[str, Callable[[], Flood]]] = {
    "mix": lambda: Flood("tcp", octet_framed(record(4000))),
    "tiny frames": lambda: Flood("tcp", b"1 <" * (_BLOB // 3)),
    "tiny lines": lambda: Flood("tcp", b"<\n" * (_BLOB // 2)),
    "malformed headers": lambda: Flood("tcp", _repeated([b"<190>1 yesterday web hello"])),
    "add-on samples": lambda: Flood("tcp", _addon_samples()),
    "slow queries": lambda: Flood("tcp", _slow_queries()),
    "HTTP, mix": lambda: Flood("http", _request(octet_framed(record(4500)))),
    "HTTP, add-on samples": lambda: Flood("http", _request(_addon_samples())),
    "HTTP, tiny frames": lambda: Flood("http", _request(b"1 <" * (_BLOB // 3))),
}
"""All that there are, by what the table calls them."""


def _send_without_end(address: tuple[str, int], data: bytes, is_answered: bool) -> None:
    """Send, and read nothing but what has to be read so that more can be sent."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    while parent.is_alive():  # it may have been killed
        with suppress(OSError), socket.create_connection(address) as connection:
            while parent.is_alive():
                connection.sendall(data)
                if is_answered and not connection.recv(_READ_SIZE):
                    break


@contextmanager
def flooding(flood: Flood, address: tuple[str, int], connections: int) -> Iterator[None]:
    """Flood while the block lasts; it begins when the flood has come up.

    Args:
        flood: What is sent.
        address: Where to.
        connections: Over how many connections, each from a process of its own.
    """
    arguments = (address, flood.data, flood.listener == "http")
    processes = [
        multiprocessing.Process(target=_send_without_end, args=arguments, daemon=True)
        for _ in range(connections)
    ]
    for process in processes:
        process.start()
    try:
        time.sleep(_SETTLE)
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()
