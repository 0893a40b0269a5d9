"""Bytes to values: framing (RFC 6587) and headers (RFC 5424, ``application/logplex-1``, RFC 3164).

Standard library only; no asyncio, clock, logging or metrics. Nothing here raises because of what
a peer sent: a fault is a value with a reason.
"""

from heroku_syslogd.wire.framing import (
    Decoded,
    FrameDecoder,
    FrameFault,
    Malformed,
    encode_frame,
)
from heroku_syslogd.wire.header import (
    VALID_PRI_VERSION,
    Dialect,
    HeaderFault,
    HeaderReason,
    Message,
    message_text,
    parse_message,
    parse_timestamp,
    stream_key,
)

__all__ = [
    "VALID_PRI_VERSION",
    "Decoded",
    "Dialect",
    "FrameDecoder",
    "FrameFault",
    "HeaderFault",
    "HeaderReason",
    "Malformed",
    "Message",
    "encode_frame",
    "message_text",
    "parse_message",
    "parse_timestamp",
    "stream_key",
]
