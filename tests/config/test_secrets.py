"""The secrets that a configuration names: hashes in it, and files beside it."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest

from heroku_syslogd.config import admin_credentials, drain_credentials, parse
from heroku_syslogd.credentials import Credential
from heroku_syslogd.errors import ConfigError

HASH = bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()


def with_file(path: Path, user: str = "heroku") -> str:
    return f'[[credentials]]\nuser = "{user}"\npassword_file = "{path}"\n'


def test_no_credentials_at_all() -> None:
    assert drain_credentials(parse("")) == []
    assert admin_credentials(parse("")) == []


def test_a_hash_and_an_application() -> None:
    config = parse(
        f'[[credentials]]\nuser = "heroku"\npassword_hash = "{HASH}"\napp = "shop"\n'
        f'[[credentials]]\nuser = "other"\npassword_hash = "{HASH}"\n'
    )

    assert drain_credentials(config) == [
        Credential("heroku", HASH.encode(), "shop"),
        Credential("other", HASH.encode(), ""),
    ]


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        ("plain words", b"plain words"),
        ("plain words\n", b"plain words"),
        ("plain words\r\nand a comment\n", b"plain words"),
        (" spaces are part of it \n", b" spaces are part of it "),
        (HASH, HASH.encode()),
        ("pässword\n", "pässword".encode()),
    ],
)
def test_the_first_line_of_a_file(tmp_path: Path, content: str, secret: bytes) -> None:
    path = tmp_path / "password"
    path.write_text(content, newline="")

    assert drain_credentials(parse(with_file(path))) == [Credential("heroku", secret)]


def test_every_file_that_cannot_be_used_is_named_and_nothing_of_it_is_quoted(
    tmp_path: Path,
) -> None:
    contents = {"empty": b"", "binary": b"hunter2\xff", "hash": b"$2b$99$hunter2", "nul": b"hun\0"}
    text = with_file(tmp_path / "absent", "absent") + with_file(tmp_path, "directory")
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        text += with_file(tmp_path / name, name)

    with pytest.raises(ConfigError) as caught:
        drain_credentials(parse(text), "config.toml")

    shown = str(caught.value)
    assert [key for key, _ in caught.value.problems] == [
        f"credentials.{number}.password_file" for number in range(6)
    ]
    assert shown.startswith(f"config.toml: credentials.0.password_file: {tmp_path / 'absent'}")
    assert "No such file" in shown
    assert "Is a directory" in shown
    assert "hun" not in shown


def test_one_file_may_serve_several_users(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("plain words")

    config = parse(with_file(path, "one") + with_file(path, "two"))

    assert [credential.user for credential in drain_credentials(config)] == ["one", "two"]


def test_the_users_of_the_admin_server_have_hashes_alone() -> None:
    config = parse(f'[admin.users]\nprometheus = "{HASH}"\n"Grafana Agent" = "{HASH}"')

    assert admin_credentials(config) == [
        Credential("prometheus", HASH.encode()),
        Credential("Grafana Agent", HASH.encode()),
    ]
