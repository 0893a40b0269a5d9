from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import RECEIVERS, Daemon, Receiver, ReceiverError, Rsyslog, Setting, SyslogNg
from benchmarks.transports import Transport, make_certificate


def test_rsyslog_without_a_driver_cannot_be_had_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    over_tcp = Rsyslog.find(Transport.TCP)
    monkeypatch.setattr(Rsyslog, "modules", ())

    assert Rsyslog.find(Transport.TLS) is None
    assert Rsyslog.find(Transport.TCP) == over_tcp


def test_unpacked_syslog_ng_goes_before_that_of_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SyslogNg, "root", tmp_path)
    assert SyslogNg.find(Transport.TCP) is None

    wrapper = tmp_path / "syslog-ng"
    wrapper.touch(mode=0o755)

    assert SyslogNg.find(Transport.TLS) == str(wrapper)


def test_daemon_alone_takes_http() -> None:
    assert [kind for kind in RECEIVERS if Transport.HTTP in kind.transports] == [Daemon]


@pytest.mark.parametrize("transport", Transport)
def test_daemon_listens_and_has_consumed_nothing_yet(tmp_path: Path, transport: Transport) -> None:
    setting = Setting(transport, 1, make_certificate(tmp_path))

    with Daemon(tmp_path, setting) as daemon:
        assert daemon.address[1] > 0
        assert daemon.consumed() == 0


def test_receiver_that_does_not_start_tells_why(tmp_path: Path) -> None:
    setting = Setting(Transport.TLS, 1, make_certificate(tmp_path))
    setting.certificate.key.unlink()
    daemon: Receiver = Daemon(tmp_path, setting)

    with pytest.raises(ReceiverError, match=r"did not start(.|\n)*key\.pem"), daemon:
        pass
