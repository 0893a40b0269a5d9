"""Fairness: whoever floods waits for himself, and another's sample does not wait for him.

Nothing here is timed. All that the daemon is to read is in its sockets before it goes on, so that
what is applied before the victim's sample is a matter of turns alone; and a flood that is still
being applied when the sample is visible cannot have been waited for.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.bounded_queue import TURN_MESSAGES
from tests.daemon_process import LISTEN, Address, DaemonProcess, connect, running, wait_until
from tests.e2e.batches import batch_headers, request
from tests.e2e.pressure import DRAIN, FRAME, held
from tests.e2e.traffic import line, load_sample, octet_counted, token

VICTIM: Final = token(99)
RECEIVED: Final = "heroku_syslogd_received_messages_total"
HTTP: Final = '\n[[listener]]\ntype = "http"\naddress = "127.0.0.1:0"\n'

_ADDON: Final = line(
    DRAIN,
    "app",
    "heroku-postgres",
    "source=DATABASE addon=postgresql-curly-12345 sample#current_transaction=19043223"
    " sample#db_size=10485760000bytes sample#tables=45 sample#active-connections=23"
    " sample#waiting-connections=0 sample#index-cache-hit-rate=0.99984"
    " sample#table-cache-hit-rate=0.99901 sample#load-avg-1m=0.275 sample#load-avg-5m=0.31"
    " sample#load-avg-15m=0.29 sample#read-iops=0.014 sample#write-iops=24.1"
    " sample#memory-total=8036340.0kB sample#memory-free=140224kB",
)
_SLOW_QUERY: Final = line(
    DRAIN,
    "app",
    "postgres.4711",
    "[DATABASE] [11-1]  sql_error_code = 00000 LOG:  duration: 2503.117 ms  statement: SELECT 1",
)
FLOODS: Final = {
    "app output": FRAME,
    "add-on samples": octet_counted([_ADDON]),
    "slow queries": octet_counted([_SLOW_QUERY]),
    "malformed headers": octet_counted([b"<190>1 yesterday web hello"]),
    "tiny frames": b"1 <",
    "tiny lines": b"<\n",
}


@contextmanager
def flooding(address: Address, frame: bytes, connections: int) -> Iterator[None]:
    """Send without end on several connections, as much as the daemon takes."""
    data, ending = frame * max(2**18 // len(frame), 1), threading.Event()

    def send(connection: socket.socket) -> None:
        try:
            while not ending.is_set():
                connection.sendall(data)
        except OSError:
            return

    with ExitStack() as stack:
        opened = [stack.enter_context(connect(address)) for _ in range(connections)]
        threads = [threading.Thread(target=send, args=(one,)) for one in opened]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for one in opened:
                with suppress(OSError):  # the daemon has closed it
                    one.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def wait_for_load(daemon: DaemonProcess, load: float) -> None:
    """Wait until the victim's sample is visible."""

    def is_seen() -> bool:
        loads = (
            v for (name, _), v in daemon.metrics().items() if name == "heroku_dyno_load_avg_1m"
        )
        return load in loads

    wait_until(is_seen, f"a load of {load}")


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS.keys())
def test_a_sample_is_seen_while_others_flood(tmp_path: Path, frame: bytes) -> None:
    with (
        running(LISTEN, tmp_path) as daemon,
        connect(daemon.tcp) as victim,
        flooding(daemon.tcp, frame, 6),
    ):
        wait_until(lambda: daemon.total(RECEIVED) > 20_000, "a flood")
        for number in range(2):
            load = 1000.5 + number
            victim.sendall(octet_counted([load_sample(VICTIM, "web.1", load)]))
            wait_for_load(daemon, load)
        daemon.kill()  # it would read on for long


def test_a_sample_is_seen_while_others_post_batches_of_very_many_messages(tmp_path: Path) -> None:
    count = 2**20 // 3
    headers = batch_headers(DRAIN, count)
    del headers["Logplex-Frame-Id"]  # else the second would be a duplicate
    with (
        running(LISTEN + HTTP, tmp_path) as daemon,
        connect(daemon.tcp) as victim,
        flooding(daemon.http, request(headers, b"1 <" * count), 4),
    ):
        wait_until(lambda: daemon.total(RECEIVED) >= 2 * count, "a flood")
        for number in range(2):
            load = 1000.5 + number
            victim.sendall(octet_counted([load_sample(VICTIM, "web.1", load)]))
            wait_for_load(daemon, load)
        daemon.kill()


@pytest.mark.parametrize("flooders", [1, 5])
def test_few_messages_of_others_are_applied_before_one_that_came_last(
    tmp_path: Path, flooders: int
) -> None:
    """The events' order in the file is the order in which their lines were applied."""
    path = tmp_path / "events"
    config = f'{LISTEN}\n[events]\npath = "{path}"\nmax_queue_bytes = 1_000_000_000\n'
    with running(config, tmp_path) as daemon, ExitStack() as stack:
        others = [stack.enter_context(connect(daemon.tcp)) for _ in range(flooders)]
        victim = stack.enter_context(connect(daemon.tcp))
        daemon.wait_for("heroku_syslogd_connections", {"listener": "tcp"}, flooders + 1)
        with held(daemon):  # all of it is there when the daemon goes on, the victim's last
            sent = sum(fill(other, error_of(1), 20_000) for other in others)
            victim.sendall(error_of(999))
        daemon.wait_for("heroku_syslogd_events_written_total", {}, sent + 1)

    dynos = [
        json.loads(one)["context"]["platform"]["heroku"]["dyno_id"]
        for one in path.read_text(encoding="utf-8").splitlines()
    ]
    # One turn of each, and what the first turns were given to before the victim was read.
    assert dynos.index(999) <= (flooders + 2) * 2 * TURN_MESSAGES < sent


def error_of(dyno: int) -> bytes:
    """Return a frame with a line that makes an event."""
    return octet_counted(
        [line(DRAIN, "heroku", f"web.{dyno}", "Error R14 (Memory quota exceeded)")]
    )


def fill(connection: socket.socket, frame: bytes, count: int) -> int:
    """Send whole frames, as many of ``count`` as the kernel takes at once; return how many."""
    data, sent = frame * count, 0
    connection.setblocking(False)
    with suppress(BlockingIOError):
        while sent < len(data):
            sent += connection.send(data[sent : sent + 65536])
    return sent // len(frame)
