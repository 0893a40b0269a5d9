"""Real TLS stacks and relays against TLS listeners: exact to the message, or refused and why."""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.daemon_process import WAIT_SECONDS, Address, DaemonProcess, connect, running
from tests.e2e.peers import assert_received, line_about, speak
from tests.e2e.relays import rsyslog, syslog_ng
from tests.e2e.tls_files import RSA, Authority, Files
from tests.e2e.traffic import app_line, octet_counted, token
from tests.real import require

COUNT: Final = 500
LOGPLEX: Final = Path(__file__).with_name("logplex.escript")
REJECTED: Final = "heroku_syslogd_connections_rejected_total"
GONE_BY: Final = datetime(2020, 1, 1, tzinfo=UTC)

DISTRUST: Final = "it does not trust our certificate: "
LISTENER: Final = '[[listener]]\nname = "{}"\ntype = "tls"\naddress = "127.0.0.1:0"\n'


class Site(NamedTuple):
    """A daemon with TLS listeners, and who may talk to them.

    Attributes:
        daemon: The daemon. One peer's failed handshakes are logged once, so each test of one has an
            address of its own.
        authority: Issued its certificates.
        stranger: An authority that it has nothing to do with.
        relay: A certificate that the listener `relays` takes.
        forged: One that it does not.
    """

    daemon: DaemonProcess
    authority: Authority
    stranger: Authority
    relay: Files
    forged: Files

    def port(self, listener: str) -> int:
        return self.daemon.address_of(listener)[1]

    def refusal(self, peer: str) -> dict[str, Any]:
        """Wait for the log line about a peer's failed handshake."""
        line = line_about(self.daemon, peer)
        assert line["reason"] == "tls_handshake"
        assert self.daemon.total(REJECTED, listener=line["listener"], reason="tls_handshake") >= 1
        return line


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("tls")
    authority, relays = Authority(directory), Authority(directory, "relays")
    stranger = Authority(directory, "stranger")
    ours = authority.issue()
    config = '[admin]\naddress = "127.0.0.1:0"\n'
    for name, keys in {
        "rsa": authority.issue(file="rsa", key_type=RSA).toml,
        "ecdsa": ours.toml,
        "relays": f'{ours.toml}client_ca = "{relays.path}"\n',
        "elsewhere": authority.issue("drain.example", file="elsewhere").toml,
        "expired": authority.issue(file="expired", not_after=GONE_BY).toml,
    }.items():
        config += LISTENER.format(name) + keys
    relay = relays.issue("relay.example", file="relay")
    forged = stranger.issue("relay.example", file="forged")
    with running(config, directory) as daemon:
        yield Site(daemon, authority, stranger, relay, forged)


SEEDS: Final = itertools.count(4000)


@pytest.fixture
def drain() -> str:
    """Return a drain token that no other test has."""
    return token(next(SEEDS))


def messages(drain: str) -> list[bytes]:
    return [app_line(drain, f"message {number}") for number in range(COUNT)]


# Erlang, on which Logplex runs --------------------------------------------------------------------


