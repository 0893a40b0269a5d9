"""TLS handshakes: what each that fails is called, client certificates, certificates that change."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.certificate_watch import CHECK_INTERVAL
from heroku_syslogd.config import Duration
from heroku_syslogd.telemetry import RejectReason
from tests.listeners.authority import Authority
from tests.listeners.conftest import LIMITS, Client, Site, seen, until
from tests.listeners.door import Door, encrypted
from tests.listeners.posting import FRAME, MESSAGE, request


def hello(tls: ssl.SSLContext) -> bytes:
    """Return the first flight of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = tls.wrap_bio(incoming, outgoing, server_hostname="drain.example")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


@encrypted
async def test_half_a_handshake_takes_a_place(door: Door) -> None:
    await door.open()
    halves = [Client(door.address) for _ in range(LIMITS.max_connections_per_peer)]
    for number, client in enumerate(halves):
        await client.connect()
        await client.send(hello(door.authority.client())[: 100 * number])
        await until(lambda: door.site.places == number + 1)  # noqa: B023
    async with Client(door.address) as refused:
        assert await refused.closed_by_peer()
    door.site.limit(max_connections=3, max_connections_per_peer=10)
    async with Client(door.address) as refused:
        assert await refused.closed_by_peer()
    for client in halves:
        client.reset()
        await client.__aexit__()
    await until(lambda: door.site.places == 0)

    assert door.rejected.pop(RejectReason.TLS_HANDSHAKE, 0) <= 2
    counts = {reason: count for reason, count in door.rejected.items() if "max" in reason}
    assert counts == {RejectReason.MAX_CONNECTIONS_PER_PEER: 1, RejectReason.MAX_CONNECTIONS: 1}
    async with door.client() as client:
        await door.deliver(client)


@encrypted
@pytest.mark.parametrize("length", [0, 1, 5, 100])
async def test_a_handshake_that_takes_too_long_is_given_up(door: Door, length: int) -> None:
    door.site.limit(handshake_timeout=Duration(0.05))
    await door.open()
    with capture_logs() as logs:
        async with Client(door.address) as client:
            await client.send(hello(door.authority.client())[:length])
            assert await client.closed_by_peer()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.HANDSHAKE_TIMEOUT: 1}
    assert [entry["reason"] for entry in logs] == ["handshake_timeout"]


@encrypted
@pytest.mark.parametrize("said", [FRAME, MESSAGE + b"\n", request(), b"\0"])
async def test_what_is_no_tls_is_told_apart_from_a_failed_handshake(
    door: Door, said: bytes
) -> None:
    await door.open()
    with capture_logs() as logs:
        for _ in range(2):
            async with Client(door.address) as client:
                await client.send(said)
                assert await client.closed_by_peer()

    assert door.rejected == {RejectReason.PLAIN_ON_TLS_PORT: 2}
    assert [entry["reason"] for entry in logs] == ["plain_on_tls_port"]
    assert "syslog+tls://" in logs[0]["hint"]


@encrypted
@pytest.mark.parametrize("how", ["FIN", "RST"])
async def test_a_peer_that_leaves_before_its_handshake_is_no_fault(door: Door, how: str) -> None:
    await door.open()
    with capture_logs() as logs:
        client = Client(door.address)
        await client.connect()
        await until(lambda: door.site.places == 1)
        if how == "RST":
            client.reset()
        await client.__aexit__()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {}
    assert logs == []


@encrypted
@pytest.mark.parametrize("how", ["FIN", "RST"])
async def test_a_peer_that_leaves_during_its_handshake_is_counted(door: Door, how: str) -> None:
    await door.open()
    with capture_logs() as logs:
        client = Client(door.address)
        await client.connect()
        await client.send(hello(door.authority.client()))
        await seen()
        if how == "RST":
            client.reset()
        await client.__aexit__()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 1}
    assert "left during the TLS handshake" in logs[0]["hint"]


