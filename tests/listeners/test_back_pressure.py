"""Back-pressure: one clock for all connections of a listener."""

from __future__ import annotations

from heroku_syslogd.listeners.back_pressure import BackPressure
from heroku_syslogd.telemetry import ListenerCounters


def test_time_counts_once_however_many_are_held_back() -> None:
    counters, now = ListenerCounters("tcp"), 100.0
    back_pressure = BackPressure(counters, lambda: now)
    back_pressure.begin()
    now = 101.0
    back_pressure.begin()
    now = 103.0
    back_pressure.end()
    now = 106.0
    assert counters.backpressure_total(now) == 6
    back_pressure.end()
    now = 200.0

    assert counters.backpressure_total(now) == counters.backpressure_seconds == 6


def test_each_time_that_somebody_is_held_back_counts() -> None:
    counters, now = ListenerCounters("tcp"), 0.0
    back_pressure = BackPressure(counters, lambda: now)
    for _ in range(3):
        back_pressure.begin()
        now += 2
        back_pressure.end()
        now += 5

    assert counters.backpressure_seconds == 6
