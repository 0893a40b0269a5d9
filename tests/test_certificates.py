"""Certificates: real files and real handshakes."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.certificates import CIPHERS, CertificateError, ServerCertificate, TLSFiles

NAME = "drain.example"
CA = trustme.CA()
OTHER_CA = trustme.CA()
EC = CA.issue_cert(NAME, "192.0.2.1")
RSA = CA.issue_cert(NAME, key_type=trustme.KeyType.RSA)
OTHER = CA.issue_cert("other.example")
LEAVES = {"EC": EC, "RSA": RSA}

AUTHORITY = CA.cert_pem.bytes()
CERTIFICATE = EC.cert_chain_pems[0].bytes()
KEY = EC.private_key_pem.bytes()

Pair = tuple[ssl.SSLSocket, ssl.SSLSocket]


def write(path: Path, content: bytes) -> Path:
    """Replace a file as careful programs do: its inode changes."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
    return path


def files_of(directory: Path, leaf: trustme.LeafCert) -> TLSFiles:
    chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
    directory.mkdir(exist_ok=True)
    return TLSFiles(
        write(directory / "cert.pem", chain),
        write(directory / "key.pem", leaf.private_key_pem.bytes()),
    )


def client(version: ssl.TLSVersion | None = None, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(ciphers)
    context.check_hostname = False
    CA.configure_trust(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@contextmanager
def connected(server: ssl.SSLContext, peer: ssl.SSLContext) -> Iterator[Pair]:
    """Shake hands over a pair of sockets; raises what either side raises."""
    sockets = socket.socketpair()
    for sock in sockets:
        sock.setblocking(False)
    with (
        server.wrap_socket(sockets[0], server_side=True, do_handshake_on_connect=False) as ours,
        peer.wrap_socket(sockets[1], server_hostname=NAME, do_handshake_on_connect=False) as theirs,
    ):
        waiting = [theirs, ours]
        while waiting:
            side = waiting.pop(0)
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting.append(side)
        yield ours, theirs


def exchange(ours: ssl.SSLSocket, theirs: ssl.SSLSocket) -> bytes:
    theirs.sendall(b"5 <1>ab")
    return ours.recv(100)


def served(certificate: ServerCertificate) -> bytes | None:
    """Return the certificate that a new handshake gets."""
    with connected(certificate.context, client()) as (_, theirs):
        return theirs.getpeercert(binary_form=True)


def der(leaf: trustme.LeafCert) -> bytes:
    return ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())


@pytest.fixture
def files(tmp_path: Path) -> TLSFiles:
    return files_of(tmp_path, EC)


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


def self_signed(key: rsa.RSAPrivateKey) -> bytes:
    """Return a certificate without names."""
    begin = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_certificate_may_have_no_names(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    content = self_signed(key) + pem_of(key)

    assert ServerCertificate(TLSFiles(write(tmp_path / "both.pem", content))).names == ()


def patched(old: bytes, new: bytes) -> bytes:
    """Return a certificate that expires in 2050 with some of its DER replaced."""
    content = der(CA.issue_cert(NAME, not_after=datetime(2050, 1, 1, tzinfo=UTC)))
    assert content.count(old) == 1
    return ssl.DER_cert_to_PEM_cert(content.replace(old, new)).encode()


OTHER_VERSION = patched(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09")
YEAR_0 = patched(b"20500101000000Z", b"00000101000000Z")
# The extension of the names is an OCTET STRING that holds a SEQUENCE.
NAMES_CUT_OFF = patched(b"\x04\x11\x30\x0f\x82\x0d", b"\x04\x11\x30\x0f\x82\x7d")
GARBAGE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
NO_CERTIFICATE = "it holds no PEM certificate"
MALFORMED = "it holds a malformed certificate"
NO_KEY = "it holds no PEM private key that OpenSSL can read"
NOT_ITS_KEY = "its private key is not that of the first certificate of "


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        pytest.param("cert.pem", b"", NO_CERTIFICATE, id="certificate empty"),
        pytest.param("cert.pem", KEY, NO_CERTIFICATE, id="certificate is a key"),
        pytest.param("cert.pem", der(EC), NO_CERTIFICATE, id="certificate in DER"),
        pytest.param("cert.pem", CERTIFICATE[:200], MALFORMED, id="certificate cut off"),
        pytest.param("cert.pem", GARBAGE, MALFORMED, id="certificate of garbage"),
        pytest.param("cert.pem", OTHER_VERSION, MALFORMED, id="certificate of a version to come"),
        pytest.param("cert.pem", YEAR_0, MALFORMED, id="certificate of the year 0"),
        pytest.param("cert.pem", NAMES_CUT_OFF, MALFORMED, id="certificate with broken names"),
        pytest.param("cert.pem", CERTIFICATE + GARBAGE, MALFORMED, id="chain of garbage"),
        pytest.param("cert.pem", CERTIFICATE + CERTIFICATE[:200], MALFORMED, id="chain cut off"),
        pytest.param("key.pem", b"", NO_KEY, id="key empty"),
        pytest.param("key.pem", CERTIFICATE, NO_KEY, id="key is a certificate"),
        pytest.param("key.pem", KEY[:100], NO_KEY, id="key cut off"),
        pytest.param("key.pem", OTHER.private_key_pem.bytes(), NOT_ITS_KEY, id="key of another"),
        pytest.param("key.pem", RSA.private_key_pem.bytes(), NOT_ITS_KEY, id="key of other kind"),
        pytest.param("ca.pem", b"", NO_CERTIFICATE, id="client_ca empty"),
        pytest.param("ca.pem", KEY, NO_CERTIFICATE, id="client_ca is a key"),
        pytest.param("ca.pem", GARBAGE, MALFORMED, id="client_ca of garbage"),
        pytest.param("ca.pem", AUTHORITY + GARBAGE, MALFORMED, id="second client_ca of garbage"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    files: TLSFiles, file: str, content: bytes, problem: str
) -> None:
    authority = write(files.certificate.with_name("ca.pem"), AUTHORITY)
    bad = write(files.certificate.with_name(file), content)

    with pytest.raises(CertificateError) as raised:
        ServerCertificate(files._replace(client_ca=authority))

    assert raised.value.file == bad
    if problem is NOT_ITS_KEY:
        problem += str(files.certificate)
    assert str(raised.value) == f"{bad}: {problem}"


@pytest.mark.parametrize("file", ["cert.pem", "key.pem", "ca.pem"])
def test_files_that_cannot_be_read_are_named(files: TLSFiles, file: str) -> None:
    bad = files.certificate.with_name(file)
    authority = write(files.certificate.with_name("ca.pem"), AUTHORITY)
    bad.unlink()
    with pytest.raises(CertificateError) as missing:
        ServerCertificate(files._replace(client_ca=authority))
    bad.mkdir()
    with pytest.raises(CertificateError) as directory:
        ServerCertificate(files._replace(client_ca=authority))

    assert str(missing.value) == f"{bad}: cannot read it: No such file or directory"
    assert str(directory.value) == f"{bad}: cannot read it: Is a directory"


def test_a_list_of_revoked_certificates_alone_is_no_authority(files: TLSFiles) -> None:
    key = rsa.generate_private_key(65537, 2048)
    begin = datetime.now(UTC)
    revoked = (
        x509.CertificateRevocationListBuilder(x509.Name([]), begin, begin + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    authority = write(files.certificate.with_name("ca.pem"), revoked)

    with pytest.raises(CertificateError, match=NO_CERTIFICATE):
        ServerCertificate(files._replace(client_ca=authority))


def test_a_key_that_openssl_finds_too_small_is_told(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    file = write(tmp_path / "both.pem", self_signed(key) + pem_of(key))

    with pytest.raises(CertificateError, match="its key is too small"):
        ServerCertificate(TLSFiles(file))


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("apart", [False, True])
def test_an_encrypted_key_is_refused_and_nobody_is_asked(
    files: TLSFiles, form: PrivateFormat, apart: bool
) -> None:
    key = load_pem_private_key(KEY, None)
    encrypted = key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"password"))
    if apart:
        bad = write(files.certificate.with_name("key.pem"), encrypted)
    else:
        bad = write(files.certificate, CERTIFICATE + encrypted)
        files = TLSFiles(bad)

    with pytest.raises(CertificateError) as raised:
        ServerCertificate(files)

    problem = "its private key is encrypted: expected one without a password"
    assert str(raised.value) == f"{bad}: {problem}"


def flip(content: bytes) -> st.SearchStrategy[bytes]:
    """Return one file with a few of its bytes replaced."""
    places = st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=5)

    def replaced(changes: list[tuple[int, int]]) -> bytes:
        changed = bytearray(content)
        for place, byte in changes:
            changed[place] = byte
        return bytes(changed)

    return places.map(replaced)


def failure(files: TLSFiles) -> CertificateError | None:
    try:
        ServerCertificate(files)
    except CertificateError as error:
        return error
    return None


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(
    contents=st.tuples(
        *(
            st.one_of(st.just(good), st.binary(), flip(good))
            for good in (CERTIFICATE + AUTHORITY, KEY, AUTHORITY)
        )
    )
)
def test_no_content_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, contents: tuple[bytes, ...]
) -> None:
    directory = tmp_path_factory.getbasetemp()
    paths = [directory / f"any {number}.pem" for number in range(3)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)

    error = failure(TLSFiles(*paths))

    assert error is None or error.file in paths


def test_a_reload_is_for_new_handshakes(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    with connected(certificate.context, client()) as old:
        files_of(files.certificate.parent, OTHER)
        certificate.reload()

        assert served(certificate) == der(OTHER)
        assert certificate.names == ("other.example",)
        assert exchange(*old) == b"5 <1>ab"
        assert old[1].getpeercert(binary_form=True) == der(EC)


def test_a_failed_reload_keeps_what_was_loaded(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    context = certificate.context
    write(files.certificate, b"")

    with pytest.raises(CertificateError):
        certificate.reload()
    assert certificate.context is context
    assert not certificate.reload_ok
    assert certificate.problem == f"{files.certificate}: {NO_CERTIFICATE}"

    write(files.certificate, CERTIFICATE)
    certificate.reload()
    assert certificate.context is not context
    assert (certificate.reload_ok, certificate.problem) == (True, "")


def test_what_is_prepared_waits_to_be_taken_over(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    files_of(files.certificate.parent, OTHER)

    take_over = certificate.prepare()
    assert served(certificate) == der(EC)
    take_over()
    assert served(certificate) == der(OTHER)
    assert certificate.names == ("other.example",)
    assert certificate.refresh() is None


def test_what_is_prepared_but_not_taken_over_is_found_by_the_next_refresh(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    files_of(files.certificate.parent, OTHER)
    certificate.prepare()

    assert certificate.refresh() is True
    assert served(certificate) == der(OTHER)


def test_preparing_fails_like_reloading(files: TLSFiles) -> None:
    certificate = ServerCertificate(files)
    write(files.certificate, b"")

    with pytest.raises(CertificateError):
        certificate.prepare()
    assert not certificate.reload_ok
    assert served(certificate) == der(EC)
    assert certificate.refresh() is None


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


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def test_a_server_that_takes_the_context_anew_serves_what_was_loaded_last(
    files: TLSFiles,
) -> None:
    certificate = ServerCertificate(files)
    loop = asyncio.get_running_loop()

    async def serve(listening: socket.socket) -> None:
        while True:
            sock, _ = await loop.sock_accept(listening)
            await loop.connect_accepted_socket(Echo, sock, ssl=certificate.context)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return connection.getpeercert(binary_form=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        server = asyncio.create_task(serve(listening))
        host, port = listening.getsockname()
        old = await asyncio.open_connection(host, port, ssl=client(), server_hostname=NAME)
        assert await ask(*old) == der(EC)
        files_of(files.certificate.parent, OTHER)
        assert certificate.refresh() is True
        new = await asyncio.open_connection(host, port, ssl=client(), server_hostname=NAME)

        assert await ask(*new) == der(OTHER)
        assert await ask(*old) == der(EC)
        for _, writer in (old, new):
            writer.close()
            await writer.wait_closed()
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server
