"""Senders that keep books over restarts of the receiver: of batches, and of connections."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from tests.daemon_process import wait_until
from tests.e2e.batches import PATH, batch, batch_headers
from tests.e2e.traffic import app_line, octet_counted, token

KINDS: Final = ("tcp", "tls", "http", "https")
ENCRYPTED: Final = ("tls", "https")

ATTEMPTS: Final = 3
ANSWER_SECONDS: Final = 5.0
"""Both are Logplex's (heroku/logplex, ``logplex_http_drain.erl``)."""

_PAUSE: Final = 0.002
_NO_CONNECTION_PAUSE: Final = 0.02
_BATCH_SIZES: Final = (1, 7, 40)
_PROGRESS: Final = 100
_IN_FLIGHT: Final = 2
"""Messages of one connection that may be on their way when it is reset: one that came after the
last look at the socket, one that was sent before the sender looked again."""

Connect = Callable[[], socket.socket]
"""Opens a connection, its TLS handshake included."""


class BatchSender:
    """Posts batches as Logplex does: one at a time, three attempts for each.

    A connect that fails costs no attempt. All attempts of a batch have the same Frame-Id.

    Args:
        connect: Opens a connection.
        drain: Drain token.
        headers: Sent with every request.

    Attributes:
        acknowledged: Messages of batches that were answered with 2xx.
        given_up: Messages of batches that failed three times.
        failures: Attempts that failed, by status, or by what happened instead of an answer.
    """

    def __init__(self, connect: Connect, drain: str, headers: Mapping[str, str] = {}) -> None:
        self.acknowledged = 0
        self.given_up = 0
        self.failures: Counter[str] = Counter()
        self._connect = connect
        self._drain = drain
        self._headers = headers
        self._connection: http.client.HTTPConnection | None = None

    @property
    def progress(self) -> int:
        """What was taken so far."""
        return self.acknowledged

    def run(self, enough: threading.Event) -> None:
        """Send until there is enough."""
        number = 0
        while not enough.is_set():
            self._deliver(_BATCH_SIZES[number % len(_BATCH_SIZES)], enough)
            number += 1
            enough.wait(_PAUSE)
        self._close()

    def _deliver(self, count: int, enough: threading.Event) -> None:
        body = batch(count)
        frame_id = uuid.uuid4().hex.upper()
        headers = {**batch_headers(self._drain, count, frame_id), **self._headers}
        for attempt in range(ATTEMPTS):
            while self._connection is None and not self._open():
                if enough.wait(_NO_CONNECTION_PAUSE):
                    self.given_up += count if attempt else 0
                    return
            outcome = self._attempt(body, headers)
            if outcome == "200":
                self.acknowledged += count
                return
            self.failures[outcome] += 1
            self._close()
        self.given_up += count

    def _attempt(self, body: bytes, headers: Mapping[str, str]) -> str:
        connection = self._connection
        assert connection is not None
        happened = "not sent"
        try:
            connection.request("POST", PATH, body, dict(headers))
            happened = "no answer"
            with connection.getresponse() as answer:
                answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{happened}: {type(error).__name__}"
        if connection.sock is None:  # the answer said that the connection ends
            self._close()
        return str(answer.status)

    def _open(self) -> bool:
        try:
            sock = self._connect()
        except OSError:
            return False
        sock.settimeout(ANSWER_SECONDS)
        self._connection = http.client.HTTPConnection("localhost")
        self._connection.auto_open = 0
        self._connection.sock = sock
        return True

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Ended(NamedTuple):
    """A connection that has ended.

    Attributes:
        messages: What the kernel took.
        was_reset: Whether it was reset.
    """

    messages: int
    was_reset: bool


