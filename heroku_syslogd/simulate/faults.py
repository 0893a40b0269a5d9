"""Faults that a simulation injects: what goes wrong between Logplex and a receiver, on purpose.

Faults of a batch are in its content, and stay with it over all attempts: a retry of Logplex brings
the same messages. The others happen to one attempt, or over TCP and TLS to one packet.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import StrEnum
from random import Random
from typing import Final

from heroku_syslogd.simulate.target import DEFAULT_PORTS

DEFAULT_SHARE: Final = 0.05
"""Share of the attempts that a fault without a share of its own happens to."""

SLOW_SECONDS: Final = 2.0
"""How long a slow sender takes for its pieces."""

SLOW_PIECES: Final = 10


class Fault(StrEnum):
    """What goes wrong, named as on the command line."""

    DISCONNECT = "disconnect"
    """The connection is closed in the middle of a frame."""
    LOST_REPLY = "lost-reply"
    """HTTP: the answer is awaited, then treated as if it never came."""
    BIG_BATCH = "big-batch"
    """Nothing is sent before 100 KiB are together, or the buffer is full."""
    UNTERMINATED_LOSS = "unterminated-loss"
    """A batch begins with an L10 line, without LF, though nothing was lost; over TCP and TLS that
    line has its LF, as all have there."""
    MISCOUNT = "miscount"
    """The octet count of one frame is off by a few bytes."""
    HEADERLESS = "headerless"
    """HTTP: a batch of a Private Space, without any header of Logplex, and without retries."""
    SLOW = "slow"
    """The content is sent in pieces over `SLOW_SECONDS`."""


OF_ATTEMPT: Final = frozenset({Fault.DISCONNECT, Fault.LOST_REPLY, Fault.SLOW})
"""Faults that can happen to a retry, too."""

_OF_STREAMS: Final = frozenset(Fault) - {Fault.LOST_REPLY, Fault.HEADERLESS}
_OF_HTTP: Final = frozenset(Fault)

POSSIBLE: Final[Mapping[str, frozenset[Fault]]] = {
    "syslog": _OF_STREAMS,
    "syslog+tls": _OF_STREAMS,
    "udpsyslog": frozenset(),
    "http": _OF_HTTP,
    "https": _OF_HTTP,
}
"""Faults that can happen, by scheme of the URL."""

assert POSSIBLE.keys() == DEFAULT_PORTS.keys()


def parse_faults(text: str, scheme: str) -> dict[Fault, float]:
    """Return the shares of the faults that ``text`` asks for, in the order of `Fault`.

    Args:
        text: ``all``, or names of faults with commas between them, each with a share if it is not
            `DEFAULT_SHARE`: ``lost-reply,disconnect=0.2``. Empty for none.
        scheme: Scheme of the drain URL; ``all`` is what can happen there.

    Raises:
        ValueError: A name is unknown, a fault cannot happen with this scheme, a share is not
            between 0 and 1, or all of them together are more than 1.
    """
    possible = [fault for fault in Fault if fault in POSSIBLE[scheme]]
    shares: dict[Fault, float] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        name, equals, share = map(str.strip, item.partition("="))
        faults = possible if name == "all" else [_named(name)]
        value = _share(share, item) if equals else DEFAULT_SHARE
        for fault in faults:
            if fault not in possible:
                known = ", ".join(possible) or "none"
                raise ValueError(f"fault {fault} cannot happen on {scheme}:// (can: {known})")
            shares[fault] = value
        if not faults:
            raise ValueError(f"no fault can happen on {scheme}://")
    if (total := sum(shares.values())) > 1 + 1e-9:
        raise ValueError(f"faults: shares of {total:g} in all; expected at most 1")
    return {fault: shares[fault] for fault in Fault if fault in shares}


def _named(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        known = ", ".join(Fault)
        raise ValueError(f"unknown fault {name!r}; expected all, or any of {known}") from None


def _share(text: str, item: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"fault {item!r}: expected a share from 0 to 1")
    return share


class FaultPlan:
    """Which faults happen, and how often.

    Args:
        shares: Share of the attempts, or packets, that each fault happens to; at most 1 in all.
        rng: Source of chance.

    Attributes:
        rng: The same, for what a fault needs chance for.
    """

    def __init__(self, shares: Mapping[Fault, float], rng: Random) -> None:
        self.rng = rng
        self._shares = shares

    def draw(self, among: Container[Fault] = frozenset(Fault)) -> Fault | None:
        """Return the fault of the next attempt, or None, as for faults that are not ``among``."""
        if not self._shares:
            return None
        chance = self.rng.random()
        for fault, share in self._shares.items():
            if (chance := chance - share) < 0:
                return fault if fault in among else None
        return None


def no_faults() -> FaultPlan:
    """Return a plan by which nothing goes wrong."""
    return FaultPlan({}, Random(0))
