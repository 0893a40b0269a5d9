from __future__ import annotations

import re

import pytest

from benchmarks.peers import Rsyslog
from benchmarks.transports import Transport
from tests.real import require


def test_rsyslog_without_a_driver_cannot_be_had_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    over_tcp = Rsyslog.find(Transport.TCP)
    monkeypatch.setattr(Rsyslog, "modules", ())

    assert Rsyslog.find(Transport.TLS) is None
    assert Rsyslog.find(Transport.TCP) == over_tcp


@pytest.mark.real
def test_version_is_known() -> None:
    assert re.fullmatch(r"8\.\d+\.\d+", Rsyslog.version(require("rsyslogd")))
