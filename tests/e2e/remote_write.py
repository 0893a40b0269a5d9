"""A Prometheus that takes remote write, and lines together with what it has to store of them."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.daemon_process import LISTEN, WAIT_SECONDS, wait_until
from tests.e2e.traffic import MEBIBYTE, line, token
from tests.real import require

DRAIN: Final = token(52)
SECOND: Final = 10**6
MINUTE: Final = 60 * SECOND
"""Microseconds, which lines have."""

OUT_OF_ORDER: Final = "storage: {tsdb: {out_of_order_time_window: 30m}}\n"
SAMPLES: Final = (
    '{__name__=~"heroku_dyno_.*|heroku_postgres_.*",__name__!="heroku_dyno_state_changes_total"}'
)
"""What is sent as it comes."""

Labels = frozenset[tuple[str, str]]
"""Name and labels of a series."""
Stored = dict[Labels, list[tuple[int, float]]]
"""Samples by series: milliseconds since the epoch, and values."""


def now() -> int:
    """Return the time in microseconds since the epoch.

    It is never half a millisecond past a whole one, which might be rounded either way.
    """
    return time.time_ns() // 10**6 * 1000 + 123


def configuration(
    engine: Engine,
    *,
    instance: str = "receiver-1",
    interval: str = "200ms",
    directory: Path | None = None,
) -> str:
    """Return the configuration of a daemon that sends in small requests and soon tries again."""
    lines = [
        LISTEN,
        f'[drains.tokens]\n"{DRAIN}" = "shop"\n',
        f'[remote_write]\nurl = "{engine.url}/api/v1/write"\ninstance = "{instance}"',
        f'interval = "{interval}"\nbatch_samples = 500\nbatch_age = "100ms"',
        'min_backoff = "50ms"\nmax_backoff = "200ms"',
    ]
    if directory is not None:
        lines.append(f'directory = "{directory}"')
    return "\n".join(lines)


class Engine:
    """A Prometheus; started again it has the same port and the same data.

    Args:
        directory: Where its files lie.
        config: Its configuration.
        port: Where it listens.
    """

    def __init__(self, directory: Path, config: str, port: int) -> None:
        self._directory = directory
        self._address = f"127.0.0.1:{port}"
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        (directory / "prometheus.yml").write_text(config)

    @property
    def url(self) -> str:
        return f"http://{self._address}"

    def spawn(self) -> None:
        """Start it and wait for nothing."""
        self._starts += 1
        command = [
            *(require("prometheus"), f"--config.file={self._directory / 'prometheus.yml'}"),
            *(f"--web.listen-address={self._address}", "--web.enable-remote-write-receiver"),
            *(f"--storage.tsdb.path={self._directory / 'data'}", "--log.format=json"),
        ]
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log)

    def is_ready(self) -> bool:
        """Return whether it takes samples since its last start."""
        return "Server is ready to receive web requests." in self._log_path.read_text()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.spawn()
        wait_until(self.is_ready, "a Prometheus that is ready")

    def terminate(self) -> None:
        """Send SIGTERM and wait for nothing."""
        assert self._process is not None
        self._process.terminate()

    def has_ended(self) -> bool:
        """Return whether there is no process of it."""
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """Send SIGTERM, and wait until it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(WAIT_SECONDS)
        finally:
            self._process.kill()

    def stored(self, selector: str = SAMPLES) -> Stored:
        """Return the samples of the last 30 minutes as they were sent, without stale markers."""
        return {
            frozenset(series["metric"].items()): [
                (round(at * 1000), float(value)) for at, value in series["values"]
            ]
            for series in self._query(query=f"{selector}[30m]")
        }

    def instant(self, expression: str, at: int | None = None) -> dict[Labels, float]:
        """Return what an instant query finds.

        Args:
            expression: The query.
            at: Microseconds since the epoch; None is the present.
        """
        found = self._query(query=expression, time=str((now() if at is None else at) / SECOND))
        return {frozenset(one["metric"].items()): float(one["value"][1]) for one in found}

    def wait_for(self, book: Book) -> None:
        """Wait until it has as many samples as a book."""
        wait_until(
            lambda: sum(map(len, self.stored().values())) >= book.samples,
            f"{book.samples} samples in Prometheus",
        )

    @property
    def _log_path(self) -> Path:
        return self._directory / f"prometheus-{self._starts}.log"

    def _query(self, **parameters: str) -> Sequence[dict[str, Any]]:
        url = f"{self.url}/api/v1/query?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
            body = json.load(answer)
        assert body["status"] == "success"
        result: list[dict[str, Any]] = body["data"]["result"]
        return result


