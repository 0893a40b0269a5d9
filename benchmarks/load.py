"""The load: recorded messages, sent over and over by a process of their own.

The messages are encoded once, before anything is measured. The sender maps the file and hands the
kernel large pieces of it, so that it is never what a receiver waits for.

This file is the sender's program, too, and imports the standard library alone for that.
"""

from __future__ import annotations

import json
import mmap
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

_PIECE: Final = 1 << 20
_CONNECT_TIMEOUT: Final = 10.0


class Sent(NamedTuple):
    """When a load was sent, by the clock that all processes share (`time.monotonic`).

    Attributes:
        began: Before the first byte.
        ended: After the kernel took the last one.
    """

    began: float
    ended: float


class Load:
    """A recording in a file, in octet-counted frames.

    Args:
        messages: The recording.
        path: Where to write it.
    """

    def __init__(self, messages: Sequence[bytes], path: Path) -> None:
        frames = [b"%d %b" % (len(message), message) for message in messages]
        self._ends = [0, *accumulate(map(len, frames))]
        self._path = path
        path.write_bytes(b"".join(frames))
        self.mean_bytes = sum(map(len, messages)) / len(messages)

    def share(self, messages: int) -> int:
        """Return how many bytes that many messages are, the recording repeated as needed."""
        rounds, rest = divmod(messages, len(self._ends) - 1)
        return rounds * self._ends[-1] + self._ends[rest]

    @contextmanager
    def sender(
        self, address: tuple[str, int], messages: int, connections: int, timeout: float
    ) -> Iterator[Sender]:
        """Start a sender; it has connected when the block begins."""
        each, more = divmod(messages, connections)
        shares = [self.share(each + (number < more)) for number in range(connections)]
        command = [sys.executable, __file__, str(self._path), *map(str, (*address, *shares))]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with process:
            watch = threading.Timer(timeout, process.kill)
            watch.start()
            try:
                yield Sender(process)
            finally:
                watch.cancel()
                process.kill()


class Sender:
    """A connected sender process.

    Args:
        process: The process, its standard input and output pipes.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._line()

    def run(self) -> Sent:
        """Send everything and return when that was.

        Raises:
            RuntimeError: The sender failed; it has written why to standard error.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        return Sent(*json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sender failed, or was stopped because it took too long")
        return line


def _send(sock: socket.socket, data: memoryview, size: int) -> None:
    """Send ``size`` bytes: ``data`` over and over, and then what is left."""
    while size > 0:
        for start in range(0, min(size, len(data)), _PIECE):
            sock.sendall(data[start : min(start + _PIECE, size)])
        size -= len(data)


def _main(path: str, host: str, port: str, *shares: str) -> None:
    """Connect once per share, wait for a line on standard input, send, tell when that was."""
    with open(path, "rb") as file:  # noqa: PTH123 - a sender of few imports starts at once
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    address = (host, int(port))
    sockets = [socket.create_connection(address, _CONNECT_TIMEOUT) for _ in shares]
    threads = []
    for sock, share in zip(sockets, shares, strict=True):
        sock.settimeout(None)
        threads.append(threading.Thread(target=_send, args=(sock, data, int(share))))
    print("connected", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([began, time.monotonic()]), flush=True)
    for sock in sockets:
        sock.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
