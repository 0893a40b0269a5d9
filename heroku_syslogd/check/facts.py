"""What a configuration says, in words: the same for a terminal and for a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

from heroku_syslogd.check.examine import Examined, tables_of_servers
from heroku_syslogd.config import AdminConfig, Config, Duration, ListenerConfig

_DEFAULTS: Final = Config()

_LIMITS: Final = (
    ("queue.max_messages", "messages that may wait for the workers"),
    ("queue.max_bytes", "bytes of those"),
    ("limits.max_connections", "connections at a time"),
    ("limits.max_connections_per_peer", "of those from one address"),
    ("limits.idle_timeout", "silence after which a connection is closed"),
    ("limits.max_frame_bytes", "bytes of a message"),
    ("limits.max_body_bytes", "bytes of the body of a request"),
    ("limits.max_series", "series of applications and dynos"),
    ("limits.max_apps", "applications that [drains.tokens] does not name"),
    ("app_metrics.max_series", "series of metrics that applications print"),
    ("dynos.expire_after", "silence after which metrics of a dyno disappear"),
    ("addons.expire_after", "the same of an add-on"),
    ("app_metrics.expire_after", "the same of what applications print"),
    ("events.max_queue_bytes", "bytes of events that may wait to be written"),
    ("remote_write.max_memory_bytes", "bytes of requests that may wait in memory"),
    ("remote_write.max_disk_bytes", "bytes of those on the disk"),
)
"""Key and meaning of what bounds memory, or makes metrics disappear."""


class Server(NamedTuple):
    """One socket that would be opened.

    Attributes:
        type: ``admin``, or the type of the listener.
        where: URL of the metrics, or the address.
        label: Label of the listener; empty for the admin server.
        remarks: What else there is to know of it.
        names: Names of its certificate; None without TLS.
        expiry: When that expires; empty without TLS.
    """

    type: str
    where: str
    label: str
    remarks: tuple[str, ...]
    names: tuple[str, ...] | None
    expiry: str


class Limit(NamedTuple):
    """One limit.

    Attributes:
        key: Dotted key.
        value: Its value; a duration is in seconds.
        default: Its default, which may be the value.
        meaning: What it bounds.
    """

    key: str
    value: int | Duration
    default: int | Duration
    meaning: str


def servers(examined: Examined) -> Iterator[Server]:
    """Return what would be opened, the admin server first."""
    for key, table in tables_of_servers(examined.config):
        certificate = examined.certificates.get(key)
        names = certificate.names if certificate else None
        expiry = moment(certificate.not_after) if certificate else ""
        remarks = tuple(_remarks(table))
        if isinstance(table, AdminConfig):
            scheme = "https" if certificate else "http"
            where = f"{scheme}://{table.address}/metrics"
            yield Server("admin", where, "", remarks, names, expiry)
        else:
            yield Server(table.type, table.where, table.label, remarks, names, expiry)


def _remarks(table: AdminConfig | ListenerConfig) -> Iterator[str]:
    if isinstance(table, AdminConfig):
        if table.users:
            yield "for those who have a password"
    else:
        if table.reuse_port:
            yield "shared with other processes"
        if table.is_http:
            yield f"path {table.drain_path}"
        if table.allow:
            yield f"allows {_listed(table.allow)}"
        if table.proxy_protocol:
            yield f"PROXY header from {_listed(table.proxies) or 'everybody'}"
    if table.client_ca:
        yield "for those who have a client certificate"


def limits(config: Config) -> Iterator[Limit]:
    """Return the limits that are of use to this configuration."""
    for key, meaning in _LIMITS:
        if key == "limits.max_body_bytes" and not takes_batches(config):
            continue
        if key.startswith("events.") and config.events.path is None:
            continue
        if key.startswith("remote_write.") and config.remote_write.url is None:
            continue
        yield Limit(key, attrgetter(key)(config), attrgetter(key)(_DEFAULTS), meaning)


def takes_batches(config: Config) -> bool:
    """Return whether there is a listener for HTTPS drains."""
    return any(listener.is_http for listener in config.listener)


def drains(config: Config) -> str:
    """Return how many drains are named, and what becomes of the others."""
    return f"{len(config.drains.tokens)} configured, others: {config.drains.unknown}"


def batches(config: Config) -> str:
    """Return who may post batches."""
    if not config.credentials:
        return "from everybody: there are no [[credentials]]"
    return f"from {', '.join(credential.user for credential in config.credentials)}"


def events(config: Config) -> str:
    """Return which events go where; empty if none are written."""
    if config.events.path is None:
        return ""
    where = "standard output" if config.events.path == "-" else config.events.path
    return f"{where}: {', '.join(config.events.kinds) or 'none'}"


def remote_write(config: Config) -> str:
    """Return where samples are sent, and where they wait; empty if they are not sent."""
    remote = config.remote_write
    if remote.url is None:
        return ""
    waiting = f"in {remote.directory}" if remote.directory else "in memory alone"
    return f"{remote.url.shown}, as {remote.instance_label}, waiting {waiting}"


def moment(at: float) -> str:
    """Return a time, in seconds since the epoch, for people."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(map(str, values))
