"""A life of the daemon: starts that fail, reloads, and stops that lose nothing."""

from __future__ import annotations

import resource
import signal
import socket
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from tests.daemon_process import (
    LISTEN,
    Address,
    DaemonProcess,
    connect,
    running,
    spawn,
    wait_until,
)
from tests.e2e.pressure import DRAIN, FRAME, LINE, fill, flood, held
from tests.e2e.traffic import app_line, send_udp

MAPPED: Final = f'{LISTEN}\n[drains.tokens]\n"{DRAIN}" = "%s"\n'

RELOADED_AT: Final = "heroku_syslogd_config_last_reload_success_timestamp_seconds"
RELOADED: Final = "heroku_syslogd_config_last_reload_successful"


# Starts that fail -----------------------------------------------------------------------------


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        config = (
            f'[admin]\naddress = "127.0.0.1:0"\n[[listener]]\ntype = "tcp"\naddress = "{address}"\n'
        )
        daemon = spawn(config, tmp_path)
        assert daemon.wait() == 69
    (problem,) = daemon.log_path.read_text().splitlines()
    assert (
        problem
        == f"heroku-syslogd: listener tcp: cannot listen on {address}: Address already in use"
    )


def test_a_configuration_with_several_mistakes(tmp_path: Path) -> None:
    daemon = spawn(
        '[admin]\nadress = "127.0.0.1:0"\n'
        '[dynos]\nexpire_after = "soon"\n'
        "[queue]\nmax_messages = 0\n"
        '[[listener]]\ntype = "smoke signals"\naddress = "127.0.0.1:70000"\n',
        tmp_path,
    )
    assert daemon.wait() == 78
    problems = daemon.log_path.read_text().splitlines()
    keys = ("admin.adress", "dynos.expire_after", "queue.max_messages", "listener.0.type")
    for key in (*keys, "listener.0.address"):
        assert [line for line in problems if f"{daemon.config_path}: {key}: " in line], key
    assert len(problems) == 5


# Reloads --------------------------------------------------------------------------------------


def test_reloads(tmp_path: Path) -> None:
    with running(MAPPED % "before", tmp_path) as daemon, connect(daemon.tcp) as connection:
        connection.sendall(FRAME * 10)
        daemon.wait_for("heroku_log_messages_total", {"app": "before"}, 10)
        started_at = daemon.total(RELOADED_AT)

        daemon.reload(MAPPED % "after" + '[dynos]\nexpire_after = "7s"\n[queue]\nworkers = 5\n')
        assert sorted(daemon.wait_event("config.reloaded")["applied"]) == [
            "drains.tokens",
            "dynos.expire_after",
        ]
        assert daemon.wait_event("config.needs_restart")["keys"] == ["queue.workers"]
        connection.sendall(FRAME * 20)
        daemon.wait_for("heroku_log_messages_total", {"app": "after"}, 20)
        assert daemon.total("heroku_log_messages_total", app="before") == 10
        reloaded_at = daemon.total(RELOADED_AT)
        assert reloaded_at > started_at

        daemon.reload(MAPPED % "never" + "[dynos]\nexpire_after = 7\n[colour]\n")
        failed = daemon.wait_event("config.reload_failed")
        assert failed["file"] == str(daemon.config_path)
        assert sorted(problem.split(":")[0] for problem in failed["problems"]) == [
            "colour",
            "dynos.expire_after",
        ]
        assert (daemon.total(RELOADED), daemon.total(RELOADED_AT)) == (0, reloaded_at)
        connection.sendall(FRAME * 30)
        daemon.wait_for("heroku_log_messages_total", {"app": "after"}, 50)

        daemon.config_path.unlink()
        daemon.signal(signal.SIGHUP)
        assert "cannot be read" in daemon.wait_event("config.reload_failed", 2)["problems"][0]

        daemon.reload(MAPPED % "after")
        daemon.wait_for(RELOADED, {}, 1)
        assert daemon.total("heroku_syslogd_connections_total") == 1


