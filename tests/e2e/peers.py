"""Peers of the daemon, told apart by their addresses: who behaves, and what becomes of others."""

from __future__ import annotations

import select
import socket
import ssl
from typing import Any, Final, Self

from tests.daemon_process import Address, DaemonProcess, connect, total, wait_until
from tests.e2e.batches import Poster
from tests.e2e.traffic import app_line, octet_counted

GOOD: Final = "127.0.0.3"
"""Where those who behave come from."""

_HTTP: Final = ("http", "https")
_ENCRYPTED: Final = ("tls", "https")


def speak(address: Address, source: str = "", tls: ssl.SSLContext | None = None) -> socket.socket:
    """Return a connection from an address, encrypted if ``tls`` is given."""
    connection = connect(address, source)
    return tls.wrap_socket(connection, server_hostname="localhost") if tls else connection


class Reader:
    """What the other side of a connection says, until it closes.

    Args:
        connection: Read by nobody else.

    Attributes:
        heard: What it has said so far.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.heard = b""

    def at_end(self) -> bool:
        """Tell whether the connection was closed, without waiting for it."""
        while select.select([self._connection], [], [], 0)[0]:
            try:
                data = self._connection.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return True
            if not data:
                return True
            self.heard += data
        return False


class GoodSender:
    """A sender that does nothing wrong, over one connection.

    Args:
        daemon: Where to.
        listener: Label of the listener, which is its type, too, up to a dash.
        drain: Drain token.
        tls: Trusts the certificate.
        source: Address to come from.
        greeting: Sent first, such as a PROXY header.

    Attributes:
        sent: Messages sent so far.
    """

    def __init__(
        self,
        daemon: DaemonProcess,
        listener: str,
        drain: str,
        tls: ssl.SSLContext | None = None,
        *,
        source: str = GOOD,
        greeting: bytes = b"",
    ) -> None:
        self.sent = 0
        self._frame = octet_counted([app_line(drain, "all is well")])
        address, kind = daemon.address_of(listener), listener.partition("-")[0]
        own_tls = tls if kind in _ENCRYPTED else None
        self._connection: Poster | socket.socket
        if kind in _HTTP:
            self._connection = Poster(address, drain, tls=own_tls, source=source)
        else:
            self._connection = speak(address, source, own_tls)
            self._connection.sendall(greeting)

    def send(self) -> None:
        """Send a message; over HTTP, wait for the answer."""
        if isinstance(self._connection, Poster):
            assert self._connection.post() == 200
        else:
            self._connection.sendall(self._frame)
        self.sent += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def line_about(
    daemon: DaemonProcess, peer: str, event: str = "connection.closed"
) -> dict[str, Any]:
    """Wait for what is logged about a peer; it must be one line."""
    (line,) = wait_until(
        lambda: [one for one in daemon.events(event) if one.get("peer") == peer],
        f"{event} of {peer}",
    )
    return line


def assert_received(daemon: DaemonProcess, count: int, **labels: str) -> None:
    """Wait for exactly ``count`` messages; nothing was lost, of these or any other."""
    daemon.wait_for("heroku_log_messages_total", labels, count)
    metrics = daemon.wait_idle()
    assert total(metrics, "heroku_log_messages_total", **labels) == count
    assert total(metrics, "heroku_syslogd_lost_messages_total") == 0
    assert total(metrics, "heroku_syslogd_frame_errors_total") == 0
    assert total(metrics, "heroku_syslogd_parse_errors_total") == 0
