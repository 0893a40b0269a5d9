from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from benchmarks.peers import Account, Setting
from benchmarks.transports import Transport, make_certificate
from tests.benchmarks.programs import ScriptedWriter

PROGRAM: Final = """
import signal, socket, sys
kind, host, port = sys.argv[1:]
with socket.socket(socket.AF_INET, getattr(socket, kind)) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, int(port)))
    if kind == "SOCK_STREAM":
        sock.listen()
    signal.pause()
"""


class Writer(ScriptedWriter):
    name = "writer"
    script = PROGRAM


def test_lines_of_the_file_are_what_was_consumed(tmp_path: Path) -> None:
    writer = Writer(tmp_path, Setting(Transport.TCP, 1, make_certificate(tmp_path)))
    assert writer.account() == Account(0)

    (tmp_path / "output").write_bytes(b"one\ntwo\nand no en")

    assert writer.account() == Account(2)


def test_datagrams_that_the_kernel_dropped_are_lost(tmp_path: Path) -> None:
    setting = Setting(Transport.UDP, 1, make_certificate(tmp_path))

    with Writer(tmp_path, setting) as writer, socket.socket(type=socket.SOCK_DGRAM) as sender:
        assert writer.account().lost == 0
        for _ in range(100):
            sender.sendto(b"x" * 1000, writer.address)
        assert 0 < writer.account().lost < 100


def test_program_that_takes_connections_is_listening(tmp_path: Path) -> None:
    setting = Setting(Transport.TCP, 1, make_certificate(tmp_path))

    with Writer(tmp_path, setting) as writer:
        socket.create_connection(writer.address).close()
