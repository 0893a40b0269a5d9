"""Receivers that write every message to a file, one line each."""

from __future__ import annotations

import socket
from abc import abstractmethod
from pathlib import Path
from typing import Final

from benchmarks.measure import datagrams_dropped
from benchmarks.peers.receiver import Account, Receiver, Setting
from benchmarks.transports import HOST, Transport

UDP_RECEIVE_BUFFER: Final = 8 * 2**20
"""Bytes that they are told to ask for, as the daemon does."""

_CHUNK: Final = 1 << 22


class FileWriter(Receiver):
    """A receiver that writes every message to a file, one line each."""

    transports = frozenset({Transport.TCP, Transport.UDP, Transport.TLS})

    def __init__(self, directory: Path, setting: Setting) -> None:
        super().__init__(directory, setting)
        self._output = directory / "output"

    def account(self) -> Account:
        """Return the number of lines written, and of the datagrams that the kernel dropped."""
        lost = 0
        if self._setting.transport is Transport.UDP:
            lost = datagrams_dropped(self.address[1]) or 0
        if not self._output.exists():
            return Account(0, lost)
        with self._output.open("rb") as file:
            chunks = iter(lambda: file.read(_CHUNK), b"")
            return Account(sum(chunk.count(b"\n") for chunk in chunks), lost)

    def _prepare(self) -> list[str]:
        kind = socket.SOCK_STREAM
        if self._setting.transport is Transport.UDP:
            kind = socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as free:
            free.bind((HOST, 0))
            self.address = free.getsockname()
        program = self.find(self._setting.transport)
        assert program is not None
        return [program, *self._configure(self._directory / "conf", self.address[1])]

    @abstractmethod
    def _configure(self, conf: Path, port: int) -> list[str]:
        """Write the configuration file; return the arguments."""

    def _is_listening(self) -> bool:
        if self._setting.transport is Transport.UDP:
            return datagrams_dropped(self.address[1]) is not None
        try:
            socket.create_connection(self.address, 1).close()
        except ConnectionRefusedError:
            return False
        return True
