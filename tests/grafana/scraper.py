"""A Prometheus that scrapes as often as the windows of the tests need, and no more."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.daemon_process import DaemonProcess, wait_until
from tests.real import require

_INTERVAL: Final = "1s"


@contextmanager
def scraping(daemon: DaemonProcess, directory: Path) -> Iterator[str]:
    """Run a Prometheus that scrapes the daemon; yield its URL."""
    config, log_path = directory / "prometheus.yml", directory / "prometheus.log"
    target = daemon.admin_url.removeprefix("http://")
    document = {
        "global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL},
        "scrape_configs": [{"job_name": "heroku", "static_configs": [{"targets": [target]}]}],
    }
    config.write_text(json.dumps(document))  # JSON is YAML
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
