"""What a configuration names is loaded, and every fault of it is told at once."""

from pathlib import Path

import pytest

from heroku_syslogd.check import examine
from heroku_syslogd.errors import ConfigError
from tests.check.configuration import EXPIRY, examined, secured, written


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        examine(path)
    assert raised.value.file == str(path)
    return dict(raised.value.problems)


def test_certificates_are_found_by_their_tables(tmp_path: Path) -> None:
    found = examined(tmp_path, secured(tmp_path))

    assert list(found.certificates) == ["admin", "listener.1", "listener.2"]
    assert found.certificates["admin"].names == ("metrics.example",)
    assert found.certificates["listener.1"].not_after == EXPIRY.timestamp()


def test_secrets_and_certificates_that_cannot_be_used_are_told_together(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    path = written(
        tmp_path,
        f"""
[admin]
certificate = "{missing}"
[[listener]]
type = "https"
address = "127.0.0.1:0"
certificate = "{missing}"
[[credentials]]
user = "logplex"
password_file = "{missing}"
""",
    )

    assert problems(path) == {
        "credentials.0.password_file": f"{missing} cannot be read: No such file or directory",
        "admin.certificate": f"{missing}: cannot read it: No such file or directory",
        "listener.0.certificate": f"{missing}: cannot read it: No such file or directory",
    }


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path / "none") == {"": "cannot be read: No such file or directory"}
