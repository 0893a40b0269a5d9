"""A pipeline without listeners: messages go in, and the books are open."""

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import AppMetricsConfig, Config, DrainsConfig, LimitsConfig
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import Dialect, HeaderFault
from heroku_syslogd.worker import NOBODY, Observer

T0 = 1_700_000_000.0
TOKEN = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
TIME = b"2023-11-14T22:13:20.000000+00:00"
LOAD = b"source=web.1 dyno=heroku.1.run-1 sample#load_avg_1m=%s"


class Bench:
    """A pipeline with its books."""

    def __init__(
        self,
        *,
        reject: bool = False,
        max_series: int = 1000,
        max_apps: int = 10,
        max_app_metric_series: int = 1000,
        observer: Observer = NOBODY,
    ) -> None:
        self.telemetry = Telemetry()
        self.counters = self.telemetry.listener("tcp")
        self.reported: list[HeaderFault] = []
        config = Config(
            limits=LimitsConfig(max_series=max_series, max_apps=max_apps),
            app_metrics=AppMetricsConfig(max_series=max_app_metric_series),
            drains=DrainsConfig(
                unknown="reject" if reject else "label", tokens={TOKEN.decode(): "shop"}
            ),
        )
        self.pipeline = Pipeline(
            config, self.telemetry, lambda _origin, fault: self.reported.append(fault), observer
        )
        self.worker = self.pipeline.worker
        self.drains = self.pipeline.drains
        self.registry = self.pipeline.registry
        self.budget = self.registry.budget
        self.tallies = self.registry.tallies
        self.dynos = self.registry.dynos

    def series(self) -> dict[str, float]:
        """Every sample of applications, as the text format writes it."""
        found = {}
        for family in HerokuCollector(self.registry, lambda: T0).collect():
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found

    def apply(self, *frames: bytes, dialect: Dialect = Dialect.RFC5424) -> None:
        self.counters.received_messages += len(frames)
        self.worker.apply(batch(*frames, dialect=dialect))

    def post(self, *frames: bytes, token: bytes = b"", app: str = "") -> None:
        """Apply a batch of an HTTPS drain."""
        self.counters.received_messages += len(frames)
        origin = Origin("tcp", "192.0.2.1", Dialect.LOGPLEX_1, token, app)
        self.worker.apply(Batch(list(frames), origin, T0, sum(map(len, frames))))

    @property
    def messages(self) -> dict[tuple[str, str, str], int]:
        return {(t.app, t.source, t.process_type): t.messages for t in self.tallies.logs()}

    @property
    def loads(self) -> dict[str, float]:
        return {dyno.identity.name: dyno.values["load_avg_1m"] for dyno in self.dynos.shown()}

    @property
    def lost(self) -> dict[str, int]:
        return {str(k): v for k, v in self.counters.lost_messages.items() if v}

    def check_books(self) -> None:
        lost = sum(self.counters.lost_messages.values())
        assert self.counters.received_messages == self.telemetry.applied_messages + lost
        assert self.telemetry.applied_messages == sum(self.messages.values())


def batch(*frames: bytes, dialect: Dialect = Dialect.RFC5424) -> Batch:
    origin = Origin("tcp", "192.0.2.1", dialect)
    return Batch(list(frames), origin, T0, sum(map(len, frames)))


def line(app_name: bytes, procid: bytes, msg: bytes, token: bytes = TOKEN) -> bytes:
    return b"<134>1 %s %s %s %s - - %s\n" % (TIME, token, app_name, procid, msg)


def posted(app_name: bytes, procid: bytes, msg: bytes) -> bytes:
    """Return a message as an HTTPS drain sends it."""
    return b"<134>1 %s host %s %s - %s\n" % (TIME, app_name, procid, msg)
