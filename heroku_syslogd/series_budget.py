"""The bound on how many series the daemon keeps, shared by everything that keeps some."""

from __future__ import annotations

from typing import Final, Self

SMALLEST_SHARE: Final = 200
"""Series that a share has at least, where the whole has them: an application with a dozen dynos."""


class SeriesBudget:
    """Counts live series against a limit.

    A peer chooses tokens, APP-NAMEs and dyno names; without a bound it chooses our memory. When
    the limit is reached new series are refused and counted, existing ones go on.

    A `share` of a budget has a lower limit of its own and takes from the whole. Every application
    has one, and so have all drains together that nobody configured: whatever one of them invents
    leaves room for the others.

    Args:
        limit: Most series that may be live at a time.
        whole: The budget that this one is a share of, None if it is none.
        divisor: What part of the whole's limit a share has.

    Attributes:
        used: Series that are live now, those of its shares included.
        refused: Series that were refused since the start, those of its shares included.
        dynos: Dynos that are remembered on this budget, with and without series.
    """

    __slots__ = ("_divisor", "_limit", "_whole", "dynos", "refused", "used")

    def __init__(self, limit: int, whole: Self | None = None, divisor: int = 1) -> None:
        self._limit = limit
        self._whole = whole
        self._divisor = divisor
        self.used = 0
        self.refused = 0
        self.dynos = 0

    @property
    def limit(self) -> int:
        """Most series that may be live at a time; a share's follows that of the whole."""
        if self._whole is None:
            return self._limit
        whole = self._whole.limit
        return max(whole // self._divisor, min(SMALLEST_SHARE, whole))

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit

    @property
    def is_roomy(self) -> bool:
        """Whether less than half of it is used, and of the whole."""
        roomy = 2 * self.used < self.limit
        return roomy and (self._whole is None or self._whole.is_roomy)

    def share(self, divisor: int) -> SeriesBudget:
        """Return a budget of a part of the limit that takes from this one."""
        return SeriesBudget(0, self, divisor)

    def take(self, count: int) -> bool:
        """Reserve ``count`` series; False, and counted as refused, if they do not fit."""
        if self.used + count > self.limit:
            self.refuse(count)
            return False
        if self._whole is not None and not self._whole.take(count):
            self.refused += count
            return False
        self.used += count
        return True

    def refuse(self, count: int) -> None:
        """Count series that were refused."""
        self.refused += count
        if self._whole is not None:
            self._whole.refuse(count)

    def give_back(self, count: int) -> None:
        """Release series that are no longer live."""
        self.used -= count
        if self._whole is not None:
            self._whole.give_back(count)
