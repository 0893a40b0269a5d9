"""Two daemons that share their ports, and peers that know which of them they reached."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.daemon_process import Address, DaemonProcess, connect, running, total, wait_until
from tests.e2e.batches import batch, batch_headers, request
from tests.e2e.traffic import app_line, octet_counted, token

KINDS: Final = ("tcp", "udp", "http")
DRAIN: Final = token(51)
MESSAGES: Final = "heroku_log_messages_total"

ADMIN: Final = '[admin]\naddress = "127.0.0.1:9842"\n'
"""Both have this one, so a daemon that did not go by ``--admin-port`` would be noticed."""
ANY_PORT: Final = ("--admin-port", "0")


def shared(ports: Mapping[str, int] = {}) -> str:
    """Return a listener of each kind that shares its port; the kernel chooses it if not given."""
    return "\n".join(
        f'[[listener]]\ntype = "{kind}"\naddress = "127.0.0.1:{ports.get(kind, 0)}"\n'
        "reuse_port = true"
        for kind in KINDS
    )


def ports_of(daemon: DaemonProcess) -> dict[str, int]:
    """Return the ports of a daemon's listeners."""
    return {kind: daemon.address_of(kind)[1] for kind in KINDS}


class Pair(NamedTuple):
    """Two daemons that share their ports."""

    one: DaemonProcess
    other: DaemonProcess

    def address(self, kind: str) -> Address:
        return self.one.address_of(kind)

    def totals(self, name: str, **labels: str) -> tuple[float, float]:
        """Return a metric's total at each of them."""
        return self.one.total(name, **labels), self.other.total(name, **labels)

    def wait_for(self, value: float, name: str, **labels: str) -> None:
        """Wait until a metric is so much at both of them together."""
        wait_until(
            lambda: sum(self.totals(name, **labels)) == value, f"{name}{labels} to be {value:g}"
        )

    def received_by(self, process_types: Sequence[str]) -> list[tuple[float, float]]:
        """Return how many messages of each process type each of the two has counted."""
        one, other = self.one.metrics(), self.other.metrics()
        return [
            (
                total(one, MESSAGES, process_type=process_type),
                total(other, MESSAGES, process_type=process_type),
            )
            for process_type in process_types
        ]

    def connection_to(self, wanted: DaemonProcess) -> socket.socket:
        """Return a TCP connection that a certain one of them has accepted."""

        def attempt() -> socket.socket | None:
            before = wanted.total("heroku_syslogd_connections_total", listener="tcp")
            connection = connect(self.address("tcp"))
            # Whoever has it counts its message; nobody else connects meanwhile.
            sent = sum(self.totals("heroku_syslogd_applied_messages_total"))
            connection.sendall(octet_counted([app_line(DRAIN, dyno="probe.1")]))
            self.wait_for(sent + 1, "heroku_syslogd_applied_messages_total")
            if wanted.total("heroku_syslogd_connections_total", listener="tcp") > before:
                return connection
            connection.close()
            return None

        return wait_until(attempt, "a connection to a certain process")


@contextmanager
def pair(directory: Path, more: str = "") -> Iterator[Pair]:
    """Run two daemons with one configuration, but for the ports that the first one chose."""
    places = [directory / name for name in ("one", "other")]
    for place in places:
        place.mkdir()
    with running(f"{ADMIN}{shared()}\n{more}", places[0], options=ANY_PORT) as one:
        config = f"{ADMIN}{shared(ports_of(one))}\n{more}"
        with running(config, places[1], options=ANY_PORT) as other:
            yield Pair(one, other)


def post(address: Address, frame_id: str, drain: str = DRAIN) -> int:
    """Post a batch of one message over a connection of its own; return the answer's status."""
    with connect(address) as connection:
        connection.sendall(request(batch_headers(drain, 1, frame_id), batch(1)))
        return int(connection.recv(4096).split()[1])
