"""Counters of every application; they live as long as the process."""

from __future__ import annotations

from collections.abc import Iterator

from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies.app import AppTally, Circumstances, LogTally
from heroku_syslogd.tallies.router import METHODS, NOT_GIVEN, Durations
from heroku_syslogd.tallies.series import AppSeries, Histogram, Value, bucket_of

__all__ = [
    "METHODS",
    "NOT_GIVEN",
    "AppSeries",
    "AppTally",
    "Circumstances",
    "Durations",
    "Histogram",
    "LogTally",
    "Tallies",
    "Value",
    "bucket_of",
]


class Tallies:
    """All applications."""

    def __init__(self) -> None:
        self._apps: dict[str, AppTally] = {}
        self._durations = Durations()
        self._scanned_of_forgotten = 0

    def app(self, app: str, budget: SeriesBudget) -> AppTally:
        """Return the tally of an application, a new one at first."""
        tally = self._apps.get(app)
        if tally is None:
            tally = self._apps[app] = AppTally(app, budget, self._durations)
        return tally

    def forget(self, app: str) -> None:
        """Drop an application's tallies; if it comes back they begin anew, as after a restart."""
        if (tally := self._apps.pop(app, None)) is not None:
            self._scanned_of_forgotten += tally.scanned_requests
            tally.series.remove_all()

    def has_log(self, app: str, source: str, process_type: str) -> bool:
        """Tell whether an application has logged under these labels."""
        tally = self._apps.get(app)
        return tally is not None and (source, process_type) in tally.logs

    def apps(self) -> Iterator[AppTally]:
        """Return every application."""
        return iter(self._apps.values())

    def logs(self) -> Iterator[LogTally]:
        """Return every log tally."""
        return (log for app in self._apps.values() for log in app.logs.values())

    def last_message_at(self) -> dict[str, float]:
        """Return when each application's last message was received, seconds since the epoch."""
        return {app.app: app.last_message_at for app in self._apps.values() if app.logs}

    @property
    def scanned_requests(self) -> int:
        """Requests that were counted without an event being made of them."""
        return self._scanned_of_forgotten + sum(a.scanned_requests for a in self._apps.values())
