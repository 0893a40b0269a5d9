"""The secrets that a configuration names: hashes that it holds, and files that it points to."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Final

from heroku_syslogd.config.schema import Config, CredentialConfig, RemoteWriteConfig
from heroku_syslogd.credentials import Credential, read_secret
from heroku_syslogd.errors import ConfigError, ConfigProblem

MAX_LINE_BYTES: Final = 16 * 2**10
"""Of a password or a token that is presented. Tokens that are signed (RFC 7519) take thousands."""

# RFC 7617, section 2, and RFC 6750, section 2.1.
_PASSWORD: Final = re.compile(r"[^\x00-\x1f\x7f]+")
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


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


def remote_write_authorization(config: RemoteWriteConfig, file: str = "<config>") -> str | None:
    """Return the Authorization header of remote write, with what its file holds now.

    Args:
        config: The table.
        file: Names the configuration in errors.

    Returns:
        The value, for basic (RFC 7617) or bearer (RFC 6750) authentication; None without either.

    Raises:
        ConfigError: The file cannot be used; nothing of it is quoted.
    """
    try:
        if config.password_file is not None:
            key = "password_file"
            password = _first_line(Path(config.password_file), _PASSWORD)
            pair = f"{config.user or ''}:{password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        if config.bearer_token_file is not None:
            key = "bearer_token_file"
            return f"Bearer {_first_line(Path(config.bearer_token_file), _TOKEN)}"
    except OSError as error:
        problem = f"{getattr(config, key)} cannot be read: {error.strerror}"
        raise ConfigError(file, [ConfigProblem(f"remote_write.{key}", problem)]) from error
    except ValueError as error:
        # Not as its cause: a UnicodeDecodeError holds what it could not decode.
        problem = f"{getattr(config, key)}: {error}"
        raise ConfigError(file, [ConfigProblem(f"remote_write.{key}", problem)]) from None
    return None


def _first_line(path: Path, expected: re.Pattern[str]) -> str:
    """Return the first line of a file; raises OSError, and ValueError without quoting it."""
    with path.open("rb") as file:
        line = file.readline(MAX_LINE_BYTES + len(b"x\r\n"))
    content = line.removesuffix(b"\n").removesuffix(b"\r")
    if not content:
        raise ValueError("it is empty")
    if len(content) > MAX_LINE_BYTES:
        raise ValueError(f"its first line is longer than {MAX_LINE_BYTES} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if not expected.fullmatch(text):
        raise ValueError("its first line holds characters that are not allowed there")
    return text


def _secret(config: CredentialConfig) -> bytes:
    if config.password_file is not None:
        return read_secret(Path(config.password_file))
    return (config.password_hash or "").encode()
