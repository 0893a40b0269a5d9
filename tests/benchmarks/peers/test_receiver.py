from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.peers import RECEIVERS, CompiledDaemon, Daemon, Receiver, ReceiverError, Setting
from benchmarks.peers.receiver import version_of
from benchmarks.transports import Transport, make_certificate


def test_daemon_alone_takes_http() -> None:
    assert [kind for kind in RECEIVERS if Transport.HTTP in kind.transports] == [
        CompiledDaemon,
        Daemon,
    ]


@pytest.mark.parametrize("transport", Transport)
def test_somebody_takes_every_transport_with_the_daemons_code(transport: Transport) -> None:
    names = [kind.name for kind in RECEIVERS if transport in kind.transports]

    assert names[0].startswith("heroku-syslogd")


def test_receiver_that_does_not_start_tells_why(tmp_path: Path) -> None:
    setting = Setting(Transport.TLS, 1, make_certificate(tmp_path))
    setting.certificate.key.unlink()
    daemon: Receiver = Daemon(tmp_path, setting)

    with pytest.raises(ReceiverError, match=r"did not start(.|\n)*key\.pem"), daemon:
        pass

    assert daemon.has_ended


def test_version_is_found_in_what_a_program_prints_anywhere() -> None:
    on_stderr = [sys.executable, "-c", "import sys; print('one 1.2~rc3 of', file=sys.stderr)"]

    assert version_of(on_stderr, r"one (\S+)") == "1.2~rc3"
    assert version_of(on_stderr, r"two (\S+)") == "?"
