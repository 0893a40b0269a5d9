"""How the tests of the spool fill it, empty it and look at its directory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from heroku_syslogd.remote_write.spool import DropReason, Request, Spool

MEMORY: Final = 1000
DISK: Final = 3000
NOTHING: Final = dict.fromkeys(DropReason, 0)


def request(number: int, size: int = 100) -> Request:
    """Return a request whose samples say which one it is."""
    return Request(b"%d " % number + b"x" * (size - len(b"%d " % number)), number)


async def opened(directory: Path | None, memory: int = MEMORY, disk: int = DISK) -> Spool:
    spool = Spool(directory, memory, disk)
    await spool.open()
    return spool


async def drain(spool: Spool) -> list[Request]:
    """Take all that waits."""
    taken = []
    while spool.waiting:
        taken.append(await spool.first())
        await spool.done()
    return taken


def stored_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("*.request"))


def open_descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def file_of(directory: Path, number: int) -> Path:
    [path] = directory.glob(f"*.{number}.*.request")
    return path
