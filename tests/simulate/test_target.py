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
    ("url", "expected"),
    [
        ("syslog+tls://h", Target("syslog+tls", "h", 6514)),
        ("syslog+tls://h:1", Target("syslog+tls", "h", 1)),
        ("syslog+tls://h:1/#insecure", Target("syslog+tls", "h", 1, is_insecure=True)),
        ("syslog+tls://h:1#insecure", Target("syslog+tls", "h", 1, is_insecure=True)),
        ("syslog+tls://h:1/#secure", Target("syslog+tls", "h", 1)),
        ("syslog://h:1/#insecure", Target("syslog", "h", 1)),
    ],
)
def test_targets_over_tls(url: str, expected: Target) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "port", "authority", "path"),
    [
        ("http://h", 80, "h", "/"),
        ("https://h", 443, "h", "/"),
        ("https://h:443/", 443, "h:443", "/"),
        ("https://h:/x", 443, "h", "/x"),
        ("http://[::1]:8080/logs", 8080, "[::1]:8080", "/logs"),
        ("https://h/a/b?app=x&y=%20z", 443, "h", "/a/b?app=x&y=%20z"),
        ("https://h?app=x", 443, "h", "/?app=x"),
        ("https://h/logs#insecure", 443, "h", "/logs"),
        ("https://user:pass@h:8443/logs", 8443, "h:8443", "/logs"),
    ],
)
def test_what_of_a_url_stands_in_a_request(url: str, port: int, authority: str, path: str) -> None:
    target = parse_url(url)

    assert (target.port, target.authority, target.path) == (port, authority, path)
    assert target.is_http
    assert target.is_tls == url.startswith("https")
    assert target.is_insecure == url.endswith("#insecure")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/", None),
        ("http://@h/", None),
        ("http://user:pass@h/", "user:pass"),
        ("http://user@h/", "user:"),
        ("http://user:@h/", "user:"),
        ("http://:pass@h/", "pass:"),
        ("http://us%40er:p%3Ass@h/", "us%40er:p%3Ass"),
    ],
)
def test_user_and_password_are_those_that_logplex_sends(url: str, expected: str | None) -> None:
    assert parse_url(url).userinfo == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("127.0.0.1:5140", "expected one of syslog://, syslog.tls://, udpsyslog://, http://, h"),
        ("syslog+tcp://h:601", "expected one of syslog://"),
        ("", "expected one of syslog://"),
        ("syslog://", "expected a host"),
        ("syslog://h:0", "expected a host and a port"),
        ("syslog://h:99999", "expected a port"),
        ("syslog://h:http", "expected a port"),
        ("syslog://[::1", "not a URL"),
        ("https:///logs", "expected a host"),
        ("http://h/a b", "expected ASCII without blanks"),
        ("http://h/ä", "expected ASCII without blanks"),
        ("http://h/a HTTP/1.1\r\nX: y", "expected ASCII without blanks"),
        ("http://user:pa:ss@h/", "no colon in either"),
        ("http://::@h/", "no colon in either"),
    ],
)
def test_what_is_refused(url: str, problem: str) -> None:
    with pytest.raises(UnsupportedURL, match=problem):
        parse_url(url)


def test_refusal_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="ftp"):
        parse_url("ftp://h")
