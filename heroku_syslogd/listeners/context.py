"""What every listener is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from heroku_syslogd.bounded_queue import BoundedQueue
from heroku_syslogd.config import LimitsConfig
from heroku_syslogd.credentials import Credentials
from heroku_syslogd.listeners.frame_ids import FrameIds
from heroku_syslogd.listeners.limits import ConnectionLimits
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.telemetry import Telemetry


@dataclass(slots=True)
class ListenerContext:
    """What listeners share.

    Attributes:
        queue: Where batches go.
        telemetry: Where messages, bytes and faults are counted.
        limits: What a peer may cost; replaced by a reload. Open connections keep their frame limit.
        connections: Places for connections, shared by all listeners.
        credentials: Who may post batches.
        frame_ids: Batches that were taken, by their Frame-Id.
        faults: Where faults of peers are logged.
        log: Where everything else is.
        clock: Returns our time in seconds since the epoch.
    """

    queue: BoundedQueue
    telemetry: Telemetry
    limits: LimitsConfig
    connections: ConnectionLimits
    credentials: Credentials
    frame_ids: FrameIds
    faults: PeerFaultLog
    log: structlog.typing.FilteringBoundLogger
    clock: Callable[[], float]
