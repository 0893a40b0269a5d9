"""Certificates and their keys in files, and handshakes with them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from heroku_syslogd.certificates import ServerCertificate, TLSFiles

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

NO_CERTIFICATE = "it holds no PEM certificate"
NOT_ITS_KEY = "its private key is not that of the first certificate of "

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
