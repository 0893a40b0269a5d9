"""Loading everything that a configuration names, without opening a socket."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from heroku_syslogd.certificates import CertificateError, ServerCertificate
from heroku_syslogd.config import (
    AdminConfig,
    Config,
    ListenerConfig,
    drain_credentials,
    load,
    remote_write_authorization,
)
from heroku_syslogd.errors import ConfigError, ConfigProblem, StartupError
from heroku_syslogd.listeners import load_certificate
from heroku_syslogd.remote_write.tls import client_context


class Examined(NamedTuple):
    """A configuration that can be used.

    Attributes:
        file: Where it is, as it was named.
        config: Its content.
        certificates: Those of the servers, by the key of their table: ``admin``, ``listener.0``.
    """

    file: str
    config: Config
    certificates: dict[str, ServerCertificate]


def examine(path: Path) -> Examined:
    """Load a configuration with the secrets and certificates that it names.

    Raises:
        ConfigError: It cannot be used. Names every key that is wrong; where none is, every file
            that cannot be used.
    """
    file, config = str(path), load(path)
    problems: list[ConfigProblem] = []
    try:
        drain_credentials(config, file)
    except ConfigError as error:
        problems += error.problems
    certificates: dict[str, ServerCertificate] = {}
    for key, table in tables_of_servers(config):
        try:
            if certificate := load_certificate(table, key):
                certificates[key] = certificate
        except StartupError as error:
            problems.append(ConfigProblem(f"{key}.certificate", error.problem))
    try:
        remote_write_authorization(config.remote_write, file)
        client_context(config.remote_write)
    except ConfigError as error:
        problems += error.problems
    except CertificateError as error:
        problems.append(ConfigProblem("remote_write", str(error)))
    if problems:
        raise ConfigError(file, problems)
    return Examined(file, config, certificates)


def tables_of_servers(config: Config) -> list[tuple[str, AdminConfig | ListenerConfig]]:
    """Return the tables of everything that would listen, with their keys."""
    listeners = [(f"listener.{index}", one) for index, one in enumerate(config.listener)]
    return [("admin", config.admin), *listeners]
