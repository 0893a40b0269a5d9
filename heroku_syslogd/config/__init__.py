"""The configuration: its keys and defaults (`schema`), and how a file is read (`load`)."""

from heroku_syslogd.config.load import Changes, changes, load, parse
from heroku_syslogd.config.schema import (
    Address,
    AdminConfig,
    Config,
    DrainsConfig,
    Duration,
    DynosConfig,
    LimitsConfig,
    ListenerConfig,
    LogConfig,
    QueueConfig,
)

__all__ = [
    "Address",
    "AdminConfig",
    "Changes",
    "Config",
    "DrainsConfig",
    "Duration",
    "DynosConfig",
    "LimitsConfig",
    "ListenerConfig",
    "LogConfig",
    "QueueConfig",
    "changes",
    "load",
    "parse",
]
