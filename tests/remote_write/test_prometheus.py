"""A real Prometheus takes what is sent, gives it back, and refuses what is too old."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import bcrypt
import cramjam
import pytest

from heroku_syslogd.config import RemoteWriteConfig, RemoteWriteURL
from heroku_syslogd.remote_write.client import Client, Outcome, Refused, Sent
from heroku_syslogd.remote_write.sender import Sender
from heroku_syslogd.remote_write.spool import Request, Spool
from tests.daemon_process import WAIT_SECONDS, wait_until
from tests.e2e.tls_files import Authority
from tests.real import require
from tests.remote_write.protobuf import WriteRequest

pytestmark = pytest.mark.real

NAME: Final = "heroku_dyno_load_avg_1m"
HOUR: Final = 3600.0


@contextmanager
def prometheus(directory: Path, web: Mapping[str, object] | None = None) -> Iterator[int]:
    """Run a Prometheus that takes remote write and scrapes nobody; yield its port."""
    config, web_config = directory / "prometheus.yml", directory / "web.yml"
    log_path = directory / "prometheus.log"
    config.write_text("{}")
    web_config.write_text(json.dumps(web or {}))  # JSON is YAML
    command = [
        *(require("prometheus"), f"--config.file={config}", f"--web.config.file={web_config}"),
        *("--web.listen-address=127.0.0.1:0", "--web.enable-remote-write-receiver"),
        *(f"--storage.tsdb.path={directory / 'data'}", "--log.format=json"),
    ]
    with log_path.open("wb") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        try:
            found = wait_until(
                lambda: re.search(r'"address":"127\.0\.0\.1:([1-9][0-9]*)"', log_path.read_text()),
                "the address of Prometheus",
            )
            is_ready = "Server is ready to receive web requests."
            wait_until(lambda: is_ready in log_path.read_text(), "a Prometheus that is ready")
            yield int(found[1])
        finally:
            process.terminate()


def encode(value: float, at: float, **labels: str) -> bytes:
    """Return a request with one sample; ``at`` is in seconds since the epoch."""
    request = WriteRequest()
    series = request.timeseries.add()
    for name, text in sorted({"__name__": NAME, **labels}.items()):
        series.labels.add(name=name, value=text)
    series.samples.add(value=value, timestamp=round(at * 1000))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def query(port: int, expression: str) -> list[tuple[dict[str, str], list[tuple[float, str]]]]:
    """Return the samples of the last hour, as they were sent, by their labels."""
    parameters = urllib.parse.urlencode({"query": f"{expression}[1h]"})
    url = f"http://127.0.0.1:{port}/api/v1/query?{parameters}"
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
        body = json.load(answer)
    assert body["status"] == "success"
    return [
        (one["metric"], [(at, value) for at, value in one["values"]])
        for one in body["data"]["result"]
    ]


async def post(config: RemoteWriteConfig, body: bytes) -> Outcome:
    client = Client(config)
    try:
        return await client.post(body)
    finally:
        await client.close()


def address(port: int, scheme: str = "http") -> RemoteWriteURL:
    return RemoteWriteURL(f"{scheme}://127.0.0.1:{port}/api/v1/write")


async def test_what_is_sent_comes_back_and_what_is_too_old_is_refused_and_counted(
    tmp_path: Path,
) -> None:
    now = round(time.time(), 3)
    labels = {"app": "shop", "dyno": "web.1", "instance": "drains-1"}
    with prometheus(tmp_path) as port:
        config = RemoteWriteConfig(url=address(port))
        client, spool = Client(config), Spool(None, 2**20, 2**20)
        sender = Sender(spool, client, config)
        for value, at in ((0.5, now - 15), (0.25, now), (9.0, now - 5 * HOUR), (0.75, now)):
            await spool.put(Request(encode(value, at, **labels), 1))
        await sender.finish(WAIT_SECONDS)
        await client.close()

        assert spool.waiting == 0
        assert (sender.sent_requests, sender.sent_samples) == (2, 2)
        # Too old, and another value for the same moment.
        assert sender.refused_samples == {400: 2}
        assert sender.is_failing
        ((found, values),) = query(port, NAME)
        assert found == {"__name__": NAME, **labels}
        assert values == [(now - 15, "0.5"), (now, "0.25")]


async def test_a_refusal_says_why(tmp_path: Path) -> None:
    now = time.time()
    with prometheus(tmp_path) as port:
        config = RemoteWriteConfig(url=address(port))
        assert await post(config, encode(1, now, app="shop")) == Sent(204)
        assert await post(config, encode(1, now, app="shop")) == Sent(204), "the same again"
        old = await post(config, encode(1, now - HOUR, app="shop"))
        broken = await post(config, b"this is not snappy")
        elsewhere = RemoteWriteURL(str(config.url).replace("write", "nothing"))
        absent = await post(RemoteWriteConfig(url=elsewhere), b"")

    assert old == Refused(400, "out of order sample")
    assert broken == Refused(400, "snappy: corrupt input")
    assert isinstance(absent, Refused)
    assert absent.status == 404


async def test_a_protected_prometheus_lets_us_in(tmp_path: Path) -> None:
    authority, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    server, ours = authority.issue(), clients.issue(file="ours")
    password = tmp_path / "password"
    password.write_text("hunter2\n")
    web = {
        "tls_server_config": {
            "cert_file": str(server.certificate),
            "key_file": str(server.key),
            "client_auth_type": "RequireAndVerifyClientCert",
            "client_ca_file": str(clients.path),
        },
        "basic_auth_users": {"heroku": bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()},
    }
    with prometheus(tmp_path, web) as port:
        config = RemoteWriteConfig(
            url=address(port, "https"),
            user="heroku",
            password_file=str(password),
            ca_file=str(authority.path),
            certificate=str(ours.certificate),
            key=str(ours.key),
        )
        assert await post(config, encode(1, time.time())) == Sent(204)
        password.write_text("another\n")
        refused = await post(config, encode(2, time.time()))

    assert refused == Refused(401, "Unauthorized")
