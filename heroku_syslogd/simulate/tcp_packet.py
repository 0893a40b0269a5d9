"""What a drain over TCP or TLS writes for one packet, faults included. Pure."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from heroku_syslogd.simulate.damage import break_off, miscount
from heroku_syslogd.simulate.faults import Fault
from heroku_syslogd.simulate.logplex import Packet


class Written(NamedTuple):
    """The bytes of a packet, and what is in them.

    Attributes:
        data: What to write.
        messages: All messages of the packet, L10 included.
        whole: How many of them are in ``data`` whole; the first ones.
        announced: Losses that a whole L10 line at the beginning tells of; 0 without one.
        damaged: Which of them a receiver may lose to a wrong octet count.
        is_overlapping: Whether that count reaches into the packet after this one.
    """

    data: bytes
    messages: int
    whole: int
    announced: int
    damaged: frozenset[int] = frozenset()
    is_overlapping: bool = False

    def damaged_by(self, before: Written | None) -> int:
        """Return how many whole messages are damaged, with those that ``before`` overlaps."""
        damaged = self.damaged | {0} if before and before.is_overlapping else self.damaged
        return sum(index < self.whole for index in damaged)


def written(packet: Packet, fault: Fault | None, rng: Random) -> Written:
    """Return what is written for ``packet``.

    Args:
        packet: The packet.
        fault: What goes wrong with it.
        rng: Source of chance.
    """
    frames, announced = packet.frames, packet.announced
    whole = messages = len(frames)
    damaged: frozenset[int] = frozenset()
    if fault is Fault.MISCOUNT:
        frames, index = miscount(frames, rng)
        damaged = frozenset({index, index + 1})
    data = b"".join(frames)
    if fault is Fault.DISCONNECT:
        data, whole = break_off(frames, rng)
        announced = announced if whole else 0
    return Written(data, messages, whole, announced, damaged, messages in damaged)
