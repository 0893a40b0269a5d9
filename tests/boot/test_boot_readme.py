"""The steps of the README that add a real drain, run as they stand there in a booted machine.

The tree that it boots was made by the first step. Of the others only what is not ours is replaced:
certbot, Heroku, and the authority that both know.
"""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.boot.machine import HTTPS_PORT, RECEIVED, SERVICE, Machine, wait_for
from tests.boot.tree import CONFIG, INSTALL, PROJECT, USER
from tests.e2e.tls_files import Authority
from tests.readme import stand_ins
from tests.readme.blocks import block_with, commands
from tests.readme.stand_ins.certbot import ISSUED, LETSENCRYPT
from tests.readme.stand_ins.heroku import AUTHORITY, CALLS
from tests.real import require

pytestmark = pytest.mark.boot

CERTIFICATE: Final = "certbot certonly"
DRAIN: Final = "heroku drains:add"
RUNTIME_METRICS: Final = "heroku labs:enable"
STEPS: Final = (CERTIFICATE, DRAIN, RUNTIME_METRICS)
"""What tells their blocks of commands from the others."""

LISTENER: Final = 'systemd = "https"'
"""What tells the block of the configuration."""
HASH: Final = "htpasswd -nB -C 10 logplex"

HOST: Final = "metrics.example.com"
APP: Final = "my-app"
PASSWORD: Final = "a-long-password"
URL: Final = f"https://logplex:{PASSWORD}@{HOST}/logplex"
CLONE: Final = "/root/clone"
STARTED: Final = (SERVICE, "heroku-syslogd-tcp.socket", "heroku-syslogd-udp.socket")
LOGIN: Final = (
    "env",
    "--ignore-environment",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)
"""Nothing of what the tests run under is to be seen."""


class Operator:
    """Somebody who does what the README says.

    Args:
        machine: A machine on which the first step is done.
        directory: Where to keep the authority.

    Attributes:
        machine: The machine.
    """

    def __init__(self, machine: Machine, directory: Path) -> None:
        self.machine = machine
        self._authority = Authority(directory)
        self._tls = self._authority.trusted()
        for name in ("certbot", "heroku"):
            program = Path(*stand_ins.__path__, f"{name}.py").read_text()
            machine.install(f"/usr/local/bin/{name}", program, mode="755", group="root")
        for path in (PROJECT / "systemd").rglob("*"):
            if path.is_file():
                machine.write(f"{CLONE}/{path.relative_to(PROJECT)}", path.read_text())
        machine.write(AUTHORITY, self._authority.path.read_text())
        machine.write("/etc/hosts", f"127.0.0.1 localhost {HOST}\n")

    def issue(self) -> bytes:
        """Has the authority make the next certificate; returns it as peers will see it."""
        files = self._authority.issue(HOST)
        self.machine.write(f"{ISSUED}/fullchain.pem", files.certificate.read_text())
        self.machine.write(f"{ISSUED}/privkey.pem", files.key.read_text())
        return files.der

    def configure(self) -> None:
        """Adds the listener and the credential to the configuration that the unit comes with."""
        config = (PROJECT / "systemd" / "config.toml").read_text()
        added = block_with(LISTENER, "toml").replace("$2y$10$...", hashed())
        self.machine.install(CONFIG, f"{config}\n{added}")

    def follow(self, step: str) -> None:
        """Runs the commands of a step, each of which has to succeed."""
        self.run(commands(step).replace("PASSWORD", PASSWORD))

    def run(self, script: str) -> None:
        """Runs commands in the clone."""
        self.machine.run(*LOGIN, "/bin/sh", "-euxc", f"cd {CLONE}\n{script}")

    def presents(self, certificate: bytes) -> bool:
        """Returns whether a new connection sees a certificate, under the name of the README."""
        made = self.machine.connect(socket.SOCK_STREAM, HTTPS_PORT)
        with self._tls.wrap_socket(made, server_hostname=HOST) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return connection.getpeercert(binary_form=True) == certificate


def hashed() -> str:
    """Returns what the README's command makes of the password."""
    program, *arguments = HASH.split()
    done = subprocess.run(
        [require(program), *arguments],
        input=f"{PASSWORD}\n" * 2,
        # It asks on the terminal, and reads standard input where there is none.
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    user, _, found = done.stdout.strip().partition(":")
    assert user == "logplex"
    return found


@pytest.fixture
def operator(machine: Machine, tmp_path: Path) -> Iterator[Operator]:
    yield Operator(machine, tmp_path)
    print(machine.run("cat", CALLS.as_posix(), check=False))


def test_the_installed_service_is_started_at_once(operator: Operator) -> None:
    machine = operator.machine
    machine.run("systemctl", "disable", "--now", *STARTED)
    # Where the tree was made nothing was running that could have been told to start something.
    started = [line for line in commands(INSTALL).splitlines() if line.startswith("systemctl ")]

    operator.run("\n".join(started))

    assert [machine.show("ActiveState", unit) for unit in STARTED] == ["active"] * len(STARTED)
    assert machine.get("/-/ready")[0] == 200


def test_the_steps_lead_to_the_metrics_of_the_app(operator: Operator) -> None:
    machine = operator.machine
    certificate = operator.issue()

    operator.follow(CERTIFICATE)
    operator.configure()
    operator.follow(DRAIN)
    operator.follow(RUNTIME_METRICS)

    assert operator.presents(certificate)
    assert machine.metric(RECEIVED, listener="https") > 0
    assert machine.metric("heroku_router_requests_total", app=APP) > 0
    assert machine.metric("heroku_dyno_memory_rss_bytes", app=APP) > 0
    assert machine.metric("heroku_syslogd_lost_messages_total") == 0
    assert [json.loads(call) for call in machine.run("cat", str(CALLS)).splitlines()] == [
        ["drains:add", URL, "--app", APP],
        ["labs:enable", "log-runtime-metrics", "--app", APP],
        ["restart", "--app", APP],
    ]
    owner = machine.run("stat", "--format=%U %G %a", "/etc/heroku-syslogd/privkey.pem")
    assert owner.split() == ["root", USER, "640"]


def test_a_renewal_is_taken_over_without_a_restart(operator: Operator) -> None:
    machine = operator.machine
    first = operator.issue()
    operator.follow(CERTIFICATE)
    operator.configure()
    operator.follow(DRAIN)
    assert operator.presents(first)
    pid = machine.show("MainPID", SERVICE)

    renewed = operator.issue()
    machine.run(*LOGIN, "certbot", "renew")

    wait_for(lambda: operator.presents(renewed), "the renewed certificate to be presented")
    assert machine.show("MainPID", SERVICE) == pid
    assert machine.run("ls", f"{LETSENCRYPT}/archive/{HOST}").split() == [
        f"{name}{number}.pem" for name in ("fullchain", "privkey") for number in (1, 2)
    ]
