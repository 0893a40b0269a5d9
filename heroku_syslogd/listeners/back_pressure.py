"""For how long a listener does not read what its peers send."""

from __future__ import annotations

from collections.abc import Callable

from heroku_syslogd.telemetry import ListenerCounters


class BackPressure:
    """Counts the time in which at least one connection of a listener is held back.

    Args:
        counters: Of the listener.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(self, counters: ListenerCounters, clock: Callable[[], float]) -> None:
        self._counters = counters
        self._clock = clock
        self._held_back = 0

    def begin(self) -> None:
        """Note that one more connection is held back."""
        self._held_back += 1
        if self._held_back == 1:
            self._counters.pause(self._clock())

    def end(self) -> None:
        """Note that one connection less is held back."""
        self._held_back -= 1
        if not self._held_back:
            self._counters.resume(self._clock())
