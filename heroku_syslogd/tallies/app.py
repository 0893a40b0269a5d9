"""What one application has logged, counted, and how each kind of event counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from heroku_syslogd.catalogue import apps, dynos
from heroku_syslogd.heroku import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    DynoAction,
    DynoExit,
    DynoStateChange,
    LogLoss,
    PlatformError,
    PostgresRecord,
    RouterRequest,
    Scale,
    SlowQuery,
)
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies.router import NOT_GIVEN, Durations, RouterTally
from heroku_syslogd.tallies.series import AppSeries

CRASHES: Final = (("starting", "crashed"), ("up", "crashed"))
"""State changes whose counters begin at 0 as soon as a process type is known: a counter that begins
at 1 hides its first crash from ``increase()``."""

DYNO_CODES: Final = ("R10", "R12", "R14", "R15")
"""Error codes of dynos whose counters begin at 0 likewise."""

LOG_CODES: Final = ("L10", "L12", "L13")
"""Those of the log system, which begin at 0 with the first line of the platform."""

_SLOW_QUERY_LEVEL: Final = "LOG"


class Circumstances(NamedTuple):
    """What counting an event may need to know of its line.

    Attributes:
        process_type: That of PROCID.
        token: HOSTNAME: the drain token, if the line came from a drain.
        time: Heroku's time of the line, seconds since the epoch.
    """

    process_type: str
    token: bytes
    time: float


class LogTally:
    """Messages and bytes of one (app, source, process type).

    Attributes:
        app: Label value of the application.
        source: APP-NAME as sent.
        process_type: PROCID up to its first dot.
        is_output: Whether its lines are a dyno's output, which need mean nothing.
        messages: Messages counted.
        bytes: Their size, header included, framing not.
        unrecognised: Messages that no rule knows.
        last_message_at: When the last one was received, seconds since the epoch.
    """

    __slots__ = (
        "app",
        "bytes",
        "is_output",
        "last_message_at",
        "messages",
        "process_type",
        "source",
        "unrecognised",
    )

    def __init__(self, app: str, source: str, process_type: str, *, is_output: bool) -> None:
        self.app = app
        self.source = source
        self.process_type = process_type
        self.is_output = is_output
        self.messages = 0
        self.bytes = 0
        self.unrecognised = 0
        self.last_message_at = 0.0


class AppTally:
    """Everything that is counted of one application.

    Args:
        app: Its label value.
        budget: Bound on its series.
        durations: Shared by all applications.

    Attributes:
        series: Its series, those of `logs` excepted.
        logs: What it logged, by source and process type.
    """

    _SERIES_PER_LOG = 2  # and one more unless its lines are output
    _SERIES_OF_ANY = 1  # time of the last message

    def __init__(self, app: str, budget: SeriesBudget, durations: Durations) -> None:
        self.app = app
        self.series = AppSeries(app, budget)
        self.logs: dict[tuple[str, str], LogTally] = {}
        self._durations = durations
        self._router: RouterTally | None = None
        # Neither Logplex nor a batch of ours keeps the order of lines from different sources, so
        # for gauges Heroku's time of what they show is remembered. Of the formation the size, too.
        self._formation: dict[str, tuple[str, float]] = {}
        self._released_at = self._deployed_at = 0.0
        self._is_of_heroku = False

    @property
    def router(self) -> RouterTally:
        """Its requests."""
        if self._router is None:
            self._router = RouterTally(self.series, self._durations)
        return self._router

    @property
    def scanned_requests(self) -> int:
        """Requests that were counted without an event being made of them."""
        return self._router.scanned if self._router is not None else 0

    @property
    def last_message_at(self) -> float:
        """When its last message was received, seconds since the epoch."""
        return max((log.last_message_at for log in self.logs.values()), default=0.0)

    def log(self, source: str, process_type: str, *, is_output: bool) -> LogTally | None:
        """Return the tally of these labels, None if the series budget refuses a new one."""
        key = (source, process_type)
        log = self.logs.get(key)
        if log is None:
            wanted = self._SERIES_PER_LOG + (not is_output) + (not self.logs) * self._SERIES_OF_ANY
            if not self.series.take(wanted):
                return None
            log = self.logs[key] = LogTally(self.app, source, process_type, is_output=is_output)
        elif log.is_output and not is_output and self.series.take(1):
            log.is_output = False  # ``web`` and ``web.1`` have one tally
        return log

    def note_platform(self) -> None:
        """Begin the counters of a closed vocabulary at 0: the platform writes in its name."""
        if self._is_of_heroku:
            return
        self._is_of_heroku = True
        self.series.begin(apps.LOGPLEX_DROPPED)
        for action in ApiAction:
            self.series.begin(apps.RELEASES, action)
        for result in BuildResult:
            self.series.begin(apps.BUILDS, result)
        for code in LOG_CODES:
            self.series.begin(apps.ERRORS, "logplex", code)

    def note_dynos(self, process_type: str) -> None:
        """Begin the counters of what goes wrong with dynos of a process type at 0."""
        for old, new in CRASHES:
            self.series.begin(dynos.DYNO_STATE_CHANGES, process_type, old, new)
        for code in DYNO_CODES:
            self.series.begin(apps.ERRORS, process_type, code)

    def count(self, event: Any, line: Circumstances) -> None:
        """Count an event; one that has no counter is passed over."""
        counter = _COUNTERS.get(type(event))
        if counter is not None:
            counter(self, event, line)

    # How each kind counts -----------------------------------------------------------------------

    def _request(self, event: RouterRequest, _: Circumstances) -> None:
        self.router.count(event)

    def _state_change(self, event: DynoStateChange, line: Circumstances) -> None:
        self.series.add(dynos.DYNO_STATE_CHANGES, line.process_type, event.old, event.new)

    def _exit(self, event: DynoExit, line: Circumstances) -> None:
        status = NOT_GIVEN if event.status is None else str(event.status)
        self.series.add(dynos.DYNO_EXITS, line.process_type, status)

    def _action(self, event: DynoAction, line: Circumstances) -> None:
        self.series.add(dynos.DYNO_ACTIONS, line.process_type, event.action)

    def _error(self, event: PlatformError, line: Circumstances) -> None:
        process_type = "logplex" if event.code.startswith("L") else line.process_type
        self.series.add(apps.ERRORS, process_type, event.code)

    def _loss(self, event: LogLoss, line: Circumstances) -> None:
        # The wording of today names a drain, which may be another one of the same app.
        if event.drain and event.drain.encode() != line.token:
            return
        self.series.add(apps.ERRORS, "logplex", event.code)
        self.series.add(apps.LOGPLEX_DROPPED, amount=event.count)

    def _api(self, event: ApiChange, line: Circumstances) -> None:
        self.series.add(apps.RELEASES, event.action)
        if event.action is ApiAction.RELEASE and event.version is not None:
            if line.time >= self._released_at:
                self._released_at = line.time
                self.series.set(apps.RELEASE_VERSION, to=event.version)
        elif event.action is ApiAction.DEPLOY and line.time >= self._deployed_at:
            self._deployed_at = line.time
            self.series.set(apps.LAST_DEPLOY, to=line.time)

    def _build(self, event: Build, _: Circumstances) -> None:
        self.series.add(apps.BUILDS, event.result)

    def _scale(self, event: Scale, line: Circumstances) -> None:
        for process_type, quantity, size in event.items:
            size = size or NOT_GIVEN
            before, at = self._formation.get(process_type, (size, line.time))
            if line.time < at:
                continue
            if before != size:
                self.series.remove(dynos.FORMATION_DYNOS, process_type, before)
                del self._formation[process_type]
            value = self.series.value(dynos.FORMATION_DYNOS, process_type, size)
            if value is not None:
                value.value = float(quantity)
                self._formation[process_type] = size, line.time

    def _record(self, event: PostgresRecord, _: Circumstances) -> None:
        if event.level:
            self.series.add(apps.POSTGRES_RECORDS, event.source, event.level)

    def _slow_query(self, event: SlowQuery, _: Circumstances) -> None:
        self.series.add(apps.POSTGRES_RECORDS, event.source, _SLOW_QUERY_LEVEL)
        self.series.add(apps.SLOW_QUERIES, event.source)
        self.series.observe(apps.SLOW_QUERY_SECONDS, event.source, seconds=event.seconds)


_COUNTERS: Final[dict[type, Callable[[AppTally, Any, Circumstances], None]]] = {
    RouterRequest: AppTally._request,
    DynoStateChange: AppTally._state_change,
    DynoExit: AppTally._exit,
    DynoAction: AppTally._action,
    PlatformError: AppTally._error,
    LogLoss: AppTally._loss,
    ApiChange: AppTally._api,
    Build: AppTally._build,
    Scale: AppTally._scale,
    PostgresRecord: AppTally._record,
    SlowQuery: AppTally._slow_query,
}
