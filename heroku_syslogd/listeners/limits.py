"""How many connections there may be, in all and from one peer, over all listeners together."""

from __future__ import annotations

from collections import Counter

from heroku_syslogd.telemetry import RejectReason


class ConnectionLimits:
    """Admits connections up to a bound.

    Args:
        max_connections: Most connections open at a time.
        max_per_peer: Most of them from one address.
    """

    def __init__(self, max_connections: int, max_per_peer: int) -> None:
        self.max_connections = max_connections
        self.max_per_peer = max_per_peer
        self._by_peer: Counter[str] = Counter()

    def admit(self, peer: str) -> RejectReason | None:
        """Take a place for a connection from ``peer``; a reason if there is none."""
        if self._by_peer.total() >= self.max_connections:
            return RejectReason.MAX_CONNECTIONS
        if self._by_peer[peer] >= self.max_per_peer:
            return RejectReason.MAX_CONNECTIONS_PER_PEER
        self._by_peer[peer] += 1
        return None

    def leave(self, peer: str) -> None:
        """Give the place back."""
        self._by_peer[peer] -= 1
        if not self._by_peer[peer]:
            del self._by_peer[peer]
