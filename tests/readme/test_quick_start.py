"""What the README has somebody type in a fresh clone, typed there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.boot.tree import require_root
from tests.daemon_process import WAIT_SECONDS, wait_until
from tests.readme.blocks import README, ROOT, block_with, commands
from tests.real import require

pytestmark = pytest.mark.real

DEMO: Final = "run --demo"
METRICS: Final = "curl -s"
EXPLAIN: Final = "heroku-syslogd explain"
TYPED: Final = (DEMO, METRICS, EXPLAIN)
"""What tells their blocks of commands from the others."""

PAGE: Final = "http://127.0.0.1:9842/"
SSH: Final = "ssh -L 9842:127.0.0.1:9842 metrics.example.com"

SETUP_SECONDS: Final = 600
"""It fetches packages."""

_OF_ENVIRONMENTS: Final = ("VENV", "VIRTUAL_ENV", "PYTHONPATH", "NOTIFY_SOCKET")
"""Variables that would have it use another environment, or another manager, than its own."""


def _shell(command: str, directory: Path) -> list[str]:
    return ["sh", "-euc", f"cd {directory}\n{command}"]


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_ENVIRONMENTS}


def _output(argv: Sequence[str], timeout: float = WAIT_SECONDS) -> str:
    """Return what a command prints that has to succeed."""
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=timeout, env=_environ()
    )
    assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what would be committed, set up by the first half of the first command."""
    # Whoever owns the working copy: git(1) refuses one that is somebody else's.
    git = [require("git"), "-c", "safe.directory=*", "-C", str(ROOT)]
    listed = _output([*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    directory = tmp_path_factory.mktemp("clone")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name)
    set_up, _, _ = block_with(DEMO).partition(" && ")
    _output(_shell(set_up, directory), SETUP_SECONDS)
    return directory


class Alone:
    """A process in a network of its own, so that ports which are fixed are nobody else's.

    Args:
        process: The process.
        log: Where its output goes.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        wait_until(self._has_moved, "a network of its own")

    def _has_moved(self) -> bool:
        assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
        network = Path("/proc", str(self._process.pid), "ns", "net")
        return network.readlink() != Path("/proc/self/ns/net").readlink()

    def output(self, command: str) -> str:
        """Return what a command beside it prints, whether that succeeds or not."""
        assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
        network = [require("nsenter"), f"--target={self._process.pid}", "--net"]
        done = subprocess.run(
            [*network, "sh", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_SECONDS,
        )
        return done.stdout

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self._process.terminate()
        return self._process.wait(WAIT_SECONDS)


@contextmanager
def alone(command: str, directory: Path) -> Iterator[Alone]:
    """Run a command of a directory in a network that has a loopback interface and nothing else."""
    require_root("a network namespace")
    # It must not outlive a test run that was killed.
    own = [require("setpriv"), "--pdeathsig=KILL", require("unshare"), "--net"]
    ready = f"{require('ip')} link set lo up\nexec {command}"
    log = directory / "demo.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*own, *_shell(ready, directory)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environ(),
        ) as process,
    ):
        try:
            yield Alone(process, log)
        finally:
            process.kill()


def test_the_first_command_shows_dynos_and_the_page(clone: Path) -> None:
    require("curl")
    _, _, run = block_with(DEMO).partition(" && ")
    with alone(run, clone) as demo:

        def dynos() -> set[str]:
            return set(re.findall(r'dyno="(\w+\.\d+)"', demo.output(block_with(METRICS))))

        wait_until(lambda: dynos() >= {"web.1", "web.2"}, "metrics of dynos")
        page = demo.output(f"curl --silent --fail {PAGE}")
        code = demo.stop()

    assert f"<{PAGE}>" in README
    assert "<title>heroku-syslogd</title>" in page
    assert code == 0


def test_a_line_is_explained(clone: Path) -> None:
    said = _output(_shell(commands(EXPLAIN), clone))

    assert "heroku_dyno_actions_total" in said
    assert said.endswith("Understood: dyno_action.\n")


def test_the_tunnel_ends_at_the_page() -> None:
    # Prints what it would do, and connects to nobody.
    configuration = _output([require("ssh"), "-G", *SSH.split()[1:]])

    assert "localforward 9842 [127.0.0.1]:9842" in configuration.splitlines()
