"""The state as a document: what ``/api/v1/status`` answers, and what the stream sends parts of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from heroku_syslogd import __version__
from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.catalogue import Metric, apps, dynos
from heroku_syslogd.config import ListenerConfig
from heroku_syslogd.dynos import Dyno
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.status.feed import Entry, Feed
from heroku_syslogd.status.recorder import NO_TRAFFIC, Recorder
from heroku_syslogd.tallies import AppTally
from heroku_syslogd.telemetry import Telemetry

SILENT_AFTER: Final = 300.0
"""Seconds without a line after which a drain is shown as silent. Dynos report every 20 seconds, and
relays of Heroku reconnect within a minute."""

_DYNOS: Final = 250
_APPS: Final = 50
"""How many are read between two turns of the event loop: about a millisecond each."""


class DynoStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One dyno. Bytes, plain load averages; null where it has not reported a value.

    Attributes:
        key: ``app/dyno``, which no other has.
        state: Last state that Heroku logged.
        sampled_at: Heroku's time of the newest sample, seconds since the epoch.
    """

    key: str
    app: str
    dyno: str
    process_type: str
    state: str
    sampled_at: float | None
    memory_total: int | None
    memory_rss: int | None
    memory_swap: int | None
    memory_quota: int | None
    load_avg_1m: float | None
    load_avg_5m: float | None
    load_avg_15m: float | None


class AppStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One application.

    Attributes:
        is_configured: Whether the configuration names it.
        last_message_at: When its last line came, seconds since the epoch.
        is_silent: Whether that was longer ago than `SILENT_AFTER`.
        requests_per_second: Within the last minute; the next four likewise.
        server_error_share: Share of requests answered with 5xx, null without requests.
        service_p50: Median of the service time in seconds, null without requests.
        rates: Requests per second within the last five minutes, every five seconds.
        formation: Dynos that were asked for, by process type.
        release: Number of the newest release, null if none was seen.
        deployed_at: When it was last deployed, seconds since the epoch; null if that was not seen.
    """

    app: str
    is_configured: bool
    last_message_at: float
    is_silent: bool
    requests_per_second: float
    server_error_share: float | None
    service_p50: float | None
    service_p95: float | None
    service_p99: float | None
    rates: tuple[float, ...]
    formation: dict[str, int]
    release: int | None
    deployed_at: float | None


class ListenerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One listener.

    Attributes:
        name: The ``listener`` label of the metrics.
        path: Where batches are posted to, empty where no HTTP is spoken.
        asks_password: Whether a drain needs a user and password.
        rejected: Connections refused or closed by us, by reason; those that are not 0.
        lost: Messages received and not applied, likewise.
        malformed: Stretches that are no messages, likewise.
        certificate_not_after: When its certificate expires, seconds since the epoch.
    """

    name: str
    type: str
    addresses: tuple[str, ...]
    path: str
    asks_password: bool
    connections: int
    received: int
    rejected: dict[str, int]
    lost: dict[str, int]
    malformed: dict[str, int]
    certificate_not_after: float | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the daemon itself is doing.

    Attributes:
        is_ready: Whether it listens and is not stopping.
        received_per_second: Messages received per second.
        received_rates: That within the last five minutes, every five seconds.
        lost: Messages received and not applied, by reason; those that are not 0.
        lost_last_minute: Those of the last minute, for any reason.
        queue_fill: How full the queue is, from 0 to 1, by messages or bytes.
        connections: Connections open now.
        unknown_drains: Unconfigured drains met so far.
        event_loop_lag: Most seconds that the event loop was late lately.
    """

    is_ready: bool
    received: int
    applied: int
    received_per_second: float
    received_rates: tuple[float, ...]
    lost: dict[str, int]
    lost_last_minute: int
    queue_messages: int
    queue_fill: float
    connections: int
    unknown_drains: int
    series: int
    series_limit: int
    series_refused: int
    event_loop_lag: float
    is_config_valid: bool


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page shows; times are seconds since the epoch.

    Attributes:
        at: When it was made.
        silent_after: `SILENT_AFTER`.
        events: Notable events, that which happened last first.
        loads: Load averages of one minute within the last ten, the oldest first, by
            `DynoStatus.key`.
    """

    version: str
    started_at: float
    at: float
    silent_after: float
    health: Health
    listeners: list[ListenerStatus]
    apps: list[AppStatus]
    dynos: list[DynoStatus]
    events: list[Entry]
    loads: dict[str, tuple[float, ...]]


class Place(NamedTuple):
    """A listener that is open.

    Attributes:
        config: Its configuration.
        addresses: Where it listens.
    """

    config: ListenerConfig
    addresses: Sequence[str]


