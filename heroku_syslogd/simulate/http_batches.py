"""The batches of a drain over HTTP: what is in them, how often they are tried, and what is lost.

Policy alone, without I/O or a clock: `HttpBatches.push` takes lines, `HttpBatches.next_attempt`
says what to send next, and `HttpBatches.settle` is told what came of it.

Source: heroku/logplex, ``logplex_http_drain.erl``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, NamedTuple

from heroku_syslogd.simulate.damage import miscount
from heroku_syslogd.simulate.drain import Counts
from heroku_syslogd.simulate.faults import Fault
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import (
    CAPACITY,
    NO_LOSS,
    LogBuffer,
    Loss,
    http_frame,
    loss_line,
)

ATTEMPTS: Final = 3
"""Attempts per batch in all (``http_frame_retries`` are those beyond the first)."""

TARGET_BYTES: Final = 102_400
"""Bytes of whole frames per request body, an L10 line not counted (``logplex.app.src``)."""


class Verdict(Enum):
    """What an attempt means for its batch (``handle_response_status/4``)."""

    ACKNOWLEDGED = "acknowledged"
    """2xx: done."""
    REFUSED = "refused"
    """4xx other than 429: dropped for good."""
    FAILED = "failed"
    """Any other status, or none: tried again."""


class Outcome(NamedTuple):
    """What came of an attempt.

    Attributes:
        status: Status of the answer; None if no complete one came.
        problem: What went wrong, in words; None if nothing did, or only a fault was injected.
        is_in_doubt: Whether the whole request was sent, and no answer says what became of it.
    """

    status: int | None = None
    problem: str | None = None
    is_in_doubt: bool = False

    @property
    def verdict(self) -> Verdict:
        """What it means for the batch."""
        if self.status is not None and 200 <= self.status < 300:
            return Verdict.ACKNOWLEDGED
        if self.status is not None and 400 <= self.status < 500 and self.status != 429:
            return Verdict.REFUSED
        return Verdict.FAILED


class Attempt(NamedTuple):
    """One attempt to deliver a batch.

    Attributes:
        frame_id: ``Logplex-Frame-Id``, the same for all attempts of a batch; None for a batch
            without the headers of Logplex.
        number: 1 for the first attempt.
        frames: All frames of the body. An L10 line is the first of them and has no LF.
        messages: The lines in the body, L10 not among them; the same for all attempts of a batch.
        announced: Losses that the L10 line tells of; 0 without one.
        damaged: Messages that a receiver may lose to a frame with a wrong octet count, at most.
    """

    frame_id: str | None
    number: int
    frames: tuple[bytes, ...]
    messages: tuple[Line, ...]
    announced: int = 0
    damaged: int = 0

    @property
    def body(self) -> bytes:
        """The request body."""
        return b"".join(self.frames)

    @property
    def msg_count(self) -> int:
        """``Logplex-Msg-Count``: all frames, L10 included."""
        return len(self.frames)


@dataclass(slots=True)
class _Batch:
    """A batch that is not settled.

    ``begins_with_loss`` is that of `Fault.UNTERMINATED_LOSS`; ``attempt`` is the latest one.
    """

    frame_id: str | None
    lines: tuple[Line, ...]
    frames: list[bytes]
    begins_with_loss: bool = False
    damaged: int = 0
    attempt: Attempt | None = None
    is_under_way: bool = False
    is_in_doubt: bool = False


def new_frame_id() -> str:
    """Return 32 upper-case hexadecimal digits.

    Not from the seed of a simulation: the same id twice is a retry to the receiver, and a second
    run of the same simulation is none.
    """
    return secrets.token_hex(16).upper()


class HttpBatches:
    """What a drain over HTTP holds: the buffer, and one batch that is being tried.

    Args:
        app: Index of the app.
        token: Drain token.
        capacity: Most messages held back; those of the batch being tried do not count.
        frame_ids: Source of Frame-Ids.
        rng: Source of chance, for faults.
    """

    def __init__(
        self,
        app: int,
        token: str,
        *,
        capacity: int = CAPACITY,
        frame_ids: Callable[[], str] = new_frame_id,
        rng: Random | None = None,
    ) -> None:
        self._app = app
        self._token = token
        self._frame_ids = frame_ids
        self._rng = rng or Random(0)
        self._buffer = LogBuffer(app, token, capacity, http_frame)
        self._batch: _Batch | None = None
        self._loss = NO_LOSS
        self._tried_at = 0.0
        self._given_up = 0
        self._counts = Counts()

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return self._batch is not None or bool(self._buffer)

    @property
    def counts(self) -> Counts:
        """What became of the messages so far. Bytes and connections are the caller's to count."""
        self._counts.lost = self._buffer.dropped + self._given_up
        return self._counts

    @property
    def is_retrying(self) -> bool:
        """Whether the next attempt is one more of the same batch."""
        return self._batch is not None

    @property
    def has_big_batch(self) -> bool:
        """Whether a batch of the full size waits, or as many messages as the buffer takes."""
        return self._buffer.holds(TARGET_BYTES)

    def push(self, line: Line, now: float) -> None:
        """Take a line. A full buffer drops its oldest; ``now``, in seconds, dates that loss."""
        self._buffer.push(line, now)

    def next_attempt(self, now: float, fault: Fault | None = None) -> Attempt | None:
        """Return the next attempt: of the batch being tried, else of a new one.

        An L10 line is built anew for each attempt, and tells of what the batches before lost, and
        of what the buffer lost before this batch. `settle` has to be called before the next call.

        Args:
            now: Time, in seconds, of L10 lines and of a loss of the batch.
            fault: A fault of a batch, for a new one. It stays for all its attempts.

        Returns:
            The attempt, or None if there is nothing to send.
        """
        batch = self._batch
        if batch is None:
            if not self._buffer:
                return None
            batch = self._batch = self._new_batch(fault)
        else:
            self._counts.retries += 1
        assert not batch.is_under_way, "the attempt before is not settled"
        loss = self._loss
        if batch.begins_with_loss and not loss.messages:
            loss = Loss(1, now)
        frames = batch.frames
        if loss.messages:
            line = loss_line(self._app, self._token, loss.messages, loss.since, now)
            frames = [http_frame(line), *frames]
        number = batch.attempt.number + 1 if batch.attempt else 1
        batch.attempt = Attempt(
            batch.frame_id, number, tuple(frames), batch.lines, loss.messages, batch.damaged
        )
        batch.is_under_way = True
        self._tried_at = now
        return batch.attempt

    def settle(self, outcome: Outcome) -> None:
        """Say what came of the latest attempt.

        A batch that is refused, or given up, is a loss that the next L10 line reports.
        """
        batch = self._batch
        assert batch is not None
        assert batch.attempt is not None
        batch.is_under_way = False
        batch.is_in_doubt |= outcome.is_in_doubt
        counts, attempt = self._counts, batch.attempt
        if outcome.problem is not None:
            counts.last_error = outcome.problem
        if outcome.verdict is Verdict.ACKNOWLEDGED:
            counts.acknowledged += attempt.msg_count
            counts.damaged += attempt.damaged
            counts.sent += attempt.msg_count - attempt.damaged
            counts.announced += attempt.announced
            self._loss = NO_LOSS
            self._batch = None
        elif outcome.verdict is Verdict.REFUSED:
            counts.refused += len(batch.lines)
            self._give_up(batch)
        elif attempt.number == ATTEMPTS or attempt.frame_id is None:
            # Without a Frame-Id nobody could tell a retry from a new batch.
            self._give_up(batch)

    def abandon(self) -> None:
        """Count all that is still held as lost: nothing will be sent any more."""
        if self._batch is not None:
            self._batch.is_in_doubt |= self._batch.is_under_way
            self._give_up(self._batch)
        while lines := self._buffer.take_lines(TARGET_BYTES):
            self._given_up += len(lines)

    def _new_batch(self, fault: Fault | None) -> _Batch:
        self._loss = self._loss.and_also(self._buffer.take_loss())
        lines, frames = zip(*self._buffer.take_lines(TARGET_BYTES), strict=True)
        frame_id = None if fault is Fault.HEADERLESS else self._frame_ids()
        batch = _Batch(frame_id, lines, list(frames), fault is Fault.UNTERMINATED_LOSS)
        if fault is Fault.MISCOUNT:
            batch.frames, index = miscount(frames, self._rng)
            batch.damaged = min(2, len(frames) - index)
        return batch

    def _give_up(self, batch: _Batch) -> None:
        messages = len(batch.lines)
        self._loss = self._loss.and_also(Loss(messages, self._tried_at))
        self._given_up += messages
        if batch.is_in_doubt:
            self._counts.in_doubt += messages
        self._batch = None
