"""Fixtures: a daemon with one listener of each type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon_process import LISTEN, DaemonProcess, running


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    with running(LISTEN, tmp_path) as process:
        yield process
