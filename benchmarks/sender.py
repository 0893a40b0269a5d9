"""The sender: a program that maps a recording and sends pieces of it.

To connections, or to a file. It hands the kernel, or OpenSSL, large pieces of what was encoded
before, so that it is never what a receiver waits for. Run as a file, it imports the standard
library alone, and starts at once.

Standard input: the `Job` as one line of JSON; then, once it has said that it is connected, a line
to begin. It stays connected until it is killed, so that no end of a connection is measured.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import FileIO
from typing import Final, NamedTuple, Self

CIPHERS: Final = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
"""All that is offered over TLS, with TLS 1.2: the best of what the published Logplex offers
(heroku/logplex, ``logplex_tls.erl``), and the same for every receiver."""

FRAME_ID_BYTES: Final = 32
"""Length of a ``Logplex-Frame-Id``."""

_CONNECT_TIMEOUT: Final = 10.0
_HEAD_END: Final = b"\r\n\r\n"
_OK: Final = b"HTTP/1.1 200 "


class Piece(NamedTuple):
    """A part of the recording that is sent at once.

    Attributes:
        start: Where it begins, in bytes.
        end: Where it ends.
        frame_id: Where the Frame-Id of a request stands: it is replaced by a new one, and the
            answer is awaited before the next piece is sent. None: it is no request.
    """

    start: int
    end: int
    frame_id: int | None = None


class Job(NamedTuple):
    """What to send.

    Attributes:
        path: File of the recording.
        host: Where to: address,
        port: and port.
        authority: Certificate that is trusted over TLS; None does without TLS.
        connections: The pieces of each connection, in order.
        file: A file that is appended to, or a pipe, instead of a connection.
    """

    path: str
    host: str
    port: int
    authority: str | None
    connections: list[list[Piece]]
    file: str | None = None

    @classmethod
    def decode(cls, line: str) -> Self:
        """Return the job of a line of JSON."""
        path, host, port, authority, shares, target = json.loads(line)
        connections = [[Piece(*piece) for piece in share] for share in shares]
        return cls(path, host, port, authority, connections, target)


class Sent(NamedTuple):
    """When a load was sent, by the clock that all processes share (`time.monotonic`).

    Attributes:
        began: Before the first byte.
        ended: After the kernel took the last one, or the last answer came.
    """

    began: float
    ended: float


def connect(job: Job) -> socket.socket:
    """Return a connection that is ready to send, its TLS handshake over."""
    sock = socket.create_connection((job.host, job.port), _CONNECT_TIMEOUT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if job.authority is not None:
        context = ssl.create_default_context(cafile=job.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        sock = context.wrap_socket(sock, server_hostname=job.host)
    sock.settimeout(None)
    return sock


def send(sock: socket.socket, data: memoryview, pieces: list[Piece]) -> None:
    """Send all pieces of a connection.

    Raises:
        OSError: The connection broke.
        RuntimeError: A request was not answered, or not with 200.
    """
    for start, end, frame_id in pieces:
        if frame_id is None:
            sock.sendall(data[start:end])
            continue
        fresh = os.urandom(FRAME_ID_BYTES // 2).hex().upper().encode()
        sock.sendall(bytes(data[start:frame_id]) + fresh, socket.MSG_MORE)
        sock.sendall(data[frame_id + FRAME_ID_BYTES : end])
        _await_answer(sock)


def _await_answer(sock: socket.socket) -> None:
    answer = b""
    while not answer.endswith(_HEAD_END):  # as an answer without a body does
        if not (more := sock.recv(4096)):
            raise RuntimeError(f"the receiver closed the connection after {answer!r}")
        answer += more
    if not answer.startswith(_OK):
        raise RuntimeError(f"the receiver answered {answer!r}")


def open_file(job: Job) -> FileIO:
    """Return the file that is appended to, or the pipe."""
    assert job.file is not None
    return FileIO(os.open(job.file, os.O_WRONLY | os.O_APPEND), "w")


def write(file: FileIO, data: memoryview, pieces: list[Piece]) -> None:
    """Write all pieces to a file.

    Raises:
        OSError: It could not be written to, or nobody reads the pipe.
    """
    for start, end, _ in pieces:
        rest = data[start:end]
        while rest:
            rest = rest[file.write(rest) :]


def main() -> None:
    """Connect, wait for a line on standard input, send, tell when that was."""
    job = Job.decode(sys.stdin.readline())
    with open(job.path, "rb") as file:  # noqa: PTH123 - a sender of few imports starts at once
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if job.file is None:
        parts = [partial(send, connect(job), data, pieces) for pieces in job.connections]
    else:
        parts = [partial(write, open_file(job), data, pieces) for pieces in job.connections]
    print("connected", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(len(parts)) as pool:
        began = time.monotonic()
        for sending in [pool.submit(part) for part in parts]:
            sending.result()
        sent = Sent(began, time.monotonic())
    print(json.dumps(sent), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
