"""A certificate that is loaded anew is for new handshakes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import cast

import pytest

from heroku_syslogd.certificates import CertificateError, ServerCertificate, TLSFiles
from tests.certificates.pairs import (
    CERTIFICATE,
    EC,
    NAME,
    NO_CERTIFICATE,
    OTHER,
    client,
    connected,
    der,
    exchange,
    files_of,
    served,
    write,
)


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
