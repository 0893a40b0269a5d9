"""TLS of the sending side: whom it believes, and the certificate that it presents."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from heroku_syslogd.certificates import CertificateError
from heroku_syslogd.config import RemoteWriteConfig

_NO_CERTIFICATE: Final = "it holds no PEM certificate"
_NO_PAIR: Final = "it is no certificate that OpenSSL can use together with the key"
_ENCRYPTED: Final = "its private key is encrypted: expected one without a password"

Signatures = tuple[tuple[int, ...] | None, ...]


def client_context(config: RemoteWriteConfig) -> ssl.SSLContext | None:
    """Return the context of new connections, or None if no TLS is spoken.

    Without ``ca_file`` the authorities are those of the system; ``SSL_CERT_FILE`` and
    ``SSL_CERT_DIR`` name others.

    Raises:
        CertificateError: A file cannot be used.
    """
    if config.url is None or not config.url.is_encrypted:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif config.ca_file is not None:
        _trust(context, Path(config.ca_file))
    else:
        context.load_default_certs()
    if config.certificate is not None and config.key is not None:
        _present(context, Path(config.certificate), Path(config.key))
    return context


def signatures(config: RemoteWriteConfig) -> Signatures:
    """Return what changes when one of the files is replaced or rewritten."""
    paths = (config.ca_file, config.certificate, config.key)
    return tuple(_signature(Path(path)) for path in paths if path is not None)


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev


def _trust(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise CertificateError(path, _NO_CERTIFICATE) from error
    except OSError as error:
        raise CertificateError(path, f"cannot read it: {error.strerror}") from error
    if not context.cert_store_stats()["x509"]:
        raise CertificateError(path, _NO_CERTIFICATE)


def _present(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def password() -> str:
        # Without this, OpenSSL would ask for the password on the terminal.
        raise CertificateError(key, _ENCRYPTED)

    for path in (certificate, key):  # OpenSSL's errors do not tell which file they are about
        try:
            path.open("rb").close()
        except OSError as error:
            raise CertificateError(path, f"cannot read it: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key, password)
    except (ssl.SSLError, OSError) as error:
        raise CertificateError(certificate, f"{_NO_PAIR} {key}") from error