@encrypted
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_peer_that_does_not_trust_us_is_told_apart(
    door: Door, version: ssl.TLSVersion
) -> None:
    await door.open()
    with capture_logs() as logs:
        with pytest.raises(ssl.SSLCertVerificationError):
            await Client(door.address, Authority().client(version)).connect()
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 1}
    assert "does not trust our certificate" in logs[0]["hint"]


@encrypted
async def test_junk_in_a_handshake_costs_only_its_own_connection(door: Door) -> None:
    await door.open()
    for junk in (b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x16" * 100, b"\x16\x03\x01\0\0" * 99):
        async with Client(door.address) as client:
            await client.send(junk)
            assert await client.closed_by_peer() is not None
        await until(lambda: door.site.places == 0)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 3}


# Client certificates ------------------------------------------------------------------------------


@encrypted
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_is_asked_for(
    door: Door, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    await door.open(**door.authority.client_ca(tmp_path))
    hints = {"nothing": "it presented no certificate", "stranger": "not of a CA in client_ca"}
    for presents, hint in hints.items():
        with capture_logs() as logs:
            with suppress(ssl.SSLError, ConnectionResetError):
                tls = door.authority.client(version, presents=presents)
                async with Client(door.address, tls) as refused:  # of TLS 1.3: it is told later
                    assert await refused.closed_by_peer()
            await until(lambda: door.site.places == 0)
        assert [entry["reason"] for entry in logs] == ["tls_handshake"]
        assert hint in logs[0]["hint"]
        door.site.now += 100
    async with Client(door.address, door.authority.client(version, presents="client")) as client:
        await door.deliver(client)

    assert door.rejected == {RejectReason.TLS_HANDSHAKE: 2}


# Certificates that change -------------------------------------------------------------------------


def tick(door: Door) -> None:
    door.site.now += CHECK_INTERVAL
    door.site.listeners[0].tick(door.site.now)


async def presented(door: Door) -> bytes:
    """Return the certificate that a new connection gets."""
    async with door.client() as client:
        certificate = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert isinstance(certificate, bytes)
    return certificate


@encrypted
async def test_a_renewed_certificate_is_taken_over_and_connections_go_on(
    door: Door, tmp_path: Path
) -> None:
    await door.open()
    first = await presented(door)
    async with door.client() as old:
        await door.deliver(old)
        renewed = door.authority.renew(tmp_path)
        assert await presented(door) == first  # nobody has looked yet
        with capture_logs() as logs:
            tick(door)
            tick(door)
        assert await presented(door) == ssl.PEM_cert_to_DER_cert(
            renewed.cert_chain_pems[0].bytes().decode()
        )
        await door.deliver(old)

    assert [entry["event"] for entry in logs] == ["certificate.renewed"]


@encrypted
async def test_a_certificate_that_cannot_be_used_changes_nothing(
    door: Door, tmp_path: Path
) -> None:
    await door.open()
    shown = door.site.telemetry.certificates[door.kind]
    first, not_after = await presented(door), shown.not_after
    (tmp_path / "server.pem").write_text("no certificate")
    with capture_logs() as logs:
        tick(door)
        tick(door)
    assert await presented(door) == first
    assert (shown.not_after, shown.reload_ok) == (not_after, False)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("certificate.invalid", "error")
    ]

    door.authority.renew(tmp_path)
    tick(door)

    assert await presented(door) != first
    assert shown.reload_ok


@encrypted
async def test_the_files_of_a_certificate_are_looked_at_now_and_then(
    door: Door, tmp_path: Path
) -> None:
    await door.open()
    first = await presented(door)
    tick(door)
    door.authority.renew(tmp_path)
    door.site.listeners[0].tick(door.site.now + CHECK_INTERVAL - 1)
    assert await presented(door) == first
    tick(door)
    assert await presented(door) != first


async def test_a_listener_without_tls_has_no_certificate(site: Site) -> None:
    await site.open("tcp")

    assert site.listeners[0].certificate is None
    assert site.telemetry.certificates == {}
