"""The program for mtail really counts what the daemon counts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from benchmarks.load import start_sender
from benchmarks.measure import wait_for_rest
from benchmarks.peers import Account, Mtail, Setting
from benchmarks.peers.mtail import PROGRAM
from benchmarks.recordings import write_lines
from benchmarks.transports import Transport, make_certificate
from heroku_syslogd.simulate import record
from tests.real import require

pytestmark = pytest.mark.real
TIMEOUT: Final = 30.0

SAME: Final = (
    *("heroku_log_messages_total", "heroku_log_bytes_total"),
    *("heroku_router_requests_total", "heroku_router_response_bytes_total"),
    *("heroku_router_connect_seconds_count", "heroku_router_connect_seconds_sum"),
    *("heroku_router_service_seconds_count", "heroku_router_service_seconds_sum"),
    *("heroku_dyno_state_changes_total", "heroku_dyno_exits_total"),
    *("heroku_errors_total", "heroku_logplex_dropped_messages_total"),
)
"""Sums that are those of the daemon; gauges are not, as only the daemon forgets dynos."""

GAUGES: Final = {
    f"heroku_dyno_{name}"
    for name in (
        *("load_avg_1m", "load_avg_5m", "load_avg_15m"),
        *("memory_total_bytes", "memory_rss_bytes", "memory_cache_bytes", "memory_swap_bytes"),
        *("memory_quota_bytes", "memory_pgpgin_pages", "memory_pgpgout_pages"),
    )
}


def sums(exposition: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in re.findall(r"(?m)^(\w+)(?:\{.*\})? (\S+)$", exposition):
        found[name] = found.get(name, 0.0) + float(value)
    return found


def test_program_counts_what_the_daemon_counts(tmp_path: Path) -> None:
    mtail = require("mtail")
    lines = tmp_path / "lines"
    write_lines(record(50_000), lines)
    read = [mtail, "--one_shot", "--one_shot_format", "prometheus", "--logtostderr"]

    counted, replayed = (
        sums(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for command in (
            [*read, "--progs", str(PROGRAM), "--logs", str(lines)],
            [sys.executable, "-m", "heroku_syslogd", "replay", "--output", "metrics", str(lines)],
        )
    )

    assert counted["heroku_log_messages_total"] == 50_000
    for name in SAME:
        assert counted[name] == pytest.approx(replayed[name]), name
    assert counted.keys() >= GAUGES


def test_mtail_reads_what_is_appended_to_its_file(tmp_path: Path) -> None:
    require("mtail")
    own = tmp_path / "own"
    own.mkdir()
    setting = Setting(Transport.FILE, 1, make_certificate(tmp_path))
    recording = write_lines(record(500), tmp_path / "lines").shared([1200])

    with Mtail(own, setting) as mtail:
        assert mtail.account() == Account(0)
        with start_sender(recording, mtail.address, None, TIMEOUT, mtail.file) as sender:
            sender.run()
            while mtail.account().consumed < 1200:
                wait_for_rest(mtail.pid)

        assert mtail.account() == Account(1200)
        assert json.loads(mtail._page("debug/vars"))["prog_runtime_errors_total"] == {}


def test_version_is_known() -> None:
    assert re.match(r"\d+\.\d+", Mtail.version(require("mtail")))
