"""How long a sample of one connection waits while others flood the daemon.

Run as ``python benchmarks/fairness.py``. A victim sends a runtime sample every now and then; it is
timed from just before it is sent until the end of the first scrape that shows it. So a figure holds
a scrape too, of which as many as possible are made one after the other. Exit codes: 0, 1 (a sample
was never seen), 2 (usage).
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from heroku_syslogd.simulate import octet_framed, record
from heroku_syslogd.simulate.addons.postgres import Postgres
from heroku_syslogd.simulate.addons.postgres_log import PostgresLog

HOST: Final = "127.0.0.1"
_ROOT: Final = Path(__file__).resolve().parent.parent
_CONFIG: Final = f"""
[admin]
address = "{HOST}:0"

[[listener]]
type = "tcp"
address = "{HOST}:0"

[[listener]]
type = "http"
address = "{HOST}:0"
"""
_PATIENCE: Final = 30.0
_SETTLE: Final = 1.0
_PAUSE: Final = 0.05
_BLOB: Final = 2**20
_TOKEN: Final = "d.00000000-0000-4000-8000-%012d"
_AT: Final = "2026-03-05T09:51:04.778759+00:00"
_VICTIM: Final = 999

Address = tuple[str, int]


class Flood(NamedTuple):
    """What the flooding connections send, again and again.

    Attributes:
        listener: Type of the listener.
        data: What is sent at a time.
    """

    listener: str
    data: bytes


class Delays(NamedTuple):
    """How long the victim's samples took, in milliseconds."""

    median: float
    p90: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Delays:
        """Summarise single delays."""
        p90 = quantiles(seconds, n=10)[-1] if len(seconds) > 1 else seconds[0]
        figures = (median(seconds), min(p90, max(seconds)), max(seconds))
        return cls(*(round(1000 * figure, 1) for figure in figures))


# What floods --------------------------------------------------------------------------------------


def _line(procid: str, msg: str, app_name: str = "app") -> bytes:
    return f"<134>1 {_AT} {_TOKEN % 1} {app_name} {procid} - - {msg}\n".encode()


