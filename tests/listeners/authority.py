"""Certificates for the listeners of tests, and contexts of peers that trust them."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

NAME = "drain.example"


class Authority:
    """A certificate authority."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._client_ca = trustme.CA()
        self._leaf = self._ca.issue_cert(NAME)

    def server(self, directory: Path, leaf: trustme.LeafCert | None = None) -> dict[str, str]:
        """Write certificate and key of a server; return the keys of its configuration."""
        leaf = leaf or self._leaf
        certificate, key = directory / "server.pem", directory / "server.key"
        certificate.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        key.write_bytes(leaf.private_key_pem.bytes())
        return {"certificate": str(certificate), "key": str(key)}

    def renew(self, directory: Path) -> trustme.LeafCert:
        """Replace what `server` wrote by another certificate for the same name."""
        leaf = self._ca.issue_cert(NAME)
        self.server(directory, leaf)
        return leaf

    def client_ca(self, directory: Path) -> dict[str, str]:
        """Write the authority of clients; return the key of the configuration."""
        path = directory / "clients.pem"
        self._client_ca.cert_pem.write_to_path(str(path))
        return {"client_ca": str(path)}

    def client(
        self, version: ssl.TLSVersion | None = None, *, presents: str = "nothing"
    ) -> ssl.SSLContext:
        """Return the context of a peer.

        Args:
            version: Of TLS, the only one that it speaks.
            presents: Whose certificate it presents: that of a ``client``, of a ``stranger`` whom
                nobody knows, or ``nothing``.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._ca.configure_trust(context)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        issuers = {"client": self._client_ca, "stranger": self._ca}
        if presents in issuers:
            issuers[presents].issue_cert("client.example").configure_cert(context)
        return context