class StatusReader:
    """Makes the document.

    Args:
        pipeline: Has what is known of Heroku.
        telemetry: The daemon's own counters.
        queue: The queue between listeners and workers.
        recorder: What was noted of the last minutes.
        feed: Notable events.
        places: Returns the listeners that are open.
        asks_password: Tells whether HTTPS drains need a user and password.
        is_ready: Whether the daemon listens and is not stopping.
        started_at: When the daemon was started, seconds since the epoch.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        telemetry: Telemetry,
        queue: BoundedQueue,
        recorder: Recorder,
        feed: Feed,
        places: Callable[[], Sequence[Place]],
        asks_password: Callable[[], bool],
        is_ready: Callable[[], bool],
        started_at: float,
    ) -> None:
        self._pipeline = pipeline
        self._telemetry = telemetry
        self._queue = queue
        self._recorder = recorder
        self._feed = feed
        self._places = places
        self._asks_password = asks_password
        self._is_ready = is_ready
        self._started_at = started_at

    async def read(self, now: float) -> Document:
        """Read everything; the event loop turns meanwhile.

        Args:
            now: Our time, seconds since the epoch.
        """
        registry = self._pipeline.registry
        dyno_rows: list[DynoStatus] = []
        loads: dict[str, tuple[float, ...]] = {}
        for number, dyno in enumerate(list(registry.dynos.all())):
            row = self._dyno(dyno)
            dyno_rows.append(row)
            if curve := self._recorder.loads(row.app, row.dyno):
                loads[row.key] = tuple(round(load, 2) for load in curve)
            if number % _DYNOS == _DYNOS - 1:
                await asyncio.sleep(0)
        app_rows: list[AppStatus] = []
        for number, app in enumerate(list(registry.tallies.apps())):
            if app.logs:
                app_rows.append(self._app(app, now))
            if number % _APPS == _APPS - 1:
                await asyncio.sleep(0)
        return Document(
            version=__version__,
            started_at=self._started_at,
            at=now,
            silent_after=SILENT_AFTER,
            health=self._health(),
            listeners=[self._listener(place) for place in self._places()],
            apps=app_rows,
            dynos=dyno_rows,
            events=list(self._feed),
            loads=loads,
        )

    def _dyno(self, dyno: Dyno) -> DynoStatus:
        app, process_type, name, _ = dyno.identity
        value = dyno.values.get
        return DynoStatus(
            key=f"{app}/{name}",
            app=app,
            dyno=name,
            process_type=process_type,
            state=dyno.shown_state,
            sampled_at=round(dyno.sampled_at, 3) or None,
            memory_total=_whole(value("memory_total")),
            memory_rss=_whole(value("memory_rss")),
            memory_swap=_whole(value("memory_swap")),
            memory_quota=_whole(value("memory_quota")),
            load_avg_1m=value("load_avg_1m"),
            load_avg_5m=value("load_avg_5m"),
            load_avg_15m=value("load_avg_15m"),
        )

    def _app(self, app: AppTally, now: float) -> AppStatus:
        trend = self._recorder.app(app.app)
        traffic = trend.traffic if trend is not None else NO_TRAFFIC
        last_message_at = app.last_message_at
        formation = app.series.values.get(dynos.FORMATION_DYNOS, {})
        release = _gauge(app, apps.RELEASE_VERSION)
        return AppStatus(
            app=app.app,
            is_configured=self._pipeline.drains.is_configured(app.app),
            last_message_at=round(last_message_at, 3),
            is_silent=now - last_message_at > SILENT_AFTER,
            requests_per_second=round(traffic.per_second, 3),
            server_error_share=_rounded(traffic.server_error_share),
            service_p50=_rounded(traffic.p50),
            service_p95=_rounded(traffic.p95),
            service_p99=_rounded(traffic.p99),
            rates=tuple(trend.rates) if trend is not None else (),
            formation={labels[1]: int(value.value) for labels, value in formation.items()},
            release=None if release is None else int(release),
            deployed_at=_gauge(app, apps.LAST_DEPLOY),
        )

    def _listener(self, place: Place) -> ListenerStatus:
        config = place.config
        counters = self._telemetry.listener(config.label)
        certificate = self._telemetry.certificates.get(config.label)
        return ListenerStatus(
            name=config.label,
            type=config.type,
            addresses=tuple(place.addresses),
            path=config.drain_path if config.is_http else "",
            asks_password=config.is_http and self._asks_password(),
            connections=counters.connections,
            received=counters.received_messages,
            rejected=_counted(counters.connections_rejected),
            lost=_counted(counters.lost_messages),
            malformed=_counted(counters.frame_errors),
            certificate_not_after=certificate.not_after if certificate is not None else None,
        )

    def _health(self) -> Health:
        telemetry, queue, recorder = self._telemetry, self._queue, self._recorder
        budget = self._pipeline.registry.budget
        listeners = telemetry.listeners.values()
        lost: dict[str, int] = {}
        for listener in listeners:
            for reason, count in _counted(listener.lost_messages).items():
                lost[reason] = lost.get(reason, 0) + count
        fill = max(queue.messages / queue.max_messages, queue.bytes / queue.max_bytes)
        return Health(
            is_ready=self._is_ready(),
            received=telemetry.received_messages,
            applied=telemetry.applied_messages,
            received_per_second=recorder.received.per_second,
            received_rates=tuple(recorder.received.curve),
            lost=lost,
            lost_last_minute=int(recorder.lost.last_minute),
            queue_messages=queue.messages,
            queue_fill=round(min(fill, 1.0), 3),
            connections=sum(listener.connections for listener in listeners),
            unknown_drains=self._pipeline.drains.unknown,
            series=budget.used,
            series_limit=budget.limit,
            series_refused=budget.refused,
            event_loop_lag=round(max(telemetry.loop_lags), 4),
            is_config_valid=telemetry.reload_successful,
        )


def _gauge(app: AppTally, metric: Metric) -> float | None:
    """Return the value of a gauge that has no label but ``app``."""
    value = app.series.values.get(metric, {}).get((app.app,))
    return value.value if value is not None else None


def _counted(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(reason): count for reason, count in counts.items() if count}


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
