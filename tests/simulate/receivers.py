"""Receivers for the simulator's tests, independent of the daemon's own decoder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


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
async def tcp_receiver(close_first_after: int | None = None) -> AsyncIterator[TcpReceiver]:
    receiver = TcpReceiver(close_first_after)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
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
