"""What an operator can make of each fault of a peer; one line for the log."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.wire import FrameFault

HINTS: Final = {
    FrameFault.BAD_COUNT: "octet counting begins with a count without leading zeros and a space",
    FrameFault.BLANK: "bytes between messages: the sender's count leaves out its line ending",
    FrameFault.COUNT_DIGITS: "a message length of more than seven digits",
    FrameFault.EMPTY: "a datagram without content",
    FrameFault.HTTP_REQUEST: "an HTTP request on a syslog port: is this an https:// drain?",
    FrameFault.NO_PRI: "the count is not followed by a PRI: the message before was miscounted",
    FrameFault.TLS_HELLO: "a TLS handshake on a port without TLS: use syslog://, not syslog+tls://",
    FrameFault.TOO_LONG: "a message is longer than limits.max_frame_bytes",
    FrameFault.TRUNCATED: "the connection ended inside a message",
    FrameFault.UNEXPECTED_BYTE: "expected a count or a PRI: is this syslog?",
}
