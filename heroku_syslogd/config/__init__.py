"""The configuration: its keys and defaults (`schema`), and how a file is read (`load`)."""

from heroku_syslogd.config.load import Changes, changes, load, parse
from heroku_syslogd.config.schema import (
    AddonsConfig,
    Address,
    AdminConfig,
    AppMetricsConfig,
    Config,
    DrainsConfig,
    Duration,
    DynosConfig,
    EventsConfig,
    LimitsConfig,
    ListenerConfig,
    LogConfig,
    QueueConfig,
)

__all__ = [
    "AddonsConfig",
    "Address",
    "AdminConfig",
    "AppMetricsConfig",
    "Changes",
    "Config",
    "DrainsConfig",
    "Duration",
    "DynosConfig",
    "EventsConfig",
    "LimitsConfig",
    "ListenerConfig",
    "LogConfig",
    "QueueConfig",
    "changes",
    "load",
    "parse",
]
