"""Senders that keep books over restarts of the receiver: of every batch, and of every connection."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, Protocol

from tests.e2e.batches import PATH, batch, batch_headers
from tests.e2e.traffic import app_line, octet_counted

ATTEMPTS: Final = 3
ANSWER_SECONDS: Final = 5.0
"""Logplex's (heroku/logplex, ``logplex_http_drain.erl``)."""

_PAUSE: Final = 0.002
_NO_CONNECTION_PAUSE: Final = 0.02
_BATCH_SIZES: Final = (1, 7, 40)

Connect = Callable[[], socket.socket]
"""Opens a connection, its TLS handshake included."""


class Sender(Protocol):
    """One that sends until there is enough."""

    @property
    def progress(self) -> int:
        """Grows with what was taken."""

    def run(self, enough: threading.Event) -> None:
        """Send until there is enough."""


class BatchSender:
    """Posts batches as Logplex does: one at a time, three attempts for each.

    A connect that fails costs no attempt. A Frame-Id is that of its batch, whatever the attempt.

    Args:
        connect: Opens a connection, within whose timeout answers have to come.
        drain: Drain token.
        headers: Sent with every request.

    Attributes:
        acknowledged: Messages of batches that were answered with 2xx.
        given_up: Batches that were refused, or failed three times.
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
        return self.acknowledged

    def run(self, enough: threading.Event) -> None:
        number = 0
        while not enough.is_set():
            self._deliver(_BATCH_SIZES[number % len(_BATCH_SIZES)], enough)
            number += 1
            enough.wait(_PAUSE)
        self._close()

    def _deliver(self, count: int, enough: threading.Event) -> None:
        """Post one batch; it ends acknowledged or given up."""
        body, frame_id = batch(count), uuid.uuid4().hex.upper()
        headers = {**batch_headers(self._drain, count, frame_id), **self._headers}
        for _ in range(ATTEMPTS):
            while self._connection is None and not self._open():
                if enough.wait(_NO_CONNECTION_PAUSE):
                    return  # it was never sent, or is one that failed before
            outcome = self._attempt(body, headers)
            if outcome.startswith("2"):
                self.acknowledged += count
                return
            self.failures[outcome] += 1
            self._close()
        self.given_up += 1

    def _attempt(self, body: bytes, headers: Mapping[str, str]) -> str:
        connection = self._connection
        assert connection is not None
        is_sent = False
        try:
            connection.request("POST", PATH, body, dict(headers))
            is_sent = True
            with connection.getresponse() as answer:
                answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{'no answer' if is_sent else 'not sent'}: {type(error).__name__}"
        if connection.sock is None:  # the answer said Connection: close
            self._close()
        return str(answer.status)

    def _open(self) -> bool:
        try:
            sock = self._connect()
        except OSError:
            return False
        sock.settimeout(ANSWER_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are two writes
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
        by_us: Whether the sender ended it, and the receiver agreed.
        was_reset: Whether an error ended it.
    """

    messages: int
    by_us: bool
    was_reset: bool


class FrameSender:
    """Sends one message at a time over one connection after the other.

    Before each it looks whether the receiver has closed the connection, as Logplex does.

    Args:
        connect: Opens a connection.
        drain: Drain token.

    Attributes:
        ended: Its connections.
    """

    def __init__(self, connect: Connect, drain: str) -> None:
        self.ended: list[Ended] = []
        self._connect = connect
        self._frame = octet_counted([app_line(drain)])
        self._sent = 0

    @property
    def progress(self) -> int:
        return self._sent

    @property
    def messages(self) -> int:
        """All that the kernel took."""
        return sum(one.messages for one in self.ended)

    def run(self, enough: threading.Event) -> None:
        while not enough.is_set():
            try:
                connection = self._connect()
            except OSError:
                enough.wait(_NO_CONNECTION_PAUSE)
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                self.ended.append(self._send_over(connection, enough))

    def _send_over(self, connection: socket.socket, enough: threading.Event) -> Ended:
        messages = 0
        try:
            while not (is_closed := _is_closed(connection)) and not enough.is_set():
                connection.sendall(self._frame)
                messages += 1
                self._sent += 1
                enough.wait(_PAUSE)
            _say_farewell(connection)
        except OSError:
            return Ended(messages, by_us=False, was_reset=True)
        return Ended(messages, by_us=not is_closed, was_reset=False)


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the peer has closed; it says nothing else."""
    return bool(select.select([connection], [], [], 0)[0]) and connection.recv(1) == b""


def _say_farewell(connection: socket.socket) -> None:
    """Say that nothing follows, and wait until the peer has read that."""
    if isinstance(connection, ssl.SSLSocket):
        connection.unwrap()
        return
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(1):
        pass


@contextmanager
def sending(senders: Sequence[Sender]) -> Iterator[threading.Event]:
    """Run senders; yields the event that ends them, and waits for them."""
    enough = threading.Event()
    threads = [threading.Thread(target=sender.run, args=[enough]) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield enough
    finally:
        enough.set()
        for thread in threads:
            thread.join()
