"""Everything that events add up to: what a scrape shows.

`Registry.apply` is the one place that knows which state an event belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from heroku_syslogd.addons import AddonRegistry
from heroku_syslogd.app_metrics import AppMetricRegistry
from heroku_syslogd.dynos import DynoIdentity, DynoRegistry, SampleScanner, believed_time
from heroku_syslogd.heroku import (
    DYNO_MANAGER,
    OUTPUT,
    ROUTER,
    AddonSample,
    AppMetrics,
    DynoStateChange,
    Event,
    Kind,
    LineRule,
    RuntimeSample,
)
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies import NOT_GIVEN, AppTally, Circumstances, LogTally, Tallies

# Parts of a series budget, as divisors: one configured application may have half of it, all
# unconfigured drains together half, and one of those a tenth of that half.
_CONFIGURED_APP_PART: Final = 2
_STRANGERS_PART: Final = 2
_STRANGER_PART: Final = 10


Line = tuple[bytes, bytes]
"""TIME of a line, and what follows its nil MSGID."""

Scanner = Callable[[list[Line], int, float], int]
"""Counts lines of a stream from a position on, without making events of them. Takes our time, too;
returns the position of the first line that it did not count, or how many there are."""


class Subject(NamedTuple):
    """What all lines with one HOSTNAME, APP-NAME and PROCID are about.

    Attributes:
        rule: How they are read.
        app: Everything that is counted of their application.
        log: Where they are counted.
        dyno: The dyno that PROCID names; a label value even where it names none.
        token: HOSTNAME: the drain token, if they come from a drain.
        app_metrics_budget: Bound on the metrics that the application prints.
    """

    rule: LineRule
    app: AppTally
    log: LogTally
    dyno: DynoIdentity
    token: bytes
    app_metrics_budget: SeriesBudget


class Shares:
    """Gives every application its share of a series budget: nobody takes the room of all others.

    Args:
        whole: The budget.
    """

    def __init__(self, whole: SeriesBudget) -> None:
        self.whole = whole
        self._strangers = whole.share(_STRANGERS_PART)
        self._shares: dict[str, SeriesBudget] = {}

    def of(self, app: str, *, is_configured: bool) -> SeriesBudget:
        """Return an application's share."""
        share = self._shares.get(app)
        if share is None:
            if is_configured:
                share = self.whole.share(_CONFIGURED_APP_PART)
            else:
                share = self._strangers.share(_STRANGER_PART)
            self._shares[app] = share
        return share

    def forget(self, app: str) -> None:
        """Decide an application's share anew when it is next asked for."""
        self._shares.pop(app, None)


