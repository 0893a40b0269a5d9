"""The service manager's side of the daemon: notification, watchdog, socket activation.

Protocols as documented in sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3). Without
systemd every call is a no-op, so the daemon need not know how it was started.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

_FIRST_PASSED_FD: Final = 3


class Notifier:
    """Sends state to the service manager.

    Args:
        environ: Environment to read ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` from.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_interval = _watchdog_interval(environ)
        """Seconds within which `watchdog` must be called; None if systemd does not watch us."""

    def ready(self, status: str) -> None:
        """Tell that start-up, or a reload, is finished."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """Tell that a reload has begun (``MONOTONIC_USEC`` is for ``Type=notify-reload``)."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """Tell that the daemon is stopping."""
        self._send(f"STOPPING=1\nSTATUS={status}")

    def status(self, text: str) -> None:
        """Show one line in ``systemctl status``."""
        self._send(f"STATUS={text}")

    def watchdog(self) -> None:
        """Tell that the daemon is alive."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        # "@" stands for the NUL of an abstract socket.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto(state.encode(), address)
            except OSError:
                return  # a manager that does not listen is no reason to fail


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 else None


def passed_sockets(
    environ: Mapping[str, str] = os.environ,
    open_socket: Callable[[int], socket.socket] = lambda fd: socket.socket(fileno=fd),
) -> dict[str, list[socket.socket]]:
    """Return the sockets that the service manager opened for us, by ``FileDescriptorName=``.

    One socket unit with several ``Listen...=`` lines passes several sockets under one name.
    """
    try:
        count = int(environ.get("LISTEN_FDS", "0"))
        wanted = int(environ.get("LISTEN_PID", "0"))
    except ValueError:
        return {}
    if wanted != os.getpid():
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    sockets: dict[str, list[socket.socket]] = {}
    for index in range(count):
        fd = _FIRST_PASSED_FD + index
        os.set_inheritable(fd, False)
        name = names[index] if index < len(names) and names[index] else f"fd{index}"
        sockets.setdefault(name, []).append(open_socket(fd))
    return sockets
