"""``run --demo``: live data at once, over the real sockets."""

from __future__ import annotations

from pathlib import Path

from tests.daemon_process import LISTEN, running, total, wait_until

DYNOS = 3 * 4 + 2


def test_the_demo_shows_every_dyno_within_seconds(tmp_path: Path) -> None:
    with running(LISTEN, tmp_path, options=["--demo"]) as daemon:

        def sampled() -> bool:
            names = [name for name, _ in daemon.metrics()]
            return names.count("heroku_dyno_memory_quota_bytes") >= DYNOS

        wait_until(sampled, f"samples of {DYNOS} dynos", seconds=10)
        metrics = daemon.metrics()

        states = {dict(labels)["state"] for name, labels in metrics if name == "heroku_dyno_state"}
        assert "up" in states
        apps = {dict(labels)["app"] for name, labels in metrics if name == "heroku_dyno_info"}
        assert apps == {"storefront", "billing-api", "newsletter", "storefront-udp"}
        for listener in ("tcp", "udp"):
            assert total(metrics, "heroku_syslogd_received_messages_total", listener=listener) > 3
        assert total(metrics, "heroku_syslogd_lost_messages_total") == 0
        assert total(metrics, "heroku_syslogd_frame_errors_total") == 0
        assert total(metrics, "heroku_syslogd_unknown_drains_total") == 0
        series = total(metrics, "heroku_syslogd_series")
        assert series == sum(
            name.startswith("heroku_") and not name.startswith("heroku_syslogd_")
            for name, _ in metrics
        )


def test_the_demo_without_udp_uses_what_there_is(tmp_path: Path) -> None:
    tcp_only = LISTEN[: LISTEN.rindex("[[listener]]")]
    with running(tcp_only, tmp_path, options=["--demo"]) as daemon:
        wait_until(
            lambda: daemon.total("heroku_log_messages_total", app="storefront") > 0, "its lines"
        )
        assert daemon.total("heroku_log_messages_total", app="storefront-udp") == 0
