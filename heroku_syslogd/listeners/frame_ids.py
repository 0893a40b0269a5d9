"""Which batches were taken already: Logplex sends one again when our answer did not reach it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

WINDOW: Final = 600.0
"""Seconds for which a Frame-Id is remembered. The three attempts of a batch come within seconds,
unless Logplex cannot connect in between (heroku/logplex, ``logplex_http_drain.erl``)."""

MOST_REMEMBERED: Final = 50_000
"""Frame-Ids remembered, some 15 MB. Whoever wanted another's to be forgotten would have to send
that many requests between two attempts."""

LONGEST_ID: Final = 128
"""Characters of a Frame-Id; Logplex's have 32."""


class BatchKey(NamedTuple):
    """What names a batch.

    Attributes:
        sender: The drain token, or the credential's user where there is none.
        frame_id: ``Logplex-Frame-Id``.
    """

    sender: str
    frame_id: str


class FrameIds:
    """Remembers batches for a while, over all connections and listeners.

    Args:
        window: Seconds for which a batch is remembered.
        most: Most batches remembered; the oldest gives way.
    """

    def __init__(self, window: float = WINDOW, most: int = MOST_REMEMBERED) -> None:
        self._window = window
        self._most = most
        self._taken_at: OrderedDict[BatchKey, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._taken_at)

    def holds(self, key: BatchKey, now: float) -> bool:
        """Tell whether a batch was taken within the window."""
        taken_at = self._taken_at.get(key)
        return taken_at is not None and taken_at > now - self._window

    def add(self, key: BatchKey, now: float) -> None:
        """Remember that a batch has been taken."""
        self._taken_at[key] = now
        self._taken_at.move_to_end(key)
        horizon = now - self._window
        while len(self._taken_at) > self._most or next(iter(self._taken_at.values())) <= horizon:
            self._taken_at.popitem(last=False)
