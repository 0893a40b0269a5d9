"""The receivers: the daemon, rsyslog and syslog-ng, each told to take the same messages."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self

from benchmarks.transports import HOST, Certificate, Transport

ROOT: Final = Path(__file__).resolve().parent.parent

_START_TIMEOUT: Final = 20.0
_STOP_TIMEOUT: Final = 20.0
_CHUNK: Final = 1 << 22


class ReceiverError(Exception):
    """A receiver did not start, or went away."""


class Setting(NamedTuple):
    """What a receiver has to be configured for.

    Attributes:
        transport: What it is sent over.
        connections: How many connections it will be sent.
        certificate: What it presents over TLS.
    """

    transport: Transport
    connections: int
    certificate: Certificate


class Receiver(ABC):
    """One receiver process, from start to stop: a context manager.

    Args:
        directory: Where its configuration and its output go; empty, and its own.
        setting: What it has to be configured for.
    """

    name: ClassVar[str]
    transports: ClassVar[frozenset[Transport]]
    """What it can take messages over."""

    def __init__(self, directory: Path, setting: Setting) -> None:
        self._directory = directory
        self._setting = setting
        self._log = directory / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = (HOST, 0)

    @classmethod
    @abstractmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the program, None where it, or what it needs for a transport, is not installed."""

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        assert self._process is None, "started already"
        command = self._prepare()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            self._wait_until_listening()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @abstractmethod
    def consumed(self) -> int:
        """Return how many messages it has verifiably consumed; called when it is at rest.

        Raises:
            ReceiverError: It admits that it lost some.
        """

    @abstractmethod
    def _prepare(self) -> list[str]:
        """Write the configuration; return the command."""

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._is_listening():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")[-2000:]
                raise ReceiverError(f"{self.name} did not start:\n{said}")
            time.sleep(0.02)

    @abstractmethod
    def _is_listening(self) -> bool:
        """Tell whether it can be sent to, and note its address."""


class Daemon(Receiver):
    """heroku-syslogd, of the interpreter that runs this, with its default limits."""

    name = "heroku-syslogd"
    transports = frozenset(Transport)
    _COUNTERS: Final = ("received_messages_total", "applied_messages_total", "lost_messages_total")

    def __init__(self, directory: Path, setting: Setting) -> None:
        super().__init__(directory, setting)
        self._admin = ""

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return the interpreter."""
        return sys.executable

    def consumed(self) -> int:
        """Return ``applied_messages_total``."""
        with urllib.request.urlopen(f"http://{self._admin}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        values = dict.fromkeys(self._COUNTERS, 0)
        for name, value in re.findall(r"(?m)^heroku_syslogd_(\w+_total)(?:\{.*\})? (\S+)$", text):
            if name in values:
                values[name] += int(float(value))
        received, applied, lost = values.values()
        if lost:
            raise ReceiverError(f"{self.name} received {received}, applied {applied}, lost {lost}")
        return applied if applied == received else min(applied, received - 1)

    def _prepare(self) -> list[str]:
        config = self._directory / "config.toml"
        transport, _, certificate = self._setting
        text = (
            f'[log]\nformat = "json"\n[admin]\naddress = "{HOST}:0"\n'
            f'[[listener]]\ntype = "{transport}"\naddress = "{HOST}:0"\n'
        )
        if transport is Transport.TLS:
            text += f'certificate = "{certificate.certificate}"\nkey = "{certificate.key}"\n'
        config.write_text(text)
        return [sys.executable, "-m", "heroku_syslogd", "run", "--config", str(config)]

    def _is_listening(self) -> bool:
        lines = self._log.read_bytes().splitlines(keepends=True)
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines if line[:1] == b"{"]
        for entry in entries:
            if entry["event"] == "listener.started":
                host, _, port = entry["addresses"][0].rpartition(":")
                self.address = (host, int(port))
            elif entry["event"] == "daemon.started":
                self._admin = entry["admin"]
        return bool(self._admin)


class FileWriter(Receiver):
    """A receiver that writes every message to a file, one line each."""

    transports = frozenset({Transport.TCP, Transport.TLS})

    def __init__(self, directory: Path, setting: Setting) -> None:
        super().__init__(directory, setting)
        self._output = directory / "output"

    def consumed(self) -> int:
        """Return the number of lines written."""
        if not self._output.exists():
            return 0
        with self._output.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))

    def _prepare(self) -> list[str]:
        with socket.create_server((HOST, 0)) as free:
            self.address = free.getsockname()
        program = self.find(self._setting.transport)
        assert program is not None
        return [program, *self._configure(self._directory / "conf", self.address[1])]

    @abstractmethod
    def _configure(self, conf: Path, port: int) -> list[str]:
        """Write the configuration file; return the arguments."""

    def _is_listening(self) -> bool:
        try:
            socket.create_connection(self.address, 1).close()
        except ConnectionRefusedError:
            return False
        return True


class Rsyslog(FileWriter):
    """rsyslog: imptcp, or imtcp for TLS, and omfile; a queue that suits the load.

    Both inputs detect octet counting.
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

    def _configure(self, conf: Path, port: int) -> list[str]:
        transport, connections, (certificate, key) = self._setting
        most = connections + 2  # with room for the ones that see if it listens
        tls = (
            f'\n  tls(cert-file("{certificate}") key-file("{key}") peer-verify(optional-untrusted))'
        )
        window = most * 10_000
        conf.write_text(
            "@version: 3.35\n"
            "options { keep-hostname(yes); use-dns(no); stats-freq(0);\n"
            f"  flush-lines(1000); log-fifo-size({window}); }};\n"
            f'source s {{ syslog(ip("{HOST}") port({port}) transport("{transport}")'
            f"{tls if transport is Transport.TLS else ''}\n"
            f"  max-connections({most}) log-iw-size({window}) log-fetch-limit(1000)); }};\n"
            f'destination d {{ file("{self._output}" flags(syslog-protocol)); }};\n'
            "log { source(s); destination(d); flags(flow-control); };\n"
        )
        own = {"persist-file": "persist", "pidfile": "pid", "control": "control"}
        files = [f"--{option}={self._directory / name}" for option, name in own.items()]
        return ["-F", "--no-caps", "-f", str(conf), *files]


RECEIVERS: Final[tuple[type[Receiver], ...]] = (Daemon, Rsyslog, SyslogNg)
