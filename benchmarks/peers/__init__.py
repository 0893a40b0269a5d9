"""The receivers: the daemon and its peers, each told to take the same messages."""

from __future__ import annotations

from typing import Final

from benchmarks.peers.daemon import CompiledDaemon, Daemon, Replay
from benchmarks.peers.file_writer import FileWriter
from benchmarks.peers.mtail import Mtail
from benchmarks.peers.receiver import ROOT, Account, Receiver, ReceiverError, Setting
from benchmarks.peers.rsyslog import Rsyslog
from benchmarks.peers.syslog_ng import SyslogNg

__all__ = [
    "RECEIVERS",
    "ROOT",
    "Account",
    "CompiledDaemon",
    "Daemon",
    "FileWriter",
    "Mtail",
    "Receiver",
    "ReceiverError",
    "Replay",
    "Rsyslog",
    "Setting",
    "SyslogNg",
]

RECEIVERS: Final[tuple[type[Receiver], ...]] = (
    CompiledDaemon,
    Daemon,
    Rsyslog,
    SyslogNg,
    Replay,
    Mtail,
)
