"""What of a changed configuration a running daemon takes over, and what needs a restart."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeVar

import msgspec

from heroku_syslogd.config.schema import Config, ListenerConfig, RemoteWriteConfig

T = TypeVar("T", bound=msgspec.Struct)

RELOADABLE: Final = frozenset(
    {
        "log",
        "limits",
        "dynos",
        "addons",
        "app_metrics",
        "drains",
        "credentials",
        "events.kinds",
        "admin.users",
        "listener.allow",
        "listener.proxies",
        "remote_write.user",
        "remote_write.password_file",
        "remote_write.bearer_token_file",
        "remote_write.ca_file",
        "remote_write.certificate",
        "remote_write.key",
        "remote_write.server_name",
        "remote_write.insecure_skip_verify",
        "remote_write.timeout",
        "remote_write.min_backoff",
        "remote_write.max_backoff",
        "remote_write.headers",
    }
)
"""Tables and keys that a running daemon takes over; the others need a restart."""


class Changes(NamedTuple):
    """Dotted keys in which two configurations differ.

    Attributes:
        applied: Those that a running daemon takes over.
        restart: Those that need a restart.
    """

    applied: list[str]
    restart: list[str]


def changes(old: Config, new: Config) -> Changes:
    """Compare two configurations."""
    in_force = merged(old, new)
    return Changes(_differences(old, in_force), _differences(in_force, new))


def merged(old: Config, new: Config) -> Config:
    """Return the old configuration with what a running daemon takes over from the new one.

    What needs a restart keeps its old value, so that the next reload names it again.
    """
    tables = {table: getattr(new, table) for table in RELOADABLE if "." not in table}
    wanted = {listener.label: listener for listener in new.listener}
    listeners = tuple(_merge_listener(one, wanted.get(one.label, one)) for one in old.listener)
    return msgspec.structs.replace(
        old,
        **tables,
        listener=listeners,
        admin=_merge("admin", old.admin, new.admin),
        events=_merge("events", old.events, new.events),
        remote_write=_merge_remote_write(old.remote_write, new.remote_write),
    )


def _merge_listener(old: ListenerConfig, new: ListenerConfig) -> ListenerConfig:
    """Return a listener with who may connect taken over.

    Who that is depends on whether a PROXY header says so. Were that to change at the next start
    only, ``allow`` could be without ``proxies`` until then, and anybody claim an allowed address.
    """
    if old.proxy_protocol != new.proxy_protocol:
        return old
    return _merge("listener", old, new)


def _merge_remote_write(old: RemoteWriteConfig, new: RemoteWriteConfig) -> RemoteWriteConfig:
    """Return the table with how the receiver is talked to taken over.

    Passwords and headers of another receiver must not go to the present one.
    """
    return old if old.url != new.url else _merge("remote_write", old, new)


def _merge(table: str, old: T, new: T) -> T:
    """Return a table with those of its keys taken over that can be."""
    keys = [key for key in old.__struct_fields__ if f"{table}.{key}" in RELOADABLE]
    return msgspec.structs.replace(old, **{key: getattr(new, key) for key in keys})


def _differences(before: Config, after: Config) -> list[str]:
    """Name the keys in which two configurations differ; of tables without keys, the table."""
    differences: list[str] = []
    for table in Config.__struct_fields__:
        one, other = getattr(before, table), getattr(after, table)
        if isinstance(one, msgspec.Struct):
            differences += _changed_keys(table, one, other)
        elif table == "listener":
            differences += _changed_listeners(one, other)
        elif one != other:
            differences.append(table)
    return differences


def _changed_keys(table: str, before: msgspec.Struct, after: msgspec.Struct) -> list[str]:
    names = before.__struct_fields__
    return [f"{table}.{name}" for name in names if getattr(before, name) != getattr(after, name)]


def _changed_listeners(
    before: tuple[ListenerConfig, ...], after: tuple[ListenerConfig, ...]
) -> list[str]:
    """Name the keys that differ; the table as a whole if the listeners are others than before."""
    if [one.label for one in before] != [one.label for one in after]:
        return ["listener"]
    pairs = zip(before, after, strict=True)
    return sorted({key for old, new in pairs for key in _changed_keys("listener", old, new)})
