"""What the README adds to the configuration of Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.prometheus.rule_files import SAMPLE, promtool
from tests.readme.blocks import block_with

SCRAPE: Final = block_with("scrape_configs", "yaml")


def test_it_scrapes_what_the_sample_scrapes() -> None:
    [job] = yaml.safe_load(SCRAPE)["scrape_configs"]

    assert job["static_configs"] == SAMPLE["scrape_configs"][0]["static_configs"]


@pytest.mark.real
def test_prometheus_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "prometheus.yaml"
    path.write_text(SCRAPE)

    promtool("check", "config", path)
