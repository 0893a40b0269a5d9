"""Several instances of the service in a booted machine, and how to look into all of them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.boot.machine import RECEIVED, SERVICE, Machine, wait_for

PORTS: Final = ("9851", "9852")
"""Names of the instances: the ports of their admin servers."""
SERVICES: Final = tuple(f"heroku-syslogd@{port}.service" for port in PORTS)
ALL: Final = "heroku-syslogd@*.service"
SINGLE: Final = (SERVICE, "heroku-syslogd-tcp.socket", "heroku-syslogd-udp.socket")


class Instances:
    """Instances of the service in a machine.

    Args:
        machine: The machine.

    Attributes:
        machine: The machine.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def replace_the_single_one(self) -> None:
        """Does what docs/scaling.md says."""
        self.machine.run("systemctl", "disable", "--now", *SINGLE)
        self.machine.run("systemctl", "enable", "--now", *SERVICES)

    def states(self, *units: str) -> list[str]:
        return [self.machine.show("ActiveState", unit) for unit in units]

    def totals(self, name: str, **labels: str) -> list[float]:
        """Returns a metric of each of them."""
        return [self.machine.metric_of(int(port), name, **labels) for port in PORTS]

    def finished(self) -> int:
        """Returns the messages that instances which have ended since the boot had received."""
        stopped = self.machine.events("daemon.stopped", ALL)
        return sum(int(line["received"]) for line in stopped)

    def wait_received(self, count: int) -> None:
        """Waits until all instances, those that have ended included, have received so many."""

        def received() -> int:
            return self.finished() + int(sum(self.totals(RECEIVED)))

        wait_for(lambda: received() == count, f"{count} messages", lambda: str(received()))

    @contextmanager
    def peers(
        self, kind: socket.SocketKind, port: int, count: int
    ) -> Iterator[list[socket.socket]]:
        """Yields so many sockets that are connected to a port of the machine."""
        with ExitStack() as stack:
            made = [self.machine.connect(kind, port) for _ in range(count)]
            yield [stack.enter_context(one) for one in made]
