"""The service manager's protocols, spoken by a manager of ours: activation, notification."""

from __future__ import annotations

import os
import signal
import socket
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.daemon_process import LISTEN, WAIT_SECONDS, running, spawn
from tests.e2e.traffic import app_line, octet_counted, send_tcp, send_udp, token

DRAIN: Final = token(8)

# LISTEN_PID is the process that the sockets are for, known only after the fork (sd_listen_fds(3)).
ACTIVATE: Final = """
import fcntl, os, sys
fds = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[1].split(",")]
for number, fd in enumerate(fds):
    os.dup2(fd, 3 + number)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""

ACTIVATED: Final = """
[admin]
address = "127.0.0.1:0"

[[listener]]
type = "tcp"
systemd = "drain-tcp"

[[listener]]
type = "udp"
systemd = "drain-udp"
"""


class Manager:
    """Receives what a service notifies."""

    def __init__(self) -> None:
        name = f"heroku-syslogd-test-{uuid.uuid4()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{name}")
        self._socket.settimeout(WAIT_SECONDS)
        self.environ = {"NOTIFY_SOCKET": f"@{name}"}

    def expect(self, field: str) -> dict[str, str]:
        """Wait for a notification that has ``field``; return all of it."""
        while True:
            lines = self._socket.recv(4096).decode().splitlines()
            fields = dict(line.split("=", 1) for line in lines)
            if field in fields:
                return fields

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    manager = Manager()
    yield manager
    manager.close()


def test_notifications(tmp_path: Path, manager: Manager) -> None:
    environ = {**manager.environ, "WATCHDOG_USEC": "300000"}
    with running(LISTEN, tmp_path, environ=environ) as daemon:
        ready = manager.expect("READY")
        assert ready == {"READY": "1", "STATUS": "0 messages received, 0 lost, 0 queued, 0 dynos"}
        assert manager.expect("WATCHDOG") == {"WATCHDOG": "1"}
        assert manager.expect("WATCHDOG") == {"WATCHDOG": "1"}
        sent = [app_line(DRAIN)] * 3
        send_tcp(daemon.tcp, octet_counted(sent))
        daemon.wait_for("heroku_syslogd_applied_messages_total", {}, len(sent))
        for config in (LISTEN, "[nonsense]"):
            daemon.reload(config)
            assert int(manager.expect("RELOADING")["MONOTONIC_USEC"]) > 0
            ready = manager.expect("READY")
            assert ready["STATUS"].startswith("3 messages received")
        daemon.signal(signal.SIGTERM)
        assert manager.expect("STOPPING")["STATUS"] == "Stopping, 0 messages queued"
        assert daemon.wait() == 0


def test_a_watchdog_for_another_process_is_not_fed(tmp_path: Path, manager: Manager) -> None:
    environ = {**manager.environ, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": str(os.getpid())}
    with running(LISTEN, tmp_path, environ=environ) as daemon:
        manager.expect("READY")
        daemon.signal(signal.SIGTERM)
        assert list(manager.expect("STOPPING")) == ["STOPPING", "STATUS"]


def test_status_is_refreshed(tmp_path: Path, manager: Manager) -> None:
    with running(LISTEN, tmp_path, environ=manager.environ) as daemon:
        manager.expect("READY")
        sent = send_udp(daemon.udp, app_line(DRAIN), b"no syslog")
        daemon.wait_for("heroku_syslogd_received_bytes_total", {}, sent)
        status = manager.expect("STATUS")["STATUS"]
        assert status == "2 messages received, 1 lost, 0 queued, 0 dynos"


def test_socket_activation_loses_nothing_over_a_restart(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        fds = [tcp.fileno(), udp.fileno()]
        prefix = [sys.executable, "-c", ACTIVATE, ",".join(map(str, fds))]
        environ = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "drain-tcp:drain-udp"}
        for start in ("one", "two"):
            # Sent while nobody listens; the sockets are there all the same.
            send_tcp(tcp.getsockname(), octet_counted([app_line(DRAIN)] * 7))
            send_udp(udp.getsockname(), *[app_line(DRAIN)] * 11)
            directory = tmp_path / start
            directory.mkdir()
            with running(
                ACTIVATED, directory, prefix=prefix, environ=environ, pass_fds=fds
            ) as daemon:
                assert (daemon.tcp, daemon.udp) == (tcp.getsockname(), udp.getsockname())
                received = "heroku_syslogd_received_messages_total"
                daemon.wait_for(received, {"listener": "drain-tcp"}, 7)
                daemon.wait_for(received, {"listener": "drain-udp"}, 11)


def test_sockets_that_were_not_passed_are_missed(tmp_path: Path) -> None:
    daemon = spawn(ACTIVATED, tmp_path)
    assert daemon.wait() == 69
    assert "systemd passed no socket 'drain-tcp'" in daemon.log_path.read_text()
