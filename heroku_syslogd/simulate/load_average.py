"""Load averages as Heroku computes them.

Heroku counts *runnable* tasks only: unlike on a Linux host, tasks in uninterruptible sleep do not
add to the load of a dyno. The count is read about every 20 s and damped exponentially. Source:
Heroku Dev Center, "log-runtime-metrics"::

    expterm = exp(-(t_count - t_avg) / period)
    new     = (1 - expterm) * count + expterm * avg
"""

from __future__ import annotations

from math import exp
from typing import Final

PERIODS: Final = (60.0, 300.0, 900.0)
"""Periods of the 1, 5 and 15 minute averages, in seconds."""


def damped(average: float, count: float, elapsed: float, period: float) -> float:
    """Return the next value of an exponentially damped moving average.

    Args:
        average: The average so far.
        count: Runnable tasks at this reading.
        elapsed: Seconds since the reading before; must not be negative.
        period: Seconds in which an old reading loses all but 1/e of its weight.
    """
    expterm = exp(-elapsed / period)
    return (1 - expterm) * count + expterm * average


class LoadAverage:
    """The three load averages of one dyno run.

    Heroku looks back 30 minutes; this one never forgets. Readings older than that weigh exp(-2),
    14 %, in the 15 minute average and next to nothing in the others.

    Args:
        now: Start of the run, in seconds; the averages are 0 then.
    """

    __slots__ = ("_read_at", "fifteen_minutes", "five_minutes", "one_minute")

    def __init__(self, now: float) -> None:
        self._read_at = now
        self.one_minute = 0.0
        self.five_minutes = 0.0
        self.fifteen_minutes = 0.0

    def read(self, runnable: int, now: float) -> None:
        """Take one reading of runnable tasks at ``now``, in seconds.

        A reading earlier than the one before counts as simultaneous: clocks step back.
        """
        elapsed = max(0.0, now - self._read_at)
        self._read_at = now
        one, five, fifteen = PERIODS
        self.one_minute = damped(self.one_minute, runnable, elapsed, one)
        self.five_minutes = damped(self.five_minutes, runnable, elapsed, five)
        self.fifteen_minutes = damped(self.fifteen_minutes, runnable, elapsed, fifteen)
