"""Counters of what every application logs; they live as long as the process."""

from __future__ import annotations

from collections.abc import Iterator

from heroku_syslogd.series_budget import SeriesBudget


class LogTally:
    """Messages and bytes of one (app, source, process type).

    Attributes:
        app: Label value of the application.
        source: APP-NAME as sent.
        process_type: PROCID up to its first dot.
        messages: Messages counted.
        bytes: Their size, header included, framing not.
        last_message_at: When the last one was received, seconds since the epoch.
    """

    __slots__ = ("app", "bytes", "last_message_at", "messages", "process_type", "source")

    def __init__(self, app: str, source: str, process_type: str) -> None:
        self.app = app
        self.source = source
        self.process_type = process_type
        self.messages = 0
        self.bytes = 0
        self.last_message_at = 0.0


class Tallies:
    """All log tallies, each bounded by the series budget of its application."""

    _SERIES_PER_TALLY = 2
    _SERIES_PER_APP = 1

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str, str], LogTally] = {}
        self._budgets: dict[str, SeriesBudget] = {}

    def log(
        self, app: str, source: str, process_type: str, budget: SeriesBudget
    ) -> LogTally | None:
        """Return the tally of these labels, None if the series budget refuses a new one."""
        key = (app, source, process_type)
        tally = self._logs.get(key)
        if tally is None:
            new_app = app not in self._budgets
            if not budget.take(self._SERIES_PER_TALLY + new_app * self._SERIES_PER_APP):
                return None
            self._budgets[app] = budget
            tally = self._logs[key] = LogTally(*key)
        return tally

    def forget(self, app: str) -> None:
        """Drop an application's tallies; if it comes back they begin anew, as after a restart."""
        keys = [key for key in self._logs if key[0] == app]
        for key in keys:
            del self._logs[key]
        if (budget := self._budgets.pop(app, None)) is not None:
            budget.give_back(len(keys) * self._SERIES_PER_TALLY + self._SERIES_PER_APP)

    def logs(self) -> Iterator[LogTally]:
        """Return every tally."""
        return iter(self._logs.values())

    def last_message_at(self) -> dict[str, float]:
        """Return when each application's last message was received, seconds since the epoch."""
        latest: dict[str, float] = {}
        for tally in self._logs.values():
            if tally.last_message_at > latest.get(tally.app, 0.0):
                latest[tally.app] = tally.last_message_at
        return latest
