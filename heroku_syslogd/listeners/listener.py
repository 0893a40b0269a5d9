"""What all listeners have in common, and the table of their types."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from heroku_syslogd.certificates import CertificateError, ServerCertificate, TLSFiles
from heroku_syslogd.config import AdminConfig, ListenerConfig
from heroku_syslogd.errors import StartupError
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.http_drain import HttpListener
from heroku_syslogd.listeners.syslog_datagram import DatagramListener
from heroku_syslogd.listeners.syslog_stream import StreamListener
from heroku_syslogd.sockets import PassedSockets, open_sockets


class Listener(Protocol):
    """One configured listener, open until it is closed."""

    @property
    def addresses(self) -> list[str]:
        """Where it listens, port 0 replaced by the port that the kernel chose."""

    @property
    def certificate(self) -> ServerCertificate | None:
        """The certificate that it presents; None without TLS."""

    def configure(self, config: ListenerConfig) -> None:
        """Take over what a reload can change: who may send."""

    def tick(self, now: float) -> None:
        """Do what has to be done from time to time: idle connections, the kernel's drops."""

    async def close(self, drain_timeout: float) -> None:
        """Stop accepting, read what peers have sent already, then close.

        Args:
            drain_timeout: Most seconds to go on reading.
        """


async def open_listener(
    config: ListenerConfig, context: ListenerContext, passed: PassedSockets
) -> Listener:
    """Open one listener.

    Raises:
        StartupError: Its socket cannot be opened, or its certificate not be used.
    """
    listener: HttpListener | StreamListener | DatagramListener
    certificate = load_certificate(config, f"listener {config.label}")
    if config.is_http:
        listener = HttpListener(config, context, certificate)
    elif config.type == "udp":
        listener = DatagramListener(config, context)
    else:
        listener = StreamListener(config, context, certificate)
    listener.open(open_sockets(config, passed))
    return listener


def load_certificate(
    config: ListenerConfig | AdminConfig, component: str
) -> ServerCertificate | None:
    """Load the certificate of a server; None if it has none.

    Args:
        config: Names the files.
        component: Names the server in the error.

    Raises:
        StartupError: It cannot be used.
    """
    if config.certificate is None:
        return None
    key, client_ca = config.key, config.client_ca
    files = TLSFiles(
        Path(config.certificate), Path(key) if key else None, Path(client_ca) if client_ca else None
    )
    speaks_http = isinstance(config, AdminConfig) or config.is_http
    try:
        return ServerCertificate(files, ("http/1.1",) if speaks_http else ())
    except CertificateError as error:
        raise StartupError(component, str(error)) from error
