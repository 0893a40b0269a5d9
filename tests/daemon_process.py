"""The daemon as a process of its own, with real sockets: started, asked, stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from prometheus_client.parser import text_string_to_metric_families

Address = tuple[str, int]
Series = tuple[str, frozenset[tuple[str, str]]]
"""Name and labels."""

WAIT_SECONDS: Final = 30.0
"""Bound of every wait: far above what anything takes, so that it only ends what is broken."""

_POLL_SECONDS: Final = 0.02

LISTEN: Final = """
[admin]
address = "127.0.0.1:0"

[[listener]]
type = "tcp"
address = "127.0.0.1:0"

[[listener]]
type = "udp"
address = "127.0.0.1:0"
"""
"""One listener of each type, on ports that the kernel chooses."""

T = TypeVar("T")


def wait_until(found: Callable[[], T | None], what: str, seconds: float = WAIT_SECONDS) -> T:
    """Return what ``found`` returns once that is true; the only place where tests wait.

    Args:
        found: Asked again and again. A refused connection means not yet.
        what: What is waited for; a string, or part of one, for the failure.
        seconds: When to give up.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen: object
        try:
            if value := found():
                return value
            seen = value
        except (ConnectionError, urllib.error.URLError) as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}; last seen: {seen!r}")
        time.sleep(_POLL_SECONDS)


class AdminAccess(NamedTuple):
    """What the admin server asks for.

    Attributes:
        tls: Trusts its certificate; None where it speaks no TLS.
        headers: Sent with every request.
    """

    tls: ssl.SSLContext | None = None
    headers: Mapping[str, str] = {}


PLAIN_ADMIN: Final = AdminAccess()


