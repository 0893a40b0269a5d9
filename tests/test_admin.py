"""The admin server, over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress

import aiohttp
import pytest
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text
from structlog.testing import capture_logs

from heroku_syslogd.admin import MOST_SCRAPES, AdminServer
from heroku_syslogd.config import Address
from heroku_syslogd.errors import StartupError
from heroku_syslogd.exposition import Scrape
from heroku_syslogd.log import PeerFaultLog
from tests.exposition.state import State
from tests.status.bench import Bench

FAULTS = PeerFaultLog(lambda: 0.0)
PAGES = Bench().pages


@pytest.fixture
def state() -> State:
    state = State()
    state.add_dyno()
    return state


@pytest.fixture
async def admin(state: State) -> AsyncIterator[str]:
    server = AdminServer(state.exposition, PAGES, state.telemetry, lambda: True, FAULTS)
    await server.open(Address("127.0.0.1", 0))
    yield f"http://{server.address}"
    await server.close()


async def test_both_text_formats_carry_the_same_series_and_no_timestamps(admin: str) -> None:
    accept: dict[str, Callable[[str], Iterable[MetricFamily]]] = {
        "text/plain": parse_text,
        "application/openmetrics-text; version=1.0.0": parse_openmetrics,
    }
    seen = []
    async with aiohttp.ClientSession() as client:
        for wanted, parse in accept.items():
            async with client.get(f"{admin}/metrics", headers={"Accept": wanted}) as response:
                assert response.status == 200
                assert response.headers["Content-Type"].startswith(wanted)
                text = await response.text()
            families = parse(text)
            samples = [sample for family in families for sample in family.samples]
            assert all(sample.timestamp is None for sample in samples)
            seen.append({sample.name for sample in samples if sample.name.startswith("heroku_")})

    assert seen[0] == seen[1]


async def test_scrapes_are_compressed_for_those_who_ask(admin: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        headers = {"Accept-Encoding": "gzip"}
        async with client.get(f"{admin}/metrics", headers=headers) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert b"heroku_dyno_info" in gzip.decompress(await response.read())
        headers = {"Accept-Encoding": "identity"}
        async with client.get(f"{admin}/metrics", headers=headers) as response:
            assert "Content-Encoding" not in response.headers


async def test_health_readiness_and_the_index(admin: str) -> None:
    async with aiohttp.ClientSession() as client:
        for path, status, text in (
            ("/-/healthy", 200, "healthy"),
            ("/-/ready", 200, "ready"),
            ("/", 200, "heroku-syslogd"),
            ("/nothing", 404, ""),
        ):
            async with client.get(admin + path) as response:
                assert response.status == status
                assert text in await response.text()
        async with client.post(f"{admin}/metrics") as response:
            assert response.status == 405


async def test_not_ready_is_503(state: State) -> None:
    server = AdminServer(state.exposition, PAGES, state.telemetry, lambda: False, FAULTS)
    await server.open(Address("127.0.0.1", 0))
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://{server.address}/-/ready") as response,
    ):
        assert response.status == 503
    await server.close()


async def test_an_address_in_use_is_named(admin: str, state: State) -> None:
    port = int(admin.rpartition(":")[2])
    server = AdminServer(state.exposition, PAGES, state.telemetry, lambda: True, FAULTS)

    with pytest.raises(StartupError, match=f"127.0.0.1:{port}: Address already in use"):
        await server.open(Address("127.0.0.1", port))


@pytest.mark.parametrize(
    ("junk", "lines"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 1),
        (b"\x16\x03\x01\x02\xff\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"secret" * 5000 + b"\r\n\r\n", 1),
    ],
)
async def test_junk_is_logged_once_at_most_without_what_it_says(
    state: State, junk: bytes, lines: int
) -> None:
    with capture_logs() as logs:
        server = AdminServer(
            state.exposition, PAGES, state.telemetry, lambda: True, PeerFaultLog(lambda: 0.0)
        )
        await server.open(Address("127.0.0.1", 0))
        host, _, port = server.address.rpartition(":")
        for _ in range(3):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(junk)
            async with asyncio.timeout(10):
                assert (await reader.readline()).split()[1] == b"400"
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        await server.close()

    expected = [("admin.bad_request", "127.0.0.1")] * lines
    assert [(entry["event"], entry["peer"]) for entry in logs] == expected
    assert "secret" not in str(logs)
    assert "HTTP/9.9" not in str(logs)


async def test_a_bug_in_a_handler_is_a_500_with_a_traceback_in_the_log(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(state.exposition, "render", broken)
    with capture_logs() as logs:
        server = AdminServer(state.exposition, PAGES, state.telemetry, lambda: True, FAULTS)
        await server.open(Address("127.0.0.1", 0))
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"http://{server.address}/metrics") as response,
        ):
            assert response.status == 500
        await server.close()

    assert [(entry["event"], str(entry["exc_info"])) for entry in logs] == [
        ("admin.error", "a bug")
    ]


BIG = Scrape([b"x" * 4_000_000] * 4, "text/plain")
"""More than all buffers between two sockets hold."""


class SlowClient:
    """Asks for the metrics and reads only the beginning of the answer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.socket = socket.socket()
        self.socket.setblocking(False)

    async def ask(self, url: str) -> int:
        """Return the status of the answer."""
        host, _, port = url.removeprefix("http://").rpartition(":")
        await self._loop.sock_connect(self.socket, (host, int(port)))
        await self._loop.sock_sendall(self.socket, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        return int((await self.read())[9:12])

    async def read(self, size: int = 64) -> bytes:
        """Read up to ``size`` bytes."""
        return await self._loop.sock_recv(self.socket, size)


@pytest.fixture
def big(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    async def render(_accept: str) -> Scrape:
        return BIG

    monkeypatch.setattr(state.exposition, "render", render)


async def test_clients_that_do_not_read_delay_nobody_and_are_bounded(admin: str, big: None) -> None:
    slow = [SlowClient() for _ in range(MOST_SCRAPES)]
    assert {await one.ask(admin) for one in slow[1:]} == {200}

    async with aiohttp.ClientSession() as client:
        async with client.get(f"{admin}/-/healthy") as response:
            assert response.status == 200
        async with client.get(f"{admin}/metrics") as response:
            assert len(await response.read()) == BIG.size
        assert await slow[0].ask(admin) == 200
        async with client.get(f"{admin}/metrics") as response:
            assert response.status == 503
        slow[0].socket.close()
        while True:  # until its end has been noticed
            async with client.get(f"{admin}/metrics") as response:
                if response.status == 200:
                    assert len(await response.read()) == BIG.size
                    break
    for one in slow:
        one.socket.close()


async def test_a_client_that_reads_nothing_is_given_up(
    admin: str, big: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heroku_syslogd.admin.SCRAPE_TIMEOUT", 0.0)
    client, taken = SlowClient(), 0
    with capture_logs() as logs, client.socket:
        assert await client.ask(admin) == 200
        async with aiohttp.ClientSession() as other:
            for _ in range(20):  # while it reads nothing
                async with other.get(f"{admin}/-/healthy") as response:
                    assert response.status == 200
        with suppress(ConnectionResetError):
            while data := await client.read(1_000_000):
                taken += len(data)

    assert taken < BIG.size
    assert logs == []


async def test_a_head_request_for_the_metrics_has_no_body(admin: str) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.head(f"{admin}/metrics") as response:
            assert response.status == 200
            assert int(response.headers["Content-Length"]) > 1000
        async with client.get(f"{admin}/-/healthy") as response:
            assert response.status == 200


async def test_a_client_that_leaves_while_its_scrape_is_rendered_is_no_error(state: State) -> None:
    with capture_logs() as logs:
        server = AdminServer(state.exposition, PAGES, state.telemetry, lambda: True, FAULTS)
        await server.open(Address("127.0.0.1", 0))
        host, _, port = server.address.rpartition(":")
        async with asyncio.timeout(10), server._rendering:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            while not server._scrapes:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            writer.transport.abort()
            async with (
                aiohttp.ClientSession(server.url) as client,
                client.get("/-/healthy") as response,
            ):
                assert response.status == 200  # so it has been seen that the other one left
        while server._scrapes:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await server.close()

    assert logs == []
