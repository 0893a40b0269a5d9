"""A booted container, and ways to look into it: commands, sockets, metrics, the journal."""

import ctypes
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from prometheus_client.parser import text_string_to_metric_families

from tests.boot.tree import NSPAWN, USER
from tests.real import require

SERVICE: Final = "heroku-syslogd.service"
TCP_PORT: Final = 601
UDP_PORT: Final = 514
TLS_PORT: Final = 6514
HTTPS_PORT: Final = 443
ADMIN_PORT: Final = 9842

RECEIVED: Final = "heroku_syslogd_received_messages_total"
MESSAGES: Final = "heroku_log_messages_total"

BOOT_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 20.0

# signal(7), systemd(1): the container is thrown away, so its services need no orderly stop.
POWER_OFF_AT_ONCE: Final = signal.SIGRTMIN + 14

T = TypeVar("T")


class Machine:
    """A container with systemd as its first process.

    Args:
        leader: That process, as this machine numbers it.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        """Returns what a command inside prints; `check` also demands that it succeeds."""
        done = self.attempt(*argv, stdin=stdin)
        if check:
            assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def attempt(self, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [require("nsenter"), f"--target={self._leader}", "--all", *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def write(self, path: str, text: str) -> None:
        """Writes a file inside; one that exists keeps its owner and mode."""
        self.run("/bin/sh", "-c", 'mkdir -p "${0%/*}" && cat > "$0"', path, stdin=text)

    def install(self, path: str, text: str, mode: str = "640", group: str = USER) -> None:
        """Puts a file of root's in the place of another, as the documentation says."""
        self.run("install", f"--mode={mode}", f"--group={group}", "/dev/stdin", path, stdin=text)

    def drop_in(self, text: str) -> None:
        """Adds settings to the service; they count from its next start."""
        self.write(f"/etc/systemd/system/{SERVICE}.d/test.conf", f"[Service]\n{text}\n")
        self.run("systemctl", "daemon-reload")

    def show(self, name: str, unit: str = SERVICE) -> str:
        """Returns a property of the service, or another unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def wait_active(self, unit: str = SERVICE) -> None:
        """Waits until the service, or another unit, has said that it is ready."""
        wait_for(lambda: self.show("ActiveState", unit) == "active", f"{unit} to be active")

    def connect(self, kind: socket.SocketKind, port: int) -> socket.socket:
        """Returns a socket inside, connected to a port of the container."""
        made = self._make_socket(kind)
        made.settimeout(WAIT_SECONDS)
        try:
            made.connect(("127.0.0.1", port))
        except OSError:
            made.close()
            raise
        return made

    def _make_socket(self, kind: socket.SocketKind) -> socket.socket:
        # A socket belongs to the network in which it was made. The thread moves there, makes it
        # and ends, so nothing else in this process moves along.
        made: list[socket.socket] = []

        def make() -> None:
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/proc/{self._leader}/ns/net").open("rb") as network:
                if libc.setns(network.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.socket(socket.AF_INET, kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def tcp(self) -> socket.socket:
        """Returns a connection to the port that systemd listens on."""
        return self.connect(socket.SOCK_STREAM, TCP_PORT)

    def udp(self) -> socket.socket:
        """Returns a socket that sends datagrams to the port that systemd has bound."""
        return self.connect(socket.SOCK_DGRAM, UDP_PORT)

    def tls(self, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Returns a connection to a port of the container, its handshake done."""
        made = self.connect(socket.SOCK_STREAM, port)
        try:
            return context.wrap_socket(made, server_hostname="localhost")
        except OSError:
            made.close()
            raise

    def get(self, path: str, port: int = ADMIN_PORT) -> tuple[int, str]:
        """Returns status and body of what the admin server on a port answers."""
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = self.connect(socket.SOCK_STREAM, port)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metric(self, name: str, **labels: str) -> float:
        """Returns the sum of the samples that carry `labels`; 0 without any."""
        return self.metric_of(ADMIN_PORT, name, **labels)

    def metric_of(self, port: int, name: str, **labels: str) -> float:
        """Returns the same of the daemon whose admin server has a port."""
        _, text = self.get("/metrics", port)
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def wait_metric(self, value: float, name: str, **labels: str) -> None:
        """Waits until a metric has the value."""
        wait_for(
            lambda: self.metric(name, **labels) == value,
            f"{name}{labels} to be {value:g}",
            lambda: f"{self.metric(name, **labels):g}",
        )

    def journal(self, unit: str = SERVICE) -> list[Mapping[str, Any]]:
        """Returns the journal of the service, what systemd says about it included.

        Args:
            unit: Another service, or a pattern of several.
        """
        lines = self.run("journalctl", "--unit", unit, "--output=json", "--no-pager")
        return [json.loads(line) for line in lines.splitlines()]

    def events(self, event: str, unit: str = SERVICE) -> list[Mapping[str, Any]]:
        """Returns the lines of the daemon's log, or of several daemons', that record `event`."""
        messages = [str(entry["MESSAGE"]) for entry in self.journal(unit)]
        logged = [json.loads(message) for message in messages if message.startswith("{")]
        return [line for line in logged if line.get("event") == event]


def wait_for(
    found: Callable[[], T],
    what: str,
    instead: Callable[[], str] = lambda: "nothing",
    seconds: float = WAIT_SECONDS,
) -> T:
    """Returns what `found` returns, once that is true; a refused connection is not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := found():
                return value
        except ConnectionError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}, got {instead()}")
        time.sleep(0.05)


def _leader(nspawn: int) -> int | None:
    """Returns the child of systemd-nspawn that is process 1 in its own namespace."""
    children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        numbers = next(line for line in status.splitlines() if line.startswith("NSpid:"))
        if numbers.split()[2:] == ["1"]:
            return int(child)
    return None


def _is_up(machine: Machine) -> bool:
    state = machine.attempt("systemctl", "is-system-running").stdout.strip()
    return state in {"running", "degraded"}


@contextmanager
def booted(tree: Path, log: Path) -> Iterator[Machine]:
    """Boots a tree, of which nothing is changed: what is written goes to an overlay.

    Args:
        tree: The root directory.
        log: Takes what the console shows.

    Yields:
        The machine, when it has finished booting.
    """
    argv = [
        # A container must not outlive a test run that was killed.
        require("setpriv"),
        "--pdeathsig=KILL",
        *NSPAWN,
        f"--directory={tree}",
        "--volatile=overlay",
        "--machine=heroku-syslogd",
        "--console=pipe",
        "--boot",
    ]
    # systemd 252 in a container wants the unified hierarchy, whatever this machine has.
    environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    with (
        log.open("wb") as console,
        subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console
        ) as nspawn,
    ):
        leader: int | None = None
        try:
            deadline = time.monotonic() + BOOT_SECONDS
            while leader is None or not _is_up(Machine(leader)):
                assert nspawn.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
                leader = leader or _leader(nspawn.pid)
            yield Machine(leader)
        finally:
            if leader is not None and nspawn.poll() is None:
                os.kill(leader, POWER_OFF_AT_ONCE)
            try:
                nspawn.wait(timeout=20)
            except subprocess.TimeoutExpired:
                nspawn.kill()
