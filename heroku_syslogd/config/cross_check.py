"""What no single key of the configuration can show: what goes together, and what does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from heroku_syslogd.config.schema import (
    AdminConfig,
    Config,
    CredentialConfig,
    ListenerConfig,
    RemoteWriteConfig,
    is_host,
)
from heroku_syslogd.errors import ConfigProblem

SECRET: Final = re.compile(
    r"""((?<![A-Za-z0-9])[dt]\.[^\s"'\]=]{8}|(?<![A-Za-z0-9])[0-9a-f]{8}(?=-))[^\s"'\]=]+""",
    re.IGNORECASE,
)
"""What may be a drain token, or the UUID of one; the first group may be shown."""

_TOKEN: Final = re.compile(r"d\.[0-9a-f-]{36}")
_TOKEN_CHARACTERS: Final = re.compile(r"[!-~]{1,64}")
_PATH: Final = re.compile(r"/[A-Za-z0-9._~/-]{0,255}")
_USER: Final = re.compile(r"[^:\x00-\x1f\x7f]{1,64}")
_APP_NAME: Final = re.compile(r"[A-Za-z0-9_.:/@+-]{1,64}")
_FILES: Final = ("certificate", "key", "client_ca")

_LABEL_NAME: Final = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]{0,255}")
_TAKEN_LABELS: Final = {
    # Two places for one label, and one of them would win unnoticed.
    "instance": "is what remote_write.instance is for",
    "le": "is of histograms",
    "quantile": "is of summaries",
}
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")  # RFC 9110, section 5.6.2
_OWN_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-prometheus-remote-write-version",
    }
)
"""Headers that the protocol, or HTTP itself (RFC 9110, section 7.6.1), sets."""

_PATHS_OF_REMOTE_WRITE: Final = (
    "directory",
    "password_file",
    "bearer_token_file",
    "ca_file",
    "certificate",
    "key",
)
_TLS_OF_REMOTE_WRITE: Final = (
    "ca_file",
    "certificate",
    "key",
    "server_name",
    "insecure_skip_verify",
)
_TOGETHER: Final = (("user", "password_file"), ("certificate", "key"))


def cross_check(config: Config) -> list[ConfigProblem]:
    """Return what is wrong with a configuration whose every key is right by itself."""
    problems: list[ConfigProblem] = []
    labels: set[str] = set()
    for index, listener in enumerate(config.listener):
        key = f"listener.{index}"
        if listener.label in labels:
            problem = f"another listener is called {listener.label!r} too; give each a 'name'"
            problems.append(ConfigProblem(f"{key}.name", problem))
        labels.add(listener.label)
        problems += _check_listener(listener, key)
    if not config.listener:
        problems.append(ConfigProblem("listener", "expected at least one [[listener]]"))
    if config.events.path == "":
        problems.append(ConfigProblem("events.path", 'expected a path, or "-"'))
    problems += _check_remote_write(config.remote_write)
    admin = config.admin
    problems += _check_files(admin, "admin", is_encrypted=admin.certificate is not None)
    for user in admin.users:
        problems += _check_user(user, f"admin.users.{user}")
    for token, app in config.drains.tokens.items():
        problems += _check_token(token, app)
    return problems + list(_check_credentials(config.credentials))


def _check_listener(listener: ListenerConfig, key: str) -> Iterator[ConfigProblem]:
    if (listener.address is None) == (listener.systemd is None):
        yield ConfigProblem(key, "expected either 'address' or 'systemd'")
    if listener.reuse_port and listener.address is None:
        problem = "is for an 'address' alone; of a socket unit, ReusePort=yes says it"
        yield ConfigProblem(f"{key}.reuse_port", problem)
    if not _APP_NAME.fullmatch(listener.label):
        yield ConfigProblem(f"{key}.name", "expected 1 to 64 letters, digits or _.:/@+-")
    yield from _check_files(listener, key, is_encrypted=listener.is_encrypted)
    if listener.path is not None:
        if not listener.is_http:
            yield ConfigProblem(f"{key}.path", "is for type http and https alone")
        elif not _PATH.fullmatch(listener.path):
            yield ConfigProblem(f"{key}.path", 'expected a path, such as "/logplex"')
    if listener.type == "udp" and listener.proxy_protocol:
        yield ConfigProblem(f"{key}.proxy_protocol", "is not for type udp")
    if listener.proxies and not listener.proxy_protocol:
        yield ConfigProblem(f"{key}.proxies", "is of no use without proxy_protocol")
    if listener.allow and listener.proxy_protocol and not listener.proxies:
        problem = "expected beside allow: else anybody can claim an address that is allowed"
        yield ConfigProblem(f"{key}.proxies", problem)


def _check_files(
    table: ListenerConfig | AdminConfig, key: str, *, is_encrypted: bool
) -> Iterator[ConfigProblem]:
    """Check which files of a TLS server are given; whether they can be loaded is seen later."""
    for name in _FILES:
        path: str | None = getattr(table, name)
        if path == "":
            yield ConfigProblem(f"{key}.{name}", "expected the path of a PEM file")
        if path is not None and not is_encrypted:
            needs = "certificate" if isinstance(table, AdminConfig) else "type tls or https"
            yield ConfigProblem(f"{key}.{name}", f"is of no use without {needs}")
    if is_encrypted and table.certificate is None:
        yield ConfigProblem(f"{key}.certificate", "is missing")


