"""A booted machine that takes drains over TLS and HTTPS, set up as the files of the unit say."""

import socket
import ssl
from functools import partial
from pathlib import Path
from typing import Final

import bcrypt

from tests.boot.machine import HTTPS_PORT, TCP_PORT, TLS_PORT, Machine, wait_for
from tests.boot.tree import CONFIG, PROJECT
from tests.e2e.batches import basic
from tests.e2e.tls_files import Authority

CERTIFICATE: Final = "/etc/heroku-syslogd/fullchain.pem"
KEY: Final = "/etc/heroku-syslogd/privkey.pem"
SOCKETS: Final = ("heroku-syslogd-tls{}.socket", "heroku-syslogd-https{}.socket")
"""To be filled in with nothing, or the name of an instance behind an @."""

HTTP_PORT: Final = 8080
PLAIN: Final = (
    f'[[listener]]\ntype = "http"\naddress = "127.0.0.1:{HTTP_PORT}"\nreuse_port = true\n'
)
"""A port that systemd does not hold."""

PASSWORD: Final = "a long password"
USER_HEADER: Final = basic("logplex", PASSWORD)
COST: Final = 10
"""What people use; the unit has to leave it threads."""


def example() -> str:
    """Returns the configuration of the unit with what it has for TLS and HTTPS put into force."""
    text = (PROJECT / "systemd" / "config.toml").read_text()
    head, begin, rest = text.partition("# [[listener]]\n")
    examples, end, tail = rest.partition("[drains.tokens]\n")
    assert (begin, end) != ("", "")
    lines = [line.removeprefix("#").removeprefix(" ") for line in examples.splitlines()]
    return "\n".join([head, "[[listener]]", *lines, end, tail])


class Secured:
    """A machine that takes drains over TLS and HTTPS.

    Args:
        machine: The machine.
        directory: Where to keep what its peers have to know.

    Attributes:
        machine: The machine.
        config: Its configuration.
    """

    def __init__(self, machine: Machine, directory: Path) -> None:
        self.machine = machine
        self._authority = Authority(directory)
        self._tls = self._authority.trusted()
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(COST)).decode()
        self.config = example().replace("$2y$10$...", hashed) + PLAIN.join(["\n", "\n"])

    def set_up(self, *instances: str) -> None:
        """Brings the listeners into force, for the one service or for instances."""
        self.renew()
        self.machine.write(CONFIG, self.config)
        names = [f"@{instance}" for instance in instances] or [""]
        sockets = [unit.format(name) for name in names for unit in SOCKETS]
        services = [f"heroku-syslogd{name}.service" for name in names]
        self.machine.run("systemctl", "enable", *sockets)
        self.machine.run("systemctl", "restart", *services)

    def renew(self) -> bytes:
        """Replaces the certificate by another, and returns that as its peers will see it."""
        files = self._authority.issue()
        self.machine.install(KEY, files.key.read_text())
        self.machine.install(CERTIFICATE, files.certificate.read_text())
        return files.der

    def connect(self, kind: str) -> socket.socket:
        """Returns a connection to the listener of a kind, its handshake done."""
        if kind == "tls":
            return self.machine.tls(TLS_PORT, self._tls)
        if kind == "https":
            return self.machine.tls(HTTPS_PORT, self._tls)
        return self.machine.connect(socket.SOCK_STREAM, HTTP_PORT if kind == "http" else TCP_PORT)

    def wait_presented(self, certificate: bytes) -> None:
        """Waits until new connections see a certificate, over TLS and over HTTPS."""
        for kind in ("tls", "https"):
            presents = partial(self._presents, kind, certificate)
            wait_for(presents, f"{kind} to present the renewed certificate")

    def _presents(self, kind: str, certificate: bytes) -> bool:
        with self.connect(kind) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return connection.getpeercert(binary_form=True) == certificate
