"""What the status page shows, over a pipeline that is given lines and a clock that is set."""

from __future__ import annotations

from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin
from heroku_syslogd.config import Config, DrainsConfig, LimitsConfig, ListenerConfig
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.status import (
    FEED_KINDS,
    Feed,
    Place,
    Publisher,
    Recorder,
    StatusPages,
    StatusReader,
)
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import Dialect
from heroku_syslogd.worker import Observer

T0 = 1_700_000_000.0
MB = 2**20
TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
RUN = "heroku.42.0f4c7a10-8f5d-4b6e-9a3c-1d2e3f405162"
TIME = "2023-11-14T22:13:20+00:00"  # T0


def load_line(dyno: str, load: float) -> str:
    sample = f"sample#load_avg_1m={load:.2f} sample#load_avg_5m=0.20 sample#load_avg_15m=0.10"
    return f"source={dyno} dyno={RUN} {sample}"


def memory_line(dyno: str, total: float, quota: float = 512.0, swap: float = 0.0) -> str:
    return (
        f"source={dyno} dyno={RUN} sample#memory_total={total:.2f}MB sample#memory_rss=90.00MB"
        f" sample#memory_cache=1.00MB sample#memory_swap={swap:.2f}MB sample#memory_pgpgin=1pages"
        f" sample#memory_pgpgout=1pages sample#memory_quota={quota:.2f}MB"
    )


def request_line(status: int = 200, service: int = 20, dyno: str = "web.1", code: str = "") -> str:
    error = f'at=error code={code} desc="Request timeout"' if code else "at=info"
    return (
        f'{error} method=GET path="/" host=shop.example request_id=1 fwd="192.0.2.1" dyno={dyno}'
        f" connect=1ms service={service}ms status={status} bytes=10 protocol=https"
    )


class Bench:
    """A pipeline with everything that the status page has behind it.

    Attributes:
        now: What the clock shows.
        is_ready: What the daemon says of itself.
    """

    def __init__(self, max_apps: int = 10) -> None:
        self.now = T0
        self.is_ready = True
        self.telemetry = Telemetry()
        self.queue = BoundedQueue(100, 10_000)
        self.feed = Feed()
        config = Config(
            limits=LimitsConfig(max_apps=max_apps),
            drains=DrainsConfig(tokens={TOKEN: "shop"}),
        )
        observer = Observer(FEED_KINDS, self.feed.notify)
        self.pipeline = Pipeline(config, self.telemetry, lambda *_: None, observer)
        self.recorder = Recorder(self.pipeline.registry, self.telemetry, self.feed)
        self.places = [
            Place(ListenerConfig(type="tcp"), ["127.0.0.1:601"]),
            Place(ListenerConfig(type="https"), ["[::]:8443"]),
        ]
        self.reader = StatusReader(
            self.pipeline,
            self.telemetry,
            self.queue,
            self.recorder,
            self.feed,
            places=lambda: self.places,
            asks_password=lambda: True,
            is_ready=lambda: self.is_ready,
            started_at=T0 - 60,
        )
        self.publisher = Publisher(self.reader, self.recorder, lambda: self.now)
        self.pages = StatusPages(self.publisher)

    def say(self, source: str, procid: str, text: str, token: str = TOKEN, times: int = 1) -> None:
        """Have a drain log a line."""
        self.send(f"<45>1 {TIME} {token} {source} {procid} - - {text}".encode(), times)

    def send(self, frame: bytes, times: int = 1) -> None:
        """Have the worker apply a message."""
        self.telemetry.listener("tcp").received_messages += times
        origin = Origin("tcp", "192.0.2.1", Dialect.RFC5424)
        self.pipeline.worker.apply(Batch([frame] * times, origin, self.now, len(frame) * times))

    async def look(self, seconds: float = 5.0) -> None:
        """Let time pass, then have the recorder look."""
        self.now += seconds
        await self.recorder.look(self.now)
