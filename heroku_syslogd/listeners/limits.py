"""How many connections there may be, in all and from one peer, over all listeners together."""

from __future__ import annotations

from collections import Counter

from heroku_syslogd.sockets import peer_site
from heroku_syslogd.telemetry import ListenerCounters, RejectReason


class ConnectionLimits:
    """Admits connections up to a bound.

    Args:
        max_connections: Most connections open at a time.
        max_per_peer: Most of them from one address.
    """

    def __init__(self, max_connections: int, max_per_peer: int) -> None:
        self.max_connections = max_connections
        self.max_per_peer = max_per_peer
        self._open = 0
        self._by_peer: Counter[str] = Counter()

    def admit(self, counters: ListenerCounters) -> Place | RejectReason:
        """Take a place for a connection; a reason if there is none. Whose it is comes next."""
        if self._open >= self.max_connections:
            return RejectReason.MAX_CONNECTIONS
        self._open += 1
        return Place(self, counters)

    def identify(self, peer: str) -> RejectReason | None:
        """Count one of the connections as that of a peer; a reason if it has too many."""
        if self._by_peer[peer] >= self.max_per_peer:
            return RejectReason.MAX_CONNECTIONS_PER_PEER
        self._by_peer[peer] += 1
        return None

    def leave(self, peer: str | None) -> None:
        """Give a place back."""
        self._open -= 1
        if peer is not None:
            self._by_peer[peer] -= 1
            if not self._by_peer[peer]:
                del self._by_peer[peer]


class Place:
    """The place of one connection among those that may be open at a time.

    Args:
        limits: Whose place it is.
        counters: Of the listener that the connection came to.
    """

    __slots__ = ("_counters", "_limits", "_peer", "_released")

    def __init__(self, limits: ConnectionLimits, counters: ListenerCounters) -> None:
        self._limits = limits
        self._counters = counters
        self._peer: str | None = None
        self._released = False
        counters.connections += 1

    def identify(self, peer: str) -> RejectReason | None:
        """Note whose connection it is, once that is known; a reason if the peer has too many.

        Behind a proxy the peer is known only when its PROXY header has been read.
        """
        site = peer_site(peer)
        reason = self._limits.identify(site)
        if reason is None:
            self._peer = site
            self._counters.connections_total += 1
        return reason

    def release(self) -> None:
        """Give the place back; again is harmless."""
        if not self._released:
            self._released = True
            self._counters.connections -= 1
            self._limits.leave(self._peer)
