"""The spool beside a list: whatever happens in whatever order, it holds what it should."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import uvloop
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from heroku_syslogd.remote_write.request_files import INCOMING
from heroku_syslogd.remote_write.spool import DropReason, Request, Spool

T = TypeVar("T")
QUEUE_FULL, DISK_ERROR, CORRUPT = DropReason
BOUNDS: Final = st.sampled_from([100, 250, 400, 700, 1500])


@dataclass
class Kept:
    """What the spool should hold of a request.

    Attributes:
        size: Bytes that it counts for.
        spoilt: What reading its file leads to.
        gone: Whether its file has been removed.
    """

    request: Request
    size: int
    in_memory: bool = False
    on_disk: bool = False
    spoilt: DropReason | None = None
    gone: bool = False

    @property
    def has_file(self) -> bool:
        return self.on_disk and not self.gone


class SpoolAndList(RuleBasedStateMachine):
    """A spool, and what its documentation says about each request that was put."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.root = TemporaryDirectory()
        self.generation = 0
        self.number = 0
        self.kept: list[Kept] = []
        self.taken = False
        self.broken = False
        self.dropped = dict.fromkeys(DropReason, 0)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(on_disk=st.sampled_from([True, True, False]), memory=BOUNDS, disk=BOUNDS)
    def open(self, on_disk: bool, memory: int, disk: int) -> None:
        self.directory = Path(self.root.name, "0") if on_disk else None
        self.start(memory, disk)

    def start(self, memory: int, disk: int) -> None:
        self.memory, self.most = memory, disk if self.directory else memory
        self.taken = False
        self.dropped = dict.fromkeys(DropReason, 0)
        found = [one for one in self.kept if one.has_file]
        self.kept = []
        for one, path in zip(found, self.paths(), strict=True):
            one.in_memory = False
            one.size = path.stat().st_size
            if self.expect_room(one) is not None:
                self.kept.append(one)
        self.spool = Spool(self.directory, memory, disk)
        assert self.run(self.spool.open()) == len(self.kept)

    def paths(self) -> list[Path]:
        return sorted(self.directory.glob("*.request")) if self.directory else []

    def lose(self, lost: Kept, reason: DropReason) -> int:
        self.kept = [one for one in self.kept if one is not lost]
        self.dropped[reason] += lost.request.samples
        return lost.request.samples

    # The queue -----------------------------------------------------------------------------------

    @rule(size=st.sampled_from([0, 10, 60, 100, 250, 400]), samples=st.integers(0, 5))
    def put(self, size: int, samples: int) -> None:
        self.number += 1
        body = (b"%d " % self.number * size)[:size]
        new = Kept(Request(body, samples), size)
        displaced = self.expect_room(new)
        if displaced is not None:
            self.expect_kept(new)

        assert self.run(self.spool.put(new.request)) == (displaced or 0)

    def expect_room(self, new: Kept) -> int | None:
        """Return the samples that make room, None if nothing does."""
        staying = self.kept[0].size if self.taken else 0
        if new.size > self.memory or staying + new.size > self.most:
            self.lose(new, QUEUE_FULL)
            return None
        displaced = 0
        while sum(one.size for one in self.kept) + new.size > self.most:
            displaced += self.lose(self.kept[int(self.taken)], QUEUE_FULL)
        return displaced

    def expect_kept(self, new: Kept) -> None:
        used = sum(one.size for one in self.kept if one.in_memory)
        fits = used + new.size <= self.memory
        new.in_memory = fits and all(one.in_memory for one in self.kept)
        new.on_disk = self.directory is not None and not self.broken
        self.kept.append(new)
        if not new.in_memory and not new.on_disk:
            self.lose(new, DISK_ERROR)

    @precondition(lambda self: self.spool.waiting)
    @rule()
    def take(self) -> None:
        while self.kept and self.kept[0].spoilt and not self.kept[0].in_memory:
            self.lose(self.kept[0], self.kept[0].spoilt)
        if self.kept:
            assert self.run(self.spool.first()) == self.kept[0].request
            self.kept[0].in_memory = self.taken = True
        else:
            self.run(self.find_nothing())

    async def find_nothing(self) -> None:
        first = asyncio.create_task(self.spool.first())
        while self.spool.waiting or self.paths():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        assert not first.done()
        first.cancel()
        await asyncio.wait([first])

    @precondition(lambda self: self.taken)
    @rule()
    def done(self) -> None:
        self.run(self.spool.done())
        self.kept.pop(0)
        self.taken = False

    # What befalls it -----------------------------------------------------------------------------

    @precondition(lambda self: self.directory)
    @rule(memory=BOUNDS, disk=BOUNDS)
    def restart(self, memory: int, disk: int) -> None:
        for one in self.kept:
            one.on_disk = one.on_disk or not self.broken
        lost = sum(one.request.samples for one in self.kept if not one.on_disk)
        assert self.run(self.spool.close()) == lost
        self.mend_disk()
        self.start(memory, disk)

    @precondition(lambda self: self.directory)
    @rule()
    def kill(self) -> None:
        """Go on with what the directory holds at this moment."""
        assert self.directory is not None
        old, spool = self.directory, self.spool
        self.generation += 1
        self.directory = Path(self.root.name, str(self.generation))
        shutil.copytree(old, self.directory)
        self.mend_disk()
        self.start(self.memory, self.most)
        self.run(spool.close())

    @precondition(lambda self: self.directory and not self.broken)
    @rule()
    def break_disk(self) -> None:
        """Have every write fail."""
        assert self.directory is not None
        (self.directory / INCOMING).mkdir()
        self.broken = True

    @precondition(lambda self: self.broken)
    @rule()
    def mend_disk(self) -> None:
        if self.broken and self.directory is not None:
            (self.directory / INCOMING).rmdir()
        self.broken = False

    @precondition(lambda self: any(one.has_file and one.size for one in self.kept))
    @rule(data=st.data(), how=st.sampled_from(["torn", "other", "longer", "gone"]))
    def spoil(self, data: st.DataObject, how: str) -> None:
        files = zip([one for one in self.kept if one.has_file], self.paths(), strict=True)
        victim, path = data.draw(st.sampled_from([pair for pair in files if pair[0].size]))
        body = victim.request.body
        match how:
            case "torn":
                path.write_bytes(body[: data.draw(st.integers(0, len(body) - 1))])
            case "other":
                path.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
            case "longer":
                path.write_bytes(body + b"x")
            case "gone":
                path.unlink()
        victim.gone = how == "gone"
        victim.spoilt = DISK_ERROR if victim.gone else CORRUPT

    @invariant()
    def the_books_are_right(self) -> None:
        spool = self.spool
        assert spool.waiting == len(self.kept)
        assert spool.waiting_bytes == sum(one.size for one in self.kept)
        assert spool.waiting_samples == sum(one.request.samples for one in self.kept)
        assert spool.memory_bytes == sum(one.size for one in self.kept if one.in_memory)
        assert spool.dropped == self.dropped

    @invariant()
    def the_bounds_hold(self) -> None:
        assert self.spool.memory_bytes <= self.memory
        assert self.spool.waiting_bytes <= self.most

    @invariant()
    def the_disk_holds_what_waits(self) -> None:
        sizes = [path.stat().st_size for path in self.paths()]
        expected = [one for one in self.kept if one.has_file]
        assert len(sizes) == len(expected)
        for size, one in zip(sizes, expected, strict=True):
            assert size == one.size or one.spoilt

    def teardown(self) -> None:
        """What is left comes out in its order."""
        if hasattr(self, "spool"):
            while self.kept:
                self.take()
                if self.taken:
                    self.done()
            self.the_books_are_right()
            assert self.run(self.spool.close()) == 0
        self.runner.close()
        self.root.cleanup()


SpoolAndList.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestSpoolAndList = SpoolAndList.TestCase
