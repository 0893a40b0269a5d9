"""Hashes, and the files that secrets are read from."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.credentials import (
    MAX_SECRET_BYTES,
    Credential,
    Credentials,
    bcrypt_problem,
    read_secret,
)
from tests.credentials.checks import HASH


@pytest.mark.parametrize("variant", ["2a", "2b", "2y"])
def test_hashes_of_every_variant_are_fine(variant: str) -> None:
    assert bcrypt_problem(f"${variant}{HASH[3:]}") is None
    assert bcrypt_problem(f"${variant}$15{HASH[6:]}") is None


@given(password=st.binary(max_size=72))
def test_every_hash_that_bcrypt_makes_is_fine(password: bytes) -> None:
    assert bcrypt_problem(bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "expected a bcrypt hash", id="empty"),
        pytest.param("a plain secret", "expected a bcrypt hash", id="plain"),
        pytest.param("drain:" + HASH, "expected a bcrypt hash", id="line of htpasswd"),
        pytest.param("$2x" + HASH[3:], "malformed", id="variant of broken hashes"),
        pytest.param("$2b$03" + HASH[6:], "malformed", id="cost too low"),
        pytest.param("$2b$4$" + HASH[6:], "malformed", id="cost of one digit"),
        pytest.param(HASH[:-1], "malformed", id="cut off"),
        pytest.param(HASH + "\n", "malformed", id="line ending"),
        pytest.param(HASH[:-1] + "!", "malformed", id="character that base64 lacks"),
        pytest.param(HASH[:28] + "A" + HASH[29:], "malformed", id="salt of too many bits"),
        pytest.param(HASH[:-1] + "A", "malformed", id="digest of too many bits"),
        pytest.param("$2b$16" + HASH[6:], "above 15", id="cost too high"),
        pytest.param("$2b$31" + HASH[6:], "above 15", id="dearest that bcrypt knows"),
    ],
)
def test_problems_of_hashes_are_told_without_quoting(text: str, problem: str) -> None:
    told = bcrypt_problem(text)

    assert told is not None
    assert problem in told
    assert not text or text not in told


@given(text=st.one_of(st.text(), st.text().map(lambda text: HASH[:7] + text)))
def test_a_hash_without_a_problem_is_one_that_bcrypt_takes(text: str) -> None:
    if bcrypt_problem(text) is None:
        bcrypt.checkpw(b"", text.encode())


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        pytest.param(b"a plain secret", b"a plain secret", id="no line ending"),
        pytest.param(b" a b \n", b" a b ", id="LF"),
        pytest.param(b"a:b\r\n", b"a:b", id="CR LF"),
        pytest.param(b"one\ntwo\n", b"one", id="first line"),
        pytest.param("ä\n".encode(), "ä".encode(), id="UTF-8"),
        pytest.param(b"x" * 512 + b"\r\n", b"x" * 512, id="longest"),
        pytest.param(HASH.encode() + b"\n", HASH.encode(), id="bcrypt hash"),
    ],
)
def test_secrets_are_the_first_line_of_their_file(
    tmp_path: Path, content: bytes, secret: bytes
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)

    assert read_secret(file) == secret


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"\nsecret\n", "it is empty", id="empty line"),
        pytest.param(b"secret\xff\n", "it is not UTF-8", id="not UTF-8"),
        pytest.param(b"sec\tret\n", "it contains a control character", id="tab"),
        pytest.param(b"secret" * 86, "it is longer than 512 bytes", id="too long"),
        pytest.param(b"secret" * 10**6, "it is longer than 512 bytes", id="much too long"),
        pytest.param(b"$2b$04$secret\n", "malformed", id="malformed hash"),
    ],
)
def test_files_without_a_secret_are_named_but_not_quoted(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)

    with pytest.raises(ValueError, match=problem) as raised:
        read_secret(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert "secret" not in str(raised.value).removeprefix(str(file))
    assert raised.value.__context__ is None


def test_a_file_that_is_missing_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_secret(tmp_path / "missing")


@given(content=st.binary(max_size=MAX_SECRET_BYTES + 10))
def test_every_secret_that_is_read_can_be_configured(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any secret"
    file.write_bytes(content)

    with suppress(ValueError):
        assert Credentials([Credential("user", read_secret(file))]).required
