"""Bugs of our own that show only while the daemon stops: told as loudly as any other."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.daemon import Daemon
from heroku_syslogd.listeners.syslog_stream import StreamListener
from tests.test_daemon import CONFIG, PLATFORM_FRAME, connect, plant_bug


async def stop_under_load(daemon: Daemon) -> list[str]:
    """Run a daemon that is stopped before it has read what was sent; return where it crashed."""

    async def companion(running: Daemon) -> None:
        with connect(running) as client:
            client.sendall(PLATFORM_FRAME * 5)
            running.request_stop()
            await asyncio.sleep(60)

    with capture_logs() as logs:
        async with asyncio.timeout(20):
            assert await daemon.run(companion) == 1
    assert logs[-1]["event"] == "daemon.stopped"
    return [entry["where"] for entry in logs if entry["event"] == "daemon.crashed"]


async def test_a_bug_in_a_worker() -> None:
    daemon = Daemon(CONFIG)
    plant_bug(daemon)

    assert await stop_under_load(daemon) in (["worker 0"], ["worker 1"])
    assert daemon.telemetry.received_messages == daemon.telemetry.lost_messages == 5


async def test_a_bug_in_a_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    close = StreamListener.close

    async def broken_once(listener: StreamListener, drain_timeout: float) -> None:
        monkeypatch.setattr(StreamListener, "close", close)
        raise RuntimeError("a bug")

    monkeypatch.setattr(StreamListener, "close", broken_once)

    assert await stop_under_load(Daemon(CONFIG)) == ["drain"]
