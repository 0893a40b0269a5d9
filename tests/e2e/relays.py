"""Programs of the system that send, or stand between a sender and the daemon."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.daemon_process import WAIT_SECONDS, Address, wait_until
from tests.real import require

_RSYSLOG: Final = """\
global(workDirectory="{directory}" maxMessageSize="64k"
       parser.escapeControlCharactersOnReceive="off" {globals})
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{directory}/port"
      ruleset="forward")
ruleset(name="forward") {{
  action(type="omfwd" protocol="tcp" TCP_Framing="octet-counted"
         template="RSYSLOG_SyslogProtocol23Format" action.resumeInterval="1" {action})
}}
"""

_SYSLOG_NG: Final = """\
@version: {version}
options {{ stats-freq(0); keep-hostname(yes); }};
source s {{ file("{directory}/input" read-old-records(yes) flags(syslog-protocol)); }};
destination d {{ {destination}; }};
log {{ source(s); destination(d); }};
"""

_HAPROXY: Final = """\
global
  stats socket {directory}/haproxy.sock level admin
  max-spread-checks 50
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
{sections}
"""


@contextmanager
def background(
    command: Sequence[str], pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=pass_fds) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def rsyslog(directory: Path, action: str, options: str = "") -> Iterator[Address]:
    """Run rsyslog as a relay; yield where it listens for octet-counted syslog.

    Args:
        directory: Where its files go.
        action: Where it sends to: more parameters of omfwd.
        options: More parameters of ``global()``.
    """
    directory.mkdir(exist_ok=True)
    config, listens_on = directory / "rsyslog.conf", directory / "port"
    config.write_text(_RSYSLOG.format(directory=directory, action=action, globals=options))
    files = ["-f", str(config), "-i", str(directory / "rsyslog.pid")]
    with background([require("rsyslogd"), "-n", *files]) as process:
        wait_until(lambda: process.poll() is not None or _is_open(listens_on), "rsyslogd")
        yield "127.0.0.1", int(listens_on.read_text())


def _is_open(port_file: Path) -> bool:
    """Tell whether rsyslog listens: it writes its port down before it does."""
    port = port_file.read_text().strip() if port_file.exists() else ""
    if not port:
        return False
    try:
        socket.create_connection(("127.0.0.1", int(port))).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def syslog_ng(directory: Path, destination: str, messages: Sequence[bytes]) -> Iterator[None]:
    """Run syslog-ng, which sends messages to a destination and waits for more."""
    program = require("syslog-ng")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"^Config version: ([0-9.]+)", version.stdout, re.MULTILINE)
    assert found, version.stdout
    (directory / "input").write_bytes(b"".join(messages))
    (directory / "syslog-ng.conf").write_text(
        _SYSLOG_NG.format(version=found[1], directory=directory, destination=destination)
    )
    files = {
        "cfgfile": "syslog-ng.conf",
        "persist-file": "persist",
        "pidfile": "pid",
        "control": "control",
    }
    options = [f"--{option}={directory / name}" for option, name in files.items()]
    with background([program, "--foreground", "--no-caps", *options]):
        yield


class HAProxy:
    """A running HAProxy.

    Attributes:
        addresses: Where its frontends listen, by what stands for them in its configuration.
    """

    def __init__(self, addresses: dict[str, Address], stats: Path) -> None:
        self.addresses = addresses
        self._stats = stats

    def ask(self, command: str) -> str:
        """Return what it answers to a command of its runtime API."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WAIT_SECONDS)
            connection.connect(str(self._stats))
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def answers(self) -> bool:
        """Tell whether it is up."""
        try:
            return bool(self.ask("show info"))
        except OSError:
            return False


@contextmanager
def haproxy(directory: Path, sections: str, *frontends: str) -> Iterator[HAProxy]:
    """Run HAProxy.

    Args:
        directory: Where its files go.
        sections: Its frontends and backends. ``{NAME}`` stands for what a ``bind`` listens on.
        frontends: Every NAME.
    """
    program = require("haproxy")
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in frontends}
    binds = {name: f"fd@{sock.fileno()}" for name, sock in sockets.items()}
    config = directory / "haproxy.cfg"
    config.write_text(_HAPROXY.format(directory=directory, sections=sections.format(**binds)))
    command = [program, "-db", "-f", str(config)]
    try:
        with background(command, [sock.fileno() for sock in sockets.values()]) as process:
            running = HAProxy(
                {name: sock.getsockname() for name, sock in sockets.items()},
                directory / "haproxy.sock",
            )
            wait_until(lambda: process.poll() is not None or running.answers(), "HAProxy")
            assert process.poll() is None, config.read_text()
            yield running
    finally:
        for sock in sockets.values():
            sock.close()
