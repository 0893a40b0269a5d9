"""Every metric: name, type, labels, help. The one table that the exposition reads."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class MetricType(Enum):
    """Metric types of Prometheus that are in use."""

    COUNTER = "counter"
    GAUGE = "gauge"


class Metric(NamedTuple):
    """One metric family.

    Attributes:
        name: As it stands in the text format, ``_total`` included.
        type: Its type.
        labels: Label names in order.
        help: What it says.
    """

    name: str
    type: MetricType
    labels: tuple[str, ...]
    help: str


_COUNTER: Final = MetricType.COUNTER
_GAUGE: Final = MetricType.GAUGE
_DYNO: Final = ("app", "process_type", "dyno")
_LOG: Final = ("app", "source", "process_type")
_LISTENER: Final = ("listener",)
_LISTENER_REASON: Final = ("listener", "reason")

RUNTIME: Final = {
    "load_avg_1m": Metric(
        "heroku_dyno_load_avg_1m", _GAUGE, _DYNO, "Runnable tasks, damped over one minute."
    ),
    "load_avg_5m": Metric(
        "heroku_dyno_load_avg_5m", _GAUGE, _DYNO, "Runnable tasks, damped over five minutes."
    ),
    "load_avg_15m": Metric(
        "heroku_dyno_load_avg_15m", _GAUGE, _DYNO, "Runnable tasks, damped over fifteen minutes."
    ),
    "memory_total": Metric(
        "heroku_dyno_memory_total_bytes", _GAUGE, _DYNO, "Resident memory, disk cache and swap."
    ),
    "memory_rss": Metric("heroku_dyno_memory_rss_bytes", _GAUGE, _DYNO, "Memory held in RAM."),
    "memory_cache": Metric(
        "heroku_dyno_memory_cache_bytes", _GAUGE, _DYNO, "Memory used as disk cache."
    ),
    "memory_swap": Metric("heroku_dyno_memory_swap_bytes", _GAUGE, _DYNO, "Memory stored on disk."),
    "memory_pgpgin": Metric(
        "heroku_dyno_memory_pgpgin_pages_total", _COUNTER, _DYNO, "Pages read from disk."
    ),
    "memory_pgpgout": Metric(
        "heroku_dyno_memory_pgpgout_pages_total", _COUNTER, _DYNO, "Pages written to disk."
    ),
    "memory_quota": Metric(
        "heroku_dyno_memory_quota_bytes", _GAUGE, _DYNO, "Memory at which Heroku raises R14."
    ),
}
"""Per-dyno values, by the name of their `heroku.runtime_metrics.RuntimeField`."""

DYNO_LAST_SAMPLE: Final = Metric(
    "heroku_dyno_last_sample_timestamp_seconds",
    _GAUGE,
    _DYNO,
    "Heroku's time of the dyno's newest sample.",
)
DYNO_INFO: Final = Metric(
    "heroku_dyno_info", _GAUGE, (*_DYNO, "dyno_id"), "UUID of the run that is shown; always 1."
)
DYNO_STATE: Final = Metric(
    "heroku_dyno_state",
    _GAUGE,
    (*_DYNO, "state"),
    "1 for the present state; up where Heroku has logged none since the daemon started.",
)
LOG_MESSAGES: Final = Metric(
    "heroku_log_messages_total", _COUNTER, _LOG, "Messages by APP-NAME and process type."
)
LOG_BYTES: Final = Metric(
    "heroku_log_bytes_total", _COUNTER, _LOG, "Bytes of those messages, header included."
)
DRAIN_LAST_MESSAGE: Final = Metric(
    "heroku_drain_last_message_timestamp_seconds",
    _GAUGE,
    ("app",),
    "When the application's last message was received.",
)

BUILD_INFO: Final = Metric(
    "heroku_syslogd_build_info", _GAUGE, ("version", "python_version"), "Always 1."
)
CONNECTIONS: Final = Metric(
    "heroku_syslogd_connections", _GAUGE, _LISTENER, "Connections open now."
)
CONNECTIONS_TOTAL: Final = Metric(
    "heroku_syslogd_connections_total", _COUNTER, _LISTENER, "Connections accepted."
)
CONNECTIONS_REJECTED: Final = Metric(
    "heroku_syslogd_connections_rejected_total",
    _COUNTER,
    _LISTENER_REASON,
    "Connections refused or closed by the daemon.",
)
RECEIVED_MESSAGES: Final = Metric(
    "heroku_syslogd_received_messages_total",
    _COUNTER,
    _LISTENER,
    "Messages that arrived, datagrams dropped by the kernel included: applied plus lost.",
)
RECEIVED_BYTES: Final = Metric(
    "heroku_syslogd_received_bytes_total", _COUNTER, _LISTENER, "Bytes read from peers."
)
APPLIED_MESSAGES: Final = Metric(
    "heroku_syslogd_applied_messages_total", _COUNTER, (), "Messages that reached the metrics."
)
LOST_MESSAGES: Final = Metric(
    "heroku_syslogd_lost_messages_total",
    _COUNTER,
    _LISTENER_REASON,
    "Messages received that did not reach the metrics.",
)
FRAME_ERRORS: Final = Metric(
    "heroku_syslogd_frame_errors_total",
    _COUNTER,
    _LISTENER_REASON,
    "Malformed stretches between messages.",
)
REJECTED_BYTES: Final = Metric(
    "heroku_syslogd_rejected_bytes_total",
    _COUNTER,
    _LISTENER_REASON,
    "Bytes of malformed stretches.",
)
PARSE_ERRORS: Final = Metric(
    "heroku_syslogd_parse_errors_total",
    _COUNTER,
    ("reason",),
    "Messages whose header could not be parsed; they count as lost too.",
)
QUEUE_MESSAGES: Final = Metric(
    "heroku_syslogd_queue_messages", _GAUGE, (), "Messages that wait for a worker."
)
QUEUE_BYTES: Final = Metric("heroku_syslogd_queue_bytes", _GAUGE, (), "Bytes that wait.")
QUEUE_CAPACITY_MESSAGES: Final = Metric(
    "heroku_syslogd_queue_capacity_messages",
    _GAUGE,
    (),
    "Messages at which reading is paused.",
)
QUEUE_CAPACITY_BYTES: Final = Metric(
    "heroku_syslogd_queue_capacity_bytes", _GAUGE, (), "Bytes at which reading is paused."
)
BACKPRESSURE: Final = Metric(
    "heroku_syslogd_backpressure_seconds_total",
    _COUNTER,
    _LISTENER,
    "Time for which reading was paused because the queue was full.",
)
UNKNOWN_DRAINS: Final = Metric(
    "heroku_syslogd_unknown_drains_total",
    _COUNTER,
    (),
    "Drains met that the configuration does not name.",
)
SERIES: Final = Metric(
    "heroku_syslogd_series", _GAUGE, (), "Series of applications and dynos that are kept now."
)
SERIES_LIMIT: Final = Metric(
    "heroku_syslogd_series_limit", _GAUGE, (), "Most such series that are kept."
)
SERIES_REFUSED: Final = Metric(
    "heroku_syslogd_series_refused_total",
    _COUNTER,
    (),
    "Series refused because the limit was reached, each time anew.",
)
LOOP_LAG: Final = Metric(
    "heroku_syslogd_event_loop_lag_seconds",
    _GAUGE,
    (),
    "Most that the event loop was late within the last 15 seconds.",
)
SCRAPE_DURATION: Final = Metric(
    "heroku_syslogd_scrape_duration_seconds",
    _GAUGE,
    (),
    "Time that rendering the scrape before this one took.",
)
RELOAD_SUCCESSFUL: Final = Metric(
    "heroku_syslogd_config_last_reload_successful",
    _GAUGE,
    (),
    "Whether the configuration was valid when last read.",
)
RELOAD_SUCCESS_TIMESTAMP: Final = Metric(
    "heroku_syslogd_config_last_reload_success_timestamp_seconds",
    _GAUGE,
    (),
    "When a valid configuration was last read.",
)
