"""TLS to the receiver: who is believed, who we are, and files that change."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from structlog.testing import capture_logs

from heroku_syslogd.certificates import CertificateError
from heroku_syslogd.config import RemoteWriteConfig, RemoteWriteURL
from heroku_syslogd.remote_write.client import Client, Failure, Later, Outcome, Sent
from heroku_syslogd.remote_write.tls import client_context
from tests.e2e.tls_files import Authority, Files, replace
from tests.remote_write.receiver import Receiver, receiving

BODY: Final = b"body"


def server_context(files: Files, clients: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def pair(context: ssl.SSLContext, **keys: Any) -> AsyncIterator[tuple[Receiver, Client]]:
    """Run a receiver, and a client that sends there."""
    async with receiving(tls=context) as receiver:
        one = Client(receiver.config(**keys))
        try:
            yield receiver, one
        finally:
            await one.close()


async def outcome(context: ssl.SSLContext, **keys: Any) -> Outcome:
    async with pair(context, **keys) as (receiver, one):
        found = await one.post(BODY)
        assert isinstance(found, Sent) == (len(receiver.requests) == 1)
        return found


def problem(found: Outcome) -> str:
    assert isinstance(found, Later)
    assert found.reason is Failure.TLS
    return found.text


async def test_the_authority_of_ca_file_is_believed(authority: Authority) -> None:
    found = await outcome(server_context(authority.issue()), ca_file=str(authority.path))

    assert found == Sent(204)


async def test_those_of_the_system_are_believed_without_one(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = server_context(authority.issue())
    assert "certificate" in problem(await outcome(context))

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert await outcome(context) == Sent(204)


async def test_another_authority_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    found = await outcome(server_context(other.issue()), ca_file=str(authority.path))

    assert "certificate" in problem(found)


async def test_a_certificate_of_another_name_is_not_believed(authority: Authority) -> None:
    context = server_context(authority.issue("prometheus.internal"))
    keys = {"ca_file": str(authority.path)}

    assert "127.0.0.1" in problem(await outcome(context, **keys))
    assert "other.internal" in problem(await outcome(context, **keys, server_name="other.internal"))
    assert await outcome(context, **keys, server_name="prometheus.internal") == Sent(204)


async def test_the_server_name_is_asked_for_and_the_host_stays(authority: Authority) -> None:
    asked: list[str | None] = []
    context = server_context(authority.issue("prometheus.internal"))
    context.sni_callback = lambda _, name, __: asked.append(name)
    keys = {"ca_file": str(authority.path), "server_name": "prometheus.internal"}
    async with pair(context, **keys) as (receiver, one):
        await one.post(BODY)

    assert asked == ["prometheus.internal"]
    assert receiver.requests[0].headers["Host"] == f"127.0.0.1:{receiver.port}"


async def test_anybody_is_believed_if_that_is_wanted(authority: Authority) -> None:
    context = server_context(authority.issue("somebody.else"))

    assert await outcome(context, insecure_skip_verify=True) == Sent(204)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_receiver_that_asks_for_our_certificate(
    authority: Authority, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    clients = Authority(tmp_path, "clients")
    ours, strange = clients.issue(file="ours"), authority.issue(file="strange")
    context = server_context(authority.issue(), clients.path)
    context.maximum_version = newest
    keys = {"ca_file": str(authority.path)}

    def presenting(files: Files) -> dict[str, str]:
        return {**keys, "certificate": str(files.certificate), "key": str(files.key)}

    assert await outcome(context, **presenting(ours)) == Sent(204)
    # With TLS 1.3 the client is done before the receiver has looked at its certificate.
    for refused in (await outcome(context, **keys), await outcome(context, **presenting(strange))):
        assert isinstance(refused, Later)
        assert refused.reason in (Failure.TLS, Failure.CONNECTION)


async def test_a_receiver_without_tls(authority: Authority) -> None:
    async with receiving() as receiver:
        url = RemoteWriteURL(str(receiver.url()).replace("http:", "https:"))
        one = Client(RemoteWriteConfig(url=url, ca_file=str(authority.path)))
        found = await one.post(BODY)
        await one.close()

    assert problem(found)


async def test_a_receiver_of_an_old_version_of_tls_is_not_talked_to(authority: Authority) -> None:
    context = server_context(authority.issue())
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    found = await outcome(context, ca_file=str(authority.path))

    assert problem(found) == "it closed the connection in the handshake"


async def test_a_receiver_with_tls_that_is_talked_to_without(authority: Authority) -> None:
    async with receiving(tls=server_context(authority.issue())) as receiver:
        one = Client(RemoteWriteConfig(url=RemoteWriteURL(f"http://127.0.0.1:{receiver.port}/")))
        found = await one.post(BODY)
        await one.close()

    assert isinstance(found, Later)


async def test_an_authority_that_is_replaced_counts_from_the_next_request_on(
    authority: Authority, tmp_path: Path
) -> None:
    trusted = replaced(tmp_path / "trusted.pem", trustme.CA().cert_pem.bytes())
    context = server_context(authority.issue())
    async with pair(context, ca_file=str(trusted)) as (_, one):
        problem(await one.post(BODY))
        replaced(trusted, authority.path.read_bytes())
        with capture_logs() as logs:
            assert await one.post(BODY) == Sent(204)
            assert await one.post(BODY) == Sent(204)

    assert [line["event"] for line in logs] == ["remote_write.certificate_renewed"]


async def test_files_that_become_unusable_are_told_once_and_the_old_ones_stay(
    authority: Authority, tmp_path: Path
) -> None:
    trusted = replaced(tmp_path / "trusted.pem", authority.path.read_bytes())
    async with pair(server_context(authority.issue()), ca_file=str(trusted)) as (receiver, one):
        await one.post(BODY)
        trusted.unlink()
        with capture_logs() as logs:
            assert await one.post(BODY) == Sent(204)
            assert await one.post(BODY) == Sent(204)

    assert [line["event"] for line in logs] == ["remote_write.certificate_invalid"]
    assert str(trusted) in logs[0]["problem"]
    assert len({id(request.connection) for request in receiver.requests}) == 1


def replaced(path: Path, content: bytes) -> Path:
    replace(path, content)
    return path


# Files that cannot be used ------------------------------------------------------------------------

URL: Final = RemoteWriteURL("https://prometheus.example/")


def encrypt(path: Path) -> None:
    key = load_pem_private_key(path.read_bytes(), None)
    form = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2"))
    path.write_bytes(key.private_bytes(*form))


@pytest.mark.parametrize(
    ("spoil", "file", "expected"),
    [
        (lambda files, _: files.certificate.unlink(), "certificate", "No such file"),
        (lambda files, _: files.key.unlink(), "key", "No such file"),
        (lambda files, _: files.certificate.write_text("x"), "certificate", "together with"),
        (lambda files, _: files.key.write_text("x"), "certificate", "together with"),
        (lambda files, _: encrypt(files.key), "key", "is encrypted"),
        (lambda _, ca: ca.unlink(), "ca", "No such file"),
        (lambda _, ca: ca.write_text(""), "ca", "holds no PEM certificate"),
        (lambda _, ca: ca.write_text("x"), "ca", "holds no PEM certificate"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    authority: Authority,
    spoil: Callable[[Files, Path], object],
    file: str,
    expected: str,
) -> None:
    files = authority.issue()
    paths = {"certificate": files.certificate, "key": files.key, "ca": authority.path}
    config = RemoteWriteConfig(
        url=URL,
        ca_file=str(authority.path),
        certificate=str(files.certificate),
        key=str(files.key),
    )
    assert client_context(config) is not None
    spoil(files, authority.path)

    with pytest.raises(CertificateError, match=expected) as caught:
        Client(config)

    assert caught.value.file == paths[file]


def test_a_key_of_another_certificate(authority: Authority) -> None:
    one, other = authority.issue(file="one"), authority.issue(file="other")
    config = RemoteWriteConfig(url=URL, certificate=str(one.certificate), key=str(other.key))

    with pytest.raises(CertificateError, match="together with the key"):
        client_context(config)


def test_without_https_there_is_no_tls() -> None:
    assert client_context(RemoteWriteConfig()) is None
    assert client_context(RemoteWriteConfig(url=RemoteWriteURL("http://a/"))) is None
