"""The daemon's counters about itself: plain numbers, read by the exposition.

Every vocabulary of reasons is closed and every counter of it starts at 0, so that ``rate()`` sees
the first fault. The books are kept so that two equations hold at any time when nothing is in
flight, and tests hold them::

    received_messages = applied + every lost_messages
    received_bytes    = bytes of messages + their framing + every rejected_bytes
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from heroku_syslogd.wire import FrameFault, HeaderReason, Malformed


class LostReason(StrEnum):
    """Why a whole message that was received is not in the metrics."""

    HEADER = "header"
    """Its header could not be parsed; ``parse_errors`` tells why."""
    QUEUE_FULL = "queue_full"
    """A datagram came while the queue was full."""
    NOT_ALLOWED = "not_allowed"
    """A datagram came from an address that the listener's ``allow`` does not name."""
    KERNEL = "kernel"
    """The kernel dropped the datagram: the socket's receive buffer was full."""
    UNKNOWN_DRAIN = "unknown_drain"
    """The drain is not configured, and ``drains.unknown`` is ``reject`` or it calls itself by a
    configured application's name."""
    APP_LIMIT = "app_limit"
    """The drain is not configured and ``limits.max_apps`` is reached."""
    SERIES_LIMIT = "series_limit"
    """Its counter would have been a series beyond ``limits.max_series``."""
    ABANDONED = "abandoned"
    """It was in the queue when the daemon was told to stop at once."""
    INTERNAL = "internal"
    """A bug of ours hit while its batch was applied; the daemon stops with a traceback."""


class RejectReason(StrEnum):
    """Why a connection was closed by us."""

    MAX_CONNECTIONS = "max_connections"
    MAX_CONNECTIONS_PER_PEER = "max_connections_per_peer"
    IDLE = "idle"
    """It said nothing for ``limits.idle_timeout``."""
    FAULT_BUDGET = "fault_budget"
    """Too much of what it sent was malformed."""
    NOT_ALLOWED = "not_allowed"
    """Its address is not in the listener's ``allow``, or not in ``proxies``."""
    PROXY_HEADER = "proxy_header"
    """It did not begin with a PROXY protocol header, where one is expected."""
    HANDSHAKE_TIMEOUT = "handshake_timeout"
    """Its PROXY header, TLS handshake or request head took ``limits.handshake_timeout``."""
    TLS_HANDSHAKE = "tls_handshake"
    """The TLS handshake failed."""
    REQUEST_TIMEOUT = "request_timeout"
    """The body of its request took ``limits.request_timeout``."""
    TLS_ON_PLAIN_PORT = "tls_on_plain_port"
    """It speaks TLS on a port without it."""
    HTTP_ON_SYSLOG_PORT = "http_on_syslog_port"
    """It speaks HTTP on a syslog port."""
    PLAIN_ON_TLS_PORT = "plain_on_tls_port"
    """It does not speak TLS on a port with it."""
    SYSLOG_ON_HTTP_PORT = "syslog_on_http_port"
    """It speaks raw syslog on an HTTP port."""


HTTP_CODES: Final = (200, 400, 401, 404, 405, 413, 415, 417, 503)
"""What the HTTP drain may answer."""


