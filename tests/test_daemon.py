"""The daemon in process: what cannot be seen from outside, such as a bug of our own.

How it behaves as a process is in tests/e2e.
"""

import asyncio
import socket
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import Address, Config, ListenerConfig
from heroku_syslogd.daemon import Daemon
from heroku_syslogd.errors import StartupError
from heroku_syslogd.heroku import Kind
from heroku_syslogd.listeners.syslog_stream import SyslogConnection
from heroku_syslogd.wire import encode_frame
from heroku_syslogd.worker import Observer

ANY_PORT = Address("127.0.0.1", 0)
CONFIG = msgspec.structs.replace(
    Config(),
    admin=msgspec.structs.replace(Config().admin, address=ANY_PORT),
    listener=(
        ListenerConfig(type="tcp", address=ANY_PORT),
        ListenerConfig(type="udp", address=ANY_PORT),
    ),
)
FRAME = encode_frame(b"<13>1 - h app web.1 - - hello")
PLATFORM_FRAME = encode_frame(b"<45>1 - h heroku web.1 - - Idling")


def plant_bug(daemon: Daemon) -> None:
    """Have its workers fail at the first event."""

    def broken(*_: Any) -> None:
        raise RuntimeError("a bug in the worker")

    daemon._pipeline.worker.observe(Observer(frozenset(Kind), broken))


def connect(daemon: Daemon) -> socket.socket:
    addresses = {listener.type: address for listener, address in daemon.listening()}
    host, _, port = addresses["tcp"].rpartition(":")
    return socket.create_connection((host, int(port)))


async def test_a_companion_runs_beside_it_until_it_stops() -> None:
    daemon = Daemon(CONFIG)
    seen: list[str] = []

    async def companion(running: Daemon) -> None:
        try:
            with connect(running) as client:
                client.sendall(FRAME * 10)
                running.request_stop()
                await asyncio.sleep(60)
        finally:
            seen.append("cancelled")

    async with asyncio.timeout(20):
        assert await daemon.run(companion) == 0
    assert seen == ["cancelled"]
    assert daemon.telemetry.received_messages == daemon.telemetry.applied_messages == 10


async def test_a_companion_that_fails_stops_the_daemon_loudly() -> None:
    async def companion(_: Daemon) -> None:
        raise RuntimeError("a bug in the demo")

    with capture_logs() as logs:
        assert await Daemon(CONFIG).run(companion) == 1

    (crash,) = [entry for entry in logs if entry["event"] == "daemon.crashed"]
    assert crash["where"] == "companion"
    assert str(crash["exc_info"]) == "a bug in the demo"


async def test_a_bug_in_a_callback_stops_the_daemon_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a bug in the listener")

    monkeypatch.setattr(SyslogConnection, "buffer_updated", broken)

    async def companion(running: Daemon) -> None:
        with connect(running) as client:
            client.sendall(FRAME)
            await asyncio.sleep(60)

    with capture_logs() as logs:
        async with asyncio.timeout(20):
            assert await Daemon(CONFIG).run(companion) == 1
    assert "a bug in the listener" in str(
        [entry["exc_info"] for entry in logs if entry["event"] == "daemon.crashed"]
    )


async def test_a_bug_in_a_worker_loses_nothing_uncounted() -> None:
    daemon = Daemon(CONFIG)
    plant_bug(daemon)

    async def companion(running: Daemon) -> None:
        with connect(running) as client:
            client.sendall(PLATFORM_FRAME * 5)
            await asyncio.sleep(60)

    with capture_logs() as logs:
        async with asyncio.timeout(20):
            assert await daemon.run(companion) == 1
    assert daemon.telemetry.received_messages == daemon.telemetry.lost_messages == 5
    assert logs[-1]["event"] == "daemon.stopped"


async def test_a_port_in_use_opens_nothing_and_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        listeners = (*CONFIG.listener, ListenerConfig(type="tcp", address=address, name="second"))
        daemon = Daemon(msgspec.structs.replace(CONFIG, listener=listeners))

        with pytest.raises(StartupError, match=f"listener second: cannot listen on {address}"):
            await daemon.run()


async def test_a_socket_that_systemd_did_not_pass_is_named() -> None:
    listeners = (ListenerConfig(type="tcp", systemd="tcp"),)
    daemon = Daemon(msgspec.structs.replace(CONFIG, listener=listeners))

    with pytest.raises(StartupError, match=r"systemd passed no socket 'tcp' \(passed: none\)"):
        await daemon.run()