class FrameSender:
    """Sends one message at a time, over one connection after the other.

    Before each it looks whether the receiver has closed the connection, as Logplex does.

    Args:
        connect: Opens a connection.
        drain: Drain token.

    Attributes:
        ended: Its connections.
        progress: What the kernel took so far.
    """

    def __init__(self, connect: Connect, drain: str) -> None:
        self.ended: list[Ended] = []
        self.progress = 0
        self._connect = connect
        self._frame = octet_counted([app_line(drain)])

    def run(self, enough: threading.Event) -> None:
        """Send until there is enough."""
        while not enough.is_set():
            try:
                connection = self._connect()
            except OSError:
                enough.wait(_NO_CONNECTION_PAUSE)
                continue
            before = self.progress
            with connection:
                was_reset = self._is_reset_while_sending(connection, enough)
            self.ended.append(Ended(self.progress - before, was_reset))

    def _is_reset_while_sending(self, connection: socket.socket, enough: threading.Event) -> bool:
        try:
            while not enough.is_set() and not _is_closed(connection):
                connection.sendall(self._frame)
                self.progress += 1
                enough.wait(_PAUSE)
            _say_farewell(connection)
        except OSError:
            return True
        return False


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the peer has closed the connection, which is all that it ever says."""
    return bool(select.select([connection], [], [], 0)[0]) and connection.recv(1) == b""


def _say_farewell(connection: socket.socket) -> None:
    """Say that nothing follows, and wait until the peer has read that."""
    if isinstance(connection, ssl.SSLSocket):
        connection.unwrap()
    else:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


class Crowd:
    """Senders to listeners of every kind.

    Args:
        connect: Opens a connection to the listener of a kind, its TLS handshake included.
        each: Senders of each kind.
        headers: Sent with every request.

    Attributes:
        batches: Those that post batches, by kind.
        frames: Those that send frames, by kind.
    """

    def __init__(
        self,
        connect: Callable[[str], socket.socket],
        each: int = 2,
        headers: Mapping[str, str] = {},
    ) -> None:
        def connected(kind: str) -> socket.socket:
            connection = connect(kind)
            # Head and body of a request are two writes, and a frame must not wait for the one
            # before it.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection

        def to(kind: str) -> Connect:
            return lambda: connected(kind)

        numbers = range(each)
        self.batches = {
            kind: [BatchSender(to(kind), token(number), headers) for number in numbers]
            for kind in ("http", "https")
        }
        self.frames = {
            kind: [FrameSender(to(kind), token(number)) for number in numbers]
            for kind in ("tcp", "tls")
        }

    @property
    def _senders(self) -> list[BatchSender | FrameSender]:
        groups: list[Sequence[BatchSender | FrameSender]] = [
            *self.batches.values(),
            *self.frames.values(),
        ]
        return [sender for group in groups for sender in group]

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Have all of them send; at the end they close their connections in an orderly way."""
        enough = threading.Event()
        threads = [threading.Thread(target=one.run, args=[enough]) for one in self._senders]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            enough.set()
            for thread in threads:
                thread.join()

    def wait_for_progress(self) -> None:
        """Wait until each of them got a good deal further."""
        goals = [(sender, sender.progress + _PROGRESS) for sender in self._senders]
        wait_until(lambda: all(one.progress >= goal for one, goal in goals), "progress of all")

    def check(self, stopped: Sequence[Mapping[str, Any]]) -> None:
        """Compare their books with those that the daemons closed with, one after the other.

        Args:
            stopped: What each daemon logged as ``daemon.stopped``.
        """
        for books in stopped:
            assert books["received"] == books["applied"], books
            assert (books["lost"], books["abandoned"]) == (0, 0)

        def received(kind: str) -> int:
            return sum(books["listeners"][kind]["received"] for books in stopped)

        for kind, senders in self.batches.items():
            assert received(kind) == sum(one.acknowledged for one in senders), kind
            assert sum(one.given_up for one in senders) == 0, [one.failures for one in senders]
        for kind, connections in self.frames.items():
            ended = [one for sender in connections for one in sender.ended]
            unaccounted = sum(one.messages for one in ended) - received(kind)
            resets = sum(one.was_reset for one in ended)
            assert 0 <= unaccounted <= _IN_FLIGHT * resets, (kind, unaccounted, resets)
