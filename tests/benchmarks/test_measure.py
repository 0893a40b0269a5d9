from __future__ import annotations

import socket

from benchmarks.measure import datagrams_dropped
from benchmarks.transports import HOST


def test_datagrams_that_find_the_buffer_full_are_counted() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as receiver,
        socket.socket(type=socket.SOCK_DGRAM) as sender,
    ):
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        receiver.bind((HOST, 0))
        receiver.setblocking(False)
        address = receiver.getsockname()
        assert datagrams_dropped(address[1]) == 0

        for _ in range(100):
            sender.sendto(b"x" * 500, address)

        received = 0
        try:
            while receiver.recv(1000):
                received += 1
        except BlockingIOError:
            pass
        assert datagrams_dropped(address[1]) == 100 - received > 0


def test_port_that_nobody_has_has_dropped_nothing() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]

    assert datagrams_dropped(port) is None
