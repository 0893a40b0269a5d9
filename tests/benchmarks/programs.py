"""Runs the programs in benchmarks/ as a user does; a receiver that is a program of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import ClassVar, Final

from benchmarks.peers import FileWriter
from benchmarks.transports import HOST, Transport

ROOT: Final = Path(__file__).resolve().parents[2]


def run_program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, f"benchmarks/{name}.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


class ScriptedWriter(FileWriter):
    """A receiver that runs a script, with the kind of its socket, host and port as arguments."""

    script: ClassVar[str]

    @classmethod
    def find(cls, transport: Transport) -> str | None:
        return sys.executable

    @classmethod
    def version(cls, program: str) -> str:
        return "1"

    def _configure(self, conf: Path, port: int) -> list[str]:
        kind = "SOCK_DGRAM" if self._setting.transport is Transport.UDP else "SOCK_STREAM"
        return ["-c", self.script, kind, HOST, str(port)]
