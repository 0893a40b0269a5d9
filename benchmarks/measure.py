"""What a process has used, from ``/proc``; which processor it runs on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")
_TICK: Final = 1.0 / os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14
"""Fields 14 to 17 of ``stat`` (proc(5)), counted from the one behind the command."""

_QUIET: Final = 0.06
_POLL: Final = 0.005


def _family(pid: int) -> Iterator[int]:
    """Yield a process and its living descendants."""
    yield pid
    for children in _PROC.glob(f"{pid}/task/*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process: all its threads and children, ended ones too."""
    ticks = 0
    for one in _family(pid):
        fields = (_PROC / str(one) / "stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(fields[index]) for index in (_UTIME, _STIME, _CUTIME, _CSTIME))
    return ticks * _TICK


def peak_memory(pid: int) -> int:
    """Return the largest resident set of a process and its living descendants, in bytes."""
    return sum(_status_kib(one, "VmHWM") for one in _family(pid)) * 1024


def _status_kib(pid: int, key: str) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0])
    raise RuntimeError(f"process {pid} has no {key}")


class Rest(NamedTuple):
    """A process that has come to rest.

    Attributes:
        cpu: Its CPU time, in seconds.
        since: When that last grew, by `time.monotonic`.
    """

    cpu: float
    since: float


def wait_for_rest(pid: int) -> Rest:
    """Wait until a process uses no CPU time.

    That costs the process nothing, where asking it how far it has come would. A process that is
    kept from running looks the same, so what it has done must be verified.
    """
    cpu, since = cpu_seconds(pid), time.monotonic()
    while (now := time.monotonic()) - since < _QUIET:
        time.sleep(_POLL)
        if (used := cpu_seconds(pid)) > cpu:
            cpu, since = used, now
    return Rest(cpu, since)


class Pinning(NamedTuple):
    """Processors of the receiver, and those of everything else; None leaves it to the kernel."""

    receiver: frozenset[int] | None
    sender: frozenset[int] | None

    def __str__(self) -> str:
        if self.receiver is None or self.sender is None:
            return "nothing is pinned"
        receiver, sender = (",".join(map(str, sorted(one))) for one in (self.receiver, self.sender))
        return f"receiver on CPU {receiver}, sender on CPU {sender}"


def choose_pinning(wanted: bool) -> Pinning:
    """Give the receiver one processor for itself if there are two at least."""
    processors = sorted(os.sched_getaffinity(0))
    if not wanted or len(processors) < 2:
        return Pinning(None, None)
    return Pinning(frozenset(processors[-1:]), frozenset(processors[:-1]))


@contextmanager
def pinned(processors: frozenset[int] | None) -> Iterator[None]:
    """Pin this process, and what is started in the block, for as long as the block lasts."""
    before = os.sched_getaffinity(0)
    if processors is not None:
        os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def datagrams_dropped(port: int) -> int | None:
    """Return how many datagrams the kernel has dropped at a port because its buffer was full.

    Returns:
        The sum over the IPv4 sockets that are bound to it; None: there is none.
    """
    lines = (_PROC / "net" / "udp").read_text().splitlines()[1:]
    sockets = (line.split() for line in lines)
    drops = [int(fields[-1]) for fields in sockets if int(fields[1].rpartition(":")[2], 16) == port]
    return sum(drops) if drops else None


def filesystem(path: Path) -> str:
    """Return the type of the file system that a directory is on, such as ``tmpfs``."""
    best, found = "", "unknown"
    for line in (_PROC / "self" / "mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if path.resolve().is_relative_to(mount) and len(mount) >= len(best):
            best, found = mount, kind
    return found
