"""All asynchronous tests run on the event loop that the daemon runs on."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
import uvloop

_HERE: Final = Path(__file__).parent
_OF_PROCESSES: Final = {_HERE / "benchmarks", _HERE / "e2e"}
"""Directories whose tests are about processes, all of them."""


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long, so that it can be left out while one works on something else."""
    for item in items:
        if not _OF_PROCESSES.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.process)
