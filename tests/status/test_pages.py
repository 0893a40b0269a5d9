"""The page over HTTP: its files, its policy, its stream."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from importlib.resources import files

import aiohttp
import pytest

from heroku_syslogd.admin import AdminServer
from heroku_syslogd.config import Address
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.status.publisher import MOST_WATCHERS
from tests.exposition.state import State
from tests.status.bench import Bench, load_line

PAGE = sorted(
    (file.name, file.read_text(encoding="utf-8"))
    for file in files("heroku_syslogd.status").joinpath("page").iterdir()
)
SCRIPTS = [(name, text) for name, text in PAGE if name.endswith(".js")]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.say("heroku", "web.1", load_line("web.1", 0.5))
    return bench


@pytest.fixture
async def admin(bench: Bench) -> AsyncIterator[AdminServer]:
    state = State()
    faults = PeerFaultLog(lambda: 0.0)
    server = AdminServer(state.exposition, bench.pages, state.telemetry, lambda: True, faults)
    await server.open(Address("127.0.0.1", 0))
    yield server
    await server.close()


async def test_every_file_is_served_with_its_type_and_a_strict_policy(admin: AdminServer) -> None:
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    async with aiohttp.ClientSession(admin.url) as client:
        for path, content_type in {
            "/": "text/html",
            **{
                f"/page/{name}": types.get(name.rpartition(".")[2], "text/html") for name, _ in PAGE
            },
        }.items():
            async with client.get(path) as response:
                assert response.status == 200
                assert response.content_type == content_type
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/page/", "/page/../pages.py", "/page/%2e%2e%2fpages.py", "/page/x.js", "/x"]
)
async def test_nothing_else_is(admin: AdminServer, path: str) -> None:
    host, _, port = admin.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"import" not in answer


@pytest.mark.parametrize(("name", "text"), PAGE)
def test_the_page_asks_for_nothing_from_elsewhere(name: str, text: str) -> None:
    links = re.findall(r"https?://[^\s\"'`)]+", text)

    shown_only = ("http://www.w3.org/2000/svg", "https://devcenter.heroku.com/")
    assert [link for link in links if not link.startswith((*shown_only, "https://${"))] == []


@pytest.mark.parametrize(("name", "text"), SCRIPTS)
def test_no_script_makes_markup_of_text(name: str, text: str) -> None:
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
    ):
        assert way not in text


async def test_the_document(admin: AdminServer) -> None:
    async with (
        aiohttp.ClientSession(admin.url, auto_decompress=False) as client,
        client.get("/api/v1/status", headers={"Accept-Encoding": "gzip"}) as response,
    ):
        assert response.content_type == "application/json"
        document = json.loads(gzip.decompress(await response.read()))

    assert [dyno["key"] for dyno in document["dynos"]] == ["shop/web.1"]
    assert [listener["type"] for listener in document["listeners"]] == ["tcp", "https"]


async def test_the_stream_begins_with_everything_and_ends_with_the_server(
    admin: AdminServer, bench: Bench
) -> None:
    async with (
        asyncio.timeout(20),
        aiohttp.ClientSession(admin.url) as client,
        client.get("/api/v1/stream") as response,
    ):
        assert response.content_type == "text/event-stream"
        assert await response.content.readline() == b"event: snapshot\n"
        assert json.loads((await response.content.readline()).removeprefix(b"data: "))
        assert await response.content.readline() == b"\n"

        await bench.publisher.publish()
        assert await response.content.readline() == b"event: update\n"

        closing = asyncio.create_task(admin.close())
        assert (await response.content.read()).startswith(b"data: ")
        await closing


async def test_those_who_are_too_many_are_told_so(admin: AdminServer) -> None:
    async with (
        aiohttp.ClientSession(admin.url, connector=aiohttp.TCPConnector(limit=0)) as client,
        asyncio.timeout(30),
    ):
        streams = [await client.get("/api/v1/stream") for _ in range(MOST_WATCHERS)]
        for stream in streams:
            assert stream.status == 200
            await stream.content.readline()
        async with client.get("/api/v1/stream") as response:
            assert response.status == 503
        for stream in streams:
            stream.close()


async def test_a_stream_that_is_left_makes_room(admin: AdminServer, bench: Bench) -> None:
    async with aiohttp.ClientSession(admin.url) as client, asyncio.timeout(20):
        stream = await client.get("/api/v1/stream")
        await stream.content.readline()
        assert len(bench.publisher._watchers) == 1
        stream.close()
        while bench.publisher._watchers:  # it shows when something is to be sent
            await bench.publisher.publish()
            await asyncio.sleep(0)
