"""What a restart, a kill or a bad disk costs the spool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.errors import StartupError
from heroku_syslogd.remote_write.request_files import INCOMING
from heroku_syslogd.remote_write.spool import DropReason, Spool
from tests.remote_write.spooling import (
    DISK,
    MEMORY,
    NOTHING,
    drain,
    file_of,
    opened,
    request,
    stored_bytes,
)
from tests.sinks.writing import run_script

# Restarts -----------------------------------------------------------------------------------------


async def test_what_waits_outlives_a_restart_in_order(tmp_path: Path) -> None:
    for start in range(0, 9, 3):
        spool = Spool(tmp_path, MEMORY, DISK)
        assert await spool.open() == spool.waiting == start
        for number in range(start, start + 3):
            await spool.put(request(number))
        assert await spool.first() == request(0)
        assert await spool.close() == 0

    spool = await opened(tmp_path)
    assert (spool.waiting_bytes, spool.waiting_samples) == (900, sum(range(9)))
    assert await drain(spool) == [request(number) for number in range(9)]
    await spool.close()


async def test_without_a_directory_a_stop_loses_what_waits() -> None:
    spool = Spool(None, MEMORY, 0)
    assert await spool.open() == 0
    for number in range(4):
        await spool.put(request(number))

    assert await spool.close() == 1 + 2 + 3
    assert await spool.close() == 0


@pytest.mark.parametrize(("memory", "disk"), [(1000, 600), (599, 10_000)])
async def test_what_is_over_a_bound_that_was_lowered_is_dropped(
    tmp_path: Path, memory: int, disk: int
) -> None:
    spool = await opened(tmp_path)
    for number, size in ((1, 600), (2, 500), (3, 100)):
        await spool.put(request(number, size))
    await spool.close()

    spool = Spool(tmp_path, memory, disk)
    assert await spool.open() == 2
    assert spool.dropped == {**NOTHING, DropReason.QUEUE_FULL: 1}
    assert stored_bytes(tmp_path) == 600
    assert await drain(spool) == [request(2, 500), request(3)]
    await spool.close()


async def test_a_directory_that_is_in_use_is_refused(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    refused = Spool(tmp_path, MEMORY, DISK)
    with pytest.raises(StartupError, match=f"{tmp_path}: another process uses it"):
        await refused.open()
    assert await refused.close() == 0

    with pytest.raises(StartupError):  # the one that was refused has not unlocked it
        await opened(tmp_path)
    await spool.close()
    await (await opened(tmp_path)).close()


KILL: Final = """
import asyncio, json, os, signal, sys
from itertools import count
from pathlib import Path
from heroku_syslogd.remote_write.spool import Request, Spool

async def work(directory):
    spool = Spool(directory, 250_000, 700_000)
    await spool.open()
    for number in range(1, 11):
        os.write(1, b"begin put %d\\n" % number)
        dropped = await spool.put(Request(b"%x" % number * 100_000, number))
        os.write(1, b"put %d\\n" % number)
        if number in (3, 4, 5, 9):
            sent = (await spool.first()).samples
            os.write(1, b"begin done %d\\n" % sent)
            await spool.done()
            os.write(1, b"done %d\\n" % sent)
    await spool.close()

def live(directory, steps):
    # Python tells an audit hook of each call that changes a file before it is made.
    def hook(event, arguments):
        nonlocal steps
        if event in ("open", "os.rename", "os.remove", "os.scandir"):
            if str(arguments[0]).startswith(str(directory)):
                steps -= 1
                if steps < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    asyncio.run(work(directory))
    os._exit(0)

logs = []
for steps in count():
    directory = Path(sys.argv[1], str(steps))
    with open(str(directory) + ".log", "wb") as log:
        pid = os.fork()
        if not pid:
            os.dup2(log.fileno(), 1)
            live(directory, steps)
    if os.waitpid(pid, 0)[1] == 0:
        break
