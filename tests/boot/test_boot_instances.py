"""Instances of the template unit under a real systemd: ports, restarts, and the single unit."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.boot.conftest import CONFIG, INVALID
from tests.boot.frames import frame, message
from tests.boot.instances import ALL, PORTS, SERVICES, SINGLE, Instances
from tests.boot.machine import (
    ADMIN_PORT,
    RECEIVED,
    SERVICE,
    TCP_PORT,
    UDP_PORT,
    Machine,
    booted,
    wait_for,
)
from tests.boot.secured import USER_HEADER, Secured
from tests.boot.test_boot_events import EVENTS, EVENTS_FILE, WRITTEN, counts
from tests.boot.tree import CONFIG as CONFIG_FILE
from tests.boot.tree import PROJECT, run
from tests.e2e.bookkeepers import Crowd

pytestmark = pytest.mark.boot

PEERS: Final = 64
SNIPPET: Final = PROJECT / "systemd" / "logrotate.d" / "heroku-syslogd"


@pytest.fixture
def instances(machine: Machine) -> Instances:
    """Two instances, in the place of the single service."""
    instances = Instances(machine)
    instances.replace_the_single_one()
    return instances


def test_instances_share_the_ports_and_are_scraped_one_by_one(instances: Instances) -> None:
    machine = instances.machine
    assert instances.states(*SERVICES, *SINGLE) == ["active"] * 2 + ["inactive"] * 3
    for port in PORTS:
        assert machine.get("/-/ready", int(port))[0] == 200
    with pytest.raises(ConnectionRefusedError):
        machine.get("/-/ready", ADMIN_PORT)

    with (
        instances.peers(socket.SOCK_STREAM, TCP_PORT, PEERS) as streams,
        instances.peers(socket.SOCK_DGRAM, UDP_PORT, PEERS) as datagrams,
    ):
        for peer in streams:
            peer.sendall(frame("a line") * 3)
        for peer in datagrams:
            peer.send(message("a line"))
        instances.wait_received(4 * PEERS)

    for listener, count in (("tcp", 3 * PEERS), ("udp", PEERS)):
        received = instances.totals(RECEIVED, listener=listener)
        assert all(received)
        assert sum(received) == count


def test_instances_that_restart_in_turn_lose_nothing(instances: Instances) -> None:
    """Connections come and go, and datagrams arrive, while one after the other is restarted."""
    machine = instances.machine
    enough = threading.Event()
    sent = 0

    def send() -> None:
        nonlocal sent
        while not enough.is_set():
            with machine.tcp() as tcp, machine.udp() as udp:
                tcp.sendall(frame("short") * 10)
                udp.send(message("short"))
            sent += 1
            time.sleep(0.005)

    sender = threading.Thread(target=send)
    sender.start()
    for service in SERVICES * 2:
        time.sleep(0.5)
        machine.run("systemctl", "restart", service)
        assert instances.states(*SERVICES) == ["active", "active"]
    enough.set()
    sender.join()

    assert sent > 100
    instances.wait_received(11 * sent)


def test_restarts_in_turn_under_load_over_every_transport(
    instances: Instances, tmp_path: Path
) -> None:
    machine = instances.machine
    secured = Secured(machine, tmp_path)
    secured.set_up(*PORTS)
    crowd = Crowd(secured.connect, each=4, headers=USER_HEADER)
    before = len(machine.events("daemon.stopped", ALL))
    with crowd.sending():
        for service in SERVICES:
            crowd.wait_for_progress()
            machine.run("systemctl", "restart", service)
        crowd.wait_for_progress()
    machine.run("systemctl", "stop", "heroku-syslogd*")

    stopped = machine.events("daemon.stopped", ALL)[before:]
    assert len(stopped) == 2 * len(SERVICES)
    crowd.check(stopped)


def test_what_is_meant_for_a_stopped_instance_waits_and_starts_it(instances: Instances) -> None:
    machine = instances.machine
    machine.run("systemctl", "stop", SERVICES[0])
    with instances.peers(socket.SOCK_STREAM, TCP_PORT, PEERS) as peers:
        for peer in peers:
            peer.sendall(frame("a line"))
        machine.wait_active(SERVICES[0])
        instances.wait_received(PEERS)


def test_an_instance_is_taken_away_by_its_sockets_first(instances: Instances) -> None:
    machine = instances.machine
    machine.run("systemctl", "disable", "--now", *sockets_of(PORTS[0]))
    machine.run("systemctl", "disable", "--now", SERVICES[0])
    with instances.peers(socket.SOCK_STREAM, TCP_PORT, PEERS) as peers:
        for peer in peers:
            peer.sendall(frame("a line"))
        wait_for(
            lambda: machine.metric_of(int(PORTS[1]), RECEIVED, listener="tcp") == PEERS,
            "the one that is left to receive all",
        )
    assert instances.states(*SERVICES) == ["inactive", "active"]


def test_an_instance_that_cannot_start_leaves_its_ports_to_the_other(instances: Instances) -> None:
    machine = instances.machine
    machine.write(CONFIG_FILE, INVALID)
    assert machine.attempt("systemctl", "restart", SERVICES[0]).returncode != 0

    def has_let_go() -> bool:
        with machine.tcp() as tcp:  # each that it is chosen for has systemd start it once more
            tcp.sendall(frame("a line"))
        return instances.states(*sockets_of(PORTS[0])) == ["failed", "failed"]

    wait_for(has_let_go, "its sockets to be let go of")
    with instances.peers(socket.SOCK_DGRAM, UDP_PORT, PEERS) as peers:
        for peer in peers:
            peer.send(message("a line"))
        wait_for(
            lambda: machine.metric_of(int(PORTS[1]), RECEIVED, listener="udp") == PEERS,
            "the other one to receive all",
        )

    machine.write(CONFIG_FILE, CONFIG)
    machine.run("systemctl", "reset-failed")
    machine.run("systemctl", "start", SERVICES[0])
    assert instances.states(*SERVICES, *sockets_of(PORTS[0])) == ["active"] * 4


def sockets_of(port: str) -> list[str]:
    return [f"heroku-syslogd-{kind}@{port}.socket" for kind in ("tcp", "udp")]


# Events -------------------------------------------------------------------------------------------


def test_instances_share_a_file_of_events_and_its_rotation(instances: Instances) -> None:
    machine = instances.machine
    machine.write(CONFIG_FILE, EVENTS)
    machine.run("systemctl", "restart", *SERVICES)
    [command] = [
        line.strip()
        for line in SNIPPET.read_text().splitlines()
        if "systemctl" in line.split("#")[0]
    ]
    with instances.peers(socket.SOCK_STREAM, TCP_PORT, PEERS) as peers:
        for peer in peers:
            peer.sendall(frame("count#n=1"))
        wait_for(lambda: sum(instances.totals(WRITTEN)) == PEERS, "the events")
        assert all(instances.totals(WRITTEN))
        machine.run("mv", EVENTS_FILE, f"{EVENTS_FILE}.1")
        machine.run("/bin/sh", "-c", command)
        wait_for(
            lambda: len(machine.events("config.reloaded", ALL)) == len(SERVICES),
            "both to reload",
        )
        for peer in peers:
            peer.sendall(frame("count#n=2"))
        wait_for(lambda: sum(instances.totals(WRITTEN)) == 2 * PEERS, "the other events")

    assert counts(machine, f"{EVENTS_FILE}.1") == [1.0] * PEERS
    assert counts(machine, EVENTS_FILE) == [2.0] * PEERS
    assert instances.states(SERVICE) == ["inactive"]


# Beside the single unit ---------------------------------------------------------------------------


def test_instances_take_the_place_of_the_single_service_and_the_other_way_round(
    machine: Machine,
) -> None:
    instances = Instances(machine)
    machine.run("systemctl", "start", *SERVICES)
    assert instances.states(*SERVICES, *SINGLE) == ["active"] * 2 + ["inactive"] * 3
    with machine.tcp() as tcp:
        tcp.sendall(frame("to an instance"))
        instances.wait_received(1)

    machine.run("systemctl", "start", SERVICE)
    assert instances.states(*SERVICES, *SINGLE) == ["inactive"] * 2 + ["active"] * 3
    with machine.tcp() as tcp, machine.udp() as udp:
        tcp.sendall(frame("to the single one"))
        udp.send(message("to the single one"))
        machine.wait_metric(2, RECEIVED)


@pytest.fixture
def tree_with_both(tree: Path) -> Iterator[Path]:
    """The tree with the instances enabled beside the single service, as nobody should do."""
    systemctl = ["systemctl", f"--root={tree}"]
    run([*systemctl, "enable", *SERVICES])
    yield tree
    run([*systemctl, "disable", *SERVICES])


def test_instances_win_at_boot_where_the_single_service_is_enabled_too(
    tree_with_both: Path, tmp_path: Path
) -> None:
    with booted(tree_with_both, tmp_path / "console") as machine:
        instances = Instances(machine)
        for service in SERVICES:
            machine.wait_active(service)
        assert instances.states(*SINGLE) == ["inactive"] * 3
        assert "ordering cycle" not in machine.run("journalctl", "--no-pager")
        with instances.peers(socket.SOCK_STREAM, TCP_PORT, PEERS) as peers:
            for peer in peers:
                peer.sendall(frame("a line"))
            instances.wait_received(PEERS)
        assert all(instances.totals(RECEIVED))


def test_a_name_that_is_no_port_is_not_tried_again(machine: Machine) -> None:
    service = "heroku-syslogd@first.service"
    assert machine.attempt("systemctl", "start", service).returncode != 0
    assert machine.show("ExecMainStatus", service) == "2"
    assert machine.show("NRestarts", service) == "0"
    problem = "--admin-port: expected a port, 0 to 65535, got 'first'"
    assert any(problem in str(entry["MESSAGE"]) for entry in machine.journal(service))
