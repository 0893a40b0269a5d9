"""syslog-ng."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import ClassVar

from benchmarks.peers.file_writer import UDP_RECEIVE_BUFFER, FileWriter
from benchmarks.peers.receiver import version_of
from benchmarks.transports import HOST, Transport


class SyslogNg(FileWriter):
    """syslog-ng: a ``syslog()`` source and a file.

    With flow control, or it would drop messages. Its small default batches would double its cost,
    so that it is told to fetch and to write 1,000 messages at once.
    """

    name = "syslog-ng"
    root: ClassVar[Path | None] = None
    """Where unpack_syslog_ng.sh put it; None looks on the PATH."""

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the wrapper of an unpacked one, else ``syslog-ng`` of the PATH."""
        if cls.root is not None:
            return shutil.which("syslog-ng", path=str(cls.root.resolve()))
        return shutil.which("syslog-ng", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

    @classmethod
    def version(cls, program: str) -> str:
        """Return what ``syslog-ng --version`` says."""
        return version_of([program, "--version"], r"syslog-ng \S+ \((\S+)\)")

    def _configure(self, conf: Path, port: int) -> list[str]:
        transport, connections, (certificate, key) = self._setting
        most = connections + 2  # with room for the ones that see if it listens
        window = most * 10_000
        extras = {
            Transport.TCP: f"max-connections({most})",
            Transport.TLS: f"max-connections({most})"
            f' tls(cert-file("{certificate}") key-file("{key}") peer-verify(optional-untrusted))',
            Transport.UDP: f"so-rcvbuf({UDP_RECEIVE_BUFFER})",
        }
        conf.write_text(
            "@version: 3.35\n"
            "options { keep-hostname(yes); use-dns(no); stats-freq(0);\n"
            f"  flush-lines(1000); log-fifo-size({window}); }};\n"
            f'source s {{ syslog(ip("{HOST}") port({port}) transport("{transport}")\n'
            f"  {extras[transport]} log-iw-size({window}) log-fetch-limit(1000)); }};\n"
            f'destination d {{ file("{self._output}" flags(syslog-protocol)); }};\n'
            "log { source(s); destination(d); flags(flow-control); };\n"
        )
        own = {"persist-file": "persist", "pidfile": "pid", "control": "control"}
        files = [f"--{option}={self._directory / name}" for option, name in own.items()]
        return ["-F", "--no-caps", "-f", str(conf), *files]