def logplex(authority: Authority, port: int, source: str, file: Path) -> tuple[int, str]:
    """Send a file as Logplex would; return the exit code and what it has to say."""
    done = subprocess.run(
        [
            *(require("escript"), str(LOGPLEX), "drain", source, str(port)),
            *(str(authority.path), str(file)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    assert not done.stderr
    return done.returncode, done.stdout.strip()


@pytest.mark.real
@pytest.mark.parametrize(
    ("listener", "suite"),
    [
        ("rsa", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("ecdsa", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    ],
)
def test_logplex(site: Site, drain: str, tmp_path: Path, listener: str, suite: str) -> None:
    frames = octet_counted([*messages(drain), app_line(drain, "NUL \0, LF\nand ünïcödé")] * 10)
    (tmp_path / "frames").write_bytes(frames)
    said = logplex(site.authority, site.port(listener), "127.0.0.1", tmp_path / "frames")
    assert said == (0, f"tlsv1.2 {suite}")
    assert_received(site.daemon, (COUNT + 1) * 10, app=drain[:10])


@pytest.mark.real
@pytest.mark.parametrize(
    ("listener", "trusts", "alert", "source"),
    [
        pytest.param("ecdsa", "stranger", "unknown_ca", "127.0.4.1", id="another authority"),
        pytest.param("elsewhere", "authority", "handshake_failure", "127.0.4.2", id="other names"),
        pytest.param("expired", "authority", "certificate_expired", "127.0.4.3", id="expired"),
    ],
)
def test_logplex_does_not_accept_our_certificate(
    site: Site, tmp_path: Path, listener: str, trusts: str, alert: str, source: str
) -> None:
    (tmp_path / "frames").write_bytes(b"")
    code, said = logplex(getattr(site, trusts), site.port(listener), source, tmp_path / "frames")
    assert (code, said.startswith(f"{{tls_alert,{{{alert},")) == (1, True), said
    refusal = site.refusal(source)
    assert refusal["listener"] == listener
    assert refusal["hint"].startswith(DISTRUST)


# OpenSSL ------------------------------------------------------------------------------------------


def openssl(site: Site, listener: str, data: bytes, *options: str) -> int:
    """Send bytes with ``openssl s_client``; return its exit code."""
    return subprocess.run(
        [
            *(require("openssl"), "s_client", "-quiet", "-no_ign_eof"),
            *("-connect", f"127.0.0.1:{site.port(listener)}", "-CAfile", str(site.authority.path)),
            *("-verify_return_error", "-verify_hostname", "localhost", *options),
        ],
        input=data,
        capture_output=True,
        check=False,
        timeout=WAIT_SECONDS,
    ).returncode


@pytest.mark.real
@pytest.mark.parametrize(
    ("listener", "options"),
    [
        pytest.param(
            "rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], id="TLS 1.2, RSA"
        ),
        pytest.param(
            "ecdsa", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], id="TLS 1.2, ECDSA"
        ),
        pytest.param("rsa", ["-tls1_3"], id="TLS 1.3, RSA"),
        pytest.param("ecdsa", ["-tls1_3"], id="TLS 1.3, ECDSA"),
    ],
)
def test_openssl(site: Site, drain: str, listener: str, options: list[str]) -> None:
    assert openssl(site, listener, octet_counted(messages(drain)), *options) == 0
    assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
@pytest.mark.parametrize(
    ("source", "options", "hint"),
    [
        pytest.param(
            "127.0.5.1",
            ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
            "it offers neither TLS 1.2 nor TLS 1.3",
            id="TLS 1.1",
        ),
        pytest.param(
            "127.0.5.2",
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
            "no cipher suite in common",
            id="CBC alone",
        ),
    ],
)
def test_what_is_too_old_is_refused(site: Site, source: str, options: list[str], hint: str) -> None:
    assert openssl(site, "ecdsa", b"", "-bind", source, *options) == 1
    assert site.refusal(source)["hint"] == hint


# Ends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("linger", [b"\0" * 8, b"\1\0\0\0\0\0\0\0"], ids=["FIN", "RST"])
def test_what_came_before_an_end_without_close_notify(
    site: Site, drain: str, linger: bytes
) -> None:
    with closing(speak(site.daemon.address_of("ecdsa"), "", site.authority.trusted())) as sender:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a RST drops what waits
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        sender.sendall(octet_counted(messages(drain)))
    assert_received(site.daemon, COUNT, app=drain[:10])


# rsyslog and syslog-ng ----------------------------------------------------------------------------

RSYSLOG_TLS: Final = (
    'target="localhost" port="{port}" StreamDriver="{driver}" StreamDriverMode="1"'
    ' StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"'
)


def rsyslog_options(driver: str, authority: Authority, own: Files | None = None) -> str:
    options = f'defaultNetstreamDriver="{driver}" defaultNetstreamDriverCAFile="{authority.path}"'
    if own is None:
        return options
    return (
        f'{options} defaultNetstreamDriverCertFile="{own.certificate}"'
        f' defaultNetstreamDriverKeyFile="{own.key}"'
    )


def send_through(relay: Address, messages: list[bytes]) -> None:
    with connect(relay) as connection:
        connection.sendall(octet_counted(messages))


@pytest.mark.real
@pytest.mark.parametrize("driver", ["ossl", "gtls"])
def test_rsyslog(site: Site, drain: str, tmp_path: Path, driver: str) -> None:
    sent = [*messages(drain), app_line(drain, "Traceback:\n  one\n  two")]
    action = RSYSLOG_TLS.format(port=site.port("ecdsa"), driver=driver)
    with rsyslog(tmp_path, action, rsyslog_options(driver, site.authority)) as relay:
        send_through(relay, sent)
        assert_received(site.daemon, len(sent), app=drain[:10])


@pytest.mark.real
def test_a_listener_that_asks_for_client_certificates(
    site: Site, drain: str, tmp_path: Path
) -> None:
    action = RSYSLOG_TLS.format(port=site.port("relays"), driver="ossl")
    with rsyslog(tmp_path / "1", action, rsyslog_options("ossl", site.authority)) as relay:
        send_through(relay, messages(drain))
        assert site.refusal("127.0.0.1")["hint"].startswith("it presented no certificate, ")

    forged = ["-cert", str(site.forged.certificate), "-key", str(site.forged.key)]
    openssl(site, "relays", octet_counted(messages(drain)), "-bind", "127.0.6.1", *forged)
    assert site.refusal("127.0.6.1")["hint"] == "its certificate is not of a CA in client_ca"
    assert site.daemon.total("heroku_syslogd_received_messages_total", listener="relays") == 0

    options = rsyslog_options("ossl", site.authority, site.relay)
    with rsyslog(tmp_path / "2", action, options) as relay:
        send_through(relay, messages(drain))
        assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
@pytest.mark.parametrize(
    "destination",
    [
        pytest.param('syslog("localhost" port({port}) transport("tls") {tls})', id="counted"),
        pytest.param(
            'network("localhost" port({port}) transport("tls") flags(syslog-protocol) {tls})',
            id="LF",
        ),
    ],
)
def test_syslog_ng(site: Site, drain: str, tmp_path: Path, destination: str) -> None:
    tls = f'tls(ca-file("{site.authority.path}") peer-verify(required-trusted))'
    where = destination.format(port=site.port("rsa"), tls=tls)
    with syslog_ng(tmp_path, where, messages(drain)):
        assert_received(site.daemon, COUNT, app=drain[:10])


# Ourselves ----------------------------------------------------------------------------------------


def test_simulate(site: Site) -> None:
    before = site.daemon.total("heroku_syslogd_received_messages_total", listener="rsa")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "heroku_syslogd", "simulate"),
            *(f"syslog+tls://localhost:{site.port('rsa')}", "--rate", "500", "--duration", "1"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_SECONDS,
        env={**os.environ, "SSL_CERT_FILE": str(site.authority.path)},
    )
    sent = re.search(r"([0-9]+) messages sent, 0 lost", done.stdout.splitlines()[-1])
    assert sent, done
    received = before + int(sent[1])
    site.daemon.wait_for("heroku_syslogd_received_messages_total", {"listener": "rsa"}, received)
    assert site.daemon.total("heroku_syslogd_lost_messages_total") == 0
