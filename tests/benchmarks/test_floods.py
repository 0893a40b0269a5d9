"""What floods: whether each is what its name says, as far as framing goes."""

from __future__ import annotations

import socket
from typing import Final

import pytest

from benchmarks import floods
from benchmarks.floods import FLOODS, Flood, flooding
from benchmarks.paced_sender import boundaries
from benchmarks.transports import HOST

MEBIBYTE: Final = 2**20
TIMEOUT: Final = 30.0


@pytest.mark.parametrize("name", FLOODS)
def test_flood_is_a_mebibyte_or_so(name: str) -> None:
    flood = FLOODS[name]()

    assert 0.9 * MEBIBYTE < len(flood.data) < 1.5 * MEBIBYTE
    assert flood.listener == ("http" if name.startswith("HTTP") else "tcp")


@pytest.mark.parametrize("name", [name for name in FLOODS if name.startswith("HTTP")])
def test_request_has_whole_frames_and_says_how_long_they_are(name: str) -> None:
    head, _, body = FLOODS[name]().data.partition(b"\r\n\r\n")

    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert int(fields[b"Content-Length"]) == len(body) <= MEBIBYTE
    assert boundaries(body)[-1][-1] == len(body)


@pytest.fixture(name="at_once")
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "_SETTLE", 0.0)


def receive(connection: socket.socket, size: int) -> bytes:
    connection.settimeout(TIMEOUT)
    return connection.recv(size, socket.MSG_WAITALL)


@pytest.mark.usefixtures("at_once")
def test_each_connection_sends_again_and_again_until_the_block_ends() -> None:
    flood = Flood("tcp", b"1 <" * 100)

    with socket.create_server((HOST, 0)) as server:
        with flooding(flood, server.getsockname(), 2):
            connections = [server.accept()[0] for _ in range(2)]
            for connection in connections:
                assert receive(connection, 3000) == flood.data * 10
        for connection in connections:
            with connection:
                while connection.recv(MEBIBYTE):
                    pass


@pytest.mark.usefixtures("at_once")
def test_next_request_is_sent_once_the_one_before_is_answered() -> None:
    flood = Flood("http", b"POST")

    with (
        socket.create_server((HOST, 0)) as server,
        flooding(flood, server.getsockname(), 1),
        server.accept()[0] as connection,
    ):
        assert receive(connection, 4) == flood.data
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        assert receive(connection, 4) == flood.data
