"""Messages to meaning: what Heroku's own lines say. Pure and total; nothing here raises.

Trust: an application writes any text it likes, but not its APP-NAME. Only lines whose APP-NAME the
platform writes become platform events.
"""

from heroku_syslogd.heroku.addons import ADDON_FIELDS, AddonField
from heroku_syslogd.heroku.classify import (
    DYNO_MANAGER,
    OTHER,
    OUTPUT,
    POSTGRES_SERVER,
    ROUTER,
    LineParser,
    LineRule,
    line_rule,
)
from heroku_syslogd.heroku.events import (
    Addon,
    AddonSample,
    ApiAction,
    ApiChange,
    AppMetric,
    AppMetrics,
    AppMetricType,
    Build,
    BuildResult,
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    Event,
    FormationItem,
    Kind,
    LogLoss,
    PlatformError,
    PostgresRecord,
    ProcessMemory,
    RouterRequest,
    RuntimeSample,
    SampleLine,
    Scale,
    SlowQuery,
)
from heroku_syslogd.heroku.l2met import MOST_METRICS, parse_app_metrics, token_metric
from heroku_syslogd.heroku.lifecycle import ENDED_STATES
from heroku_syslogd.heroku.naming import label_text, process_type_of
from heroku_syslogd.heroku.router import RequestTokens, request_tokens, scan_error
from heroku_syslogd.heroku.runtime_metrics import RUNTIME_FIELDS, sample_run, scan_sample

__all__ = [
    "ADDON_FIELDS",
    "DYNO_MANAGER",
    "ENDED_STATES",
    "MOST_METRICS",
    "OTHER",
    "OUTPUT",
    "POSTGRES_SERVER",
    "ROUTER",
    "RUNTIME_FIELDS",
    "Addon",
    "AddonField",
    "AddonSample",
    "ApiAction",
    "ApiChange",
    "AppMetric",
    "AppMetricType",
    "AppMetrics",
    "Build",
    "BuildResult",
    "DynoAction",
    "DynoActionName",
    "DynoExit",
    "DynoStateChange",
    "Event",
    "FormationItem",
    "Kind",
    "LineParser",
    "LineRule",
    "LogLoss",
    "PlatformError",
    "PostgresRecord",
    "ProcessMemory",
    "RequestTokens",
    "RouterRequest",
    "RuntimeSample",
    "SampleLine",
    "Scale",
    "SlowQuery",
    "label_text",
    "line_rule",
    "parse_app_metrics",
    "process_type_of",
    "request_tokens",
    "sample_run",
    "scan_error",
    "scan_sample",
    "token_metric",
]