print(json.dumps(steps), file=sys.stderr)
"""


async def test_a_kill_between_any_two_steps_loses_nothing(tmp_path: Path) -> None:
    steps = run_script(KILL, str(tmp_path))
    assert isinstance(steps, int)
    assert steps > 30

    for step in range(steps):
        log = [line.split() for line in (tmp_path / f"{step}.log").read_text().splitlines()]
        put = [int(words[1]) for words in log if words[0] == "put"]
        begun = [int(words[2]) for words in log if words[:2] == ["begin", "put"]]
        sent = {int(words[2]) for words in log if words[:2] == ["begin", "done"]}
        done = {int(words[1]) for words in log if words[0] == "done"}
        spool = await opened(tmp_path / str(step), 250_000, 700_000)
        left = await drain(spool)
        await spool.close()

        numbers = [one.samples for one in left]
        assert numbers == sorted(numbers)
        assert set(put) - sent <= set(numbers) <= set(begun) - done
        assert all(one.body == b"%x" % one.samples * 100_000 for one in left)
        assert spool.dropped == NOTHING


# Bad disks ----------------------------------------------------------------------------------------


async def test_a_full_disk_loses_none_while_there_is_room_in_memory(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    await spool.put(request(1))
    (tmp_path / INCOMING).mkdir()
    for number in range(2, 13):
        assert await spool.put(request(number)) == 0

    problem = spool.problem
    assert spool.dropped == {**NOTHING, DropReason.DISK_ERROR: 11 + 12}
    (tmp_path / INCOMING).rmdir()
    await spool.put(request(13))
    assert (problem, spool.problem) == ("cannot write: Is a directory", None)
    expected = [request(number) for number in [*range(1, 11), 13]]
    assert await spool.first() == expected[0]
    assert await spool.close() == 0  # those in memory alone were written

    spool = await opened(tmp_path)
    assert await drain(spool) == expected
    await spool.close()


async def test_what_cannot_be_written_at_the_end_is_lost(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    await spool.put(request(1))
    (tmp_path / INCOMING).mkdir()
    await spool.put(request(2))
    await spool.put(request(3))

    assert await spool.close() == 2 + 3
    assert await spool.close() == 0


@pytest.mark.parametrize("unreadable", [False, True])
async def test_a_file_that_is_no_request_any_more_costs_only_itself(
    tmp_path: Path, unreadable: bool
) -> None:
    spool = await opened(tmp_path, 100)
    for number in range(1, 5):
        await spool.put(request(number))
    for number in (2, 3):
        path = file_of(tmp_path, number)
        if unreadable:
            path.unlink()
            path.mkdir()
        else:
            path.write_bytes(path.read_bytes()[:50])

    assert await drain(spool) == [request(1), request(4)]
    reason = DropReason.DISK_ERROR if unreadable else DropReason.CORRUPT
    assert spool.dropped == {**NOTHING, reason: 2 + 3}
    assert spool.problem is not None
    assert (spool.waiting, spool.waiting_bytes, spool.waiting_samples) == (0, 0, 0)
    await spool.close()


FILL: Final = """
import asyncio, json, sys
from pathlib import Path
from heroku_syslogd.remote_write.spool import Request, Spool

async def main(directory):
    spool = Spool(directory, 100_000, 2**30)
    await spool.open()
    for number in range(1, 11):
        await spool.put(Request(b"%x" % number * 100_000, number))
    problem, dropped = spool.problem, spool.dropped
    sent = []
    while spool.waiting:
        sent.append((await spool.first()).samples)
        await spool.done()
    await spool.put(Request(b"x" * 100_000, 99))
    left = sorted(path.name for path in directory.iterdir())
    print(json.dumps([problem, dropped, sent, spool.problem, len(left)]), file=sys.stderr)
    await spool.close()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_full_file_system_costs_only_what_does_not_fit(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=512k tmpfs "$0" && exec "$@"'
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run([*namespace, "true"]).returncode:
        pytest.skip("this user may not mount a file system of its own")

    report = run_script(FILL, str(tmp_path), prefix=namespace)

    problem = "cannot write: No space left on device"
    dropped = {**NOTHING, DropReason.DISK_ERROR: sum(range(6, 11))}
    names_left = 2  # the lock and the last request
    assert report == [problem, dropped, [1, 2, 3, 4, 5], None, names_left]
