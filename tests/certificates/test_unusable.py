"""Files that cannot be used are named, and nothing of them is quoted."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.certificates import CertificateError, ServerCertificate, TLSFiles
from tests.certificates.pairs import (
    AUTHORITY,
    CA,
    CERTIFICATE,
    EC,
    KEY,
    NAME,
    NO_CERTIFICATE,
    NOT_ITS_KEY,
    OTHER,
    RSA,
    der,
    pem_of,
    self_signed,
    write,
)


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
MALFORMED = "it holds a malformed certificate"
NO_KEY = "it holds no PEM private key that OpenSSL can read"


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
