from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.peers import SyslogNg
from benchmarks.transports import Transport
from tests.real import require


def test_unpacked_syslog_ng_goes_before_that_of_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SyslogNg, "root", tmp_path)
    assert SyslogNg.find(Transport.TCP) is None

    wrapper = tmp_path / "syslog-ng"
    wrapper.touch(mode=0o755)

    assert SyslogNg.find(Transport.TLS) == str(wrapper)


@pytest.mark.real
def test_version_is_known() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", SyslogNg.version(require("syslog-ng")))
