from __future__ import annotations

import pytest

from heroku_syslogd.simulate.target import Target, UnsupportedURL, parse_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("syslog://127.0.0.1:5140", Target("syslog", "127.0.0.1", 5140)),
        ("syslog://logs.example.com", Target("syslog", "logs.example.com", 601)),
        ("udpsyslog://logs.example.com/", Target("udpsyslog", "logs.example.com", 514)),
        ("syslog://[::1]:5140", Target("syslog", "::1", 5140)),
        ("SYSLOG://h:1", Target("syslog", "h", 1)),
    ],
)
def test_targets(url: str, expected: Target) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("syslog+tls://h:6514", "expected syslog:// and udpsyslog://"),
        ("127.0.0.1:5140", "expected syslog:// and udpsyslog://"),
        ("", "expected syslog:// and udpsyslog://"),
        ("syslog://", "expected a host"),
        ("syslog://h:0", "expected a host and a port"),
        ("syslog://h:99999", "expected a port"),
        ("syslog://h:http", "expected a port"),
        ("syslog://[::1", "not a URL"),
    ],
)
def test_what_is_refused(url: str, problem: str) -> None:
    with pytest.raises(UnsupportedURL, match=problem):
        parse_url(url)


def test_refusal_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="ftp"):
        parse_url("ftp://h")
