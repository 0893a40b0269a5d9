from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from benchmarks.load import start_datagrams, start_sender
from benchmarks.measure import wait_for_rest
from benchmarks.peers import Account, Daemon, Replay, Setting
from benchmarks.recordings import write_frames, write_lines
from benchmarks.transports import Transport, make_certificate
from heroku_syslogd import __version__
from heroku_syslogd.simulate import record

TIMEOUT: Final = 30.0
MORE_THAN_A_BUFFER_HOLDS: Final = 60_000


@pytest.mark.parametrize("transport", sorted(Daemon.transports))
def test_daemon_listens_and_has_consumed_nothing_yet(tmp_path: Path, transport: Transport) -> None:
    setting = Setting(transport, 1, make_certificate(tmp_path))

    with Daemon(tmp_path, setting) as daemon:
        assert daemon.address[1] > 0
        assert daemon.account() == Account(0, 0)
        assert daemon.peak_memory() > 2**20


def test_daemon_accounts_for_every_datagram_that_the_kernel_dropped(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    setting = Setting(Transport.UDP, 1, make_certificate(tmp_path))
    recording = write_frames(record(1000), tmp_path / "frames").shared([MORE_THAN_A_BUFFER_HOLDS])
    deadline = time.monotonic() + TIMEOUT

    with (
        Daemon(own, setting) as daemon,
        start_datagrams(recording, daemon.address, 1e6, TIMEOUT) as sender,
    ):
        os.kill(daemon.pid, signal.SIGSTOP)
        sender.run()
        os.kill(daemon.pid, signal.SIGCONT)
        while sum(account := daemon.account()) < recording.messages:
            assert time.monotonic() < deadline, account
            wait_for_rest(daemon.pid)

        assert sum(account) == recording.messages
        assert account.consumed > 0
        assert account.lost > 0


def test_replay_reads_what_is_written_into_its_pipe(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    setting = Setting(Transport.FILE, 1, make_certificate(tmp_path))
    recording = write_lines(record(500), tmp_path / "lines").shared([1200])

    with Replay(own, setting) as replay:
        with start_sender(recording, replay.address, None, TIMEOUT, replay.file) as sender:
            sender.run()
            wait_for_rest(replay.pid)
            assert replay.account() == Account(1200, 0)
        assert replay.has_ended
        assert replay.account() == Account(1200, 0)
        assert replay.peak_memory() > 2**20


def test_version_is_that_of_the_package() -> None:
    assert Daemon.version("") == Replay.version("") == __version__
