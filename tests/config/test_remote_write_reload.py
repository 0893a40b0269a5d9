"""``[remote_write]``: secrets in files, and what a changed table changes."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

import msgspec
import pytest

from heroku_syslogd.config import (
    Config,
    HeaderValue,
    RemoteWriteConfig,
    changes,
    merged,
    parse,
    remote_write_authorization,
)
from heroku_syslogd.config.secrets import MAX_LINE_BYTES
from heroku_syslogd.errors import ConfigError
from tests.config.remote_write_tables import SECRET, URL, table


def test_without_a_file_there_is_no_header() -> None:
    assert remote_write_authorization(RemoteWriteConfig()) is None


@pytest.mark.parametrize(
    ("content", "password"),
    [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\na comment\n", "hunter2"),
        (" a b: ü ", " a b: ü "),
        ("$2b$99$no hash but a password", "$2b$99$no hash but a password"),
        ("x" * MAX_LINE_BYTES, "x" * MAX_LINE_BYTES),
    ],
)
def test_a_password_is_the_first_line(tmp_path: Path, content: str, password: str) -> None:
    path = tmp_path / "password"
    path.write_text(content, newline="")
    config = RemoteWriteConfig(user="mé", password_file=str(path))

    scheme, _, pair = (remote_write_authorization(config) or "").partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(pair).decode() == f"mé:{password}"


def test_a_token_may_be_as_long_as_signed_ones_are(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("e" * 5000 + ".a-_~+/==\n")

    authorization = remote_write_authorization(RemoteWriteConfig(bearer_token_file=str(path)))
    assert authorization == "Bearer " + "e" * 5000 + ".a-_~+/=="


@pytest.mark.parametrize("key", ["password_file", "bearer_token_file"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "it is empty"),
        (b"\nhunter2", "it is empty"),
        (b"hunter2\xff", "it is not UTF-8"),
        (b"hunter2\x00", "holds characters that are not allowed"),
        (b"hunter2" * MAX_LINE_BYTES, "is longer than 16384 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(
    tmp_path: Path, key: str, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    config = msgspec.structs.replace(RemoteWriteConfig(user="me"), **{key: str(path)})

    with pytest.raises(ConfigError) as caught:
        remote_write_authorization(config, "config.toml")

    assert str(caught.value).startswith(f"config.toml: remote_write.{key}: {path}")
    assert problem in str(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in repr(error)
        error = error.__cause__


def test_a_token_of_two_words_is_none(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"Bearer {SECRET}")

    with pytest.raises(ConfigError, match="not allowed there"):
        remote_write_authorization(RemoteWriteConfig(bearer_token_file=str(path)))


# A changed configuration --------------------------------------------------------------------------

OLD: Final = parse(table(f'{URL}user = "a"\npassword_file = "b"'))


def test_how_the_receiver_is_talked_to_is_taken_over() -> None:
    new = parse(
        table(
            f'{URL}bearer_token_file = "c"\nca_file = "d"\ncertificate = "e"\nkey = "f"\n'
            'server_name = "g"\ntimeout = "1s"\nmin_backoff = "2s"\nmax_backoff = "3s"\n'
            'headers = { a = "b" }'
        )
    )

    applied, restart = changes(OLD, new)
    assert applied == [
        f"remote_write.{key}"
        for key in (
            *("user", "password_file", "bearer_token_file", "ca_file", "certificate", "key"),
            *("server_name", "timeout", "min_backoff", "max_backoff", "headers"),
        )
    ]
    assert restart == []
    assert merged(OLD, new) == new


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('interval = "1s"', "interval"),
        ("batch_samples = 1", "batch_samples"),
        ('batch_age = "2s"', "batch_age"),
        ('directory = "x"', "directory"),
        ("max_memory_bytes = 65536", "max_memory_bytes"),
        ('instance = "x"', "instance"),
        ('external_labels = { a = "b" }', "external_labels"),
    ],
)
def test_what_is_sent_and_what_waits_needs_a_restart(text: str, key: str) -> None:
    new = parse(table(f'{URL}user = "a"\npassword_file = "b"\n{text}'))

    assert changes(OLD, new) == ([], [f"remote_write.{key}"])
    assert merged(OLD, new) == OLD


def test_another_receiver_waits_for_a_restart_with_its_password_and_its_headers() -> None:
    new = parse(
        table(
            'url = "http://other.example/"\nuser = "c"\npassword_file = "d"\n'
            'headers = { X-Scope-OrgID = "e" }'
        )
    )

    keys = [f"remote_write.{key}" for key in ("url", "user", "password_file", "headers")]
    assert changes(OLD, new) == ([], keys)
    assert merged(OLD, new) == OLD
    assert changes(Config(), OLD) == ([], keys[:3])
    assert merged(OLD, Config()) == OLD


def test_the_value_of_a_header_is_compared() -> None:
    one, other = (
        msgspec.structs.replace(OLD.remote_write, headers={"a": HeaderValue(value)})
        for value in ("b", "c")
    )

    assert one != other
