"""Connections of an HTTP drain (`heroku_syslogd.listeners`), from the first byte to the last.

The listener's own protocol is given one end of a socket pair, by asyncio's own event loop; what a
peer sends goes in at the other. Nothing waits for time: whenever nothing more happens, the next
piece is sent.

Options: flags (1: a credential is asked for; 2: the queue has room for one message only), two sizes
of pieces.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from aiohttp.http_exceptions import HttpProcessingError

from fuzz.inputs import chunks, split_options
from fuzz.targets.authorization import PASSWORD, USER
from heroku_syslogd import log
from heroku_syslogd.bounded_queue import BoundedQueue, Origin
from heroku_syslogd.config import Address, LimitsConfig, ListenerConfig
from heroku_syslogd.credentials import Credential, Credentials
from heroku_syslogd.listeners import ConnectionLimits, FrameIds, ListenerContext
from heroku_syslogd.listeners.http_connection import HttpConnection
from heroku_syslogd.listeners.http_drain import HttpListener
from heroku_syslogd.listeners.limits import Place
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.telemetry import HTTP_CODES, Telemetry
from heroku_syslogd.wire import Dialect

_OPTIONS: Final = 3
_ASKS: Final = 1
_IS_FULL: Final = 2
_MOST_PIECES: Final = 12
_PEER: Final = "192.0.2.1"
_NOW: Final = 1_800_000_000.0
_LIMITS: Final = LimitsConfig(max_frame_bytes=1024, max_body_bytes=4096, fault_budget=5)
_BAD_REQUEST: Final = 400
_STILL: Final = 12
"""Turns of the event loop without anything to see after which nothing more will happen."""

# aiohttp answers in the version of the request, and takes some that there never were.
_HEAD: Final = re.compile(
    rb"HTTP/[0-9]\.[0-9] ([0-9]{3}) [\x20-\x7e]*\r\n((?:[\x20-\x7e]+\r\n)*)\r\n"
)
_HEADER: Final = re.compile(rb"[A-Za-z-]+: ([\x20-\x7e]*)")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Outcome(NamedTuple):
    """What became of a connection.

    Attributes:
        statuses: Of the answers.
        batches: What was admitted: where from, and the messages.
    """

    statuses: list[int]
    batches: list[tuple[Origin, list[bytes]]]


def encode(
    sent: bytes, *, asks: bool = False, is_full: bool = False, sizes: Sequence[int] = (0, 0)
) -> bytes:
    """Return the input for what a peer sends."""
    return bytes([asks * _ASKS | is_full * _IS_FULL, *sizes]) + sent


def check(data: bytes) -> None:
    """Let one peer send it at once, another in pieces, and compare what becomes of it."""
    options, sent = split_options(data, _OPTIONS)
    flags, *sizes = options
    pieces = list(chunks(sent, sizes))
    pieces[_MOST_PIECES:] = [b"".join(pieces[_MOST_PIECES:])] if pieces[_MOST_PIECES:] else []
    whole, split = _run([sent], flags), _run(pieces, flags)
    # aiohttp drops the requests that came with the one that it cannot read, in the same piece.
    if _BAD_REQUEST not in whole.statuses + split.statuses:
        assert split == whole, "another split gives other answers or batches"


def _run(pieces: list[bytes], flags: int) -> Outcome:
    loop = asyncio.SelectorEventLoop()
    problems: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: problems.append(context))
    try:
        outcome = loop.run_until_complete(_converse(pieces, flags))
    finally:
        left = asyncio.all_tasks(loop)
        loop.run_until_complete(_cancel(left))
        loop.close()
    assert not left, "something goes on after the connection's end"
    assert not problems, problems
    return outcome


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _converse(pieces: list[bytes], flags: int) -> Outcome:
    site = _Site(flags)
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    place = site.context.connections.admit(site.counters)
    assert isinstance(place, Place)
    assert place.identify(_PEER) is None
    connection = HttpConnection(site.listener, _PEER, place)
    await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)
    peer = _Peer(theirs, site)
    try:
        for piece in [*pieces, None]:
            peer.send(piece)
            await peer.settle()
        theirs.close()
        await peer.settle()
        site.check_books(connection)
    finally:
        theirs.close()
        connection.abort()
        await peer.settle()
    # A HEAD may be answered without a Content-Length; Logplex sends none.
    has_head = b"HEAD" in b"".join(pieces)
    statuses = _read_answers(bytes(peer.received), needs_length=not has_head)
    if not any(site.counters.connections_rejected.values()):
        counted = [code for code, n in site.counters.http_requests.items() for _ in range(n)]
        assert sorted(statuses) == sorted(counted), f"{statuses} sent, {counted} counted"
    return Outcome(statuses, site.batches)


class _Site:
    """A listener over a queue, which is emptied whenever nothing more happens.

    Args:
        flags: The options.
    """

    def __init__(self, flags: int) -> None:
        self.telemetry = Telemetry()
        self.queue = BoundedQueue(1 if flags & _IS_FULL else 10_000, 2**20)
        self.batches: list[tuple[Origin, list[bytes]]] = []
        secrets = [Credential(USER, PASSWORD, "shop")] if flags & _ASKS else []
        self.context = ListenerContext(
            queue=self.queue,
            telemetry=self.telemetry,
            limits=_LIMITS,
            connections=ConnectionLimits(1, 1),
            credentials=Credentials(secrets),
            frame_ids=FrameIds(),
            faults=PeerFaultLog(lambda: _NOW, burst=0),
            log=log.get("fuzz"),
            clock=lambda: _NOW,
        )
        config = ListenerConfig(type="http", address=Address("127.0.0.1", 0))
        self.listener = HttpListener(config, self.context)
        self.alarm = _Alarm()
        self.listener.options["logger"].addHandler(self.alarm)
        self.counters = self.telemetry.listener(config.label)

    def empty_queue(self) -> None:
        """Take what was admitted, as a worker does."""
        while len(self.queue):
            try:
                self.queue.get().send(None)
            except StopIteration as end:
                batch = end.value
            else:
                raise AssertionError("the queue has batches and gives none")
            self.batches.append((batch.origin, batch.frames))

    def check_books(self, connection: HttpConnection) -> None:
        """See that all was given back, and what was received is what was admitted."""
        counters = self.counters
        assert not self.alarm.records, self.alarm.records
        assert counters.received_messages == sum(len(frames) for _, frames in self.batches)
        for origin, frames in self.batches:
            assert frames, "a batch without messages"
            assert origin.dialect is Dialect.LOGPLEX_1
            for frame in frames:
                assert frame[:1] == b"<", "a message without a PRI"
                assert len(frame) <= _LIMITS.max_frame_bytes
        assert not connection.is_busy, "a request is still handled"
        assert counters.connections == 0, "the place was not given back"
        assert isinstance(self.context.connections.admit(counters), Place)


class _Alarm(logging.Handler):
    """Keeps whatever aiohttp logs of a request that is not the peer's fault."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            self.records.append(f"{record.getMessage()}: {error!r}")


