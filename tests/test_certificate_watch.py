"""Looking at a certificate's files every few seconds, and showing the certificate."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs
from trustme import CA

from heroku_syslogd.certificate_watch import CHECK_INTERVAL, CertificateWatch
from heroku_syslogd.certificates import ServerCertificate, TLSFiles
from heroku_syslogd.telemetry import Telemetry

NOW = 1_700_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "server.pem"
    issue(path, "old.example.com")
    return path


def issue(path: Path, name: str) -> None:
    CA().issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(path))


def test_a_changed_certificate_is_taken_over_at_the_next_look_and_not_before(path: Path) -> None:
    certificate = ServerCertificate(TLSFiles(path))
    watch = CertificateWatch("tls", certificate, Telemetry())
    watch.tick(NOW)
    issue(path, "new.example.com")

    watch.tick(NOW + CHECK_INTERVAL / 2)
    assert certificate.names == ("old.example.com",)
    with capture_logs() as logs:
        watch.tick(NOW + CHECK_INTERVAL)

    assert certificate.names == ("new.example.com",)
    assert [(line["event"], line["listener"]) for line in logs] == [("certificate.renewed", "tls")]


def test_a_broken_one_is_logged_once_and_changes_nothing_but_the_metric(path: Path) -> None:
    telemetry = Telemetry()
    certificate = ServerCertificate(TLSFiles(path))
    watch = CertificateWatch("tls", certificate, telemetry)
    path.write_text("no certificate")

    with capture_logs() as logs:
        for number in range(4):
            watch.tick(NOW + number * CHECK_INTERVAL)

    assert certificate.names == ("old.example.com",)
    assert telemetry.certificates["tls"].reload_ok is False
    assert telemetry.certificates["tls"].not_after == certificate.not_after
    assert [line["event"] for line in logs] == ["certificate.invalid"]
    assert str(path) in logs[0]["problem"]


def test_a_server_without_tls_shows_nothing() -> None:
    telemetry = Telemetry()
    CertificateWatch("tcp", None, telemetry).tick(NOW)

    assert telemetry.certificates == {}
