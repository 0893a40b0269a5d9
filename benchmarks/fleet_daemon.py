"""The daemon as an operator of a fleet runs it, and what it says of itself."""

from __future__ import annotations

import gzip
import http.client
import json
import platform
import re
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from benchmarks.measure import Pinning, pinned, wait_for_rest
from benchmarks.peers import CompiledDaemon, Daemon, ReceiverError, Setting
from benchmarks.transports import HOST, Certificate, Transport

MOST_CONNECTIONS: Final = 2000
"""Limit of connections in the configuration, all of which come from one address here."""

MOST_SERIES: Final = 1_000_000
"""Limit of series in the configuration: beside its own some 15, a web dyno has one for each method
and status that it was asked for, so that 10,000 dynos pass the default."""

TEXT: Final = "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
OPENMETRICS: Final = (
    "application/openmetrics-text;version=1.0.0;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""``Accept`` of a Prometheus that asks for nothing else, and as Prometheus sends it by default."""

_NO_CERTIFICATE: Final = Certificate(Path(), Path())
_SCRAPE_TIMEOUT: Final = 60.0
_RECEIVE_TIMEOUT: Final = 60.0
_BOOK: Final = re.compile(r"(?m)^heroku_syslogd_(\w+)(?:\{(.*)\})? (\S+)$")
_REASON: Final = re.compile(r'reason="(\w+)"')


class Scrape(NamedTuple):
    """An answer to ``GET /metrics``.

    Attributes:
        seconds: From the first byte of the request to the last one of the answer.
        sent_bytes: Size of the body as it was sent.
        body: The body, uncompressed.
    """

    seconds: float
    sent_bytes: int
    body: bytes

    @property
    def series(self) -> int:
        """How many samples it holds."""
        return self.body.count(b"\n") - self.body.count(b"\n#") - self.body.startswith(b"#")


class Books(NamedTuple):
    """What became of all messages, over all listeners.

    Attributes:
        received: Messages that arrived.
        applied: Those that are in the metrics.
        lost: Those that are not, by reason; reasons that never applied are left out.
    """

    received: int
    applied: int
    lost: Mapping[str, int]

    @classmethod
    def of(cls, text: str) -> Books:
        """Read them in a scrape."""
        received = applied = 0
        lost: dict[str, int] = {}
        for name, labels, value in _BOOK.findall(text):
            if name == "received_messages_total":
                received += int(float(value))
            elif name == "applied_messages_total":
                applied += int(float(value))
            elif name == "lost_messages_total" and float(value):
                match = _REASON.search(labels)
                reason = match[1] if match else "?"
                lost[reason] = lost.get(reason, 0) + int(float(value))
        return cls(received, applied, lost)

    @property
    def add_up(self) -> bool:
        """Whether every message received is applied, or lost for a reason."""
        return self.received == self.applied + sum(self.lost.values())

    def check(self, sent: int) -> None:
        """Check that everything that was sent was received and applied.

        Raises:
            ReceiverError: It was not.
        """
        if (self.received, self.applied, sum(self.lost.values())) != (sent, sent, 0):
            raise ReceiverError(
                f"{sent} messages were sent, {self.received} received, {self.applied} applied,"
                f" lost: {dict(self.lost)}"
            )


def daemon_command() -> tuple[str, ...]:
    """Return what runs the daemon: the compiled one if there is one, else its sources."""
    program = CompiledDaemon.find(Transport.TCP)
    return (program,) if program else Daemon.command


def describe_daemon() -> dict[str, Any]:
    """Return what the figures of a daemon depend on, as it stands in the JSON."""
    return {
        "python": platform.python_version(),
        "compiled": CompiledDaemon.find(Transport.TCP) is not None,
    }


class FleetDaemon(Daemon):
    """The daemon with the drains of a fleet configured.

    Args:
        directory: Where its configuration goes; empty, and its own.
        listeners: Types of its listeners, each on a port of its own.
        tokens: Configured application by drain token.
        limits: Limits beside those of connections.
        more: Further tables of its configuration.
        command: What it is started with in front of its own arguments; None: `daemon_command`.

    Attributes:
        addresses: Where it listens, by type.
    """

    def __init__(
        self,
        directory: Path,
        listeners: Sequence[str],
        tokens: Mapping[str, str],
        *,
        limits: Mapping[str, int] = MappingProxyType({"max_series": MOST_SERIES}),
        more: str = "",
        command: Sequence[str] | None = None,
    ) -> None:
        super().__init__(directory, Setting(Transport.TCP, 1, _NO_CERTIFICATE))
        self._listeners = listeners
        self._tokens = tokens
        self._limits = limits
        self._more = more
        self._command = command or daemon_command()
        self.addresses: dict[str, tuple[str, int]] = {}

    @property
    def admin(self) -> tuple[str, int]:
        """Where its metrics are."""
        host, _, port = self._admin.rpartition(":")
        return host, int(port)

    @property
    def resident_bytes(self) -> int:
        """Resident set at present."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def scrape(self, accept: str = TEXT, *, compressed: bool = False) -> Scrape:
        """Read its metrics as Prometheus does.

        Raises:
            ReceiverError: It answered with anything but 200.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip" if compressed else "identity"}
        connection = http.client.HTTPConnection(*self.admin, timeout=_SCRAPE_TIMEOUT)
        try:
            connection.connect()
            began = time.monotonic()
            connection.request("GET", "/metrics", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            seconds = time.monotonic() - began
        finally:
            connection.close()
        if answer.status != 200:
            raise ReceiverError(f"{self.name} answered a scrape with {answer.status}")
        is_compressed = answer.getheader("Content-Encoding") == "gzip"
        if is_compressed != compressed:
            raise ReceiverError(f"{self.name} did not answer in the encoding that was asked for")
        return Scrape(seconds, len(body), gzip.decompress(body) if is_compressed else body)

    def books(self) -> Books:
        """Return what became of all messages."""
        return Books.of(self.scrape().body.decode())

    def wait_until_received(self, sent: int) -> float:
        """Wait until it has received so many messages and come to rest; return its CPU time then.

        Raises:
            ReceiverError: It does not come so far, or comes farther.
        """
        deadline = time.monotonic() + _RECEIVE_TIMEOUT
        while True:
            cpu = wait_for_rest(self.pid).cpu
            if self._is_ready_to_run() and time.monotonic() < deadline:
                continue  # others keep it from running
            books = self.books()
            if books.received == sent and books.add_up:
                return cpu
            if books.received > sent or time.monotonic() > deadline:
                raise ReceiverError(f"{sent} messages were sent; {self.name} has {books}")

    def _is_ready_to_run(self) -> bool:
        state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "R"

    def _prepare(self) -> list[str]:
        config = self._directory / "config.toml"
        listeners = "".join(
            f'[[listener]]\ntype = "{one}"\naddress = "{HOST}:0"\n' for one in self._listeners
        )
        tokens = "".join(f'"{token}" = "{app}"\n' for token, app in self._tokens.items())
        limits = "".join(f"{key} = {value}\n" for key, value in self._limits.items())
        config.write_text(
            f'[log]\nformat = "json"\n[admin]\naddress = "{HOST}:0"\n'
            f"[limits]\n{limits}max_connections = {MOST_CONNECTIONS}\n"
            f"max_connections_per_peer = {MOST_CONNECTIONS}\n"
            f"{listeners}[drains.tokens]\n{tokens}{self._more}"
        )
        return [*self._command, "run", "--config", str(config)]

    def _is_listening(self) -> bool:
        is_listening = super()._is_listening()
        for line in self._log.read_bytes().splitlines(keepends=True):
            entry: dict[str, Any] = json.loads(line) if line[:1] == b"{" else {"event": ""}
            if entry["event"] == "listener.started":
                host, _, port = entry["addresses"][0].rpartition(":")
                self.addresses[entry["listener"]] = (host, int(port))
        return is_listening


@contextmanager
def running_daemon(
    pinning: Pinning,
    directory: Path,
    listeners: Sequence[str],
    tokens: Mapping[str, str],
    command: Sequence[str] | None = None,
) -> Iterator[FleetDaemon]:
    """Run a daemon on its processors, and what the block starts on the others.

    Args:
        pinning: Which processors are whose.
        directory: Where the daemon is given a directory of its own.
        listeners: As `FleetDaemon` takes them,
        tokens: these,
        command: and this.

    Raises:
        ReceiverError: It does not start.
    """
    with TemporaryDirectory(dir=directory) as own, ExitStack() as stack:
        with pinned(pinning.receiver):
            daemon = FleetDaemon(Path(own), listeners, tokens, command=command)
            stack.enter_context(daemon)
        stack.enter_context(pinned(pinning.sender))
        yield daemon
