"""Logplex as a sender: frames to the byte, and the buffer in front of each drain.

Source: heroku/logplex, ``logplex_syslog_utils.erl``, ``logplex_utils.erl`` and
``logplex_msg_buffer.erl``.
"""

from __future__ import annotations

from collections import deque
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


class Packet(NamedTuple):
    """Whole frames for one socket write."""

    data: bytes
    messages: int


class LogBuffer:
    """The messages that wait for one drain.

    A full buffer drops its oldest message and counts it. The next packet begins with an L10 line
    that reports the count.

    Args:
        app: Index of the app.
        token: Drain token.
        capacity: Most messages held back.

    Attributes:
        dropped: All messages that were ever dropped.
    """

    def __init__(self, app: int, token: str, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._app = app
        self._token = token
        self._capacity = capacity
        self._frames: deque[bytes] = deque()
        self._unreported = 0
        self._dropping_since = 0.0

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, line: Line, now: float) -> None:
        """Append ``line``; ``now``, in seconds, dates a loss."""
        if len(self._frames) >= self._capacity:
            self._frames.popleft()
            self.dropped += 1
            if not self._unreported:
                self._dropping_since = now
            self._unreported += 1
        self._frames.append(tcp_frame(line))

    def take(self, now: float, target: int = TARGET_BYTES) -> Packet | None:
        """Take whole frames of at most ``target`` bytes, or one frame that is larger.

        Returns:
            The packet, or None if nothing waits.
        """
        frames = self._frames
        if not frames:
            return None
        packet: list[bytes] = []
        size = 0
        if self._unreported:
            line = loss_line(self._app, self._token, self._unreported, self._dropping_since, now)
            packet.append(tcp_frame(line))
            size = len(packet[0])
            self._unreported = 0
        while frames and (not packet or size + len(frames[0]) <= target):
            size += len(frames[0])
            packet.append(frames.popleft())
        return Packet(b"".join(packet), len(packet))
