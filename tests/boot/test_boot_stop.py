"""The service under a real systemd, in a container: how it stops, and when it is restarted."""

import threading
import time
from typing import Final

import pytest

from tests.boot.conftest import CONFIG, INVALID
from tests.boot.frames import UNMAPPED, frame, message
from tests.boot.machine import MESSAGES, RECEIVED, SERVICE, Machine, wait_for
from tests.boot.tree import CONFIG as CONFIG_FILE

pytestmark = pytest.mark.boot

BURST: Final = 200_000
START_LIMIT: Final = 5
TCP_SOCKET: Final = "heroku-syslogd-tcp.socket"


def test_the_watchdog_restarts_a_hung_daemon_and_no_other(machine: Machine) -> None:
    machine.drop_in("WatchdogSec=2s")
    machine.run("systemctl", "restart", SERVICE)
    pid = machine.show("MainPID")
    time.sleep(5)
    assert (machine.show("NRestarts"), machine.show("MainPID")) == ("0", pid)

    machine.run("kill", "-STOP", pid)
    wait_for(lambda: machine.show("NRestarts") == "1", "the restart")
    machine.wait_active()

    assert machine.show("MainPID") != pid
    assert machine.get("/-/ready")[0] == 200
    assert any("Fatal Python error: Aborted" in str(e["MESSAGE"]) for e in machine.journal())
    results = [entry["UNIT_RESULT"] for entry in machine.journal() if "UNIT_RESULT" in entry]
    assert results == ["watchdog"]


def test_restarts_lose_nothing(machine: Machine) -> None:
    """Connections come and go, and datagrams arrive, while the daemon is restarted."""
    enough = threading.Event()
    sent = 0

    def send() -> None:
        nonlocal sent
        while not enough.is_set():
            with machine.tcp() as tcp:
                tcp.sendall(frame("short") * 10)
            udp.send(message("short"))
            sent += 1
            # Slow enough for a restart not to pile up more than limits.max_connections_per_peer.
            time.sleep(0.005)

    with machine.udp() as udp:
        sender = threading.Thread(target=send)
        sender.start()
        for _ in range(3):
            time.sleep(0.5)
            machine.run("systemctl", "restart", SERVICE)
        enough.set()
        sender.join()
    assert sent > 100

    def received() -> int:
        finished = sum(int(line["received"]) for line in machine.events("daemon.stopped"))
        return finished + int(machine.metric(RECEIVED))

    wait_for(lambda: received() == 11 * sent, f"{11 * sent} messages", lambda: str(received()))


def _stopped(machine: Machine) -> dict[str, int]:
    """Returns the accounts that the daemon closed with, after a stop that went well."""
    assert machine.show("ActiveState") == "inactive"
    assert machine.show("Result") == "success"
    assert machine.show("ExecMainStatus") == "0"
    [line] = machine.events("daemon.stopped")
    return {name: int(line[name]) for name in ("received", "applied", "lost", "abandoned")}


def test_stop_loses_nothing_that_was_sent(machine: Machine) -> None:
    with machine.tcp() as tcp:
        tcp.sendall(b"".join(frame(f"line {n}") for n in range(BURST)))
        machine.run("systemctl", "stop", SERVICE)

    assert _stopped(machine) == {
        "received": BURST,
        "applied": BURST,
        "lost": 0,
        "abandoned": 0,
    }


def test_stop_ends_in_the_middle_of_a_burst(machine: Machine) -> None:
    burst = b"".join(frame(f"line {n}") for n in range(BURST))
    refused = threading.Event()

    def send() -> None:
        try:
            while True:
                tcp.sendall(burst)
        except OSError:
            refused.set()

    with machine.tcp() as tcp:
        sender = threading.Thread(target=send)
        sender.start()
        wait_for(lambda: machine.metric(RECEIVED, listener="tcp") > 1000, "the burst to begin")
        begun = time.monotonic()
        machine.run("systemctl", "stop", SERVICE)
        took = time.monotonic() - begun
        sender.join()

    accounts = _stopped(machine)
    [stopping] = machine.events("daemon.stopping")
    assert stopping["queued"] > 0
    assert refused.is_set()
    assert accounts["received"] > 1000
    assert accounts["received"] == accounts["applied"]
    assert (accounts["lost"], accounts["abandoned"]) == (0, 0)
    assert took < 25


def test_an_invalid_file_is_not_tried_again(machine: Machine) -> None:
    machine.write(CONFIG_FILE, INVALID)
    assert machine.attempt("systemctl", "restart", SERVICE).returncode != 0
    time.sleep(4)

    assert machine.show("ActiveState") == "failed"
    assert machine.show("ExecMainStatus") == "78"
    assert machine.show("NRestarts") == "0"


def test_senders_cannot_keep_a_refused_configuration_busy(machine: Machine) -> None:
    machine.write(CONFIG_FILE, INVALID)
    machine.attempt("systemctl", "restart", SERVICE)
    with machine.tcp():  # nobody takes this connection, so the socket asks for the service
        wait_for(
            lambda: "service-start-limit-hit" in machine.run("systemctl", "show", TCP_SOCKET),
            "the socket to be let go of",
        )

    machine.write(CONFIG_FILE, CONFIG)
    machine.run("systemctl", "reset-failed")
    machine.run("systemctl", "start", SERVICE)

    with machine.tcp() as tcp, machine.udp() as udp:
        tcp.sendall(frame("again"))
        udp.send(message("again"))
        machine.wait_metric(2, MESSAGES, app=UNMAPPED)


def test_a_port_in_use_is_tried_again_until_it_is_free(machine: Machine) -> None:
    machine.run("systemctl", "stop", SERVICE)
    holder = "import socket; s = socket.create_server(('127.0.0.1', 9842)); s.accept()"
    machine.run("systemd-run", "--unit=holder", "/usr/bin/python3", "-c", holder)
    wait_for(lambda: ":9842" in machine.run("ss", "--tcp", "-ln"), "the port to be taken")

    assert machine.attempt("systemctl", "start", SERVICE).returncode != 0
    assert machine.show("ExecMainStatus") == "69"
    # More often than the start limit allows at once.
    wait_for(lambda: int(machine.show("NRestarts")) >= START_LIMIT, "restarts", seconds=40)
    machine.run("systemctl", "stop", "holder.service")

    machine.wait_active()
