"""``run --demo``: live data at once, over the real sockets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from heroku_syslogd.catalogue import Metric, addons, apps, dynos
from heroku_syslogd.heroku import Addon
from tests.daemon_process import LISTEN, Series, running, total, wait_until

DYNOS = 3 * 4 + 2
# What is there within seconds. The rest is that of chance and of minutes: see tests/simulate.
SOON: tuple[Metric, ...] = (
    *dynos.METRICS,
    *apps.ROUTER,
    *apps.PLATFORM,
    apps.APP_COUNT,
    apps.APP_SAMPLE,
    *apps.LOGS,
    *(addons.ADDON_LAST_SAMPLE[addon] for addon in Addon),
    apps.POSTGRES_RECORDS,
)


def of_applications(metrics: Mapping[Series, float]) -> list[str]:
    names = [name for name, _ in metrics]
    return [n for n in names if n.startswith("heroku_") and not n.startswith("heroku_syslogd_")]


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
        assert total(metrics, "heroku_unrecognised_messages_total") == 0
        printed = sum(name.startswith("heroku_app_") for name in of_applications(metrics))
        assert total(metrics, "heroku_syslogd_app_metric_series") == printed
        others = len(of_applications(metrics)) - printed
        assert total(metrics, "heroku_syslogd_series") == others


def test_the_demo_has_nearly_every_metric_within_seconds(tmp_path: Path) -> None:
    with running(LISTEN, tmp_path, options=["--demo"]) as daemon:

        def missing() -> list[str]:
            names = {name for name, _ in daemon.metrics()}
            return [one.name for one in SOON if not {one.name, f"{one.name}_count"} & names]

        wait_until(lambda: not missing(), "every metric", seconds=20)
        assert daemon.total("heroku_unrecognised_messages_total") == 0
        assert daemon.total("heroku_syslogd_unknown_sample_keys_total") == 0


def test_the_demo_without_udp_uses_what_there_is(tmp_path: Path) -> None:
    tcp_only = LISTEN[: LISTEN.rindex("[[listener]]")]
    with running(tcp_only, tmp_path, options=["--demo"]) as daemon:
        wait_until(
            lambda: daemon.total("heroku_log_messages_total", app="storefront") > 0, "its lines"
        )
        assert daemon.total("heroku_log_messages_total", app="storefront-udp") == 0
