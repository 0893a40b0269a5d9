"""Notification and socket activation against real sockets."""

import os
import socket
from pathlib import Path

import pytest

from heroku_syslogd.systemd import Notifier, passed_sockets


def receive(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


@pytest.mark.parametrize("abstract", [False, True])
def test_states_reach_the_manager(tmp_path: Path, abstract: bool) -> None:
    name = f"@heroku-syslogd-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": name})

        notifier.ready("10 messages")
        assert receive(manager) == "READY=1\nSTATUS=10 messages"
        notifier.reloading()
        assert receive(manager).startswith("RELOADING=1\nMONOTONIC_USEC=")
        notifier.watchdog()
        assert receive(manager) == "WATCHDOG=1"
        notifier.status("fine")
        assert receive(manager) == "STATUS=fine"
        notifier.stopping("bye")
        assert receive(manager) == "STOPPING=1\nSTATUS=bye"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/notify"}])
def test_without_a_manager_nothing_happens(environ: dict[str, str]) -> None:
    Notifier(environ).ready("ignored")


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_interval(environ: dict[str, str], interval: float | None) -> None:
    assert Notifier(environ).watchdog_interval == interval


def test_passed_sockets_are_found_by_name() -> None:
    # Descriptors from 3 on belong to pytest here, so they are only looked up, not touched.
    opened: list[int] = []

    def open_socket(fd: int) -> socket.socket:
        opened.append(fd)
        return socket.socket()

    with (
        open(os.devnull, "rb") as first,  # noqa: PTH123 - descriptors are what is wanted
        open(os.devnull, "rb") as second,  # noqa: PTH123
    ):
        base = min(first.fileno(), second.fileno())
        count = base + 2 - 3
        environ = {
            "LISTEN_PID": str(os.getpid()),
            "LISTEN_FDS": str(count),
            "LISTEN_FDNAMES": ":".join(["tcp", "tcp", *["other"] * (count - 2)]),
        }
        sockets = passed_sockets(environ, open_socket)

    assert opened == list(range(3, 3 + count))
    assert len(sockets["tcp"]) == 2
    for named in sockets.values():
        for sock in named:
            sock.close()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": "x", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
    ],
)
def test_sockets_for_another_process_are_left_alone(environ: dict[str, str]) -> None:
    assert passed_sockets(environ) == {}