@pytest.mark.parametrize(
    "drains",
    [
        pytest.param(f'[drains]\n"{DRAIN}" = "shop"', id="in the table above"),
        pytest.param(f'[drains.tokens]\n{DRAIN} = "shop"', id="without quotes"),
        pytest.param(f'[drains.tokens]\n"{DRAIN}" = 5', id="no name"),
        pytest.param(f'[drains.tokens]\nshop = "{DRAIN}"', id="the wrong way round"),
        pytest.param(f'[drains]\nunknown = "{DRAIN}"', id="as another value"),
        pytest.param(f'["{DRAIN}"]\napp = "shop"', id="as a table"),
    ],
)
def test_a_misplaced_drain_token_is_refused_and_not_shown(
    daemon: DaemonProcess, drains: str
) -> None:
    daemon.reload(f"{LISTEN}\n{drains}\n")
    wait_until(
        lambda: daemon.events("config.reload_failed") or daemon.events("config.reloaded"), "reload"
    )
    assert not daemon.events("config.reloaded")
    assert DRAIN.removeprefix("d.") not in daemon.log_path.read_text()


# Stops ----------------------------------------------------------------------------------------


def refused(address: Address) -> bool:
    """Tell whether nobody listens any more."""
    try:
        connect(address).close()
    except OSError:
        return True
    return False


def test_a_stop_loses_nothing_that_was_sent_before(tmp_path: Path) -> None:
    with running(LISTEN, tmp_path) as daemon:
        connections = [connect(daemon.tcp) for _ in range(20)]
        daemon.wait_for("heroku_syslogd_connections", {}, 20)
        with held(daemon):
            sent = sum(fill(connection, 8000) for connection in connections)
            late = [connect(daemon.tcp) for _ in range(20)]  # not accepted yet
            sent += sum(fill(connection, 10) for connection in late)
            daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
        assert_stopped_with(daemon, sent)
        for connection in (*connections, *late):
            connection.close()


def test_a_stop_reads_the_datagrams_that_came_before(daemon: DaemonProcess) -> None:
    with held(daemon):
        send_udp(daemon.udp, *[LINE] * 2000)
        daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert_stopped_with(daemon, 2000)


def assert_stopped_with(daemon: DaemonProcess, applied: int) -> None:
    stopped = daemon.events("daemon.stopped")[0]
    numbers = (stopped[key] for key in ("received", "applied", "lost", "abandoned"))
    assert tuple(numbers) == (applied, applied, 0, 0)


def test_an_idle_connection_delays_no_stop(daemon: DaemonProcess) -> None:
    with connect(daemon.tcp) as connection:
        daemon.wait_for("heroku_syslogd_connections", {}, 1)
        assert daemon.terminate() == 0
        assert connection.recv(1) == b""
    begin, end = daemon.log()[-2:]
    assert (begin["event"], end["event"]) == ("daemon.stopping", "daemon.stopped")
    begun, ended = (datetime.fromisoformat(line["timestamp"]) for line in (begin, end))
    assert (ended - begun).total_seconds() < 1


def test_a_second_signal_ends_a_stop_that_takes_long(tmp_path: Path) -> None:
    with running(LISTEN, tmp_path) as daemon, flood(daemon):
        assert daemon.get("/-/ready")[0] == 200
        daemon.signal(signal.SIGTERM)
        daemon.wait_event("daemon.stopping")
        assert daemon.get("/-/ready")[0] == 503
        assert daemon.get("/-/healthy")[0] == 200
        wait_until(lambda: refused(daemon.tcp), "new connections to be refused")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
        stopped = daemon.events("daemon.stopped")[0]
        assert stopped["received"] == stopped["applied"] + stopped["lost"]
        assert stopped["lost"] == stopped["abandoned"]


def test_a_log_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    with running(LISTEN, tmp_path) as daemon:
        # As on a full disk, or where the reader of standard error has gone.
        size = daemon.log_path.stat().st_size
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, size))
        with connect(daemon.tcp) as connection:
            connection.sendall(FRAME * 3 + b"junk\n" + FRAME * 5)
            daemon.wait_for("heroku_syslogd_applied_messages_total", {}, 8)
            daemon.signal(signal.SIGHUP)
            connection.sendall(FRAME * 2)
            daemon.wait_for("heroku_syslogd_applied_messages_total", {}, 10)
            assert daemon.total("heroku_syslogd_connections") == 1
        assert daemon.terminate() == 0


def test_a_stop_after_an_overload_of_datagrams_is_honest(daemon: DaemonProcess) -> None:
    with held(daemon):
        send_udp(daemon.udp, *[app_line(DRAIN, "x" * 1000)] * 40_000)
        daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    stopped = daemon.events("daemon.stopped")[0]
    assert stopped["received"] == 40_000 == stopped["applied"] + stopped["lost"]
    assert stopped["lost"] > 0
