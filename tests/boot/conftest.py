"""Fixtures of the booted unit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.boot.machine import SERVICE, Machine, booted
from tests.boot.secured import Secured
from tests.boot.tree import cache, check_machine, installed_tree

UDP_LISTENER: Final = """
[[listener]]
type = "udp"
systemd = "udp"
"""

CONFIG: Final = f"""\
[admin]
address = "127.0.0.1:9842"

[[listener]]
type = "tcp"
systemd = "tcp"
{UDP_LISTENER}"""

INVALID: Final = f"{CONFIG}\n[nonsense]\nkey = 1\n"


@pytest.fixture(scope="session")
def tree() -> Iterator[Path]:
    """The root directory that every container starts from."""
    check_machine()
    with cache() as directory, installed_tree(directory, CONFIG) as tree:
        yield tree


@pytest.fixture
def fresh(tree: Path, tmp_path: Path) -> Iterator[Machine]:
    """A container of its own for a test, booted, whatever became of the service."""
    with booted(tree, tmp_path / "console") as machine:
        yield machine
        # Shown only where the test failed.
        print(machine.run("systemctl", "status", SERVICE, check=False))
        print(machine.run("journalctl", "--no-pager", "--lines=100", "--unit=heroku-syslogd*"))


@pytest.fixture
def machine(fresh: Machine) -> Machine:
    """The same with the service up."""
    fresh.wait_active()
    return fresh


@pytest.fixture
def secured(machine: Machine, tmp_path: Path) -> Secured:
    """The same with drains over TLS and HTTPS."""
    secured = Secured(machine, tmp_path)
    secured.set_up()
    return secured
