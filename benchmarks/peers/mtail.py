"""mtail."""

from __future__ import annotations

import json
import re
import shutil
import socket
import urllib.request
from pathlib import Path
from typing import Final
from urllib.error import URLError

from benchmarks.peers.receiver import ROOT, Account, Receiver, Setting, version_of
from benchmarks.transports import HOST, Transport

PROGRAM: Final = ROOT / "benchmarks" / "heroku.mtail"

_POLL: Final = "25ms"
"""How often it looks whether the file has grown, or it would seem to be at rest while it waits."""


class Mtail(Receiver):
    """mtail, which follows a file, with a program that counts what there is to count."""

    name = "mtail"
    transports = frozenset({Transport.FILE})

    def __init__(self, directory: Path, setting: Setting) -> None:
        super().__init__(directory, setting)
        self.file: Path = directory / "lines"

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        """Return ``mtail`` of the PATH."""
        return shutil.which("mtail")

    @classmethod
    def version(cls, program: str) -> str:
        """Return what ``mtail --version`` says."""
        return version_of([program, "--version"], r"mtail version (\S+)")

    def account(self) -> Account:
        """Return how many lines the program has counted."""
        metrics = self._page("metrics")
        counted = re.findall(r"(?m)^heroku_log_messages_total\{.*\} (\S+)$", metrics)
        return Account(sum(int(float(value)) for value in counted))

    def _prepare(self) -> list[str]:
        self.file.touch()
        with socket.create_server((HOST, 0)) as free:
            self.address = free.getsockname()
        program = self.find(self._setting.transport)
        assert program is not None
        options = {
            "progs": PROGRAM,
            "logs": self.file,
            "address": HOST,
            "port": self.address[1],
            "poll_interval": _POLL,
            "poll_log_interval": _POLL,
        }
        return [program, "--logtostderr", *(f"--{name}={one}" for name, one in options.items())]

    def _is_listening(self) -> bool:
        """Tell whether it follows the file: from then on it reads what is appended."""
        try:
            return str(self.file) in json.loads(self._page("debug/vars"))["log_opens_total"]
        except (URLError, ConnectionError):
            return False

    def _page(self, path: str) -> str:
        host, port = self.address
        with urllib.request.urlopen(f"http://{host}:{port}/{path}", timeout=30) as answer:
            text: str = answer.read().decode()
        return text
