"""Receivers for the simulator's tests, independent of the daemon's own decoder."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import trustme


def split_octets(stream: bytes) -> list[bytes]:
    """Split a whole stream of octet-counted frames; a stream that breaks off is an error."""
    messages = []
    at = 0
    while at < len(stream):
        blank = stream.index(b" ", at)
        digits = stream[at:blank]
        assert digits.isdigit()
        assert not digits.startswith(b"0")
        end = blank + 1 + int(digits)
        assert end <= len(stream)
        messages.append(stream[blank + 1 : end])
        at = end
    return messages


class TcpReceiver:
    """Reads everything, one stream of bytes per connection.

    Args:
        close_first_after: Close the first connection once it brought that many bytes.
    """

    def __init__(self, close_first_after: int | None = None) -> None:
        self.streams: list[bytearray] = []
        self.port = 0
        self.changed = asyncio.Condition()
        self._close_first_after = close_first_after

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = bytearray()
        self.streams.append(stream)
        limit = self._close_first_after if len(self.streams) == 1 else None
        try:
            while data := await reader.read(65536):
                stream += data
                async with self.changed:
                    self.changed.notify_all()
                if limit is not None and len(stream) >= limit:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()
            async with self.changed:
                self.changed.notify_all()

    def messages(self) -> list[bytes]:
        return [message for stream in self.streams for message in split_octets(bytes(stream))]

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until ``predicate`` holds; it is asked after each read."""
        async with self.changed:
            await self.changed.wait_for(predicate)

    async def until_received(self, count: int) -> None:
        """Wait for ``count`` bytes on all connections together."""
        await self.until(lambda: sum(map(len, self.streams)) >= count)


@asynccontextmanager
async def tcp_receiver(
    close_first_after: int | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[TcpReceiver]:
    receiver = TcpReceiver(close_first_after)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


class UdpReceiver(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.datagrams: list[bytes] = []
        self.port = 0
        self._awaited: tuple[int, asyncio.Event] | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.datagrams.append(data)
        if self._awaited is not None and len(self.datagrams) >= self._awaited[0]:
            self._awaited[1].set()

    async def until_received(self, count: int) -> None:
        """Wait for ``count`` datagrams."""
        event = asyncio.Event()
        self._awaited = (count, event)
        if len(self.datagrams) < count:
            await event.wait()


@asynccontextmanager
async def udp_receiver() -> AsyncIterator[UdpReceiver]:
    loop = asyncio.get_running_loop()
    transport, receiver = await loop.create_datagram_endpoint(
        UdpReceiver, local_addr=("127.0.0.1", 0)
    )
    receiver.port = transport.get_extra_info("sockname")[1]
    try:
        yield receiver
    finally:
        transport.close()


class Request(NamedTuple):
    """A request as it came.

    Attributes:
        connection: Number of its connection, from 0.
        head: Request line and headers, with the empty line behind them.
        body: What came of the body.
    """

    connection: int
    head: bytes
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode().split("\r\n")[1:-2]
        return dict(line.split(": ", 1) for line in lines)

    def messages(self) -> list[bytes]:
        return split_octets(self.body)


OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
"""The answer that Heroku's Dev Center asks for."""


def answer(status: int) -> bytes:
    return b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status


class HttpReceiver:
    """Takes requests, and answers each with the next of ``answers``, then with `OK`.

    An empty answer closes the connection; None keeps it, but never answers.
    """

    def __init__(self, answers: Iterable[bytes | None]) -> None:
        self.requests: list[Request] = []
        self.broken_off: list[Request] = []
        self.connections = 0
        self.closed = 0
        self.port = 0
        self.changed = asyncio.Condition()
        self._answers = iter(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        try:
            while await self._request(number, reader):
                reply = next(self._answers, OK)
                if not reply:
                    if reply is None:
                        await reader.read()
                    break
                writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.closed += 1
            async with self.changed:
                self.changed.notify_all()

    async def _request(self, number: int, reader: asyncio.StreamReader) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(Request(number, head, b"").headers["Content-Length"])
        try:
            self.requests.append(Request(number, head, await reader.readexactly(length)))
        except asyncio.IncompleteReadError as error:
            self.broken_off.append(Request(number, head, error.partial))
            return False
        async with self.changed:
            self.changed.notify_all()
        return True

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until ``predicate`` holds; it is asked after each request and connection."""
        async with self.changed:
            await self.changed.wait_for(predicate)

    async def until_requests(self, count: int) -> None:
        await self.until(lambda: len(self.requests) >= count)


@asynccontextmanager
async def http_receiver(
    *answers: bytes | None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver(answers)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
        await receiver.until(lambda: receiver.closed == receiver.connections)


class Authority:
    """A certificate authority, and the contexts of both sides of a connection."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    def server(self, *names: str) -> ssl.SSLContext:
        """Return the context of a server; its certificate is for ``names``, or 127.0.0.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        """Return the context of a client that trusts this authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        return context
