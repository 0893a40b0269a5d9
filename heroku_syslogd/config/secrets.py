"""The secrets that a configuration names: hashes that it holds, and files that it points to."""

from __future__ import annotations

from pathlib import Path

from heroku_syslogd.config.schema import Config, CredentialConfig
from heroku_syslogd.credentials import Credential, read_secret
from heroku_syslogd.errors import ConfigError, ConfigProblem


def drain_credentials(config: Config, file: str = "<config>") -> list[Credential]:
    """Return who may post batches; ``file`` names the configuration in errors.

    Raises:
        ConfigError: A ``password_file`` cannot be used; names every one.
    """
    credentials: list[Credential] = []
    problems: list[ConfigProblem] = []
    for index, one in enumerate(config.credentials):
        try:
            credentials.append(Credential(one.user, _secret(one), one.app or ""))
        except OSError as error:
            problem = f"{one.password_file} cannot be read: {error.strerror}"
            problems.append(ConfigProblem(f"credentials.{index}.password_file", problem))
        except ValueError as error:
            problems.append(ConfigProblem(f"credentials.{index}.password_file", str(error)))
    if problems:
        raise ConfigError(file, problems)
    return credentials


def admin_credentials(config: Config) -> list[Credential]:
    """Return who may read the metrics."""
    return [Credential(user, secret.encode()) for user, secret in config.admin.users.items()]


def _secret(config: CredentialConfig) -> bytes:
    if config.password_file is not None:
        return read_secret(Path(config.password_file))
    return (config.password_hash or "").encode()
