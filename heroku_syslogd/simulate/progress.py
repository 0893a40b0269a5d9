"""Where a simulation is, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

from heroku_syslogd.simulate.drain import Counts


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a simulation is: the sums over all its drains, with the meanings of `Counts`.

    Attributes:
        sent: Messages that a receiver has.
        bytes: Bytes as sent.
        lost: Messages that were not sent.
        seconds: Seconds since the start.
        connections: Connections opened so far.
        last_error: The last failure of a drain, in words.
        has_answers: Whether the transport has answers, as HTTP does; without them nothing is
            acknowledged, refused, in doubt or sent again.
        acknowledged: Messages of batches that were.
        refused: Of the lost ones, those that the receiver did not want.
        in_doubt: Of the lost ones, those that the receiver may have.
        retries: Attempts beyond the first of a batch.
        damaged: Messages that a wrong octet count may have cost.
        announced: Losses that L10 lines told of.
        faults: Faults that were injected.
    """

    sent: int
    bytes: int
    lost: int
    seconds: float
    connections: int
    last_error: str | None = None
    has_answers: bool = False
    acknowledged: int = 0
    refused: int = 0
    in_doubt: int = 0
    retries: int = 0
    damaged: int = 0
    announced: int = 0
    faults: int = 0

    @classmethod
    def of(cls, drains: Sequence[Counts], seconds: float, *, has_answers: bool) -> Self:
        """Return the sums over the counts of all drains."""
        errors = [counts.last_error for counts in drains if counts.last_error]
        return cls(
            sent=sum(counts.sent for counts in drains),
            bytes=sum(counts.bytes for counts in drains),
            lost=sum(counts.lost for counts in drains),
            seconds=seconds,
            connections=sum(counts.connections for counts in drains),
            last_error=errors[-1] if errors else None,
            has_answers=has_answers,
            acknowledged=sum(counts.acknowledged for counts in drains),
            refused=sum(counts.refused for counts in drains),
            in_doubt=sum(counts.in_doubt for counts in drains),
            retries=sum(counts.retries for counts in drains),
            damaged=sum(counts.damaged for counts in drains),
            announced=sum(counts.announced for counts in drains),
            faults=sum(counts.faults for counts in drains),
        )


class Summary(Progress):
    """How a simulation ended; ``seconds`` includes the flush."""

    __slots__ = ()

    @classmethod
    def at_the_end(cls, progress: Progress) -> Self:
        """Return the summary of a simulation that got as far as ``progress``."""
        return cls(**asdict(progress))

    def __str__(self) -> str:
        """Return it in one line."""
        parts = [f"{self.sent} messages sent", f"{self.lost} lost"]
        if self.faults:
            parts += [f"{self.damaged} damaged", f"{self.faults} faults injected"]
        if self.has_answers:
            parts += [f"{self.acknowledged} acknowledged", f"{self.refused} refused"]
            parts += [f"{self.in_doubt} in doubt", f"{self.retries} retries"]
        parts += [f"{self.bytes} bytes", f"{self.connections} connections", f"{self.seconds:.1f} s"]
        return ", ".join([*parts, f"{self.sent / self.seconds:.0f} messages/s"])
