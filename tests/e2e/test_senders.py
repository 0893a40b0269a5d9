"""Real senders over real sockets: what they sent is what was received, to the message."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.daemon_process import WAIT_SECONDS, DaemonProcess, connect, total, wait_until
from tests.e2e.traffic import app_line, octet_counted, token
from tests.real import require

COUNT: Final = 500
DRAIN: Final = token(1)

RSYSLOG: Final = """\
global(workDirectory="{directory}" maxMessageSize="64k"
       parser.escapeControlCharactersOnReceive="{escape}")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{directory}/port"
      ruleset="forward")
ruleset(name="forward") {{
  action(type="omfwd" target="{host}" port="{port}" protocol="{protocol}"
         TCP_Framing="{framing}" template="RSYSLOG_SyslogProtocol23Format")
}}
"""

SYSLOG_NG: Final = """\
@version: {version}
options {{ stats-freq(0); keep-hostname(yes); }};
source s {{ file("{directory}/input" read-old-records(yes) flags(syslog-protocol)); }};
destination d {{ {destination}; }};
log {{ source(s); destination(d); }};
"""


def messages(count: int) -> list[bytes]:
    return [app_line(DRAIN, f"message {number}") for number in range(count)]


def assert_received(daemon: DaemonProcess, listener: str, count: int) -> None:
    """Wait for exactly ``count`` messages, all of them applied."""
    daemon.wait_for("heroku_syslogd_received_messages_total", {"listener": listener}, count)
    metrics = daemon.wait_idle()
    assert total(metrics, "heroku_syslogd_received_messages_total") == count
    assert total(metrics, "heroku_syslogd_applied_messages_total") == count
    assert total(metrics, "heroku_syslogd_lost_messages_total") == 0
    assert total(metrics, "heroku_syslogd_frame_errors_total") == 0
    assert total(metrics, "heroku_syslogd_parse_errors_total") == 0


@contextmanager
def background(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


# util-linux ---------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("tcp", ["--tcp", "--rfc5424", "--octet-count"], id="octet counting"),
        pytest.param("tcp", ["--tcp", "--rfc5424"], id="LF"),
        pytest.param("tcp", ["--tcp", "--rfc3164"], id="RFC 3164"),
        pytest.param("udp", ["--udp", "--rfc5424"], id="UDP"),
    ],
)
def test_logger(daemon: DaemonProcess, tmp_path: Path, kind: str, options: list[str]) -> None:
    lines = [f"message {number}: ünïcödé" for number in range(COUNT)]
    (tmp_path / "lines").write_text("".join(f"{text}\n" for text in lines), encoding="utf-8")
    host, port = daemon.tcp if kind == "tcp" else daemon.udp
    subprocess.run(
        [
            *(require("logger"), "--server", host, "--port", str(port), *options),
            *("--tag", "nightly", "--file", str(tmp_path / "lines")),
        ],
        check=True,
        timeout=WAIT_SECONDS,
    )
    assert_received(daemon, kind, COUNT)
    assert daemon.total("heroku_log_messages_total", source="nightly") == COUNT


# rsyslog ------------------------------------------------------------------------------------------


@contextmanager
def rsyslog(daemon: DaemonProcess, directory: Path, **settings: str) -> Iterator[tuple[str, int]]:
    """Run a relay to the daemon; yield where it listens."""
    host, port = daemon.tcp if settings["protocol"] == "tcp" else daemon.udp
    config = RSYSLOG.format(directory=directory, host=host, port=port, **settings)
    (directory / "rsyslog.conf").write_text(config)
    files = ["-f", str(directory / "rsyslog.conf"), "-i", str(directory / "rsyslog.pid")]
    listens_on = directory / "port"
    with background([require("rsyslogd"), "-n", *files]) as process:
        wait_until(
            lambda: (
                process.poll() is not None
                or (listens_on.exists() and listens_on.read_text().strip())
            ),
            "rsyslogd",
        )
        yield "127.0.0.1", int(listens_on.read_text())


@pytest.mark.real
@pytest.mark.parametrize(
    ("protocol", "framing", "escape"),
    [
        pytest.param("tcp", "octet-counted", "off", id="octet counting"),
        pytest.param("tcp", "traditional", "on", id="LF"),
        pytest.param("udp", "traditional", "on", id="UDP"),
    ],
)
def test_rsyslog_as_a_relay(
    daemon: DaemonProcess, tmp_path: Path, protocol: str, framing: str, escape: str
) -> None:
    # With LF framing rsyslog writes the LF inside a message as #012; counted, it stays an LF.
    sent = [*messages(COUNT), app_line(DRAIN, "Traceback:\n  one\n  two")]
    with rsyslog(daemon, tmp_path, protocol=protocol, framing=framing, escape=escape) as address:
        with connect(address) as connection:
            connection.sendall(octet_counted(sent))
        assert_received(daemon, protocol, len(sent))
    assert daemon.total("heroku_log_messages_total", app=DRAIN[:10], source="app") == len(sent)


# syslog-ng ----------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "destination"),
    [
        pytest.param("tcp", 'syslog("{host}" port({port}) transport("tcp"))', id="octet counting"),
        pytest.param(
            "tcp",
            'network("{host}" port({port}) transport("tcp") flags(syslog-protocol))',
            id="LF",
        ),
        pytest.param("tcp", 'network("{host}" port({port}) transport("tcp"))', id="RFC 3164"),
        pytest.param("udp", 'syslog("{host}" port({port}) transport("udp"))', id="UDP"),
    ],
)
def test_syslog_ng_as_a_relay(
    daemon: DaemonProcess, tmp_path: Path, kind: str, destination: str
) -> None:
    program = require("syslog-ng")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"^Config version: ([0-9.]+)", version.stdout, re.MULTILINE)
    assert found, version.stdout
    host, port = daemon.tcp if kind == "tcp" else daemon.udp
    (tmp_path / "input").write_bytes(b"".join(messages(COUNT)))
    (tmp_path / "syslog-ng.conf").write_text(
        SYSLOG_NG.format(
            version=found[1],
            directory=tmp_path,
            destination=destination.format(host=host, port=port),
        )
    )
    files = {
        "cfgfile": "syslog-ng.conf",
        "persist-file": "persist",
        "pidfile": "pid",
        "control": "control",
    }
    options = [f"--{option}={tmp_path / name}" for option, name in files.items()]
    with background([program, "--foreground", "--no-caps", *options]):
        assert_received(daemon, kind, COUNT)
    assert daemon.total("heroku_log_messages_total", app=DRAIN[:10], source="app") == COUNT


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("tcp", ["--stream", "--syslog-proto"], id="octet counting"),
        pytest.param("tcp", ["--stream", "--syslog-proto", "--no-framing"], id="LF"),
        pytest.param("tcp", ["--stream"], id="RFC 3164"),
        pytest.param("udp", ["--dgram", "--syslog-proto", "--no-framing"], id="UDP"),
    ],
)
def test_loggen(daemon: DaemonProcess, kind: str, options: list[str]) -> None:
    host, port = daemon.tcp if kind == "tcp" else daemon.udp
    done = subprocess.run(
        [
            *(require("loggen"), "--inet", *options, "--rate", "2000", "--number", str(COUNT)),
            *("--active-connections", "1", host, str(port)),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_SECONDS,
    )
    counted = re.search(r"count=([0-9]+)", done.stdout + done.stderr)
    assert counted, done
    assert_received(daemon, kind, int(counted[1]))


# Ourselves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "kind"), [("syslog", "tcp"), ("udpsyslog", "udp")])
def test_simulate(daemon: DaemonProcess, scheme: str, kind: str) -> None:
    apps, dynos = 3, 4
    host, port = daemon.tcp if kind == "tcp" else daemon.udp
    done = subprocess.run(
        [
            *(sys.executable, "-m", "heroku_syslogd", "simulate", f"{scheme}://{host}:{port}"),
            *("--apps", str(apps), "--dynos", str(dynos), "--rate", "500", "--duration", "3"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_SECONDS,
    )
    sent = re.search(r"([0-9]+) messages sent, 0 lost", done.stdout.splitlines()[-1])
    assert sent, done
    assert_received(daemon, kind, int(sent[1]))
    assert int(sent[1]) >= 1400
    shown = [labels for name, labels in daemon.metrics() if name == "heroku_dyno_memory_rss_bytes"]
    assert len(shown) == apps * dynos
