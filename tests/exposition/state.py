"""Some state, and what is shown of it."""

from __future__ import annotations

from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.config import Config, LimitsConfig
from heroku_syslogd.dynos import DynoIdentity
from heroku_syslogd.exposition import DaemonCollector, Exposition, HerokuCollector, build_registry
from heroku_syslogd.heroku import DynoStateChange, RuntimeSample, SampleLine
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.telemetry import Telemetry

T0 = 1_700_000_000.0
MB = 2**20


class State:
    """Some state and the registry over it."""

    def __init__(self, max_series: int = 1000) -> None:
        self.telemetry = Telemetry()
        self.telemetry.listener("tcp").received_messages = 3
        self.queue = BoundedQueue(10, 1000)
        config = Config(limits=LimitsConfig(max_series=max_series, max_apps=5))
        self.pipeline = Pipeline(config, self.telemetry, lambda *_: None)
        self.state = self.pipeline.registry
        self.budget = self.state.budget
        self.heroku = HerokuCollector(self.state, clock=lambda: T0)
        self.daemon = DaemonCollector(
            self.telemetry, self.queue, self.pipeline, None, clock=lambda: T0
        )
        own = build_registry(self.daemon)
        self.exposition = Exposition(self.state, own, self.telemetry, clock=lambda: T0)

    def add_dyno(self) -> None:
        load = {"load_avg_1m": 2.46, "load_avg_5m": 1.06, "load_avg_15m": 0.99}
        memory: dict[str, float] = {
            "memory_total": 221 * MB,
            "memory_rss": 217 * MB,
            "memory_cache": 3 * MB,
            "memory_swap": 1 * MB,
            "memory_pgpgin": 149293,
            "memory_pgpgout": 123257,
            "memory_quota": 512 * MB,
        }
        identity = DynoIdentity("shop", "web", "web.1", self.budget)
        for event in (
            DynoStateChange("starting", "up"),
            RuntimeSample(SampleLine.LOAD, "run-1", load),
            RuntimeSample(SampleLine.MEMORY, "run-1", memory),
        ):
            self.state.dynos.apply(event, identity, T0 - 1, T0)

    def text(self) -> str:
        return self.exposition.render_at_once().decode()
