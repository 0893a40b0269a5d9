"""``heroku_syslogd_*``: metrics of the daemon itself."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.catalogue.metric import Metric, MetricType

_PREFIX: Final = "heroku_syslogd"
_LISTENER: Final = ("listener",)
_LISTENER_REASON: Final = ("listener", "reason")
_SINCE_EPOCH: Final = "seconds since the epoch"


def _gauge(name: str, labels: tuple[str, ...], text: str, unit: str, query: str) -> Metric:
    name = f"{_PREFIX}_{name}"
    return Metric(name, MetricType.GAUGE, labels, text, unit, "", query.replace("$", name))


def _counter(name: str, labels: tuple[str, ...], text: str, unit: str, query: str) -> Metric:
    name = f"{_PREFIX}_{name}"
    return Metric(name, MetricType.COUNTER, labels, text, unit, "", query.replace("$", name))


# In a query, $ stands for the metric's own name.

BUILD_INFO: Final = _gauge(
    "build_info", ("version", "python_version"), "Always 1.", "", "count by (version) ($)"
)
CONNECTIONS: Final = _gauge(
    "connections", _LISTENER, "Connections open now.", "connections", "sum by (listener) ($)"
)
CONNECTIONS_TOTAL: Final = _counter(
    "connections_total", _LISTENER, "Connections accepted.", "connections", "rate($[5m])"
)
CONNECTIONS_REJECTED: Final = _counter(
    "connections_rejected_total",
    _LISTENER_REASON,
    "Connections refused or closed by the daemon.",
    "connections",
    "sum by (listener, reason) (increase($[10m])) > 0",
)
RECEIVED_MESSAGES: Final = _counter(
    "received_messages_total",
    _LISTENER,
    "Messages that arrived, datagrams dropped by the kernel included: applied plus lost.",
    "messages",
    "sum by (listener) (rate($[5m]))",
)
RECEIVED_BYTES: Final = _counter(
    "received_bytes_total", _LISTENER, "Bytes read from peers.", "bytes", "sum(rate($[5m]))"
)
APPLIED_MESSAGES: Final = _counter(
    "applied_messages_total", (), "Messages that reached the metrics.", "messages", "rate($[5m])"
)
RECOGNISED_MESSAGES: Final = _counter(
    "recognised_messages_total",
    ("kind",),
    "Messages that were understood, by what they mean.",
    "messages",
    "sum by (kind) (rate($[5m]))",
)
LOST_MESSAGES: Final = _counter(
    "lost_messages_total",
    _LISTENER_REASON,
    "Messages received that did not reach the metrics.",
    "messages",
    "sum by (listener, reason) (rate($[5m])) > 0",
)
FRAME_ERRORS: Final = _counter(
    "frame_errors_total",
    _LISTENER_REASON,
    "Malformed stretches between messages.",
    "stretches",
    "sum by (listener, reason) (increase($[10m])) > 0",
)
REJECTED_BYTES: Final = _counter(
    "rejected_bytes_total",
    _LISTENER_REASON,
    "Bytes of malformed stretches.",
    "bytes",
    "sum by (listener) (rate($[5m]))",
)
HTTP_REQUESTS: Final = _counter(
    "http_requests_total",
    ("listener", "code"),
    "Requests that the HTTP drain answered, by status code.",
    "requests",
    "sum by (listener, code) (rate($[5m])) > 0",
)
DUPLICATE_BATCHES: Final = _counter(
    "duplicate_batches_total",
    (),
    "Batches that Logplex sent again though they had been counted; they count once.",
    "batches",
    "rate($[5m])",
)
MESSAGE_COUNT_MISMATCHES: Final = _counter(
    "message_count_mismatches_total",
    (),
    "Batches that did not hold as many messages as Logplex-Msg-Count says.",
    "batches",
    "increase($[10m]) > 0",
)
CERTIFICATE_NOT_AFTER: Final = _gauge(
    "tls_certificate_not_after_timestamp_seconds",
    _LISTENER,
    "When the certificate expires.",
    _SINCE_EPOCH,
    "$ - time() < 14 * 86400",
)
CERTIFICATE_RELOAD_SUCCESSFUL: Final = _gauge(
    "tls_certificate_last_reload_successful",
    _LISTENER,
    "Whether the certificate was valid when its files were last read.",
    "",
    "$ == 0",
)
PARSE_ERRORS: Final = _counter(
    "parse_errors_total",
    ("reason",),
    "Messages whose header could not be parsed; they count as lost too.",
    "messages",
    "increase($[10m]) > 0",
)
UNKNOWN_SAMPLE_KEYS: Final = _counter(
    "unknown_sample_keys_total",
    ("addon",),
    "Sample keys of add-ons that the daemon does not know, or whose unit it does not.",
    "keys",
    "increase($[1h]) > 0",
)
QUEUE_MESSAGES: Final = _gauge(
    "queue_messages",
    (),
    "Messages that wait for a worker.",
    "messages",
    "$ / heroku_syslogd_queue_capacity_messages > 0.5",
)
QUEUE_BYTES: Final = _gauge(
    "queue_bytes",
    (),
    "Bytes that wait.",
    "bytes",
    "$ / heroku_syslogd_queue_capacity_bytes > 0.5",
)
QUEUE_CAPACITY_MESSAGES: Final = _gauge(
    "queue_capacity_messages", (), "Messages at which reading is paused.", "messages", "$"
)
QUEUE_CAPACITY_BYTES: Final = _gauge(
    "queue_capacity_bytes", (), "Bytes at which reading is paused.", "bytes", "$"
)
BACKPRESSURE: Final = _counter(
    "backpressure_seconds_total",
    _LISTENER,
    "Time in which at least one sender was held back because of what waited.",
    "seconds",
    "rate($[5m]) > 0.05",
)
UNKNOWN_DRAINS: Final = _counter(
    "unknown_drains_total",
    (),
    "Drains met that the configuration does not name.",
    "drains",
    "increase($[1h]) > 0",
)
SERIES: Final = _gauge(
    "series",
    (),
    "Series of applications and dynos that are kept now.",
    "series",
    "$ / heroku_syslogd_series_limit > 0.8",
)
SERIES_LIMIT: Final = _gauge("series_limit", (), "Most such series that are kept.", "series", "$")
SERIES_REFUSED: Final = _counter(
    "series_refused_total",
    (),
    "Series refused because the limit was reached, each time anew.",
    "series",
    "increase($[10m]) > 0",
)
APP_METRIC_SERIES: Final = _gauge(
    "app_metric_series",
    (),
    "Series of metrics that applications print, which have a limit of their own.",
    "series",
    "$ / heroku_syslogd_app_metric_series_limit > 0.8",
)
APP_METRIC_SERIES_LIMIT: Final = _gauge(
    "app_metric_series_limit", (), "Most such series that are kept.", "series", "$"
)
APP_METRIC_SERIES_REFUSED: Final = _counter(
    "app_metric_series_refused_total",
    (),
    "Such series refused because the limit was reached, each time anew.",
    "series",
    "increase($[10m]) > 0",
)
EVENTS_WRITTEN: Final = _counter(
    "events_written_total", (), "Structured events written.", "events", "rate($[5m])"
)
EVENTS_WRITTEN_BYTES: Final = _counter(
    "events_written_bytes_total", (), "Bytes of those events.", "bytes", "rate($[5m])"
)
EVENTS_DROPPED: Final = _counter(
    "events_dropped_total",
    ("reason",),
    "Structured events that were not written.",
    "events",
    "increase($[10m]) > 0",
)
EVENTS_QUEUE_BYTES: Final = _gauge(
    "events_queue_bytes", (), "Bytes of structured events that wait.", "bytes", "$"
)
REMOTE_WRITE_SENT_SAMPLES: Final = _counter(
    "remote_write_sent_samples_total",
    (),
    "Samples that the engine of remote write took.",
    "samples",
    "rate($[5m])",
)
REMOTE_WRITE_SENT_REQUESTS: Final = _counter(
    "remote_write_sent_requests_total",
    (),
    "Requests of remote write that the engine took.",
    "requests",
    "rate($[5m])",
)
REMOTE_WRITE_SENT_BYTES: Final = _counter(
    "remote_write_sent_bytes_total",
    (),
    "Bytes of those requests, compressed.",
    "bytes",
    "rate($[5m])",
)
REMOTE_WRITE_FAILURES: Final = _counter(
    "remote_write_failures_total",
    ("reason",),
    "Attempts of remote write that are made again.",
    "attempts",
    "sum by (reason) (increase($[10m])) > 0",
)
REMOTE_WRITE_DROPPED_SAMPLES: Final = _counter(
    "remote_write_dropped_samples_total",
    ("reason",),
    "Samples that will not be sent: refused by the engine, or the queue was full.",
    "samples",
    "sum by (reason) (increase($[10m])) > 0",
)
REMOTE_WRITE_WAITING_SAMPLES: Final = _gauge(
    "remote_write_waiting_samples", (), "Samples that wait to be sent.", "samples", "$"
)
REMOTE_WRITE_WAITING_BYTES: Final = _gauge(
    "remote_write_waiting_bytes", (), "Bytes of the requests that wait.", "bytes", "$"
)
REMOTE_WRITE_LAST_SUCCESS: Final = _gauge(
    "remote_write_last_success_timestamp_seconds",
    (),
    "When the engine last took a request.",
    _SINCE_EPOCH,
    "time() - $ > 120",
)
LOOP_LAG: Final = _gauge(
    "event_loop_lag_seconds",
    (),
    "Most that the event loop was late within the last 15 seconds.",
    "seconds",
    "$ > 0.5",
)
SCRAPE_DURATION: Final = _gauge(
    "scrape_duration_seconds",
    (),
    "Time that rendering the scrape before this one took, without what was done in between.",
    "seconds",
    "$ > 1",
)
RELOAD_SUCCESSFUL: Final = _gauge(
    "config_last_reload_successful",
    (),
    "Whether the configuration was valid when last read.",
    "",
    "$ == 0",
)
RELOAD_SUCCESS_TIMESTAMP: Final = _gauge(
    "config_last_reload_success_timestamp_seconds",
    (),
    "When a valid configuration was last read.",
    _SINCE_EPOCH,
    "time() - $",
)

METRICS: Final = tuple(value for value in globals().values() if isinstance(value, Metric))