class ListenerCounters:
    """Counters of one listener.

    Attributes:
        name: The ``listener`` label.
        connections: Connections open now.
        connections_total: Connections accepted.
        connections_rejected: Connections refused or closed by us, by reason.
        received_messages: Messages that arrived, datagrams that the kernel dropped included.
        received_bytes: Bytes read.
        lost_messages: Messages received and not applied, by reason.
        frame_errors: Malformed stretches, by reason.
        rejected_bytes: Bytes of those stretches, by reason.
        backpressure_seconds: Time in which at least one connection was held back.
        paused_since: When the present pause began, None while reading.
        http_requests: Requests answered, by status code; empty where no HTTP is spoken.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections = 0
        self.connections_total = 0
        self.connections_rejected = dict.fromkeys(RejectReason, 0)
        self.received_messages = 0
        self.received_bytes = 0
        self.lost_messages = dict.fromkeys(LostReason, 0)
        self.frame_errors = dict.fromkeys(FrameFault, 0)
        self.rejected_bytes = dict.fromkeys(FrameFault, 0)
        self.backpressure_seconds = 0.0
        self.paused_since: float | None = None
        self.http_requests: dict[int, int] = {}

    def count_fault(self, fault: Malformed) -> None:
        """Count a malformed stretch, once however many reads it goes on for."""
        self.frame_errors[fault.reason] += not fault.continued
        self.rejected_bytes[fault.reason] += fault.dropped

    def pause(self, now: float) -> None:
        """Note that reading was paused at ``now``."""
        if self.paused_since is None:
            self.paused_since = now

    def resume(self, now: float) -> None:
        """Note that reading was resumed at ``now``."""
        self.backpressure_seconds = self.backpressure_total(now)
        self.paused_since = None

    def backpressure_total(self, now: float) -> float:
        """Return the paused time, a pause that still lasts included, in seconds."""
        pending = now - self.paused_since if self.paused_since is not None else 0.0
        return self.backpressure_seconds + max(pending, 0.0)


class ShownCertificate(Protocol):
    """What the metrics show of a certificate."""

    @property
    def not_after(self) -> float:
        """When it expires, seconds since the epoch."""

    @property
    def reload_ok(self) -> bool:
        """Whether it could be used when its files were last read."""


class RemoteWriteState(NamedTuple):
    """How remote write is doing.

    Attributes:
        sent_requests: Requests that the engine took.
        sent_samples: Their samples.
        sent_bytes: Their bytes, compressed.
        failures: Attempts after which a request is sent again, by reason.
        dropped_samples: Samples that will not be sent, by reason.
        waiting_samples: Samples in the queue.
        waiting_bytes: Bytes of the requests in the queue.
        last_success_at: When the engine last took a request, seconds since the epoch; 0 if never.
    """

    sent_requests: int
    sent_samples: int
    sent_bytes: int
    failures: Mapping[str, int]
    dropped_samples: Mapping[str, int]
    waiting_samples: int
    waiting_bytes: int
    last_success_at: float


class Telemetry:
    """Counters of the daemon as a whole, and of each listener.

    Attributes:
        applied_messages: Messages that reached the metrics.
        duplicate_batches: Batches that Logplex sent again though they had been taken.
        message_count_mismatches: Batches that held other than ``Logplex-Msg-Count`` messages.
        parse_errors: Headers that could not be parsed, by reason.
        loop_lags: How late the event loop was at its last ticks, in seconds.
        certificates: Certificates in use, by the server that presents them.
        scrape_duration: Seconds that rendering the last scrape took.
        reload_successful: Whether the last reading of the configuration succeeded.
        reload_success_at: When it last did, seconds since the epoch.
        remote_write: Returns how remote write is doing; None where there is none.
    """

    LAGS_KEPT = 30

    def __init__(self) -> None:
        self.listeners: dict[str, ListenerCounters] = {}
        self.applied_messages = 0
        self.duplicate_batches = 0
        self.message_count_mismatches = 0
        self.parse_errors = dict.fromkeys(HeaderReason, 0)
        self.loop_lags: deque[float] = deque([0.0], maxlen=self.LAGS_KEPT)
        self.certificates: dict[str, ShownCertificate] = {}
        self.scrape_duration = 0.0
        self.reload_successful = True
        self.reload_success_at = 0.0
        self.remote_write: Callable[[], RemoteWriteState] | None = None

    def listener(self, name: str) -> ListenerCounters:
        """Return the counters of a listener, new ones at first."""
        return self.listeners.setdefault(name, ListenerCounters(name))

    @property
    def received_messages(self) -> int:
        """Messages received by all listeners."""
        return sum(listener.received_messages for listener in self.listeners.values())

    @property
    def lost_messages(self) -> int:
        """Messages lost by all listeners, for any reason."""
        return sum(sum(listener.lost_messages.values()) for listener in self.listeners.values())