class DaemonProcess:
    """A running ``heroku-syslogd run``.

    Args:
        process: The process.
        config_path: Its configuration; rewrite it and call `reload`.
        log_path: Where its standard error goes.
        admin: How to talk to its admin server.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        config_path: Path,
        log_path: Path,
        admin: AdminAccess = PLAIN_ADMIN,
    ) -> None:
        self._process = process
        self.config_path = config_path
        self.log_path = log_path
        self.admin = admin

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def tcp(self) -> Address:
        """Where the first TCP listener listens."""
        return self._listener("tcp")

    @property
    def udp(self) -> Address:
        """Where the first UDP listener listens."""
        return self._listener("udp")

    @property
    def tls(self) -> Address:
        """Where the first TLS listener listens."""
        return self._listener("tls")

    @property
    def http(self) -> Address:
        """Where the first HTTP listener listens."""
        return self._listener("http")

    @property
    def https(self) -> Address:
        """Where the first HTTPS listener listens."""
        return self._listener("https")

    def address_of(self, listener: str) -> Address:
        """Return where a listener listens, by its label."""
        return self._listener(listener, "listener")

    @property
    def admin_url(self) -> str:
        scheme = "https" if self.admin.tls else "http"
        return f"{scheme}://{self.events('daemon.started')[0]['admin']}"

    def _listener(self, wanted: str, key: str = "type") -> Address:
        started = [line for line in self.events("listener.started") if line[key] == wanted]
        host, _, port = started[0]["addresses"][0].rpartition(":")
        return host, int(port)

    # Its log ------------------------------------------------------------------------------------

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of its log; whatever is no JSON, such as a traceback, is a failure."""
        lines = self.log_path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        stray = [line for line in whole if not line.startswith("{")]
        assert not stray, f"the daemon wrote something beside its log: {''.join(stray)}"
        return [json.loads(line) for line in whole]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines that record ``event``."""
        return [line for line in self.log() if line["event"] == event]

    def wait_event(self, event: str, count: int = 1) -> dict[str, Any]:
        """Wait until ``event`` was logged ``count`` times; return the last one."""
        return wait_until(
            lambda: found if len(found := self.events(event)) >= count else [], f"{event} x{count}"
        )[-1]

    # Its metrics --------------------------------------------------------------------------------

    def get(
        self, path: str, headers: Mapping[str, str] = {}
    ) -> tuple[int, Message[str, str], bytes]:
        """Return status, headers and body of what the admin server answers."""
        request = urllib.request.Request(
            self.admin_url + path, headers={**self.admin.headers, **headers}
        )
        try:
            with urllib.request.urlopen(
                request, timeout=WAIT_SECONDS, context=self.admin.tls
            ) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def metrics(self) -> dict[Series, float]:
        """Scrape it."""
        _, _, body = self.get("/metrics")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
        }

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the series of a metric that carry ``labels``; 0 without any."""
        return total(self.metrics(), name, **labels)

    def wait_for(self, name: str, labels: Mapping[str, str], value: float) -> None:
        """Wait until `total` of a metric is exactly ``value``."""
        seen: list[float] = []

        def reached() -> bool:
            seen.append(self.total(name, **labels))
            return seen[-1] == value

        try:
            wait_until(reached, "it")
        except AssertionError:
            problem = f"{name}{dict(labels)} is {seen[-1]:.15g}, expected {value:.15g}"
            raise AssertionError(problem) from None

    def wait_idle(self) -> dict[Series, float]:
        """Wait until nothing waits in the queue; return the metrics."""
        return wait_until(
            lambda: m if total(m := self.metrics(), "heroku_syslogd_queue_messages") == 0 else None,
            "an empty queue",
        )

    # Its life -----------------------------------------------------------------------------------

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def reload(self, config: str) -> None:
        """Replace the configuration and ask the daemon to read it."""
        self.config_path.write_text(config, encoding="utf-8")
        self.signal(signal.SIGHUP)

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        return self._process.wait(WAIT_SECONDS)

    def terminate(self) -> int:
        """Ask it to stop and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def ended(self) -> bool:
        return self._process.poll() is not None


def total(metrics: Mapping[Series, float], name: str, **labels: str) -> float:
    """Return the sum of the series of a metric that carry ``labels``."""
    wanted = labels.items()
    return sum(value for (n, own), value in metrics.items() if n == name and wanted <= set(own))


def spawn(
    config: str,
    directory: Path,
    *,
    prefix: Sequence[str] = (),
    options: Sequence[str] = (),
    environ: Mapping[str, str] = {},
    pass_fds: Sequence[int] = (),
    admin: AdminAccess = PLAIN_ADMIN,
) -> DaemonProcess:
    """Start the daemon and wait for nothing.

    Args:
        config: Text of its configuration file.
        directory: Where to put that and its log.
        prefix: Command before that of the daemon, which must replace itself by it.
        options: More options of ``run``.
        environ: Variables to set.
        pass_fds: Descriptors to pass on.
        admin: How to talk to its admin server.
    """
    config_path, log_path = directory / "config.toml", directory / "daemon.log"
    config_path.write_text(config, encoding="utf-8")
    run = [sys.executable, "-m", "heroku_syslogd", "run", "--config", str(config_path)]
    command = [*prefix, *run, *options]
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**inherited, **environ},
            pass_fds=pass_fds,
        )
    return DaemonProcess(process, config_path, log_path, admin)


_NOT_INHERITED: Final = {
    # What systemd tells its services; a test run may be one.
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "WATCHDOG_USEC",
    # It would hide what happens to buffered output at the end.
    "PYTHONUNBUFFERED",
}


@contextmanager
def running(
    config: str,
    directory: Path,
    *,
    prefix: Sequence[str] = (),
    options: Sequence[str] = (),
    environ: Mapping[str, str] = {},
    pass_fds: Sequence[int] = (),
    admin: AdminAccess = PLAIN_ADMIN,
) -> Iterator[DaemonProcess]:
    """Run the daemon, ready; see `spawn`. At the end it is stopped, and its log must be clean."""
    daemon = spawn(
        config,
        directory,
        prefix=prefix,
        options=options,
        environ=environ,
        pass_fds=pass_fds,
        admin=admin,
    )
    try:
        wait_until(lambda: daemon.ended() or daemon.events("daemon.started"), "daemon.started")
        assert not daemon.ended(), daemon.log_path.read_text(encoding="utf-8")
        wait_until(lambda: daemon.get("/-/ready")[0] == 200, "readiness")
        yield daemon
        if not daemon.ended():
            assert daemon.terminate() == 0
        assert not [line for line in daemon.log() if "exception" in line]
    finally:
        daemon.kill()


def connect(address: Address, source: str = "") -> socket.socket:
    """Return a TCP connection whose operations cannot hang for ever.

    Args:
        address: Where to.
        source: Address to come from, such as 127.0.0.2.
    """
    return socket.create_connection(
        address, timeout=WAIT_SECONDS, source_address=(source, 0) if source else None
    )
