"""Structured events of the running daemon: rotation, stop, and a file that cannot take them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from heroku_syslogd.simulate import octet_framed, record
from tests.daemon_process import LISTEN, connect, running, spawn, wait_until

DRAIN: Final = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
R14: Final = (
    b"<134>1 2024-01-02T03:04:05.678901+00:00 %s heroku web.%d - -"
    b" Error R14 (Memory quota exceeded)\n"
)
EVENTS: Final = f'{LISTEN}\n[drains.tokens]\n"{DRAIN}" = "shop"\n[events]\npath = "%s"\n'


def r14(number: int) -> bytes:
    return octet_framed([R14 % (DRAIN.encode(), number)])


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file, every one of which must be whole."""
    text = path.read_text()
    assert not text or text.endswith("\n")
    return [json.loads(one) for one in text.splitlines()]


def dynos(path: Path) -> list[int]:
    return [one["context"]["platform"]["heroku"]["dyno_id"] for one in documents(path)]


def test_a_rotated_file_keeps_what_came_before_and_the_new_one_gets_the_rest(
    tmp_path: Path,
) -> None:
    path, rotated = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    with running(EVENTS % path, tmp_path) as daemon, connect(daemon.tcp) as sender:
        sender.sendall(b"".join(map(r14, range(1, 101))))
        daemon.wait_for("heroku_syslogd_events_written_total", {}, 100)
        path.rename(rotated)
        sender.sendall(b"".join(map(r14, range(101, 201))))
        daemon.wait_for("heroku_syslogd_events_written_total", {}, 200)
        daemon.signal(signal.SIGHUP)
        wait_until(path.exists, "the file to be opened anew")
        sender.sendall(b"".join(map(r14, range(201, 301))))
        daemon.wait_for("heroku_syslogd_events_written_total", {}, 300)
        assert daemon.total("heroku_syslogd_events_dropped_total") == 0

    assert dynos(rotated) == list(range(1, 201))
    assert dynos(path) == list(range(201, 301))
    assert documents(path)[0]["context"]["custom"]["drain"]["app"] == "shop"
    assert path.stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_stop_loses_no_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    messages = record(20_000)
    with running(EVENTS % path, tmp_path) as daemon:
        with connect(daemon.tcp) as sender:
            sender.sendall(octet_framed(messages))
        assert daemon.terminate() == 0

    stopped = daemon.events("daemon.stopped")[0]
    assert stopped["received"] == stopped["applied"] == len(messages)
    found = documents(path)
    requests = sum(b" heroku router " in one[:120] for one in messages)
    responses = sum("http_response" in one["event"] for one in found)
    assert responses == requests
    assert len(found) > requests


def test_only_the_kinds_that_are_wanted_and_others_after_a_reload(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    config = EVENTS % path
    sample = octet_framed(
        [R14.replace(b"Error R14 (Memory quota exceeded)", b"Cycling") % (DRAIN.encode(), 1)]
    )
    with (
        running(f'{config}kinds = ["dyno_action"]\n', tmp_path) as daemon,
        connect(daemon.tcp) as sender,
    ):
        sender.sendall(r14(1) + sample)
        daemon.wait_for("heroku_syslogd_events_written_total", {}, 1)
        daemon.reload(f'{config}kinds = ["platform_error"]\n')
        daemon.wait_event("config.reloaded")
        sender.sendall(r14(1) + sample)
        daemon.wait_for("heroku_syslogd_applied_messages_total", {}, 4)
        daemon.wait_for("heroku_syslogd_events_written_total", {}, 2)

    kinds = [next(iter(one["event"]["custom"])) for one in documents(path)]
    assert kinds == ["dyno_action", "platform_error"]


def test_a_stuck_reader_costs_events_and_nothing_else(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # it never reads
    try:
        config = f"{EVENTS % fifo}max_queue_bytes = 100_000\n"
        messages = record(50_000)
        with running(config, tmp_path) as daemon:
            with connect(daemon.tcp) as sender:
                sender.sendall(octet_framed(messages))
            daemon.wait_for("heroku_syslogd_applied_messages_total", {}, len(messages))
            assert daemon.total("heroku_syslogd_lost_messages_total") == 0
            assert daemon.total("heroku_syslogd_events_dropped_total", reason="queue_full") > 1000
            assert daemon.total("heroku_syslogd_events_queue_bytes") <= 100_000
            daemon.wait_event("events.dropped")
            daemon.signal(signal.SIGTERM)
            daemon.signal(signal.SIGTERM)
            assert daemon.wait() == 0
    finally:
        os.close(reader)


def test_a_file_that_cannot_be_opened_is_told_at_the_start(tmp_path: Path) -> None:
    daemon = spawn(EVENTS % (tmp_path / "no" / "such" / "directory"), tmp_path)

    assert daemon.wait() == 69
    (problem,) = daemon.log_path.read_text().splitlines()
    assert problem.startswith("heroku-syslogd: events: cannot write to")
    assert "No such file or directory" in problem


@pytest.mark.parametrize("kinds", ['["router"]', '"router_request"'])
def test_unknown_kinds_are_an_error_of_the_configuration(tmp_path: Path, kinds: str) -> None:
    daemon = spawn(f"{EVENTS % (tmp_path / 'events')}kinds = {kinds}\n", tmp_path)

    assert daemon.wait() == 78
    assert "events.kinds" in daemon.log_path.read_text()
