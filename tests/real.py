"""Programs of the system that some tests need, and what to do where they are absent."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

_REQUIRED: Final = "HEROKU_SYSLOGD_REQUIRE_REAL"
"""Set to 1 where everything is supposed to be installed: there a skipped test would be a hole."""

_SYSLOG_NG_ROOT: Final = "SYSLOG_NG_ROOT"
"""Directory of syslog-ng and loggen, where `benchmarks/unpack_syslog_ng.sh` has put them."""


def require(program: str) -> str:
    """Return the path of a program of the system.

    Without it the test is skipped, or fails where `HEROKU_SYSLOGD_REQUIRE_REAL=1` is set.
    """
    # Some of them live in sbin, which is not on everybody's path.
    places = (os.environ.get(_SYSLOG_NG_ROOT, ""), os.environ.get("PATH", ""), "/usr/sbin", "/sbin")
    path = shutil.which(program, path=os.pathsep.join(filter(None, places)))
    if path is not None:
        return path
    reason = f"{program} is not installed"
    if os.environ.get(_REQUIRED) == "1":
        pytest.fail(f"{_REQUIRED}=1, but {reason}", pytrace=False)
    pytest.skip(reason)
