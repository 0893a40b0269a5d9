"""Metrics of applications: their requests, errors, releases, and what they log."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.catalogue.metric import Metric, MetricType

_APP: Final = ("app",)
_LOG: Final = ("app", "source", "process_type")
_METRIC: Final = ("app", "name", "unit")

BUCKETS: Final = (
    *(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0),
)
"""Upper bounds of every histogram, in seconds. The router gives up after 30 s (H12), so one bound
stands there: what exceeds it was no normal request."""

_SERVICE_P99: Final = (
    "histogram_quantile(0.99, sum by (app, le) (rate(heroku_router_service_seconds_bucket[5m])))"
)
_CONNECT_SLOW: Final = (
    "sum by (app) (rate(heroku_router_connect_seconds_sum[5m]))"
    " / sum by (app) (rate(heroku_router_connect_seconds_count[5m]))"
)
_SLOW_P95: Final = (
    "histogram_quantile(0.95,"
    " sum by (app, source, le) (rate(heroku_postgres_slow_query_seconds_bucket[1h])))"
)
_MEASURE_MEAN: Final = (
    'rate(heroku_app_measure_sum{name="db.latency"}[5m])'
    ' / rate(heroku_app_measure_count{name="db.latency"}[5m])'
)
_ROUTER_LINE: Final = "`at=info method=GET ...` under `heroku[router]`"
_API_LINE: Final = "under `app[api]`"

ROUTER_REQUESTS: Final = Metric(
    "heroku_router_requests_total",
    MetricType.COUNTER,
    ("app", "dyno", "method", "status"),
    "Requests by the dyno that served them (none where no dyno did), method and status.",
    unit="requests",
    line=_ROUTER_LINE,
    query=(
        'sum by (app) (rate(heroku_router_requests_total{status=~"5.."}[5m]))'
        " / sum by (app) (rate(heroku_router_requests_total[5m])) > 0.01"
    ),
)
ROUTER_SERVICE: Final = Metric(
    "heroku_router_service_seconds",
    MetricType.HISTOGRAM,
    _APP,
    "Time between dyno and client. What the router did not measure is left out.",
    unit="seconds",
    line=f"`service=` of {_ROUTER_LINE}",
    query=_SERVICE_P99,
)
ROUTER_CONNECT: Final = Metric(
    "heroku_router_connect_seconds",
    MetricType.HISTOGRAM,
    _APP,
    "Time to open the connection to the dyno.",
    unit="seconds",
    line=f"`connect=` of {_ROUTER_LINE}",
    query=_CONNECT_SLOW,
)
ROUTER_RESPONSE_BYTES: Final = Metric(
    "heroku_router_response_bytes_total",
    MetricType.COUNTER,
    _APP,
    "Bytes sent to clients.",
    unit="bytes",
    line=f"`bytes=` of {_ROUTER_LINE}",
    query="sum by (app) (rate(heroku_router_response_bytes_total[5m]))",
)
ERRORS: Final = Metric(
    "heroku_errors_total",
    MetricType.COUNTER,
    ("app", "process_type", "code"),
    "Heroku's error codes; the process type is that of the dyno named, else router or logplex.",
    unit="errors",
    line="`code=H12` of a router line, `Error R14 (...)`, `Error L10 (...)`",
    query='sum by (app, code) (increase(heroku_errors_total{code=~"H1[0-9]"}[5m])) > 0',
)
LOGPLEX_DROPPED: Final = Metric(
    "heroku_logplex_dropped_messages_total",
    MetricType.COUNTER,
    _APP,
    "Messages that Heroku says it lost before they reached the daemon.",
    unit="messages",
    line="`Error L10 (output buffer overflow): 2 messages dropped since ...`, L12, L13",
    query="increase(heroku_logplex_dropped_messages_total[10m]) > 0",
)
RELEASES: Final = Metric(
    "heroku_releases_total",
    MetricType.COUNTER,
    ("app", "action"),
    "Changes of the application: release (of any cause), deploy, rollback, config_set, ...",
    unit="changes",
    line=f"`Release v16 created by user ...`, `Deploy 059375fe by user ...` {_API_LINE}",
    query='increase(heroku_releases_total{action="deploy"}[1d])',
)
RELEASE_VERSION: Final = Metric(
    "heroku_release_version",
    MetricType.GAUGE,
    _APP,
    "Number of the newest release.",
    unit="version",
    line=f"`Release v16 created by user ...` {_API_LINE}",
    query="changes(heroku_release_version[1h]) > 0",
)
LAST_DEPLOY: Final = Metric(
    "heroku_last_deploy_timestamp_seconds",
    MetricType.GAUGE,
    _APP,
    "Heroku's time of the last deploy.",
    unit="seconds since the epoch",
    line=f"TIME of `Deploy 059375fe by user ...` {_API_LINE}",
    query="time() - heroku_last_deploy_timestamp_seconds < 600",
)
BUILDS: Final = Metric(
    "heroku_builds_total",
    MetricType.COUNTER,
    ("app", "result"),
    "Builds that started, succeeded and failed.",
    unit="builds",
    line=f"`Build started by user ...`, `Build succeeded` {_API_LINE}",
    query='increase(heroku_builds_total{result="failed"}[1h]) > 0',
)
LOG_MESSAGES: Final = Metric(
    "heroku_log_messages_total",
    MetricType.COUNTER,
    _LOG,
    "Messages by APP-NAME and process type.",
    unit="messages",
    line="any",
    query="sum by (app) (rate(heroku_log_messages_total[5m]))",
)
LOG_BYTES: Final = Metric(
    "heroku_log_bytes_total",
    MetricType.COUNTER,
    _LOG,
    "Bytes of those messages, header included.",
    unit="bytes",
    line="any",
    query="topk(5, sum by (app, source, process_type) (rate(heroku_log_bytes_total[1h])))",
)
UNRECOGNISED: Final = Metric(
    "heroku_unrecognised_messages_total",
    MetricType.COUNTER,
    _LOG,
    "Messages of the platform and of add-ons that no rule knows; output of dynos is not meant.",
    unit="messages",
    line="any that no rule knows",
    query="sum by (source, process_type) (rate(heroku_unrecognised_messages_total[1h])) > 0",
)
DRAIN_LAST_MESSAGE: Final = Metric(
    "heroku_drain_last_message_timestamp_seconds",
    MetricType.GAUGE,
    _APP,
    "When the application's last message was received.",
    unit="seconds since the epoch",
    line="any",
    query="time() - heroku_drain_last_message_timestamp_seconds > 600",
)
POSTGRES_RECORDS: Final = Metric(
    "heroku_postgres_log_records_total",
    MetricType.COUNTER,
    ("app", "source", "level"),
    "Records of the Postgres server log by level; lines that continue one are not counted.",
    unit="records",
    line="`[DATABASE] [12-1]  sql_error_code = 23505 ... ERROR:  ...` under `app[postgres.1234]`",
    query='increase(heroku_postgres_log_records_total{level=~"ERROR|FATAL|PANIC"}[10m]) > 0',
)
SLOW_QUERIES: Final = Metric(
    "heroku_postgres_slow_queries_total",
    MetricType.COUNTER,
    ("app", "source"),
    "Statements that Postgres logged for taking longer than two seconds.",
    unit="queries",
    line="`... LOG:  duration: 2405.887 ms  statement: ...` under `app[postgres.1234]`",
    query="increase(heroku_postgres_slow_queries_total[1h])",
)
SLOW_QUERY_SECONDS: Final = Metric(
    "heroku_postgres_slow_query_seconds",
    MetricType.HISTOGRAM,
    ("app", "source"),
    "Duration of those statements.",
    unit="seconds",
    line="`duration: 2405.887 ms` of the same lines",
    query=_SLOW_P95,
)
APP_COUNT: Final = Metric(
    "heroku_app_count_total",
    MetricType.COUNTER,
    _METRIC,
    "Sum of a count that the application prints.",
    unit="as the label says",
    line="`count#db.queries=2`, printed by the application",
    query='rate(heroku_app_count_total{name="db.queries"}[5m])',
)
APP_MEASURE: Final = Metric(
    "heroku_app_measure",
    MetricType.SUMMARY,
    _METRIC,
    "Count and sum of a measurement that the application prints.",
    unit="as the label says; seconds and bytes where it can be told",
    line="`measure#db.latency=4ms`, printed by the application",
    query=_MEASURE_MEAN,
)
APP_SAMPLE: Final = Metric(
    "heroku_app_sample",
    MetricType.GAUGE,
    _METRIC,
    "Last value of a sample that the application prints.",
    unit="as the label says; seconds and bytes where it can be told",
    line="`sample#pool.size=12`, printed by the application",
    query='heroku_app_sample{name="pool.size"}',
)
APP_UNIQUE: Final = Metric(
    "heroku_app_unique",
    MetricType.GAUGE,
    ("app", "name"),
    "Distinct values within the last full minute, to about 3 percent.",
    unit="values",
    line="`unique#user=alice`, printed by the application",
    query='heroku_app_unique{name="user"}',
)

ROUTER: Final = (ROUTER_REQUESTS, ROUTER_SERVICE, ROUTER_CONNECT, ROUTER_RESPONSE_BYTES)
PLATFORM: Final = (
    ERRORS,
    LOGPLEX_DROPPED,
    RELEASES,
    RELEASE_VERSION,
    LAST_DEPLOY,
    BUILDS,
)
POSTGRES_LOG: Final = (POSTGRES_RECORDS, SLOW_QUERIES, SLOW_QUERY_SECONDS)
LOGS: Final = (LOG_MESSAGES, LOG_BYTES, UNRECOGNISED, DRAIN_LAST_MESSAGE)
APP_METRICS: Final = (APP_COUNT, APP_MEASURE, APP_SAMPLE, APP_UNIQUE)
