"""What an operator can make of each fault of a peer; one line for the log."""

from __future__ import annotations

import ssl
from typing import Final

from heroku_syslogd.telemetry import RejectReason
from heroku_syslogd.wire import FrameFault, ProxyFault

HINTS: Final = {
    FrameFault.BAD_COUNT: "octet counting begins with a count without leading zeros and a space",
    FrameFault.BLANK: "bytes between messages: the sender's count leaves out its line ending",
    FrameFault.COUNT_DIGITS: "a message length of more than seven digits",
    FrameFault.EMPTY: "a datagram without content",
    FrameFault.HTTP_REQUEST: "an HTTP request where syslog is expected: is this an https:// drain?",
    FrameFault.NO_PRI: "the count is not followed by a PRI: the message before was miscounted",
    FrameFault.TLS_HELLO: "a TLS handshake on a port without TLS: use syslog://, not syslog+tls://",
    FrameFault.TOO_LONG: "a message is longer than limits.max_frame_bytes",
    FrameFault.TRUNCATED: "the connection, or the body, ended inside a message",
    FrameFault.UNEXPECTED_BYTE: "expected a count or a PRI: is this syslog?",
}

REJECT_HINTS: Final = {
    RejectReason.MAX_CONNECTIONS: "limits.max_connections are open",
    RejectReason.MAX_CONNECTIONS_PER_PEER: "limits.max_connections_per_peer are open",
    RejectReason.IDLE: "nothing was sent for limits.idle_timeout",
    RejectReason.FAULT_BUDGET: "almost nothing it sends is syslog",
    RejectReason.NOT_ALLOWED: "its address is not in the listener's allow, or not in its proxies",
    RejectReason.PROXY_HEADER: "no PROXY header: does the load balancer send one?",
    RejectReason.HANDSHAKE_TIMEOUT: "limits.handshake_timeout is over",
    RejectReason.TLS_HANDSHAKE: "the TLS handshake failed",
    RejectReason.REQUEST_TIMEOUT: "the body took longer than limits.request_timeout",
    RejectReason.TLS_ON_PLAIN_PORT: (
        "a TLS handshake on a port without TLS: is this a syslog+tls:// or https:// drain?"
    ),
    RejectReason.HTTP_ON_SYSLOG_PORT: "an HTTP request on a syslog port",
    RejectReason.PLAIN_ON_TLS_PORT: "no TLS on a port with TLS: use syslog+tls:// or https://",
    RejectReason.SYSLOG_ON_HTTP_PORT: "raw syslog on an HTTP port: is this a syslog:// drain?",
}

PROXY_HINTS: Final = {
    ProxyFault.NO_HEADER: REJECT_HINTS[RejectReason.PROXY_HEADER],
    ProxyFault.MALFORMED: "a PROXY header that does not follow the specification",
    ProxyFault.VERSION: "a PROXY header of an unknown version or command",
    ProxyFault.TOO_LONG: "a PROXY header that is too long",
}

_DISTRUST: Final = (
    "it does not trust our certificate: is the chain in the file, is it valid, and does it have"
    " the name that the drain's URL has?"
)
_TLS_HINTS: Final = {
    "NO_SHARED_CIPHER": "no cipher suite in common",
    "UNSUPPORTED_PROTOCOL": "it offers neither TLS 1.2 nor TLS 1.3",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": (
        "it presented no certificate, which client_ca asks for; Heroku's drains have none"
    ),
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not of a CA in client_ca",
    "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
    "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
    # What Erlang sends where the host name does not match, and so Logplex.
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _DISTRUST,
}


def tls_hint(error: ssl.SSLError | None) -> str:
    """Return what a failed handshake means; None stands for a peer that left in the middle."""
    if error is None:
        return "it left during the TLS handshake, perhaps because it does not trust our certificate"
    return _TLS_HINTS.get(error.reason or "", REJECT_HINTS[RejectReason.TLS_HANDSHAKE])
