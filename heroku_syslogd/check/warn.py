"""What a valid configuration allows that its operator may not have meant."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from heroku_syslogd.check.examine import Examined
from heroku_syslogd.check.facts import moment, takes_batches
from heroku_syslogd.config import AdminConfig, Config, ListenerConfig, RemoteWriteConfig
from heroku_syslogd.errors import ConfigProblem

_EXPIRES_SOON: Final = 14 * 86400.0
"""Seconds, as in the alert that docs/metrics.md proposes."""


def warnings(examined: Examined, now: float) -> list[ConfigProblem]:
    """Return what is doubtful, with its keys; nothing of it keeps the daemon from starting.

    Whom a socket of systemd can be reached by is not known, so nothing is said of that.

    Args:
        examined: The configuration.
        now: Seconds since the epoch.
    """
    config = examined.config
    found = [*_of_certificates(examined, now), *_of_admin(config.admin)]
    for index, listener in enumerate(config.listener):
        found += _of_listener(listener, f"listener.{index}", config)
    return [*found, *_of_drains(config), *_of_remote_write(config.remote_write)]


def _of_certificates(examined: Examined, now: float) -> Iterator[ConfigProblem]:
    for table, certificate in examined.certificates.items():
        key, expiry = f"{table}.certificate", moment(certificate.not_after)
        if certificate.not_after <= now:
            yield ConfigProblem(key, f"expired: {expiry}")
        elif certificate.not_after <= now + _EXPIRES_SOON:
            yield ConfigProblem(key, f"expires soon: {expiry}")
        if not certificate.names:
            yield ConfigProblem(key, "has no subject alternative name, which senders look for")


def _of_admin(admin: AdminConfig) -> Iterator[ConfigProblem]:
    if not _is_reachable(admin.address.host) or admin.client_ca:
        return
    if not admin.users:
        yield ConfigProblem("admin.users", "are missing: whoever reaches it reads the metrics")
    elif admin.certificate is None:
        yield ConfigProblem("admin.certificate", "is missing: passwords go unencrypted")


def _of_listener(listener: ListenerConfig, key: str, config: Config) -> Iterator[ConfigProblem]:
    if listener.address is None or not _is_reachable(listener.address.host):
        return
    is_restricted = bool(listener.allow or listener.client_ca)
    if listener.type == "http" and not listener.allow:
        yield ConfigProblem(f"{key}.allow", "names no proxy: passwords may come unencrypted")
    if is_restricted or config.drains.unknown == "reject":
        return
    if not listener.is_http:
        problem = 'is missing and drains.unknown is "label": whoever reaches it is counted'
        yield ConfigProblem(f"{key}.allow", problem)
    elif not config.credentials:
        problem = f"are missing: whoever reaches listener {listener.label} can post batches"
        yield ConfigProblem("credentials", problem)


def _of_drains(config: Config) -> Iterator[ConfigProblem]:
    named = config.drains.tokens or any(one.app for one in config.credentials)
    if config.drains.unknown == "reject" and not named:
        yield ConfigProblem("drains.tokens", "names no drain: every message is rejected")
    if config.credentials and not takes_batches(config):
        yield ConfigProblem("credentials", "are of no use without a listener of type http or https")
    if config.events.path is not None and not config.events.kinds:
        yield ConfigProblem("events.kinds", "names none: no event is written")


def _of_remote_write(config: RemoteWriteConfig) -> Iterator[ConfigProblem]:
    if config.url is None:
        return
    if not config.url.is_encrypted and (config.password_file or config.bearer_token_file):
        yield ConfigProblem("remote_write.url", "is not https: the secret goes unencrypted")
    if config.insecure_skip_verify:
        yield ConfigProblem("remote_write.insecure_skip_verify", "believes any certificate")
    if config.directory is None:
        problem = "is missing: what waits is lost when the daemon ends"
        yield ConfigProblem("remote_write.directory", problem)


def _is_reachable(host: str) -> bool:
    """Return whether others than this machine may reach an address."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"
