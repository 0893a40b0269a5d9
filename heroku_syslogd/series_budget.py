"""The bound on how many series the daemon keeps, shared by everything that keeps some."""

from __future__ import annotations


class SeriesBudget:
    """Counts live series against a limit.

    A peer chooses tokens, APP-NAMEs and dyno names; without a bound it chooses our memory. When
    the limit is reached new series are refused and counted, existing ones go on.

    Attributes:
        limit: Most series that may be live at a time.
        used: Series that are live now.
        refused: Series that were refused since the start.
    """

    __slots__ = ("limit", "refused", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.refused = 0

    def take(self, count: int) -> bool:
        """Reserve ``count`` series; False, and counted as refused, if they do not fit."""
        if self.used + count > self.limit:
            self.refused += count
            return False
        self.used += count
        return True

    def give_back(self, count: int) -> None:
        """Release series that are no longer live."""
        self.used -= count