class Registry:
    """The state of everything that Heroku says.

    Args:
        max_series: Most series of applications, dynos and add-ons.
        max_app_metric_series: Most series of metrics that applications print.
        dynos: Per-dyno state.
        addons: Per-add-on state.
        app_metrics: What applications measure.

    Attributes:
        tallies: Counters.
        budget: Bound on live series.
        app_metrics_budget: Bound on those that applications print.
    """

    def __init__(
        self,
        max_series: int,
        max_app_metric_series: int,
        dynos: DynoRegistry,
        addons: AddonRegistry,
        app_metrics: AppMetricRegistry,
    ) -> None:
        self.tallies = Tallies()
        self.dynos = dynos
        self.addons = addons
        self.app_metrics = app_metrics
        self.budget = SeriesBudget(max_series)
        self.app_metrics_budget = SeriesBudget(max_app_metric_series)
        self._shares = Shares(self.budget)
        self._app_metrics_shares = Shares(self.app_metrics_budget)
        self._recognised = dict.fromkeys(Kind, 0)

    @property
    def recognised(self) -> dict[Kind, int]:
        """Messages that were understood, by kind."""
        recognised = dict(self._recognised)
        recognised[Kind.ROUTER_REQUEST] += self.tallies.scanned_requests
        recognised[Kind.APP_METRICS] += self.app_metrics.scanned_lines
        recognised[Kind.RUNTIME_SAMPLE] += self.dynos.scanned
        return recognised

    def scanner(self, subject: Subject, every: frozenset[Kind]) -> Scanner | None:
        """Return what counts lines of a stream without an event being made of them.

        Args:
            subject: What the lines are about.
            every: Kinds of events that are wanted all the same.

        Returns:
            None where there is no such short cut: it pays only for lines that come often.
        """
        if subject.rule is ROUTER and Kind.ROUTER_REQUEST not in every:
            router = subject.app.router
            # Error codes of requests are events of a kind of their own.
            without_errors = Kind.PLATFORM_ERROR in every
            return router.count_normal_lines if without_errors else router.count_lines
        if subject.rule is OUTPUT and Kind.APP_METRICS not in every:
            budget = subject.app_metrics_budget
            return self.app_metrics.scanner(subject.app.app, budget).count_lines
        if subject.rule is DYNO_MANAGER and Kind.RUNTIME_SAMPLE not in every:
            return SampleScanner(self.dynos, subject.dyno).count_lines
        return None

    def subject(
        self,
        app: str,
        rule: LineRule,
        source: str,
        process_type: str,
        dyno: str,
        token: bytes,
        *,
        is_configured: bool,
    ) -> Subject | None:
        """Return what the lines of a stream are about; None if the series budget is spent.

        Args:
            app: Label value of the application.
            rule: How its lines are read.
            source: Label value of APP-NAME.
            process_type: Label value of PROCID up to its first dot.
            dyno: Label value of PROCID.
            token: HOSTNAME as sent.
            is_configured: Whether the configuration names the application.
        """
        budget = self._shares.of(app, is_configured=is_configured)
        tally = self.tallies.app(app, budget)
        tally.series.charge_to(budget)
        log = tally.log(source, process_type, is_output=rule.is_output)
        if log is None:
            return None
        if rule.is_platform:
            tally.note_platform()
        if rule is DYNO_MANAGER and not log.messages:
            tally.note_dynos(process_type)
        identity = DynoIdentity(app, process_type, dyno, budget)
        app_metrics_budget = self._app_metrics_shares.of(app, is_configured=is_configured)
        return Subject(rule, tally, log, identity, token, app_metrics_budget)

    def has_dynos(self, app: str, process_type: str) -> bool:
        """Tell whether the dyno manager has written about dynos of a process type.

        Then ``postgres.1`` is a dyno, and what it prints is not the log of a Postgres server.
        """
        return self.tallies.has_log(app, "heroku", process_type)

    def apply(self, event: Event, subject: Subject, at: float | None, now: float) -> float:
        """Apply what a line said.

        Args:
            event: What the line means.
            subject: What it is about.
            at: Heroku's time of the line, None if it gave none that can be read.
            now: Our time. Both are seconds since the epoch.

        Returns:
            The time that the line is held to be of.
        """
        at = believed_time(at, now)
        self._recognised[event.kind] += 1
        dyno, app = subject.dyno, subject.app
        if isinstance(event, RuntimeSample):
            self.dynos.apply(event, dyno, at, now)
        elif isinstance(event, AppMetrics):
            self.app_metrics.apply(event, app.app, subject.app_metrics_budget, now)
        elif isinstance(event, AddonSample):
            name = event.name or NOT_GIVEN
            self.addons.apply(event, app.app, name, dyno.budget, at, now)
        else:
            if isinstance(event, DynoStateChange):
                self.dynos.apply(event, dyno, at, now)
            app.count(event, Circumstances(dyno.process_type, subject.token, at))
        return at

    def expire(self, now: float) -> None:
        """Forget whatever has been silent too long."""
        self.dynos.expire(now)
        self.addons.expire(now)
        self.app_metrics.expire(now)

    def promote(self, app: str) -> None:
        """Give an application that is configured now, and was not, its larger share."""
        self._shares.forget(app)
        self._app_metrics_shares.forget(app)

    def forget(self, app: str) -> None:
        """Drop an application; if it comes back its counters begin anew, as after a restart."""
        self.tallies.forget(app)
        self.addons.forget(app)
        self.app_metrics.forget(app)
        self._shares.forget(app)
        self._app_metrics_shares.forget(app)
