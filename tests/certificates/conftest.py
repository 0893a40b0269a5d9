"""A certificate in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroku_syslogd.certificates import TLSFiles
from tests.certificates.pairs import EC, files_of


@pytest.fixture
def files(tmp_path: Path) -> TLSFiles:
    return files_of(tmp_path, EC)
