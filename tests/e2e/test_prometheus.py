"""Real Prometheus, promtool and the two exposition formats against the running daemon."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as text_families

from tests.daemon_process import LISTEN, WAIT_SECONDS, DaemonProcess, running, wait_until
from tests.e2e.traffic import (
    MEBIBYTE,
    app_line,
    line,
    load_sample,
    memory_sample,
    octet_counted,
    send_tcp,
    send_udp,
    state_change,
    token,
)
from tests.real import require

DRAIN: Final = token(2)
RSS: Final = 'heroku_dyno_memory_rss_bytes{app="shop",dyno="web.1"}'
SHOP: Final = f'{LISTEN}\n[drains.tokens]\n"{DRAIN}" = "shop"\n'

SCRAPE: Final = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
- job_name: heroku
  static_configs: [{{targets: {targets}}}]
"""

OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"


def send_mixed_traffic(daemon: DaemonProcess) -> None:
    """Send something that touches every family of metrics, faults included."""
    messages = [
        load_sample(DRAIN, "web.1"),
        memory_sample(DRAIN, "web.1"),
        memory_sample(DRAIN, "worker.1", rss=77.5),
        state_change(DRAIN, "web.1", "starting", "up"),
        app_line(DRAIN),
        app_line(token(3), 'quotes " and \\ backslashes'),
        line(token(4), 'odd"app\\name', "пъть.1", "names that need escaping"),
        b"<999>1 no such PRI\n",
        b"<14>1 too short\n",
    ]
    stream = octet_counted(messages) + b"junk\n<14>1 - - app web.1 - LF\n" + b"12345678 x\n"
    sent = send_tcp(daemon.tcp, stream)
    sent += send_udp(daemon.udp, memory_sample(DRAIN, "web.2"), b"", b"no syslog")
    daemon.wait_for("heroku_syslogd_received_bytes_total", {}, sent)
    daemon.wait_idle()


@contextmanager
def prometheus(daemon: DaemonProcess, directory: Path, *others: DaemonProcess) -> Iterator[str]:
    """Run a Prometheus that scrapes the daemon, and perhaps others; yield its URL."""
    config, log_path = directory / "prometheus.yml", directory / "prometheus.log"
    targets = [one.admin_url.removeprefix("http://") for one in (daemon, *others)]
    config.write_text(SCRAPE.format(targets=json.dumps(targets)))
    command = [
        *(require("prometheus"), f"--config.file={config}", "--web.listen-address=127.0.0.1:0"),
        *(f"--storage.tsdb.path={directory / 'data'}", "--log.format=json"),
    ]
    with log_path.open("wb") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        try:
            found = wait_until(
                lambda: re.search(r'"address":"(127\.0\.0\.1:[1-9][0-9]*)"', log_path.read_text()),
                "the address of Prometheus",
            )
            yield f"http://{found[1]}"
        finally:
            process.terminate()


def query(url: str, expression: str) -> list[dict[str, Any]]:
    """Ask Prometheus for the present value."""
    parameters = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{url}/api/v1/query?{parameters}", timeout=WAIT_SECONDS) as answer:
        body = json.load(answer)
    assert body["status"] == "success"
    result: list[dict[str, Any]] = body["data"]["result"]
    return result


@pytest.mark.real
def test_prometheus_sees_the_exact_value_and_the_silence_of_a_dyno(tmp_path: Path) -> None:
    config = f'{SHOP}\n[dynos]\nexpire_after = "1s"\n'
    with running(config, tmp_path) as daemon, prometheus(daemon, tmp_path) as url:
        up = wait_until(lambda: query(url, "up == 1"), "up == 1")
        assert up[0]["metric"]["job"] == "heroku"

        def sampled() -> list[dict[str, Any]]:
            send_tcp(daemon.tcp, octet_counted([memory_sample(DRAIN, "web.1", rss=217.77)]))
            return query(url, RSS)

        (sample,) = wait_until(sampled, "the sample in Prometheus")
        assert float(sample["value"][1]) == 217.77 * MEBIBYTE
        assert sample["metric"]["process_type"] == "web"

        wait_until(lambda: not query(url, RSS), "the end of the series")
        assert not query(url, 'heroku_dyno_info{app="shop"}')
        assert query(url, 'heroku_log_messages_total{app="shop"}'), "counters do not expire"
        assert query(url, "up == 1")


@pytest.mark.real
def test_promtool_finds_nothing_wrong(tmp_path: Path) -> None:
    with running(SHOP, tmp_path) as daemon:
        send_mixed_traffic(daemon)
        _, _, body = daemon.get("/metrics")
        done = subprocess.run(
            [require("promtool"), "check", "metrics"],
            input=body,
            capture_output=True,
            check=False,
            timeout=WAIT_SECONDS,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    with running(SHOP, tmp_path) as daemon:
        send_mixed_traffic(daemon)
        _, headers, text = daemon.get("/metrics")
        assert headers["Content-Type"].startswith("text/plain; version=")
        _, headers, openmetrics = daemon.get("/metrics", {"Accept": OPENMETRICS})
        assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert openmetrics.endswith(b"# EOF\n")

    def heroku(families: Any) -> set[tuple[str, frozenset[tuple[str, str]], float]]:
        return {
            (sample.name, frozenset(sample.labels.items()), sample.value)
            for family in families
            for sample in family.samples
            if sample.name.startswith("heroku_") and "seconds" not in sample.name
        }

    in_text = heroku(text_families(text.decode()))
    assert in_text == heroku(openmetrics_families(openmetrics.decode()))  # type: ignore[no-untyped-call]
    assert in_text
    assert not [s for f in text_families(text.decode()) for s in f.samples if s.timestamp]


def test_gzip_is_used_where_it_is_accepted(daemon: DaemonProcess) -> None:
    _, headers, plain = daemon.get("/metrics")
    assert headers["Content-Encoding"] is None
    _, headers, packed = daemon.get("/metrics", {"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(plain) / 2
    assert b"heroku_syslogd_build_info{" in gzip.decompress(packed)


def test_every_known_reason_starts_at_zero(daemon: DaemonProcess) -> None:
    metrics = daemon.metrics()
    for name in ("frame_errors", "rejected_bytes", "lost_messages", "connections_rejected"):
        values = [value for (n, _), value in metrics.items() if n == f"heroku_syslogd_{name}_total"]
        assert values, name
        assert not any(values), name
