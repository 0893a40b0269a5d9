"""What is doubtful in a valid configuration."""

from pathlib import Path

import pytest
import trustme

from heroku_syslogd.check import warnings
from heroku_syslogd.errors import ConfigProblem
from tests.check.configuration import EXPIRY, HASH, TOKEN, examined, secured

NOW = 1_800_000_000.0
DAY = 86400.0
ROOT = Path(__file__).parents[2]

NAMED = f'[drains]\nunknown = "reject"\n[drains.tokens]\n"{TOKEN}" = "shop"\n'
POSTED = f'[[credentials]]\nuser = "logplex"\npassword_hash = "{HASH}"\n'


def found(directory: Path, text: str, now: float = NOW) -> list[ConfigProblem]:
    return warnings(examined(directory, text), now)


def keys(directory: Path, text: str) -> list[str]:
    return [key for key, _ in found(directory, text)]


@pytest.mark.parametrize("file", ["config.example.toml", "systemd/config.toml"])
def test_nothing_is_doubtful_in_what_is_shipped(file: str, tmp_path: Path) -> None:
    assert found(tmp_path, (ROOT / file).read_text()) == []


def test_nothing_is_doubtful_in_what_is_secured(tmp_path: Path) -> None:
    assert found(tmp_path, secured(tmp_path)) == []


@pytest.mark.parametrize(
    ("left", "problem"),
    [
        (15 * DAY, None),
        (14 * DAY, "expires soon: 2031-02-03 04:05 UTC"),
        (1, "expires soon: 2031-02-03 04:05 UTC"),
        (0, "expired: 2031-02-03 04:05 UTC"),
        (-DAY, "expired: 2031-02-03 04:05 UTC"),
    ],
)
def test_a_certificate_that_expires_is_told_in_time(
    tmp_path: Path, left: float, problem: str | None
) -> None:
    expected = [
        ConfigProblem(f"{table}.certificate", problem)
        for table in ("admin", "listener.1", "listener.2")
        if problem
    ]
    assert found(tmp_path, secured(tmp_path), EXPIRY.timestamp() - left) == expected


def test_a_certificate_without_names_is_told(tmp_path: Path) -> None:
    pem = tmp_path / "authority.pem"
    authority = trustme.CA()
    pem.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    text = f'[admin]\ncertificate = "{pem}"\n'

    assert found(tmp_path, text) == [
        ("admin.certificate", "has no subject alternative name, which senders look for")
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
def test_who_can_be_reached_by_this_machine_alone_is_not_doubted(tmp_path: Path, host: str) -> None:
    listeners = "".join(
        f'[[listener]]\ntype = "{kind}"\naddress = "{host}:0"\n' for kind in ("tcp", "udp", "http")
    )
    assert found(tmp_path, f'[admin]\naddress = "{host}:0"\n{listeners}') == []


@pytest.mark.parametrize("host", ["*", "192.0.2.1", "[::]", "drain.example"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[listener]]\ntype = "tcp"\n{address}', ["listener.0.allow"]),
        ('[[listener]]\ntype = "udp"\n{address}', ["listener.0.allow"]),
        ('[[listener]]\ntype = "tcp"\n{address}allow = ["192.0.2.0/24"]\n', []),
        (f'{NAMED}[[listener]]\ntype = "tcp"\n{{address}}', []),
        ('[[listener]]\ntype = "http"\n{address}', ["listener.0.allow", "credentials"]),
        (f'{POSTED}[[listener]]\ntype = "http"\n{{address}}', ["listener.0.allow"]),
        ('[[listener]]\ntype = "http"\n{address}allow = ["192.0.2.0/24"]\n', []),
        ("[admin]\n{address}", ["admin.users"]),
        (f'[admin]\n{{address}}[admin.users]\nprometheus = "{HASH}"\n', ["admin.certificate"]),
    ],
)
def test_who_can_be_reached_by_others_is_doubted_unless_restricted(
    tmp_path: Path, host: str, text: str, expected: list[str]
) -> None:
    assert keys(tmp_path, text.format(address=f'address = "{host}:0"\n')) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[drains]\nunknown = "reject"\n', ["drains.tokens"]),
        (NAMED, []),
        (POSTED, ["credentials"]),
        ('[events]\npath = "-"\nkinds = []\n', ["events.kinds"]),
        ('[remote_write]\nurl = "http://x/"\ndirectory = "y"\n', []),
        ('[remote_write]\nurl = "http://x/"\n', ["remote_write.directory"]),
        (
            '[remote_write]\nurl = "https://x/"\ndirectory = "y"\ninsecure_skip_verify = true\n',
            ["remote_write.insecure_skip_verify"],
        ),
        ("[events]\nkinds = []\n", []),
    ],
)
def test_what_comes_to_nothing_is_doubted(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert keys(tmp_path, text) == expected
