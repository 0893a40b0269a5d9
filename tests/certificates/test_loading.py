"""Which files make a certificate, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from heroku_syslogd.certificates import ServerCertificate, TLSFiles
from tests.certificates.pairs import (
    AUTHORITY,
    CA,
    CERTIFICATE,
    EC,
    KEY,
    NAME,
    der,
    files_of,
    pem_of,
    self_signed,
    served,
    write,
)


def test_the_chain_is_sent(tmp_path: Path) -> None:
    leaf = CA.create_child_ca().issue_cert(NAME)
    assert len(leaf.cert_chain_pems) == 2

    assert served(ServerCertificate(files_of(tmp_path, leaf))) == der(leaf)


@pytest.mark.parametrize("key_first", [False, True])
def test_the_key_may_be_in_the_file_of_the_certificate(tmp_path: Path, key_first: bool) -> None:
    content = KEY + CERTIFICATE if key_first else CERTIFICATE + KEY
    certificate = ServerCertificate(TLSFiles(write(tmp_path / "both.pem", content)))

    assert served(certificate) == der(EC)


def test_text_around_the_certificates_is_no_matter(files: TLSFiles) -> None:
    text = "Sujet : forêt\n".encode()
    write(files.certificate, text + CERTIFICATE)
    authority = write(files.certificate.with_name("ca.pem"), text + AUTHORITY)

    assert ServerCertificate(files._replace(client_ca=authority)).reload_ok


def test_what_is_told_of_the_certificate(tmp_path: Path) -> None:
    expiry = datetime(2049, 12, 31, 23, 59, 58, tzinfo=UTC)
    leaf = CA.issue_cert(NAME, "*.drain.example", "2001:db8::1", "192.0.2.1", not_after=expiry)
    certificate = ServerCertificate(files_of(tmp_path, leaf))

    assert certificate.not_after == expiry.timestamp()
    assert certificate.names == (NAME, "*.drain.example", "2001:db8::1", "192.0.2.1")
    assert (certificate.reload_ok, certificate.problem) == (True, "")


@pytest.mark.parametrize("days", [-20, 10])
def test_a_certificate_out_of_its_time_is_loaded(tmp_path: Path, days: int) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days)
    leaf = CA.issue_cert(NAME, not_before=begin, not_after=begin + timedelta(days=5))

    certificate = ServerCertificate(files_of(tmp_path, leaf))

    assert certificate.not_after == (begin + timedelta(days=5)).timestamp()


def test_a_certificate_may_have_no_names(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    content = self_signed(key) + pem_of(key)

    assert ServerCertificate(TLSFiles(write(tmp_path / "both.pem", content))).names == ()