def _check_remote_write(table: RemoteWriteConfig) -> Iterator[ConfigProblem]:
    default = RemoteWriteConfig()
    given = {key for key in table.__struct_fields__ if getattr(table, key) != getattr(default, key)}
    if given and table.url is None:
        problem = f"is missing; nothing is sent without it, so {min(given)} is of no use"
        yield ConfigProblem("remote_write.url", problem)
    for key in _PATHS_OF_REMOTE_WRITE:
        if getattr(table, key) == "":
            yield ConfigProblem(f"remote_write.{key}", "expected a path")
    for one, other in (*_TOGETHER, *((other, one) for one, other in _TOGETHER)):
        if one in given and other not in given:
            yield ConfigProblem(f"remote_write.{other}", f"is missing beside {one}")
    if table.url is not None and not table.url.is_encrypted:
        for key in _TLS_OF_REMOTE_WRITE:
            if key in given:
                yield ConfigProblem(f"remote_write.{key}", "is of no use without an https URL")
    if table.insecure_skip_verify and table.ca_file is not None:
        yield ConfigProblem("remote_write.ca_file", "is of no use with insecure_skip_verify")
    if table.bearer_token_file is not None and given & {"user", "password_file"}:
        problem = "expected either this or user and password_file"
        yield ConfigProblem("remote_write.bearer_token_file", problem)
    if table.max_disk_bytes != default.max_disk_bytes and table.directory is None:
        yield ConfigProblem("remote_write.max_disk_bytes", "is of no use without directory")
    if table.min_backoff > table.max_backoff:
        yield ConfigProblem("remote_write.min_backoff", "is above max_backoff")
    yield from _check_texts_of_remote_write(table)


def _check_texts_of_remote_write(table: RemoteWriteConfig) -> Iterator[ConfigProblem]:
    if table.user is not None:
        yield from _check_user(table.user, "remote_write.user")
    name = table.server_name
    if name is not None and not is_host(name, is_ipv6=":" in name):
        yield ConfigProblem("remote_write.server_name", "expected a host name or an address")
    if table.instance == "":
        yield ConfigProblem("remote_write.instance", "expected a label value that is not empty")
    for name, value in table.external_labels.items():
        key = f'remote_write.external_labels."{name}"'
        if not _LABEL_NAME.fullmatch(name):
            problem = "expected letters, digits or _, no digit first and no __"
            yield ConfigProblem(key, problem)
        elif name in _TAKEN_LABELS:
            yield ConfigProblem(key, _TAKEN_LABELS[name])
        elif value == "":  # which is the same as no label (Prometheus, data model)
            yield ConfigProblem(key, "expected a label value that is not empty")
    seen: set[str] = set()
    for name in table.headers:
        key = f'remote_write.headers."{name}"'
        if not _HEADER_NAME.fullmatch(name):
            yield ConfigProblem(key, "expected the name of a header")
        elif name.lower() in _OWN_HEADERS:
            yield ConfigProblem(key, "is set by the protocol, or by keys of [remote_write]")
        elif name.lower() in seen:
            yield ConfigProblem(key, "is there already: names of headers have no case")
        seen.add(name.lower())


def _check_token(token: str, app: str) -> Iterator[ConfigProblem]:
    key = f'drains.tokens."{token}"'
    if not _TOKEN_CHARACTERS.fullmatch(token):
        problem = "expected a drain token (d. and a UUID) or a host name, without spaces"
        yield ConfigProblem(key, problem)
    elif token.lower().startswith("d.") and not _TOKEN.fullmatch(token):
        yield ConfigProblem(key, "expected a drain token: d. and a lower-case UUID")
    if SECRET.search(app):
        problem = "looks like a drain token: expected TOKEN = APPLICATION, in this order"
        yield ConfigProblem(key, problem)
    else:
        yield from _check_app(app, key)


def _check_app(app: str, key: str) -> Iterator[ConfigProblem]:
    if not _APP_NAME.fullmatch(app):
        problem = "expected an application name: 1 to 64 letters, digits or _.:/@+-"
        yield ConfigProblem(key, problem)


def _check_credentials(credentials: tuple[CredentialConfig, ...]) -> Iterator[ConfigProblem]:
    users: set[str] = set()
    for index, one in enumerate(credentials):
        key = f"credentials.{index}"
        if (one.password_hash is None) == (one.password_file is None):
            yield ConfigProblem(key, "expected either 'password_hash' or 'password_file'")
        if one.user in users:
            yield ConfigProblem(f"{key}.user", f"{one.user!r} is there already")
        users.add(one.user)
        yield from _check_user(one.user, f"{key}.user")
        if one.app is not None:
            yield from _check_app(one.app, f"{key}.app")


def _check_user(user: str, key: str) -> Iterator[ConfigProblem]:
    if not _USER.fullmatch(user):
        yield ConfigProblem(key, "expected a user name without colons and control characters")
