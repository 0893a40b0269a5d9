"""The spool: in order and within its bounds, and the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heroku_syslogd.remote_write.request_files import INCOMING
from heroku_syslogd.remote_write.spool import DropReason
from tests.remote_write.spooling import (
    DISK,
    MEMORY,
    NOTHING,
    drain,
    file_of,
    open_descriptors,
    opened,
    request,
    stored_bytes,
)


@pytest.fixture(params=["memory", "directory"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path if request.param == "directory" else None


# Order and bounds ---------------------------------------------------------------------------------


async def test_the_first_is_the_same_until_done(directory: Path | None) -> None:
    spool = await opened(directory)
    for number in range(3):
        assert await spool.put(request(number)) == 0

    assert await spool.first() == await spool.first() == request(0)
    await spool.done()
    assert await spool.first() == request(1)
    assert (spool.waiting, spool.waiting_bytes, spool.waiting_samples) == (2, 200, 1 + 2)
    await spool.close()


async def test_first_waits_until_there_is_one(directory: Path | None) -> None:
    spool = await opened(directory)
    first = asyncio.create_task(spool.first())
    await asyncio.sleep(0)
    await spool.put(request(5))

    assert await first == request(5)
    await spool.close()


async def test_requests_put_at_once_keep_their_order(directory: Path | None) -> None:
    spool = await opened(directory, 50_000, 50_000)
    await asyncio.gather(*(spool.put(request(number)) for number in range(200)))

    assert await drain(spool) == [request(number) for number in range(200)]
    await spool.close()


async def test_the_oldest_make_room(directory: Path | None) -> None:
    spool = await opened(directory, 1000, 1000)
    for number in range(1, 5):
        await spool.put(request(number, 250))

    assert await spool.put(request(5, 300)) == 1 + 2
    assert spool.dropped == {**NOTHING, DropReason.QUEUE_FULL: 1 + 2}
    assert await drain(spool) == [request(3, 250), request(4, 250), request(5, 300)]
    await spool.close()


async def test_what_is_being_sent_does_not_make_room(directory: Path | None) -> None:
    spool = await opened(directory, 1000, 1000)
    for number in range(1, 5):
        await spool.put(request(number, 250))
    await spool.first()

    assert await spool.put(request(5, 500)) == 2 + 3
    assert await spool.put(request(6, 800)) == 0  # beside the first there is no room for it
    assert spool.dropped == {**NOTHING, DropReason.QUEUE_FULL: 2 + 3 + 6}
    assert await drain(spool) == [request(1, 250), request(4, 250), request(5, 500)]
    await spool.close()


@pytest.mark.parametrize(("memory", "disk"), [(1000, 500), (500, 1000)])
async def test_a_request_over_a_bound_is_dropped_alone(
    tmp_path: Path, memory: int, disk: int
) -> None:
    spool = await opened(tmp_path, memory, disk)
    await spool.put(request(1))

    assert await spool.put(request(2, 501)) == 0
    assert spool.dropped == {**NOTHING, DropReason.QUEUE_FULL: 2}
    assert await drain(spool) == [request(1)]
    await spool.close()


async def test_memory_holds_the_head_alone(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    for number in range(30):
        await spool.put(request(number))

    assert spool.memory_bytes == MEMORY
    assert stored_bytes(tmp_path) == spool.waiting_bytes == DISK
    assert await drain(spool) == [request(number) for number in range(30)]
    assert (spool.memory_bytes, spool.waiting_bytes, stored_bytes(tmp_path)) == (0, 0, 0)
    await spool.close()


async def test_nothing_is_done_that_was_not_taken(directory: Path | None) -> None:
    spool = await opened(directory)
    await spool.put(request(1))
    with pytest.raises(RuntimeError, match="no request was taken"):
        await spool.done()

    assert spool.waiting == 1
    await spool.close()


async def test_a_request_may_be_displaced_while_it_is_read(tmp_path: Path) -> None:
    spool = await opened(tmp_path, 200, 300)
    for number in range(1, 4):
        await spool.put(request(number))
    for _ in range(2):
        await spool.first()
        await spool.done()
    await spool.put(request(4))
    first = asyncio.create_task(spool.first())
    await asyncio.sleep(0)

    assert await spool.put(request(5, 200)) == 3
    assert await first == request(4)
    assert spool.memory_bytes == 100
    await spool.close()


async def test_a_request_may_be_displaced_before_writing_it_fails(tmp_path: Path) -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    spool = await opened(tmp_path, 100, 300)
    (tmp_path / INCOMING).mkdir()
    dropped = await asyncio.gather(*(spool.put(request(number)) for number in range(1, 11)))

    # When these are put the disk has not yet failed to take those before.
    assert sum(dropped) == spool.dropped[DropReason.QUEUE_FULL] == sum(range(1, 8))
    assert spool.dropped[DropReason.DISK_ERROR] == sum(range(8, 11))
    assert (spool.waiting, faults) == (0, [])
    await spool.close()


@contextmanager
def hanging_disk(directory: Path) -> Iterator[None]:
    """Have the write that begins next wait for as long as this lasts, and fail then.

    To open a FIFO for writing waits until somebody opens it for reading.
    """
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    (directory / INCOMING).hardlink_to(fifo)
    yield
    (directory / INCOMING).unlink()
    os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))


async def test_a_disk_that_hangs_does_not_hold_up_the_event_loop(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    with hanging_disk(tmp_path):
        put = asyncio.create_task(spool.put(request(1)))
        assert await spool.first() == request(1)
        assert not put.done()
    await put
    await spool.close()


async def test_a_put_that_is_cancelled_has_queued_its_request(tmp_path: Path) -> None:
    spool = await opened(tmp_path, 100)  # one is in memory
    with hanging_disk(tmp_path):
        puts = [asyncio.create_task(spool.put(request(number))) for number in range(3)]
        await asyncio.sleep(0)
        for put in puts:
            put.cancel()
        await asyncio.wait(puts)
        assert spool.waiting == 3
    assert await spool.close() == 0

    spool = await opened(tmp_path)
    assert await drain(spool) == [request(number) for number in range(3)]
    await spool.close()


async def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    await asyncio.to_thread(os.getpid)  # what the loop itself opens
    before = open_descriptors()
    for _ in range(2):
        spool = await opened(tmp_path)
        for number in range(40):
            await spool.put(request(number))
        file_of(tmp_path, 35).write_bytes(b"")
        for _ in range(25):
            await spool.first()
            await spool.done()
        await spool.close()

    assert open_descriptors() == before
