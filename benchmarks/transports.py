"""What receivers are measured over, and the certificate that TLS needs."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST: Final = "127.0.0.1"
"""Where all receivers listen."""

_VALIDITY: Final = timedelta(days=7)


class Transport(StrEnum):
    """How messages come to a receiver."""

    TCP = "tcp"
    """Octet-counted frames (RFC 6587, section 3.4.1)."""
    UDP = "udp"
    """One message per datagram (RFC 5426), at a steady rate."""
    HTTP = "http"
    """Batches in HTTP requests, without TLS."""
    TLS = "tls"
    """As over TCP, in TLS."""
    FILE = "file"
    """Lines of a file, or of a pipe."""


class Certificate(NamedTuple):
    """The files of a certificate, both PEM.

    Attributes:
        certificate: The certificate. It is its own authority.
        key: Its private key.
    """

    certificate: Path
    key: Path


def make_certificate(directory: Path) -> Certificate:
    """Write a certificate for `HOST`, valid now, and its key.

    The handshake is over before anything is measured: the kind of key costs nothing.
    """
    files = Certificate(directory / "certificate.pem", directory / "key.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "heroku-syslogd benchmark")])
    address = x509.IPAddress(ipaddress.ip_address(HOST))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALIDITY)
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    return files
