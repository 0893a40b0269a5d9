"""Real TLS stacks and relays against TLS listeners: exact to the message, or refused for a reason."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.daemon_process import WAIT_SECONDS, DaemonProcess, connect, running, total
from tests.e2e.relays import rsyslog, syslog_ng
from tests.e2e.tls_files import ECDSA, RSA, Authority, Files
from tests.e2e.traffic import app_line, octet_counted, token
from tests.real import require

COUNT: Final = 500
LOGPLEX: Final = Path(__file__).with_name("logplex.escript")
REJECTED: Final = "heroku_syslogd_connections_rejected_total"

CONFIG: Final = """
[admin]
address = "127.0.0.1:0"
[[listener]]
name = "rsa"
type = "tls"
address = "127.0.0.1:0"
{rsa}
[[listener]]
name = "ecdsa"
type = "tls"
address = "127.0.0.1:0"
{ecdsa}
[[listener]]
name = "relays"
type = "tls"
address = "127.0.0.1:0"
client_ca = "{client_ca}"
{ecdsa}
"""


class Site(NamedTuple):
    """A daemon with TLS listeners, and who may talk to it.

    Attributes:
        daemon: The daemon.
        authority: Issued its certificates.
        client: A certificate that the listener for relays takes.
        stranger: One that it does not.
    """

    daemon: DaemonProcess
    authority: Authority
    client: Files
    stranger: Files


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("tls")
    authority, relays = Authority(directory), Authority(directory, "relays")
    config = CONFIG.format(
        rsa=authority.issue(file="rsa", key_type=RSA).toml,
        ecdsa=authority.issue(file="ecdsa", key_type=ECDSA).toml,
        client_ca=relays.path,
    )
    client = relays.issue("relay.example", file="client")
    stranger = authority.issue("relay.example", file="stranger")
    with running(config, directory) as daemon:
        yield Site(daemon, authority, client, stranger)


def messages(drain: str) -> list[bytes]:
    return [app_line(drain, f"message {number}: \t\0\n") for number in range(COUNT)]


def assert_received(daemon: DaemonProcess, drain: str, count: int = COUNT) -> None:
    """Wait for exactly ``count`` messages of a drain; nothing was lost of this or any other."""
    daemon.wait_for("heroku_log_messages_total", {"app": drain[:10]}, count)
    metrics = daemon.wait_idle()
    assert total(metrics, "heroku_log_messages_total", app=drain[:10]) == count
    assert total(metrics, "heroku_syslogd_lost_messages_total") == 0
    assert total(metrics, "heroku_syslogd_frame_errors_total") == 0
    assert total(metrics, "heroku_syslogd_parse_errors_total") == 0


def assert_refused(daemon: DaemonProcess, listener: str, peer: str, hint: str) -> None:
    """Wait for the log line about a handshake that failed; it is the only one of this peer."""
    refusals = [line for line in daemon.events("connection.closed") if line["peer"] == peer]
    assert [(line["listener"], line["reason"]) for line in refusals] == [
        (listener, "tls_handshake")
    ]
    assert hint in refusals[0]["hint"]


# Erlang, which Logplex is written in ----------------------------------------------------------


def logplex(port: int, authority: Authority, source: str, file: Path) -> tuple[int, str]:
    """Send a file as a TLS drain of Logplex; return the exit code and what it says."""
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
def test_logplex(site: Site, tmp_path: Path, listener: str, suite: str) -> None:
    drain = token(hash(listener))
    (tmp_path / "frames").write_bytes(octet_counted(messages(drain)))
    port = site.daemon.address_of(listener)[1]
    assert logplex(port, site.authority, "127.0.0.1", tmp_path / "frames") == (
        0,
        f"tlsv1.2 {suite}",
    )
    assert_received(site.daemon, drain)
