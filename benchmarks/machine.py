"""What was measured on, with what: figures of another machine or version are other figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers import Receiver
from benchmarks.transports import Transport


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on beside the programs."""
    return {
        "cpu": _cpu_model(),
        "processors": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": f"{platform.system()} {platform.release()}",
    }


def describe_programs(turns: Iterable[tuple[Transport, type[Receiver]]]) -> dict[str, str]:
    """Return the versions of the interpreter, of its event loop, and of those who take part."""
    versions = {"python": platform.python_version(), "uvloop": version("uvloop")}
    for transport, kind in turns:
        name = kind.name.partition(" ")[0]  # a command of the daemon is of its version
        if name not in versions and (program := kind.find(transport)):
            versions[name] = kind.version(program)
    return versions


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()
