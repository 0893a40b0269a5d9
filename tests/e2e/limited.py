"""A daemon with a listener of each type, and senders that it serves whatever others do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from heroku_syslogd.wire.proxy_protocol import encode_proxy_v1
from tests.daemon_process import DaemonProcess, running
from tests.e2e.batches import Poster
from tests.e2e.peers import GOOD, GoodSender, speak
from tests.e2e.tls_files import Authority
from tests.e2e.traffic import token

ABUSER: Final = "127.0.1.{}"
DRAIN: Final = token(7000)
REJECTED: Final = "heroku_syslogd_connections_rejected_total"
KINDS: Final = ("tcp", "tls", "http", "https")
WEB: Final = ("http", "https")

CONFIG: Final = f"""
{{top}}
[admin]
address = "127.0.0.1:0"
[drains.tokens]
"{DRAIN}" = "good"
"""
LISTENER: Final = """
[[listener]]
name = "{name}"
type = "{kind}"
address = "127.0.0.1:0"
{keys}
"""
PROXIED: Final = 'proxy_protocol = true\nproxies = ["127.0.0.0/16"]\n'


class Site:
    """A daemon with a listener of each type, and good senders that come and go.

    Args:
        daemon: The daemon.
        authority: Issued its certificate.
    """

    def __init__(self, daemon: DaemonProcess, authority: Authority) -> None:
        self.daemon = daemon
        self.tls = authority.trusted()
        self._good: dict[str, GoodSender] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def tls_of(self, listener: str) -> ssl.SSLContext | None:
        return self.tls if listener in ("tls", "https") else None

    def speak(self, listener: str, source: str, *, raw: bool = False) -> socket.socket:
        """Connect from an address; ``raw`` is without TLS in any case."""
        tls = None if raw else self.tls_of(listener)
        return speak(self.daemon.address_of(listener), source, tls)

    def poster(
        self, listener: str, drain: str, source: str, headers: Mapping[str, str] = {}
    ) -> Poster:
        address, tls = self.daemon.address_of(listener), self.tls_of(listener)
        return Poster(address, drain, tls=tls, source=source, headers=headers)

    def serve(self, *listeners: str) -> None:
        """Have a message of a good sender served on each of the listeners."""
        for listener in listeners:
            if listener not in self._good:
                greeting = b""
                if listener == "tcp-proxied":
                    greeting = encode_proxy_v1(GOOD, 1, "127.0.0.1", 2)
                sender = GoodSender(self.daemon, listener, DRAIN, self.tls, greeting=greeting)
                self._good[listener] = self._closing.enter_context(sender)
            self._good[listener].send()

    def assert_served(self) -> None:
        """Wait until all messages of the good senders are applied, exactly those."""
        sent = sum(sender.sent for sender in self._good.values())
        assert sent
        self.daemon.wait_for("heroku_log_messages_total", {"app": "good"}, sent)

    def rejected(self, listener: str, reason: str) -> float:
        return self.daemon.total(REJECTED, listener=listener, reason=reason)


@contextmanager
def started(directory: Path, top: str = "", keys: str = "", more: str = "") -> Iterator[Site]:
    """Run a daemon.

    Args:
        directory: Where its files go.
        top: Text for the beginning of its configuration.
        keys: Keys of every listener.
        more: Text for the end of its configuration.
    """
    authority = Authority(directory)
    files = authority.issue().toml
    config = CONFIG.format(top=top)
    for kind in KINDS:
        own = keys + (files if kind in ("tls", "https") else "")
        config += LISTENER.format(name=kind, kind=kind, keys=own)
    config += LISTENER.format(name="tcp-proxied", kind="tcp", keys=PROXIED) + more
    with running(config, directory) as daemon, Site(daemon, authority) as site:
        yield site
