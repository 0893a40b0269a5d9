"""``run --demo``: a simulated Heroku that sends to the daemon over its real sockets."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final, NamedTuple

import bcrypt
import msgspec

from heroku_syslogd.config import Config, CredentialConfig, ListenerConfig, PasswordHash
from heroku_syslogd.daemon import Daemon
from heroku_syslogd.simulate import SimulateOptions, drain_tokens, simulate


class _Traffic(NamedTuple):
    """What is sent to a type of listener."""

    scheme: str
    apps: int
    dynos: int
    seed: int


# A seed of its own makes drains of its own: tokens, and so applications, are of one transport.
_TRAFFIC: Final = {
    "tcp": _Traffic("syslog", apps=3, dynos=4, seed=1),
    "udp": _Traffic("udpsyslog", apps=1, dynos=2, seed=2),
    "tls": _Traffic("syslog+tls", apps=1, dynos=3, seed=3),
    "https": _Traffic("https", apps=2, dynos=3, seed=4),
    "http": _Traffic("http", apps=1, dynos=3, seed=5),
}
_USER: Final = "demo"
_COST: Final = 4
"""Of the hash of a password that nobody chose, and that dies with the process."""


class Demo:
    """Traffic for every type of listener that is configured, as far as Heroku could send to it."""

    def __init__(self) -> None:
        self._password = secrets.token_hex(16)

    def configure(self, config: Config) -> Config:
        """Return the configuration with the simulated drains named, and let in."""
        tokens = dict(config.drains.tokens)
        for kind in _TRAFFIC:
            for token, name in drain_tokens(_options(kind, "localhost:1")).items():
                tokens[token] = name if kind == "tcp" else f"{name}-{kind}"
        credentials = config.credentials
        if credentials:
            password_hash = bcrypt.hashpw(self._password.encode(), bcrypt.gensalt(_COST)).decode()
            credentials += (
                CredentialConfig(user=_USER, password_hash=PasswordHash(password_hash)),
            )
        drains = msgspec.structs.replace(config.drains, tokens=tokens)
        return msgspec.structs.replace(config, drains=drains, credentials=credentials)

    async def run(self, daemon: Daemon) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as senders:
            for listener, address in daemon.listening():
                if _can_send_to(listener):
                    senders.create_task(simulate(self._options_for(listener, address)))

    def _options_for(self, listener: ListenerConfig, address: str) -> SimulateOptions:
        if listener.is_http:
            account = f"{_USER}:{self._password}@"
            return _options(listener.type, address, account, listener.drain_path)
        return _options(listener.type, address)


def _can_send_to(listener: ListenerConfig) -> bool:
    """Tell whether a drain on this machine can: it has no client certificate and is no proxy."""
    return listener.client_ca is None and not listener.proxy_protocol


def _options(kind: str, address: str, account: str = "", path: str = "") -> SimulateOptions:
    traffic = _TRAFFIC[kind]
    host, _, port = address.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    insecure = "#insecure" if kind in ("tls", "https") else ""  # the certificate has another name
    return SimulateOptions(
        f"{traffic.scheme}://{account}{host}:{port}{path}{insecure}",
        apps=traffic.apps,
        dynos=traffic.dynos,
        seed=traffic.seed,
        duration=None,
    )
