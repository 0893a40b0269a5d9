"""Senders over TCP and TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Self

from tests.listeners.authority import NAME


class Client:
    """A sender; with ``tls`` it does its handshake first."""

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.tls = tls

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            *self.address,
            ssl=self.tls,
            server_hostname=None if self.tls is None else NAME,
        )

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed_by_peer(self) -> bool:
        """Wait for the other side to close."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()


class BareClient(Client):
    """A peer whose records can be broken: what it encrypts is sent by hand."""

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(address)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=NAME)

    async def connect(self) -> None:
        await super().connect()
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self.send(self._outgoing.read())
                if not (data := await self.reader.read(65536)):
                    raise ConnectionResetError from None
                self._incoming.write(data)
            else:
                await self.send(self._outgoing.read())
                return

    def encrypted(self, data: bytes) -> bytes:
        """Return the records of what is to be sent."""
        self._tls.write(data)
        return self._outgoing.read()

    def farewell(self) -> bytes:
        """Return the record that says that nothing more will come."""
        with suppress(ssl.SSLWantReadError):  # it would like to hear the same
            self._tls.unwrap()
        return self._outgoing.read()
