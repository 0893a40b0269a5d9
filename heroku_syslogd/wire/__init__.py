"""Bytes to values: framing (RFC 6587) and headers (RFC 5424, ``application/logplex-1``, RFC 3164).

Standard library only; no asyncio, clock, logging or metrics. Nothing here raises because of what
a peer sent: a fault is a value with a reason.
"""

from heroku_syslogd.wire.batch_body import BatchBody, BodyFault
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
from heroku_syslogd.wire.proxy_protocol import (
    ProxyDecoder,
    ProxyFault,
    ProxyHeader,
)
from heroku_syslogd.wire.rendered import (
    HEAD_BYTES,
    RenderedDecoder,
    frame_of_rendered,
    is_rendered,
)

__all__ = [
    "HEAD_BYTES",
    "VALID_PRI_VERSION",
    "BatchBody",
    "BodyFault",
    "Decoded",
    "Dialect",
    "FrameDecoder",
    "FrameFault",
    "HeaderFault",
    "HeaderReason",
    "Malformed",
    "Message",
    "ProxyDecoder",
    "ProxyFault",
    "ProxyHeader",
    "RenderedDecoder",
    "encode_frame",
    "frame_of_rendered",
    "is_rendered",
    "message_text",
    "parse_message",
    "parse_timestamp",
    "stream_key",
]
