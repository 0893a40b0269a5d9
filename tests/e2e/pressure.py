"""More traffic than the daemon can take at once."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.daemon_process import DaemonProcess, connect
from tests.e2e.traffic import app_line, octet_counted, token

DRAIN: Final = token(7)
LINE: Final = app_line(DRAIN, "x" * 150)
FRAME: Final = octet_counted([LINE])


@contextmanager
def held(daemon: DaemonProcess) -> Iterator[None]:
    """Hold the daemon, so that what is sent meanwhile waits in its sockets."""
    daemon.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.signal(signal.SIGCONT)


def fill(connection: socket.socket, count: int) -> int:
    """Send frames, as many of ``count`` as the kernel takes at once; return how many."""
    data, sent = FRAME * count, 0
    connection.setblocking(False)
    try:
        while sent < len(data):
            sent += connection.send(data[sent : sent + 65536])
    except BlockingIOError:
        pass
    return sent // len(FRAME)


@contextmanager
def flood(daemon: DaemonProcess, connections: int = 4) -> Iterator[None]:
    """Send on several connections without end, until the daemon closes them."""

    def send() -> None:
        with connect(daemon.tcp) as connection:
            try:
                while True:
                    connection.sendall(FRAME * 200)
            except OSError:
                return

    before = daemon.total("heroku_syslogd_connections_total")
    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        daemon.wait_for("heroku_syslogd_connections_total", {}, before + connections)
        yield
    finally:
        daemon.kill()
        for thread in threads:
            thread.join()
