"""The service under a real systemd, in a container: start, sockets, reload, sandbox."""

import re
import time
from typing import Final

import pytest

from tests.boot.conftest import CONFIG, INVALID, UDP_LISTENER
from tests.boot.frames import TOKEN, UNMAPPED, frame, message
from tests.boot.machine import MESSAGES, RECEIVED, SERVICE, Machine, wait_for
from tests.boot.test_units import EXPOSURE_LIMIT
from tests.boot.tree import CONFIG as CONFIG_FILE
from tests.boot.tree import USER

pytestmark = pytest.mark.boot

MAPPED: Final = f'{CONFIG}\n[drains.tokens]\n"{TOKEN}" = "shop"\n'

RELOADED: Final = "heroku_syslogd_config_last_reload_successful"
RELOADED_AT: Final = "heroku_syslogd_config_last_reload_success_timestamp_seconds"


def test_start(machine: Machine) -> None:
    assert machine.show("SubState") == "running"
    assert machine.show("StatusText") != ""
    assert machine.show("NRestarts") == "0"
    assert machine.get("/-/ready")[0] == 200
    assert machine.metric(RELOADED) == 1


def test_both_sockets_belong_to_systemd(machine: Machine) -> None:
    with machine.tcp() as tcp, machine.udp() as udp:
        tcp.sendall(frame("one") + frame("two"))
        udp.send(message("three"))

        machine.wait_metric(2, RECEIVED, listener="tcp")
        machine.wait_metric(1, RECEIVED, listener="udp")
        machine.wait_metric(3, MESSAGES, app=UNMAPPED, source="app", process_type="web")


def test_the_backlog_is_as_large_as_asked_for(machine: Machine) -> None:
    """A daemon that calls listen() again on the socket it was given would shrink the queue."""
    sockets = machine.run("ss", "--tcp", "--listening", "--no-header", "-n", "sport = :601")
    _, _, backlog, *_ = sockets.split()

    assert int(backlog) == 4096


def test_the_datagram_buffer_is_as_large_as_asked_for(machine: Machine) -> None:
    sockets = machine.run("ss", "--udp", "--listening", "--memory", "--numeric", "sport = :514")

    # The kernel counts its own bookkeeping too and doubles what one asks for.
    assert f"rb{2 * 8 * 2**20}," in sockets


def test_traffic_starts_a_stopped_service(machine: Machine) -> None:
    machine.run("systemctl", "stop", SERVICE)
    assert machine.show("ActiveState") == "inactive"

    with machine.udp() as udp:
        udp.send(message("wake up"))
        machine.wait_active()

        machine.wait_metric(1, RECEIVED, listener="udp")


def test_stopping_the_sockets_too_stops_it_for_good(machine: Machine) -> None:
    machine.run("systemctl", "stop", "heroku-syslogd*")

    with pytest.raises(ConnectionRefusedError):
        machine.tcp()
    assert machine.show("ActiveState") == "inactive"


def test_one_socket_can_be_left_out(machine: Machine) -> None:
    machine.run("systemctl", "stop", "heroku-syslogd*")
    machine.run("rm", "/etc/systemd/system/heroku-syslogd-udp.socket")
    machine.run("systemctl", "daemon-reload")
    machine.write(CONFIG_FILE, CONFIG.replace(UDP_LISTENER, ""))

    machine.run("systemctl", "start", SERVICE)

    with machine.tcp() as tcp:
        tcp.sendall(frame("no datagrams here"))
        machine.wait_metric(1, MESSAGES, app=UNMAPPED)


def test_what_arrives_during_a_restart_waits_for_the_daemon(machine: Machine) -> None:
    machine.drop_in("ExecStartPre=/bin/sleep 2")
    machine.run("systemctl", "restart", "--no-block", SERVICE)
    wait_for(lambda: machine.show("SubState") == "start-pre", "the old process to be gone")

    with machine.tcp() as tcp, machine.udp() as udp:
        tcp.sendall(frame("queued"))
        udp.send(message("queued"))
        assert machine.show("SubState") == "start-pre"
        machine.wait_active()

        machine.wait_metric(1, RECEIVED, listener="tcp")
        machine.wait_metric(1, RECEIVED, listener="udp")
        machine.wait_metric(2, MESSAGES, app=UNMAPPED)


def test_reload_is_applied_without_dropping_a_connection(machine: Machine) -> None:
    pid = machine.show("MainPID")
    with machine.tcp() as tcp:
        tcp.sendall(frame("before"))
        machine.wait_metric(1, MESSAGES, app=UNMAPPED)
        before = machine.metric(RELOADED_AT)

        machine.write(CONFIG_FILE, MAPPED)
        machine.run("systemctl", "reload", SERVICE)
        wait_for(lambda: machine.metric(RELOADED_AT) > before, "the reload")
        tcp.sendall(frame("after"))

        machine.wait_metric(1, MESSAGES, app="shop")
        assert machine.metric(MESSAGES, app=UNMAPPED) == 1
        assert machine.metric(RELOADED) == 1
    wait_for(lambda: machine.show("SubState") == "running", "the end of the reload")
    assert machine.show("MainPID") == pid


def test_an_invalid_file_leaves_the_old_one_and_is_reported(machine: Machine) -> None:
    machine.write(CONFIG_FILE, MAPPED)
    machine.run("systemctl", "restart", SERVICE)
    machine.write(CONFIG_FILE, INVALID)

    done = machine.attempt("systemctl", "reload", SERVICE)

    assert done.returncode != 0
    machine.wait_metric(0, RELOADED)
    wait_for(lambda: machine.show("SubState") == "running", "the end of the reload")
    with machine.tcp() as tcp:
        tcp.sendall(frame("still the old names"))
        machine.wait_metric(1, MESSAGES, app="shop")

    machine.write(CONFIG_FILE, MAPPED)
    machine.run("systemctl", "reload", SERVICE)
    machine.wait_metric(1, RELOADED)


def test_the_daemon_has_no_rights(machine: Machine) -> None:
    lines = machine.run("cat", f"/proc/{machine.show('MainPID')}/status").splitlines()
    status = {name: value.split() for name, value in (line.split(":", 1) for line in lines)}
    uid = machine.run("id", "--user", USER).strip()

    assert uid != "0"
    assert status["Uid"] == [uid] * 4
    assert int(status["CapEff"][0], 16) == 0
    assert int(status["CapBnd"][0], 16) == 0
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]


def test_exposure_of_the_running_service(machine: Machine) -> None:
    report = machine.run("systemd-analyze", "security", "--no-pager", SERVICE)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", report)

    assert found is not None, report
    assert float(found[1]) <= EXPOSURE_LIMIT


def test_the_process_metrics_survive_the_sandbox(machine: Machine) -> None:
    started = machine.metric("process_start_time_seconds")

    assert abs(time.time() - started) < 300
