"""The admin server, over HTTP."""

import asyncio
import gzip
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

from heroku_syslogd.admin import AdminServer
from heroku_syslogd.config import Address
from heroku_syslogd.errors import StartupError
from heroku_syslogd.log import PeerFaultLog
from tests.test_exposition import State

FAULTS = PeerFaultLog(lambda: 0.0)


@pytest.fixture
def state() -> State:
    state = State()
    state.add_dyno()
    return state


@pytest.fixture
async def admin(state: State) -> AsyncIterator[str]:
    server = AdminServer(state.registry, state.telemetry, lambda: True, FAULTS)
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
            ("/", 200, "heroku drains:add"),
            ("/nothing", 404, ""),
        ):
            async with client.get(admin + path) as response:
                assert response.status == status
                assert text in await response.text()
        async with client.post(f"{admin}/metrics") as response:
            assert response.status == 405


async def test_not_ready_is_503(state: State) -> None:
    server = AdminServer(state.registry, state.telemetry, lambda: False, FAULTS)
    await server.open(Address("127.0.0.1", 0))
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://{server.address}/-/ready") as response,
    ):
        assert response.status == 503
    await server.close()


async def test_an_address_in_use_is_named(admin: str, state: State) -> None:
    port = int(admin.rpartition(":")[2])
    server = AdminServer(state.registry, state.telemetry, lambda: True, FAULTS)

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
            state.registry, state.telemetry, lambda: True, PeerFaultLog(lambda: 0.0)
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

    monkeypatch.setattr(state.heroku, "collect", broken)
    with capture_logs() as logs:
        server = AdminServer(state.registry, state.telemetry, lambda: True, FAULTS)
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