class _Peer:
    """The other end of the connection.

    Args:
        sock: Its socket.
        site: Who is at ours.

    Attributes:
        received: What came back.
    """

    def __init__(self, sock: socket.socket, site: _Site) -> None:
        self.received = bytearray()
        self._socket = sock
        self._site = site

    def send(self, piece: bytes | None) -> None:
        """Send a piece, or the end of the stream; a closed connection takes neither."""
        with suppress(BlockingIOError, ConnectionError):
            if piece is None:
                self._socket.shutdown(socket.SHUT_WR)
            else:
                assert self._socket.send(piece) == len(piece), "the socket's buffer is full"

    async def settle(self) -> None:
        """Let the other side do what it does until it has nothing more to do."""
        await self._turn_until_still()
        while len(self._site.queue):
            self._site.empty_queue()
            await self._turn_until_still()

    async def _turn_until_still(self) -> None:
        still, seen = 0, self._view()
        while still < _STILL:
            await asyncio.sleep(0)
            self._receive()
            before, seen = seen, self._view()
            still = still + 1 if seen == before else 0

    def _view(self) -> tuple[int, int, int]:
        counters = self._site.counters
        return len(self.received), len(self._site.queue), sum(counters.http_requests.values())

    def _receive(self) -> None:
        if self._socket.fileno() >= 0:
            with suppress(BlockingIOError, ConnectionError):
                self.received += self._socket.recv(65536)


def _read_answers(received: bytes, *, needs_length: bool) -> list[int]:
    """Return the statuses of the answers, each without a body.

    Logplex's client understands a body by its Content-Length alone (heroku/logplex,
    ``src/cowboy_client.erl``), and Dev Center asks for ``Content-Length: 0``.
    """
    statuses = []
    while received:
        if received.startswith(_CONTINUE):
            received = received.removeprefix(_CONTINUE)
            continue
        match = _HEAD.match(received)
        assert match, f"no answer: {received[:200]!r}"
        headers = _read_headers(match[2])
        length = headers.get(b"content-length")
        assert length == b"0" or (length is None and not needs_length), f"{received[:200]!r}"
        assert b"transfer-encoding" not in headers
        statuses.append(int(match[1]))
        assert statuses[-1] in HTTP_CODES
        received = received[match.end() :]
    return statuses


def _read_headers(lines: bytes) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in lines.splitlines():
        match = _HEADER.fullmatch(line)
        assert match, f"no header: {line!r}"
        name = line.partition(b":")[0].lower()
        assert name not in headers, f"a header twice: {name!r}"
        headers[name] = match[1]
    return headers