@contextmanager
def prometheus(directory: Path, config: str = OUT_OF_ORDER) -> Iterator[Engine]:
    """Run a Prometheus that takes remote write, ready."""
    with socket.socket() as reserved:
        # Both sockets reuse the address, so Prometheus can listen there; while it is down the
        # kernel gives the port to nobody else.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        engine = Engine(directory, config, reserved.getsockname()[1])
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()


class Book:
    """Makes lines, and keeps what has to be stored of them.

    All times are Heroku's, in microseconds since the epoch.
    """

    def __init__(self) -> None:
        self._series: dict[Labels, dict[int, float]] = {}

    @property
    def samples(self) -> int:
        """How many samples have to be stored."""
        return sum(map(len, self._series.values()))

    def expected(self) -> Stored:
        """Return what has to be stored, each series in the order of time."""
        return {labels: sorted(samples.items()) for labels, samples in self._series.items()}

    def load(self, dyno: str, at: int, load: float) -> bytes:
        """Return the first line of a runtime sample."""
        loads = {"1m": load, "5m": load + 0.25, "15m": load + 0.5}
        for period, value in loads.items():
            self._note_dyno(f"load_avg_{period}", dyno, at, value)
        text = " ".join(f"sample#load_avg_{period}={value:.2f}" for period, value in loads.items())
        return _line("heroku", dyno, f"source={dyno} dyno=heroku.1.{run_of(dyno)} {text}", at)

    def memory(self, dyno: str, at: int, rss: float) -> bytes:
        """Return the second line of a runtime sample; ``rss`` is in MB."""
        parts = {"total": rss + 1.5, "rss": rss, "cache": 1.0, "swap": 0.5, "quota": 512.0}
        pages = {"pgpgin": 4 * rss, "pgpgout": 8 * rss}
        for part, value in parts.items():
            self._note_dyno(f"memory_{part}_bytes", dyno, at, value * MEBIBYTE)
        for part, value in pages.items():
            self._note_dyno(f"memory_{part}_pages_total", dyno, at, value)
        self._note_dyno("last_sample_timestamp_seconds", dyno, at, at / SECOND)
        self._note_dyno("info", dyno, at, 1.0, dyno_id=run_of(dyno))
        self._note_dyno("state", dyno, at, 1.0, state="up")
        text = "".join(f" sample#memory_{part}={value:.2f}MB" for part, value in parts.items())
        text += "".join(f" sample#memory_{part}={value:.0f}pages" for part, value in pages.items())
        return _line("heroku", dyno, f"source={dyno} dyno=heroku.1.{run_of(dyno)}{text}", at)

    def postgres(self, addon: str, at: int, size: int) -> bytes:
        """Return a sample of a Heroku Postgres; ``size`` is in bytes."""
        values = {
            "transactions_total": (2.0 * size, f"current_transaction={2 * size}"),
            "db_size_bytes": (float(size), f"db_size={size}bytes"),
            "index_cache_hit_ratio": (0.99723, "index-cache-hit-rate=0.99723"),
            "load_avg_1m": (0.345, "load-avg-1m=0.345"),
            "memory_postgres_bytes": (182592.0 * 1024, "memory-postgres=182592kB"),
            "last_sample_timestamp_seconds": (at / SECOND, ""),
        }
        labels = {"app": "shop", "addon": addon, "source": "DATABASE"}
        for name, (value, _) in values.items():
            self._note({"__name__": f"heroku_postgres_{name}", **labels}, at, value)
        text = "".join(f" sample#{sample}" for _, sample in values.values() if sample)
        return _line("app", "heroku-postgres", f"source=DATABASE addon={addon}{text}", at)

    def _note_dyno(self, name: str, dyno: str, at: int, value: float, **more: str) -> None:
        labels = {"app": "shop", "process_type": dyno.partition(".")[0], "dyno": dyno, **more}
        self._note({"__name__": f"heroku_dyno_{name}", **labels}, at, value)

    def _note(self, labels: dict[str, str], at: int, value: float) -> None:
        series = self._series.setdefault(frozenset(labels.items()), {})
        assert series.setdefault(round(at / 1000), value) == value


def run_of(dyno: str) -> str:
    """Return the UUID of a dyno's run, the same for the same dyno."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, dyno))


def crash(dyno: str, at: int) -> bytes:
    """Return the line that says that a dyno has crashed."""
    return _line("heroku", dyno, "State changed from up to crashed", at)


def _line(app_name: str, procid: str, text: str, at: int) -> bytes:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return line(DRAIN, app_name, procid, text, moment.isoformat(timespec="microseconds"))
