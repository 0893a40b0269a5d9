"""What is agreed on in real handshakes."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from heroku_syslogd.certificates import CIPHERS, ServerCertificate, TLSFiles
from tests.certificates.pairs import (
    AUTHORITY,
    CA,
    LEAVES,
    OTHER_CA,
    RSA,
    client,
    connected,
    der,
    exchange,
    files_of,
    write,
)


@pytest.mark.parametrize(
    ("leaf", "offered", "taken"),
    [
        pytest.param("RSA", "ECDHE-RSA-AES128-GCM-SHA256", None, id="AES-128-GCM, RSA"),
        pytest.param("EC", "ECDHE-ECDSA-AES128-GCM-SHA256", None, id="AES-128-GCM, ECDSA"),
        # What logplex_tls:is_128_aes/1 leaves.
        pytest.param("RSA", "AES128:!CCM", "ECDHE-RSA-AES128-GCM-SHA256", id="Logplex, RSA"),
        pytest.param("EC", "AES128:!CCM", "ECDHE-ECDSA-AES128-GCM-SHA256", id="Logplex, ECDSA"),
        pytest.param(
            "RSA",
            "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES128-GCM-SHA256",
            id="the server's order decides",
        ),
    ],
)
def test_suites_of_tls_1_2(tmp_path: Path, leaf: str, offered: str, taken: str | None) -> None:
    certificate = ServerCertificate(files_of(tmp_path, LEAVES[leaf]))
    peer = client(ssl.TLSVersion.TLSv1_2, offered)

    with connected(certificate.context, peer) as (ours, theirs):
        assert ours.version() == "TLSv1.2"
        assert (ours.cipher() or ("",))[0] == (taken or offered)
        assert exchange(ours, theirs) == b"5 <1>ab"
        assert theirs.getpeercert(binary_form=True) == der(LEAVES[leaf])


@pytest.mark.parametrize("leaf", LEAVES)
def test_tls_1_3_is_what_is_agreed_on_by_default(tmp_path: Path, leaf: str) -> None:
    certificate = ServerCertificate(files_of(tmp_path, LEAVES[leaf]))

    with connected(certificate.context, client()) as (ours, theirs):
        assert ours.version() == "TLSv1.3"
        assert exchange(ours, theirs) == b"5 <1>ab"


def test_tls_1_1_is_refused(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        peer = client(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")

    with (
        pytest.raises(ssl.SSLError, match="unsupported protocol"),
        connected(certificate.context, peer),
    ):
        pass


@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256"])
def test_suites_without_forward_secrecy_or_in_cbc_are_refused(tmp_path: Path, suite: str) -> None:
    certificate = ServerCertificate(files_of(tmp_path, RSA))

    with (
        pytest.raises(ssl.SSLError, match="no shared cipher"),
        connected(certificate.context, client(ssl.TLSVersion.TLSv1_2, suite)),
    ):
        pass


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_ticket_is_given_out(files: TLSFiles, version: ssl.TLSVersion) -> None:
    certificate = ServerCertificate(files)

    with connected(certificate.context, client(version)) as (ours, theirs):
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
        assert theirs.session is None or not theirs.session.has_ticket


def test_the_context_neither_renegotiates_nor_compresses(files: TLSFiles) -> None:
    options = ServerCertificate(files).context.options

    assert options & ssl.OP_NO_RENEGOTIATION
    assert options & ssl.OP_NO_COMPRESSION


def test_every_suite_is_one_that_openssl_knows(files: TLSFiles) -> None:
    names = [suite["name"] for suite in ServerCertificate(files).context.get_ciphers()]

    assert [name for name in names if not name.startswith("TLS_")] == CIPHERS.split(":")


@pytest.mark.parametrize(
    ("offered", "wanted", "agreed"),
    [
        (["h2", "http/1.1"], ["http/1.1"], "http/1.1"),
        (["http/1.1"], ["h3"], None),
        (["http/1.1"], [], None),
        ([], ["http/1.1"], None),
    ],
)
def test_application_protocols(
    files: TLSFiles, offered: list[str], wanted: list[str], agreed: str | None
) -> None:
    certificate = ServerCertificate(files, alpn=offered)
    peer = client()
    if wanted:
        peer.set_alpn_protocols(wanted)

    with connected(certificate.context, peer) as (ours, _):
        assert ours.selected_alpn_protocol() == agreed


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
class TestPeerCertificates:
    @pytest.fixture
    def certificate(self, files: TLSFiles) -> ServerCertificate:
        authority = write(files.certificate.with_name("ca.pem"), AUTHORITY)
        return ServerCertificate(files._replace(client_ca=authority))

    def test_one_of_the_authorities_is_accepted(
        self, certificate: ServerCertificate, version: ssl.TLSVersion
    ) -> None:
        peer = client(version)
        presented = CA.issue_cert("relay@peer.example")
        presented.configure_cert(peer)

        with connected(certificate.context, peer) as (ours, theirs):
            assert exchange(ours, theirs) == b"5 <1>ab"
            assert ours.getpeercert(binary_form=True) == der(presented)

    def test_none_is_refused(self, certificate: ServerCertificate, version: ssl.TLSVersion) -> None:
        with (
            pytest.raises(ssl.SSLError, match="peer did not return a certificate"),
            connected(certificate.context, client(version)),
        ):
            pass

    def test_one_of_another_authority_is_refused(
        self, certificate: ServerCertificate, version: ssl.TLSVersion
    ) -> None:
        peer = client(version)
        OTHER_CA.issue_cert("relay@peer.example").configure_cert(peer)

        with pytest.raises(ssl.SSLCertVerificationError), connected(certificate.context, peer):
            pass


def test_without_client_ca_no_certificate_is_asked_for(files: TLSFiles) -> None:
    with connected(ServerCertificate(files).context, client()) as (ours, _):
        assert ours.getpeercert(binary_form=True) is None