def _repeated(messages: Sequence[bytes]) -> bytes:
    """Return a stream of about `_BLOB` bytes."""
    frames = octet_framed(messages)
    return frames * (_BLOB // len(frames) + 1)


def _addon_lines() -> bytes:
    server = Postgres("postgresql-curly-12345", "DATABASE", Random(1), 0.0)
    return _repeated([_line(server.procid, server.message(20.0 * n)) for n in range(1, 200)])


def _slow_queries() -> bytes:
    log = PostgresLog("DATABASE", ("web",), Random(1), 0.0)
    texts = [
        part
        for n in range(200)
        for part in log.of_client(n, "00000", f"LOG:  duration: {2000 + n}.25 ms  statement: S")
    ]
    return _repeated([_line(log.procid, text) for text in texts])


def _requests(frames: bytes) -> bytes:
    """Return requests with as many of the frames as fit into a body of 1 MiB."""
    end = 0
    while end < len(frames):
        blank = frames.index(b" ", end)
        behind = blank + 1 + int(frames[end:blank])
        if behind > _BLOB:
            break
        end = behind
    head = (
        f"POST /logplex HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/logplex-1\r\n"
        f"Logplex-Drain-Token: {_TOKEN % 1}\r\nContent-Length: {end}\r\n\r\n"
    )
    return head.encode() + frames[:end]


FLOODS: Final[Mapping[str, Callable[[], Flood | None]]] = {
    "none": lambda: None,
    "mix": lambda: Flood("tcp", octet_framed(record(4000))),
    "tiny frames": lambda: Flood("tcp", b"1 <" * (_BLOB // 3)),
    "tiny lines": lambda: Flood("tcp", b"<\n" * (_BLOB // 2)),
    "malformed headers": lambda: Flood("tcp", _repeated([b"<190>1 yesterday web hello"])),
    "add-on samples": lambda: Flood("tcp", _addon_lines()),
    "slow queries": lambda: Flood("tcp", _slow_queries()),
    "HTTP, mix": lambda: Flood("http", _requests(octet_framed(record(4500)))),
    "HTTP, add-on samples": lambda: Flood("http", _requests(_addon_lines())),
    "HTTP, tiny frames": lambda: Flood("http", _requests(b"1 <" * (_BLOB // 3))),
}


def _send_without_end(address: Address, data: bytes) -> None:
    """Send, and read nothing but what has to be read so that more can be sent."""
    is_http = data.startswith(b"POST")
    while True:
        with suppress(OSError), socket.create_connection(address) as connection:
            while True:
                connection.sendall(data)
                if is_http and not connection.recv(65536):
                    break


@contextmanager
def flooding(flood: Flood | None, addresses: Mapping[str, Address], count: int) -> Iterator[None]:
    """Flood over ``count`` connections, each from a process of its own."""
    processes = []
    if flood is not None:
        arguments = (addresses[flood.listener], flood.data)
        processes = [
            multiprocessing.Process(target=_send_without_end, args=arguments, daemon=True)
            for _ in range(count)
        ]
    for process in processes:
        process.start()
    try:
        time.sleep(_SETTLE)
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


# The daemon ---------------------------------------------------------------------------------------


@contextmanager
def daemon(source: Path) -> Iterator[dict[str, Address]]:
    """Run the daemon; yields where its listeners and its admin server listen, by type."""
    with TemporaryDirectory() as directory:
        config, log = Path(directory) / "config.toml", Path(directory) / "log"
        config.write_text(_CONFIG, encoding="utf-8")
        command = [sys.executable, "-m", "heroku_syslogd", "run", "--config", str(config)]
        environ = {**os.environ, "PYTHONPATH": str(source)}
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environ, cwd="/")
        try:
            yield _addresses(log)
        finally:
            process.kill()
            process.wait()


def _addresses(log: Path) -> dict[str, Address]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        lines = log.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines if line.endswith("}")]
        if any(entry["event"] == "daemon.started" for entry in entries):
            found = {e["type"]: e["addresses"][0] for e in entries if "addresses" in e}
            found["admin"] = next(e["admin"] for e in entries if "admin" in e)
            return {
                kind: (HOST, int(address.rpartition(":")[2])) for kind, address in found.items()
            }
        time.sleep(0.05)
    raise RuntimeError("the daemon did not start")


# The victim ---------------------------------------------------------------------------------------


def _sample(load: float) -> bytes:
    """Return a runtime sample of the victim's dyno with a load that no other has."""
    msg = f"source=web.1 dyno=heroku.1.2 sample#load_avg_1m={load} sample#load_avg_5m=1"
    message = f"<45>1 {_AT} {_TOKEN % _VICTIM} heroku web.1 - - {msg}\n".encode()
    return octet_framed([message])


def delays(addresses: Mapping[str, Address], count: int) -> list[float]:
    """Send samples one after the other; return how long each took to be seen, in seconds.

    Raises:
        RuntimeError: One was never seen.
    """
    found = []
    admin = http.client.HTTPConnection(*addresses["admin"], timeout=_PATIENCE)
    with socket.create_connection(addresses["tcp"]) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(count):
            load = 1000.5 + number
            wanted = f" {load}\n".encode()
            sent = time.monotonic()
            connection.sendall(_sample(load))
            while wanted not in _scrape(admin):
                if time.monotonic() - sent > _PATIENCE:
                    raise RuntimeError(f"a sample was not seen within {_PATIENCE:g} s")
            found.append(time.monotonic() - sent)
            time.sleep(_PAUSE)
    admin.close()
    return found


def _scrape(admin: http.client.HTTPConnection) -> bytes:
    admin.request("GET", "/metrics")
    return admin.getresponse().read()


# The command --------------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--samples", type=int, default=20, metavar="N", help="samples of the victim per flood")
    add("--connections", type=int, nargs="+", default=[1, 8], metavar="N", help="that flood")
    add("--flood", choices=list(FLOODS), nargs="+", default=list(FLOODS), help="what is sent")
    add("--source", type=Path, default=_ROOT, metavar="DIR", help="tree of the daemon to measure")
    add("--json", action="store_true", help="print JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    options = build_parser().parse_args(argv)
    results: list[dict[str, Any]] = []
    if not options.json:
        print(f"{'flood':22} {'connections':>11} {'median ms':>10} {'p90 ms':>8} {'worst ms':>9}")
    for name in options.flood:
        flood = FLOODS[name]()
        for connections in options.connections if flood else [0]:
            try:
                with (
                    daemon(options.source) as addresses,
                    flooding(flood, addresses, connections),
                ):
                    figures = Delays.of(delays(addresses, options.samples))
            except RuntimeError as error:
                print(f"{name}, {connections} connections: {error}", file=sys.stderr)
                return 1
            results.append({"flood": name, "connections": connections, **figures._asdict()})
            if not options.json:
                print(f"{name:22} {connections:11} {figures.median:10.1f} {figures.p90:8.1f}"
                      f" {figures.worst:9.1f}", flush=True)  # fmt: skip
    if options.json:
        print(json.dumps({"samples": options.samples, "delays_ms": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
