"""Files that have changed are found, in whatever way they were replaced."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path

import pytest

from heroku_syslogd.certificates import ServerCertificate, TLSFiles
from tests.certificates.pairs import (
    AUTHORITY,
    EC,
    NOT_ITS_KEY,
    OTHER,
    OTHER_CA,
    client,
    connected,
    der,
    exchange,
    files_of,
    served,
    write,
)


def test_refreshing_loads_only_what_has_changed(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    context = certificate.context
    assert certificate.refresh() is None
    assert certificate.context is context

    files_of(files.certificate.parent, OTHER)
    assert certificate.refresh() is True
    assert served(certificate) == der(OTHER)
    assert certificate.refresh() is None


@pytest.mark.parametrize("key_first", [False, True])
def test_files_may_be_replaced_one_after_the_other(files: TLSFiles, key_first: bool) -> None:
    certificate = ServerCertificate(files)
    assert files.key is not None
    steps = [
        (files.certificate, OTHER.cert_chain_pems[0].bytes()),
        (files.key, OTHER.private_key_pem.bytes()),
    ]
    first, second = reversed(steps) if key_first else steps

    write(*first)
    assert certificate.refresh() is False
    assert NOT_ITS_KEY in certificate.problem
    assert not certificate.reload_ok
    assert certificate.refresh() is None
    assert served(certificate) == der(EC)

    write(*second)
    assert certificate.refresh() is True
    assert served(certificate) == der(OTHER)
    assert (certificate.reload_ok, certificate.problem) == (True, "")


def test_symbolic_links_are_followed_as_certbot_switches_them(tmp_path: Path) -> None:
    archive, live = tmp_path / "archive", tmp_path / "live"
    live.mkdir()
    for number, leaf in enumerate((EC, OTHER)):
        files_of(archive, leaf)
        for name in ("cert", "key"):
            (archive / f"{name}.pem").rename(archive / f"{name}{number}.pem")

    def switch(number: int) -> None:
        for name in ("cert", "key"):
            (live / "new").symlink_to(archive / f"{name}{number}.pem")
            (live / "new").replace(live / f"{name}.pem")

    switch(0)
    certificate = ServerCertificate(TLSFiles(live / "cert.pem", live / "key.pem"))
    assert served(certificate) == der(EC)
    switch(1)

    assert certificate.refresh() is True
    assert served(certificate) == der(OTHER)


def test_a_file_that_vanishes_is_told_once_and_taken_up_when_it_is_back(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    away = files.certificate.with_name("away")
    files.certificate.rename(away)
    assert certificate.refresh() is False
    assert certificate.refresh() is None
    assert "No such file" in certificate.problem
    assert served(certificate) == der(EC)

    away.rename(files.certificate)
    assert certificate.refresh() is True
    assert certificate.reload_ok


def test_a_rewritten_file_of_the_same_length_is_a_change(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    files.certificate.write_bytes(files.certificate.read_bytes())
    os.utime(files.certificate, ns=(1, 1))

    assert certificate.refresh() is True


def test_authorities_are_watched_too(files: TLSFiles) -> None:
    authority = write(files.certificate.with_name("ca.pem"), OTHER_CA.cert_pem.bytes())
    certificate = ServerCertificate(files._replace(client_ca=authority))
    peer = client()
    EC.configure_cert(peer)
    with pytest.raises(ssl.SSLCertVerificationError), connected(certificate.context, peer):
        pass

    write(authority, AUTHORITY)
    assert certificate.refresh() is True
    with connected(certificate.context, peer) as pair:
        assert exchange(*pair) == b"5 <1>ab"


def test_a_link_to_a_copy_is_a_change(files: TLSFiles, tmp_path: Path) -> None:
    certificate = ServerCertificate(files)
    shutil.copy2(files.certificate, tmp_path / "copy.pem")
    (tmp_path / "copy.pem").replace(files.certificate)

    assert certificate.refresh() is True
