"""Logplex as a sender: frames to the byte, and the buffer in front of each drain.

Source: heroku/logplex, ``logplex_syslog_utils.erl``, ``logplex_utils.erl``,
``logplex_http_drain.erl`` and ``logplex_msg_buffer.erl``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from heroku_syslogd.simulate.line import LOGPLEX_LOSS, Line, timestamp, whole_seconds

CAPACITY: Final = 1024
"""Messages that a drain may hold back before it drops the oldest (``logplex.app.src``)."""

TARGET_BYTES: Final = 4096
"""Bytes of whole frames per socket write of a TCP drain (``logplex_tcpsyslog_drain.erl``)."""


def udp_datagram(line: Line) -> bytes:
    """Return the message of ``line`` as a UDP drain sends it.

    HOSTNAME is the drain token, MSGID and STRUCTURED-DATA are nil. MSG ends in one LF, which is
    appended only where it is missing.
    """
    msg = line.msg
    head = f"<{line.pri}>1 {line.timestamp} {line.token} {line.app_name} {line.procid} - - "
    if msg.endswith(b"\n"):
        return head.encode() + msg
    return b"%b%b\n" % (head.encode(), msg)


def tcp_frame(line: Line) -> bytes:
    """Return the message of ``line`` with its octet count, as TCP and TLS drains send it.

    The count includes the LF. Nothing stands between two frames (RFC 6587, section 3.4.1).
    """
    message = udp_datagram(line)
    return b"%d %b" % (len(message), message)


def http_message(line: Line) -> bytes:
    """Return the message of ``line`` as HTTP drains send it, in ``application/logplex-1``.

    HOSTNAME is the word ``host``, MSGID is nil, and there is no STRUCTURED-DATA (heroku/logplex
    issue 204). MSG is as its producer gave it: today all of them end it with LF. Logplex itself
    does not: its L10 line has none.
    """
    head = f"<{line.pri}>1 {line.timestamp} host {line.app_name} {line.procid} - "
    msg = line.msg
    if msg.endswith(b"\n") or _is_loss(line):
        return head.encode() + msg
    return b"%b%b\n" % (head.encode(), msg)


def http_frame(line: Line) -> bytes:
    """Return the message of ``line`` with its octet count, as it stands in a request body."""
    message = http_message(line)
    return b"%d %b" % (len(message), message)


def _is_loss(line: Line) -> bool:
    return line.procid == "logplex" and line.app_name == "heroku"


def loss_line(app: int, token: str, dropped: int, since: float, now: float) -> Line:
    """Return the L10 line of a drain.

    Every other app has the wording of today, captured since 2020, which names the drain and has
    microseconds; the others have that of ``logplex_syslog_utils:overflow_msg/2``. Neither knows the
    singular.

    Args:
        app: Index of the app.
        token: Drain token.
        dropped: Messages lost since the last report.
        since: Time of the first loss, in seconds.
        now: Present time, in seconds.
    """
    if app % 2:
        stamp = timestamp(now)
        loss = f"drain '{token}' dropped {dropped} messages since {timestamp(since)}."
    else:
        stamp = whole_seconds(now)
        loss = f"{dropped} messages dropped since {whole_seconds(since)}."
    text = f"Error L10 (output buffer overflow): {loss}"
    return Line(app, token, LOGPLEX_LOSS, stamp, "heroku", "logplex", text.encode())


class Loss(NamedTuple):
    """Messages lost since the last report.

    Attributes:
        messages: How many.
        since: Time of the first loss, in seconds.
    """

    messages: int
    since: float

    def and_also(self, other: Loss) -> Loss:
        """Return both losses as one."""
        if not (self.messages and other.messages):
            return self if self.messages else other
        return Loss(self.messages + other.messages, min(self.since, other.since))


NO_LOSS: Final = Loss(0, 0.0)


class Packet(NamedTuple):
    """Whole frames for one socket write.

    Attributes:
        frames: The frames.
        announced: Losses that the L10 line tells of with which it begins; 0 without one.
    """

    frames: list[bytes]
    announced: int

    @property
    def data(self) -> bytes:
        """The frames, nothing between them."""
        return b"".join(self.frames)

    @property
    def messages(self) -> int:
        """How many frames."""
        return len(self.frames)


class LogBuffer:
    """The messages that wait for one drain.

    A full buffer drops its oldest message and counts it.

    Args:
        app: Index of the app.
        token: Drain token.
        capacity: Most messages held back.
        frame: Form of the frames.

    Attributes:
        dropped: All messages that were ever dropped.
    """

    def __init__(
        self,
        app: int,
        token: str,
        capacity: int = CAPACITY,
        frame: Callable[[Line], bytes] = tcp_frame,
    ) -> None:
        self.dropped = 0
        self._app = app
        self._token = token
        self._capacity = capacity
        self._frame = frame
        self._waiting: deque[tuple[Line, bytes]] = deque()
        self._loss = NO_LOSS

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, line: Line, now: float) -> None:
        """Append ``line``; ``now``, in seconds, dates a loss."""
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft()
            self.dropped += 1
            self._loss = self._loss.and_also(Loss(1, now))
        self._waiting.append((line, self._frame(line)))

    def holds(self, target: int) -> bool:
        """Tell whether ``target`` bytes of frames wait, or no more will be taken."""
        if len(self._waiting) >= self._capacity:
            return True
        return sum(len(frame) for _, frame in self._waiting) >= target

    def take_loss(self) -> Loss:
        """Take what is to be reported: messages dropped since the last call."""
        loss, self._loss = self._loss, NO_LOSS
        return loss

    def take_lines(self, target: int, size: int = 0) -> list[tuple[Line, bytes]]:
        """Take lines, with their frames, of at most ``target`` - ``size`` bytes.

        A frame that is larger than ``target`` is taken alone: with ``size`` 0 there always is one.
        """
        waiting = self._waiting
        taken: list[tuple[Line, bytes]] = []
        while waiting and (not (taken or size) or size + len(waiting[0][1]) <= target):
            size += len(waiting[0][1])
            taken.append(waiting.popleft())
        return taken

    def take(
        self, now: float, target: int = TARGET_BYTES, *, invents_loss: bool = False
    ) -> Packet | None:
        """Take whole frames of at most ``target`` bytes, or one frame that is larger.

        The first packet after a loss begins with an L10 line that reports it.

        Args:
            now: Time, in seconds.
            target: Bytes.
            invents_loss: Whether to report the loss of one message if there was none.

        Returns:
            The packet, or None if nothing waits.
        """
        if not self._waiting:
            return None
        loss = self.take_loss()
        if invents_loss and not loss.messages:
            loss = Loss(1, now)
        frames = [self._frame(self._loss_line(loss, now))] if loss.messages else []
        size = sum(map(len, frames))
        frames += [frame for _, frame in self.take_lines(target, size)]
        return Packet(frames, loss.messages)

    def _loss_line(self, loss: Loss, now: float) -> Line:
        return loss_line(self._app, self._token, loss.messages, loss.since, now)
