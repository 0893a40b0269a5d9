"""Certificates for the daemon and its peers: an authority, and the files that it fills."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import trustme

NAMES: Final = ("localhost", "127.0.0.1")
"""What the listeners of the tests are called."""

RSA: Final = trustme.KeyType.RSA
ECDSA: Final = trustme.KeyType.ECDSA


class Files(NamedTuple):
    """A certificate with its chain, and its key, both PEM."""

    certificate: Path
    key: Path

    @property
    def toml(self) -> str:
        """The keys of a listener, or of the admin server, that name them."""
        return f'certificate = "{self.certificate}"\nkey = "{self.key}"\n'

    @property
    def der(self) -> bytes:
        """The certificate itself, as a peer gets to see it."""
        first, end, _ = self.certificate.read_text().partition("-----END CERTIFICATE-----\n")
        return ssl.PEM_cert_to_DER_cert(first + end)


class Authority:
    """A certificate authority.

    Args:
        directory: Where its files go.
        name: What they are called.

    Attributes:
        path: Its own certificate.
    """

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._ca = trustme.CA()
        self._directory = directory
        self.path = directory / f"{name}.pem"
        replace(self.path, self._ca.cert_pem.bytes())

    def issue(
        self,
        *names: str,
        file: str = "server",
        key_type: trustme.KeyType = ECDSA,
        not_after: datetime | None = None,
    ) -> Files:
        """Issue a certificate and write it; an older one of the same file is replaced.

        Args:
            names: Its host names and addresses; `NAMES` unless given.
            file: What its files are called.
            key_type: Kind of its key.
            not_after: When it expires.
        """
        leaf = self._ca.issue_cert(*(names or NAMES), key_type=key_type, not_after=not_after)
        files = Files(self._directory / f"{file}.pem", self._directory / f"{file}.key")
        replace(files.key, leaf.private_key_pem.bytes())
        replace(files.certificate, b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        return files

    def trusted(self, files: Files | None = None) -> ssl.SSLContext:
        """Return a client's context that trusts this authority; ``files`` are the client's own."""
        context = ssl.create_default_context(cafile=self.path)
        if files is not None:
            context.load_cert_chain(files.certificate, files.key)
        return context


def replace(path: Path, content: bytes) -> None:
    """Replace a file as careful programs do: nobody sees half of it."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
