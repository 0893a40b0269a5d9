"""``run --admin-port``: the port of the command line holds, whatever a reload finds."""

from __future__ import annotations

from pathlib import Path

from tests.daemon_process import running
from tests.e2e.processes import ADMIN, ANY_PORT, DRAIN, ports_of, shared
from tests.e2e.traffic import app_line, octet_counted, send_tcp


def test_a_reload_leaves_the_admin_port_of_the_command_line(tmp_path: Path) -> None:
    config = f"{ADMIN}{shared()}\n"
    with running(config, tmp_path, options=ANY_PORT) as daemon:
        listening = daemon.admin_url
        assert not listening.endswith(":9842")

        daemon.reload(config)
        assert daemon.wait_event("config.reloaded")["applied"] == []
        daemon.reload(config.replace(":9842", ":9843"))
        assert daemon.wait_event("config.reloaded", 2)["applied"] == []
        assert daemon.events("config.needs_restart") == []

        daemon.reload(config.replace("127.0.0.1:9842", "127.0.0.2:9842"))
        assert daemon.wait_event("config.needs_restart")["keys"] == ["admin.address"]
        assert daemon.admin_url == listening
        assert daemon.get("/-/ready")[0] == 200


def test_a_reload_names_a_port_that_is_no_longer_shared(tmp_path: Path) -> None:
    with running(f"{ADMIN}{shared()}", tmp_path, options=ANY_PORT) as daemon:
        assert ports_of(daemon).keys() == {"tcp", "udp", "http"}
        daemon.reload(f"{ADMIN}{shared()}".replace("reuse_port = true", ""))
        assert daemon.wait_event("config.needs_restart")["keys"] == ["listener.reuse_port"]
        send_tcp(daemon.tcp, octet_counted([app_line(DRAIN)]))
        daemon.wait_for("heroku_syslogd_applied_messages_total", {}, 1)
