"""Listeners of every type, and how to bring a message in through each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from heroku_syslogd.telemetry import RejectReason
from tests.listeners.authority import NAME, Authority
from tests.listeners.client import Client
from tests.listeners.posting import MESSAGE, request

if TYPE_CHECKING:
    from tests.listeners.conftest import Site

ENCRYPTED: Final = ("tls", "https")

every_kind: Final = pytest.mark.parametrize("door", ["tcp", "tls", "http", "https"], indirect=True)
encrypted: Final = pytest.mark.parametrize("door", ENCRYPTED, indirect=True)
http: Final = pytest.mark.parametrize("door", ["http", "https"], indirect=True)


class Door:
    """A listener of one type.

    Args:
        site: Where it is.
        kind: Its type.
        authority: Who vouches for it.
        directory: Where its certificate is written to.

    Attributes:
        address: Where it listens, once it is open.
        tls: How peers do their handshakes; None where they do none.
        is_behind_proxy: Whether a PROXY header is expected.
    """

    def __init__(self, site: Site, kind: str, authority: Authority, directory: Path) -> None:
        self.site = site
        self.kind = kind
        self.authority = authority
        self.tls = authority.client() if kind in ENCRYPTED else None
        self.address = ("", 0)
        self.is_behind_proxy = False
        self._files = authority.server(directory) if kind in ENCRYPTED else {}

    async def open(self, host: str = "127.0.0.1", **keys: Any) -> None:
        self.is_behind_proxy = keys.get("proxy_protocol", False)
        self.address = await self.site.open(self.kind, host, **self._files, **keys)

    async def close(self, drain_timeout: float = 0) -> None:
        async with asyncio.timeout(10):
            await self.site.listeners[0].close(drain_timeout)

    @property
    def has_connection(self) -> bool:
        """Whether a connection has passed all the gates."""
        return bool(self.site.listeners[0]._open)  # type: ignore[attr-defined]

    @property
    def rejected(self) -> dict[RejectReason, int]:
        return self.site.rejected(self.kind)

    def client(self) -> Client:
        return Client(self.address, self.tls)

    async def behind_proxy(self, header: bytes, *, in_pieces: bool = False) -> Client:
        """Connect as a proxy does: its header first, and only then the handshake."""
        client = Client(self.address)
        await client.connect()
        for piece in [bytes([byte]) for byte in header] if in_pieces else [header]:
            await client.send(piece)
        if self.tls is not None:
            await client.writer.start_tls(self.tls, server_hostname=NAME)
        return client

    def wrapped(self, message: bytes) -> bytes:
        """Return a message as it is sent through this door."""
        frame = b"%d %b" % (len(message), message)
        return request(frame) if self.kind in ("http", "https") else frame

    async def deliver(self, client: Client) -> None:
        """Bring a message in over a connection."""
        await client.send(self.wrapped(MESSAGE))
        assert await self.site.take(1) == [MESSAGE]
        if self.kind in ("http", "https"):
            async with asyncio.timeout(10):
                assert b" 200 OK" in await client.reader.readuntil(b"\r\n\r\n")
