"""Root trees for the container: made by debootstrap, with heroku-syslogd installed as documented.

Two things are slow, need the network, and are therefore kept between runs: the bare Debian tree
and the wheels that the package needs. Both are keyed by what they were made of. The tree with the
package in it is made anew for every run, from the working copy.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.readme.blocks import commands
from tests.real import require

PROJECT: Final = Path(__file__).parents[2]
CONFIG: Final = "/etc/heroku-syslogd/config.toml"
USER: Final = "heroku-syslogd"
INSTALL: Final = "python3 -m venv /opt/heroku-syslogd"
"""Tells the block of the README that installs the service from the others."""

SUITE: Final = "bookworm"
PYTHON: Final = "3.11"
"""The Python of the suite; the wheels are fetched for it, whichever Python runs the tests."""
PACKAGES: Final = (
    "dbus",
    "iproute2",
    "procps",  # /bin/kill, which the unit calls
    "python3",
    "python3-venv",
    "systemd",
    "util-linux",
)

NSPAWN: Final = (
    "systemd-nspawn",
    "--quiet",
    # Works where systemd is not the init of this machine: nobody is asked for a scope.
    "--register=no",
    "--keep-unit",
    "--private-network",
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
)


def require_root(what: str) -> None:
    """Skips or fails the test, as `require` does, where root does not run it."""
    if os.geteuid() != 0:
        reason = f"{what} needs root"
        if os.environ.get("HEROKU_SYSLOGD_REQUIRE_REAL") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def check_machine() -> None:
    """Skips or fails the test where no container can be made."""
    require_root("a container")
    for program in ("debootstrap", "nsenter", "setpriv", NSPAWN[0]):
        require(program)


def run(argv: Sequence[str], *, stdin: str = "", timeout: float = 600) -> None:
    """Runs a command that has to succeed; fails the test with its last words otherwise."""
    done = subprocess.run(
        argv,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    if done.returncode != 0:
        pytest.fail(f"{argv[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}")


@contextmanager
def cache() -> Iterator[Path]:
    """Yields the directory that outlives a run, for this process alone.

    Containers share names and control groups, so there is one at a time on a machine.
    """
    default = Path(tempfile.gettempdir()) / "heroku-syslogd-boot"
    directory = Path(os.environ.get("HEROKU_SYSLOGD_BOOT_CACHE", default))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.geteuid():
        pytest.fail(f"{directory} belongs to somebody else; set HEROKU_SYSLOGD_BOOT_CACHE")
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield directory


def key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@contextmanager
def finished(path: Path) -> Iterator[Path]:
    """Yields a place to build what is to become `path`, which appears only when it is complete."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    yield unfinished
    unfinished.rename(path)


def mirrors() -> list[str]:
    """Returns what this machine has configured for the suite, as debootstrap's last argument.

    Nothing where it has nothing of the kind: then debootstrap's own default is used.
    """
    apt = Path("/etc/apt")
    for sources in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in sources.read_text().split("\n\n"):
            fields = dict(line.split(":", 1) for line in stanza.splitlines() if ":" in line)
            if SUITE in fields.get("Suites", "").split():
                return fields["URIs"].split()[:1]
    for sources in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))):
        for line in sources.read_text().splitlines() if sources.exists() else ():
            words = [word for word in line.split() if "=" not in word and "[" not in word]
            if words[:1] == ["deb"] and words[2:3] == [SUITE]:
                return words[1:2]
    return []


def bare_tree(directory: Path) -> Path:
    """Returns a minimal Debian with systemd and Python in it; builds it if it is not there."""
    tree = directory / f"{SUITE}-{key(SUITE, *PACKAGES)}"
    if not tree.exists():
        with finished(tree) as unfinished:
            include = f"--include={','.join(PACKAGES)}"
            where = [str(unfinished), *mirrors()]
            run([require("debootstrap"), "--variant=minbase", include, SUITE, *where])
    return tree


def wheels(directory: Path) -> Path:
    """Returns a directory with everything that `pip install .` would fetch."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    needed = sorted(project["project"]["dependencies"] + project["build-system"]["requires"])
    house = directory / f"wheels-{key(PYTHON, *needed)}"
    if not house.exists():
        with finished(house) as unfinished:
            unfinished.mkdir()
            pip = [sys.executable, "-m", "pip", "download", "--quiet", f"--dest={unfinished}"]
            run([*pip, "--only-binary=:all:", f"--python-version={PYTHON}", *needed])
    return house


def documented_install() -> str:
    """Returns the commands of the README that install and enable the service, as a script.

    The machine is not running yet, so what would start something now is left to its boot. The
    configuration of the README is replaced by the one on standard input.
    """
    script = commands(INSTALL).replace("enable --now", "enable")
    return f"""\
set -eu
systemctl() {{ [ "$1" = daemon-reload ] || command systemctl "$@"; }}
{script}
cat > {CONFIG}
"""


@contextmanager
def installed_tree(directory: Path, config: str) -> Iterator[Path]:
    """Yields a tree in which heroku-syslogd is installed and enabled, with `config` in place."""
    bare, house = bare_tree(directory), wheels(directory)
    tree = directory / "installed"
    shutil.rmtree(tree, ignore_errors=True)
    try:
        run(["cp", "--archive", "--reflink=auto", str(bare), str(tree)])
        inside = [
            *NSPAWN,
            f"--directory={tree}",
            f"--bind-ro={PROJECT}:/src",
            f"--bind-ro={house}:/wheels",
            # No network in there: pip finds in /wheels what it would otherwise download.
            "--setenv=PIP_NO_INDEX=1",
            "--setenv=PIP_FIND_LINKS=/wheels",
            "--chdir=/src",
            "--pipe",
            "/bin/sh",
            "-c",
            documented_install(),
        ]
        run(inside, stdin=config)
        yield tree
    finally:
        shutil.rmtree(tree, ignore_errors=True)
