"""The configuration: its keys and defaults (`schema`), and how a file is read (`load`)."""

from heroku_syslogd.config.load import load, parse
from heroku_syslogd.config.reload import Changes, changes, merged
from heroku_syslogd.config.schema import (
    AddonsConfig,
    Address,
    AdminConfig,
    AppMetricsConfig,
    Config,
    CredentialConfig,
    DrainsConfig,
    Duration,
    DynosConfig,
    EventsConfig,
    LimitsConfig,
    ListenerConfig,
    LogConfig,
    Network,
    PasswordHash,
    QueueConfig,
)
from heroku_syslogd.config.secrets import admin_credentials, drain_credentials

__all__ = [
    "AddonsConfig",
    "Address",
    "AdminConfig",
    "AppMetricsConfig",
    "Changes",
    "Config",
    "CredentialConfig",
    "DrainsConfig",
    "Duration",
    "DynosConfig",
    "EventsConfig",
    "LimitsConfig",
    "ListenerConfig",
    "LogConfig",
    "Network",
    "PasswordHash",
    "QueueConfig",
    "admin_credentials",
    "changes",
    "drain_credentials",
    "load",
    "merged",
    "parse",
]
