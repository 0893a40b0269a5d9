"""rsyslog."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar, Final

from benchmarks.peers.file_writer import UDP_RECEIVE_BUFFER, FileWriter
from benchmarks.peers.receiver import version_of
from benchmarks.transports import HOST, Transport


class Rsyslog(FileWriter):
    """rsyslog: imptcp, imudp or, for TLS, imtcp, and omfile; a queue that suits the load.

    The inputs over TCP and TLS detect octet counting.
    """

    name = "rsyslog"
    _DRIVERS: Final = ("ossl", "gtls")
    """Network stream drivers of TLS, best first: OpenSSL is what the daemon has, too."""
    modules: ClassVar[tuple[str, ...]] = ("lib/*/rsyslog", "lib/rsyslog", "lib64/rsyslog")
    """Where its modules may be, below /usr."""

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return ``rsyslogd`` of the PATH or of the administrator's; for TLS it needs a driver."""
        if transport is Transport.TLS and cls._driver() is None:
            return None
        return shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin:/sbin")

    @classmethod
    def version(cls, program: str) -> str:
        """Return what ``rsyslogd -v`` says."""
        return version_of([program, "-v"], r"rsyslogd\s+(\S+)")

    @classmethod
    def _driver(cls) -> str | None:
        for driver in cls._DRIVERS:
            for modules in cls.modules:
                if any(Path("/usr").glob(f"{modules}/lmnsd_{driver}.so")):
                    return driver
        return None

    def _configure(self, conf: Path, port: int) -> list[str]:
        conf.write_text(
            f'global(workDirectory="{self._directory}")\n'
            'main_queue(queue.type="FixedArray" queue.dequeueBatchSize="1024")\n'
            f"{self._input(port)}"
            f'action(type="omfile" file="{self._output}"'
            ' template="RSYSLOG_SyslogProtocol23Format")\n'
        )
        return ["-n", "-f", str(conf), "-i", str(self._directory / "pid")]

    def _input(self, port: int) -> str:
        transport, _, (certificate, key) = self._setting
        listen = f'address="{HOST}" port="{port}"'
        if transport is Transport.TCP:
            return f'module(load="imptcp")\ninput(type="imptcp" {listen})\n'
        if transport is Transport.UDP:
            buffer = f'rcvbufSize="{UDP_RECEIVE_BUFFER}"'
            return f'module(load="imudp")\ninput(type="imudp" {listen} {buffer})\n'
        driver = self._driver()
        return (
            f'global(defaultNetstreamDriver="{driver}"'
            f' defaultNetstreamDriverCAFile="{certificate}"\n'
            f' defaultNetstreamDriverCertFile="{certificate}"'
            f' defaultNetstreamDriverKeyFile="{key}")\n'
            f'module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1"'
            ' streamDriver.authMode="anon")\n'
            f'input(type="imtcp" {listen})\n'
        )
