"""The certificate of a TLS server, loaded anew when its files change."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from heroku_syslogd.errors import HerokuSyslogdError

if TYPE_CHECKING:
    from cryptography import x509

CIPHERS: Final = ":".join(
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
)
"""Suites of TLS 1.2, best first; those of TLS 1.3 are OpenSSL's.

Logplex offers TLS 1.2 with suites of AES-128 in GCM and CBC alone (heroku/logplex,
``src/logplex_tls.erl``), so the first two must stay, one for each kind of key. CBC is left out: who
has it has GCM too.
"""

# OP_NO_TICKET is for TLS 1.2, num_tickets for TLS 1.3. Logplex resumes no session (heroku/logplex,
# src/logplex_tls.erl and src/logplex_http_client.erl: reuse_sessions).
_OPTIONS: Final = (
    ssl.OP_NO_COMPRESSION
    | ssl.OP_NO_RENEGOTIATION
    | ssl.OP_NO_TICKET
    | ssl.OP_CIPHER_SERVER_PREFERENCE
)

_NO_CERTIFICATE: Final = "it holds no PEM certificate"
_NO_KEY: Final = "it holds no PEM private key that OpenSSL can read"
_MALFORMED: Final = "it holds a malformed certificate"

# By OpenSSL's reasons. It has no slot for a key whose kind is not that of the certificate.
_MISMATCH: Final = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}
_REFUSED: Final = {
    "CA_KEY_TOO_SMALL": "a key of its chain is too small for OpenSSL's security level",
    "CA_MD_TOO_WEAK": "a signature of its chain is too weak for OpenSSL's security level",
    "EE_KEY_TOO_SMALL": "its key is too small for OpenSSL's security level",
    "INVALID_CERTIFICATE": _MALFORMED,
}

_Signatures = tuple[tuple[int, ...] | None, ...]


class CertificateError(HerokuSyslogdError):
    """Raised when a certificate cannot be used.

    Args:
        file: The file that has to be changed.
        problem: What is wrong with it; nothing of its content is quoted.
    """

    def __init__(self, file: Path, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(file, problem)

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}"


class TLSFiles(NamedTuple):
    """The files of a TLS server, all PEM.

    Attributes:
        certificate: The server's own certificate, after it those of its chain.
        key: Its private key, not encrypted; None if it is in the certificate's file.
        client_ca: If given, a peer must present a certificate of one of these authorities.
    """

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None


class _Loaded(NamedTuple):
    """What one loading found; the attributes are those of `ServerCertificate`."""

    context: ssl.SSLContext
    not_after: float
    names: tuple[str, ...]


class ServerCertificate:
    """The certificate that new handshakes use.

    Every loading makes a context of its own: a pair of which only a half could be loaded never gets
    into a handshake, and connections that are open keep what they began with. A certificate that is
    expired or not yet valid is loaded like any other.

    Args:
        files: Where it is.
        alpn: Protocols to offer (RFC 7301), best first.

    Attributes:
        context: Of the certificate loaded last; take it anew for every handshake.
        not_after: When the server's own certificate expires, in seconds since the epoch.
        names: Its subject alternative names, DNS and IP, for people.
        reload_ok: Whether the last loading succeeded.
        problem: Why it did not; empty if it did.

    Raises:
        CertificateError: The files cannot be used.
    """

    context: ssl.SSLContext
    not_after: float
    names: tuple[str, ...]
    reload_ok: bool
    problem: str

    def __init__(self, files: TLSFiles, alpn: Sequence[str] = ()) -> None:
        self._files = files
        self._alpn = alpn
        self._seen: _Signatures = ()
        self.reload()

    def reload(self) -> None:
        """Load the files anew.

        Raises:
            CertificateError: They cannot be used; the certificate stays as it is.
        """
        self.prepare()()

    def prepare(self) -> Callable[[], None]:
        """Load the files anew; only calling the result takes over what was loaded.

        Raises:
            CertificateError: They cannot be used; the certificate stays as it is.
        """
        # Before they are read: if one changes meanwhile, the next refresh finds it changed.
        seen = _signatures(self._files)
        try:
            loaded = _load(self._files, self._alpn)
        except CertificateError as error:
            self._seen, self.reload_ok, self.problem = seen, False, str(error)
            raise
        return partial(self._take_over, loaded, seen)

    def refresh(self) -> bool | None:
        """Load the files anew if any of them has changed since they were loaded, or tried, last.

        A certificate and a key that are replaced one after the other do not match in between; the
        second replacement is a change too.

        Returns:
            True if there is a new certificate, False if the changed files cannot be used (`problem`
            says why), None if nothing has changed.
        """
        if _signatures(self._files) == self._seen:
            return None
        try:
            self.reload()
        except CertificateError:
            return False
        return True

    def _take_over(self, loaded: _Loaded, seen: _Signatures) -> None:
        self.context, self.not_after, self.names = loaded
        self._seen, self.reload_ok, self.problem = seen, True, ""


def _signatures(files: TLSFiles) -> _Signatures:
    """Return what changes when a file, or the file that it links to, is replaced or rewritten."""
    return tuple(_signature(path) for path in files if path is not None)


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    # st_ctime_ns tells of a file that has become readable.
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev


def _load(files: TLSFiles, alpn: Sequence[str]) -> _Loaded:
    """Load a certificate; raises `CertificateError`."""
    # OpenSSL's errors do not tell which file they are about.
    contents = [_read(path) for path in files if path is not None]
    not_after, names = _parse(files.certificate, contents[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= _OPTIONS
    context.num_tickets = 0
    context.set_ciphers(CIPHERS)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    _use_pair(context, files)
    if files.client_ca is not None:
        _use_authorities(context, files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return _Loaded(context, not_after, names)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(path, f"cannot read it: {error.strerror}") from error


def _parse(path: Path, content: bytes) -> tuple[float, tuple[str, ...]]:
    """Return when the first certificate of a file expires, and its names."""
    # Here, because it costs 8 MiB of memory, and a daemon may have no certificate at all.
    from cryptography import x509

    try:
        leaf = x509.load_pem_x509_certificate(content)
        return leaf.not_valid_after_utc.timestamp(), _names(leaf)
    except (ValueError, x509.InvalidVersion) as error:
        problem = _MALFORMED if b"-----BEGIN CERTIFICATE-----" in content else _NO_CERTIFICATE
        raise CertificateError(path, problem) from error


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509  # here for the reason that `_parse` gives

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (
        # All but the first are faults that OpenSSL lets pass: they cost the names alone.
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return ()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *map(str, addresses))


def _use_pair(context: ssl.SSLContext, files: TLSFiles) -> None:
    """Load certificate, chain and key into a context; raises `CertificateError`."""
    key = files.key or files.certificate

    def password() -> str:
        # Without this, OpenSSL would ask for the password on the terminal.
        raise CertificateError(key, "its private key is encrypted: expected one without a password")

    try:
        context.load_cert_chain(files.certificate, key, password)
    except ssl.SSLError as error:
        if error.reason in _MISMATCH:
            problem = f"its private key is not that of the first certificate of {files.certificate}"
            raise CertificateError(key, problem) from error
        if error.reason in _REFUSED:
            raise CertificateError(files.certificate, _REFUSED[error.reason]) from error
        # As authorities its certificates may be anything that OpenSSL can read.
        _use_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), files.certificate)
        raise CertificateError(key, _NO_KEY) from error
    except OSError as error:
        raise CertificateError(key, f"cannot read it: {error.strerror}") from error


def _use_authorities(context: ssl.SSLContext, path: Path) -> None:
    """Load certificates that a context is to trust; raises `CertificateError`."""
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        absent = error.reason == "NO_CERTIFICATE_OR_CRL_FOUND"
        raise CertificateError(path, _NO_CERTIFICATE if absent else _MALFORMED) from error
    except OSError as error:
        raise CertificateError(path, f"cannot read it: {error.strerror}") from error
    if not context.cert_store_stats()["x509"]:
        raise CertificateError(path, _NO_CERTIFICATE)
