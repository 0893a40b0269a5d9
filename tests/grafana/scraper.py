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


class Scraper:
    """A running Prometheus, which also takes remote write.

    Args:
        url: Its address.
        targets: The file from which it reads whom to scrape.
    """

    def __init__(self, url: str, targets: Path) -> None:
        self.url = url
        self._targets = targets

    @property
    def write_url(self) -> str:
        """Where it takes remote write."""
        return f"{self.url}/api/v1/write"

    def scrape(self, daemon: DaemonProcess) -> None:
        """Scrape a daemon from now on."""
        target = daemon.admin_url.removeprefix("http://")
        written = self._targets.with_suffix(".new")
        written.write_text(json.dumps([{"targets": [target]}]))
        written.rename(self._targets)  # it may be read at any moment


@contextmanager
def prometheus(directory: Path, job: str) -> Iterator[Scraper]:
    """Run a Prometheus that scrapes nobody yet.

    Args:
        directory: Where to put its files.
        job: Of whom it will scrape.
    """
    config, log_path = directory / "prometheus.yml", directory / "prometheus.log"
    targets = directory / "targets.json"
    discovery = {"files": [str(targets)], "refresh_interval": _INTERVAL}
    document = {
        "global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL},
        "storage": {"tsdb": {"out_of_order_time_window": "30m"}},
        "scrape_configs": [{"job_name": job, "file_sd_configs": [discovery]}],
    }
    config.write_text(json.dumps(document))  # JSON is YAML
    command = [
        *(require("prometheus"), f"--config.file={config}", "--web.listen-address=127.0.0.1:0"),
        *(f"--storage.tsdb.path={directory / 'data'}", "--web.enable-remote-write-receiver"),
        "--log.format=json",
    ]
    with log_path.open("wb") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        try:
            found = wait_until(
                lambda: re.search(r'"address":"(127\.0\.0\.1:[1-9][0-9]*)"', log_path.read_text()),
                "the address of Prometheus",
            )
            yield Scraper(f"http://{found[1]}", targets)
        finally:
            process.terminate()
