"""What goes together in a configuration and what does not; and that no secret is ever shown."""

from __future__ import annotations

import pytest

from heroku_syslogd.config import Config, parse
from heroku_syslogd.errors import ConfigError

TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
HASH = "$2b$04$" + "." * 22 + "." * 31
PASSWORD = "hunter2"


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return dict(caught.value.problems)


def listener(text: str) -> str:
    return f'[[listener]]\naddress = "127.0.0.1:0"\n{text}\n'


TLS = 'type = "tls"\ncertificate = "c"\n'
HTTP = 'type = "http"\n'
PROXY = 'type = "tcp"\nproxy_protocol = true\n'


@pytest.mark.parametrize(
    "text",
    [
        listener('type = "tcp"'),
        listener('type = "tcp"\nreuse_port = true'),
        listener('type = "udp"\nreuse_port = true'),
        listener(TLS),
        listener(f'{TLS}key = "k"\nclient_ca = "a"'),
        listener('type = "https"\ncertificate = "c"\npath = "/logs/of_the-apps.1~"'),
        listener(f'{HTTP}path = "/"'),
        listener('type = "udp"\nallow = ["192.0.2.0/24", "2001:db8::1"]'),
        listener(f'{PROXY}proxies = ["192.0.2.1"]\nallow = ["198.51.100.0/24"]'),
        listener(f'{PROXY}proxies = ["192.0.2.1"]'),
        listener(PROXY),
        listener('type = "tcp"\nallow = []'),
        '[[listener]]\ntype = "tcp"\nsystemd = "syslog"',
        '[[listener]]\ntype = "tcp"\nsystemd = "syslog"\nreuse_port = false',
        '[admin]\ncertificate = "c"\nkey = "k"\nclient_ca = "a"',
        f'[admin.users]\nprometheus = "{HASH}"\n"some body" = "{HASH}"',
        f'[[credentials]]\nuser = "heroku"\npassword_hash = "{HASH}"\napp = "shop"',
        '[[credentials]]\nuser = "heroku"\npassword_file = "/run/secret"',
        f'[drains.tokens]\n"{TOKEN}" = "shop"\n"relay-1.example.com" = "shop"',
    ],
)
def test_what_goes_together(text: str) -> None:
    assert isinstance(parse(text), Config)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        pytest.param('[[listener]]\ntype = "tcp"', "listener.0", "either 'address' or", id="where"),
        pytest.param(
            listener('type = "tcp"\nsystemd = "x"'), "listener.0", "either 'address' or", id="both"
        ),
        pytest.param(
            '[[listener]]\ntype = "tcp"\nsystemd = "x"\nreuse_port = true',
            "listener.0.reuse_port",
            "of a socket unit, ReusePort=yes says it",
            id="a port that systemd opens",
        ),
        pytest.param(listener('type = "tls"'), "listener.0.certificate", "is missing", id="TLS"),
        pytest.param(
            listener('type = "https"\nkey = "k"'),
            "listener.0.certificate",
            "is missing",
            id="HTTPS",
        ),
        pytest.param(
            listener('type = "tls"\ncertificate = ""'),
            "listener.0.certificate",
            "expected the path of a PEM file",
            id="an empty certificate",
        ),
        pytest.param(
            listener(f'{TLS}key = ""'), "listener.0.key", "expected the path", id="an empty key"
        ),
        pytest.param(
            listener(f'{TLS}client_ca = ""'),
            "listener.0.client_ca",
            "expected the path",
            id="an empty client_ca, which would let everybody in",
        ),
        pytest.param(
            listener('type = "tcp"\ncertificate = "c"'),
            "listener.0.certificate",
            "is of no use without type tls or https",
            id="certificate without TLS",
        ),
        pytest.param(
            listener(f'{HTTP}client_ca = "c"'),
            "listener.0.client_ca",
            "is of no use without",
            id="client_ca without TLS",
        ),
        pytest.param(
            listener('type = "udp"\nkey = "k"'), "listener.0.key", "is of no use", id="UDP"
        ),
        pytest.param(
            listener(f'{TLS}path = "/x"'), "listener.0.path", "is for type http", id="path"
        ),
        pytest.param(listener(f'{HTTP}path = ""'), "listener.0.path", "a path", id="no path"),
        pytest.param(listener(f'{HTTP}path = "x"'), "listener.0.path", "a path", id="no slash"),
        pytest.param(
            listener(f'{HTTP}path = "/a?b"'), "listener.0.path", "a path", id="path with a query"
        ),
        pytest.param(
            listener(f'{HTTP}path = "/a%62"'), "listener.0.path", "a path", id="escaped path"
        ),
        pytest.param(
            listener('type = "udp"\nproxy_protocol = true'),
            "listener.0.proxy_protocol",
            "is not for type udp",
            id="PROXY over UDP",
        ),
        pytest.param(
            listener('type = "tcp"\nproxies = ["192.0.2.1"]'),
            "listener.0.proxies",
            "of no use without proxy_protocol",
            id="proxies without headers",
        ),
        pytest.param(
            listener(f'{PROXY}allow = ["192.0.2.1"]'),
            "listener.0.proxies",
            "anybody can claim an address",
            id="headers of anybody",
        ),
        pytest.param(
            listener('type = "tcp"\nallow = ["192.0.2.1/24"]'),
            "listener.0.allow.0",
            "without host bits",
            id="host bits",
        ),
        pytest.param(
            listener('type = "tcp"\nallow = ["a.example"]'),
            "listener.0.allow.0",
            "CIDR",
            id="a name",
        ),
        pytest.param(
            listener('type = "tcp"\nallow = "192.0.2.1"'),
            "listener.0.allow",
            "expected an array",
            id="no array",
        ),
        pytest.param(
            listener('type = "tcp"\nname = "a b"'), "listener.0.name", "letters", id="a label"
        ),
        pytest.param(
            listener('type = "tcp"') * 2, "listener.1.name", "another listener", id="twice"
        ),
        pytest.param('[admin]\nkey = "k"', "admin.key", "without certificate", id="admin key"),
        pytest.param('[admin]\ncertificate = ""', "admin.certificate", "PEM", id="admin, empty"),
        pytest.param(
            f'[admin.users]\n"a:b" = "{HASH}"', "admin.users.a:b", "without colons", id="a colon"
        ),
        pytest.param(
            '[[credentials]]\nuser = "a"', "credentials.0", "either 'password_hash'", id="no secret"
        ),
        pytest.param(
            f'[[credentials]]\nuser = "a"\npassword_hash = "{HASH}"\npassword_file = "x"',
            "credentials.0",
            "either 'password_hash'",
            id="two secrets",
        ),
        pytest.param(
            f'[[credentials]]\nuser = "a:b"\npassword_hash = "{HASH}"',
            "credentials.0.user",
            "without colons",
            id="a colon in a user",
        ),
        pytest.param(
            f'[[credentials]]\nuser = ""\npassword_hash = "{HASH}"',
            "credentials.0.user",
            "expected a user name",
            id="no user",
        ),
        pytest.param(
            f'[[credentials]]\nuser = "a"\npassword_hash = "{HASH}"\n' * 2,
            "credentials.1.user",
            "is there already",
            id="a user twice",
        ),
        pytest.param(
            f'[[credentials]]\nuser = "a"\npassword_hash = "{HASH}"\napp = "a b"',
            "credentials.0.app",
            "expected an application name",
            id="an application",
        ),
        pytest.param(
            f'[[credentials]]\nuser = "a"\npassword_hash = "{HASH}"\napp = ""',
            "credentials.0.app",
            "expected an application name",
            id="no application",
        ),
        pytest.param(
            f'[drains.tokens]\n"shop" = "{TOKEN}"',
            'drains.tokens."shop"',
            "TOKEN = APPLICATION, in this order",
            id="the wrong way round",
        ),
        pytest.param('[events]\npath = ""', "events.path", "expected a path", id="events"),
        pytest.param("listener = []", "listener", "at least one", id="no listener"),
    ],
)
def test_what_does_not(text: str, key: str, problem: str) -> None:
    problems = problems_of(text)

    assert list(problems) == [key]
    assert problem in problems[key]


def test_all_that_is_wrong_is_told_at_once() -> None:
    problems = problems_of(
        listener('type = "tls"\npath = "/x"\nproxies = ["192.0.2.1"]')
        + listener('type = "https"\nkey = ""')
        + '[admin]\nkey = "k"\n[[credentials]]\nuser = ":"'
    )

    assert set(problems) == {
        "listener.0.certificate",
        "listener.0.path",
        "listener.0.proxies",
        "listener.1.certificate",
        "listener.1.key",
        "admin.key",
        "credentials.0",
        "credentials.0.user",
    }


@pytest.mark.parametrize(
    "text",
    [
        f'[[credentials]]\nuser = "a"\npassword_hash = "{PASSWORD}"',
        f'[[credentials]]\nuser = "a"\npassword_hash = "$2b$04${PASSWORD}"',
        f'[[credentials]]\nuser = "a"\npassword_hash = "$2b$31${"." * 22}{PASSWORD * 5}"',
        f'[[credentials]]\nuser = "a"\npassword_hash = ["{PASSWORD}"]',
        f'[[credentials]]\nuser = "a"\npassword_hash = {{ x = "{PASSWORD}" }}',
        f'[[credentials]]\nuser = "a"\npassword = "{PASSWORD}"',
        f'[[credentials]]\nuser = "a"\npassword_hash = {PASSWORD}',
        f'[[credentials]]\nuser = "a"\npassword_hash = "{PASSWORD}',
        f'[[credentials]]\nuser = "a:{PASSWORD}"\npassword_hash = "{HASH}"',
        f'credentials = ["a:{PASSWORD}"]',
        f'credentials = "a:{PASSWORD}"',
        f'[credentials]\na = "{PASSWORD}"',
        f'[admin.users]\nprometheus = "{PASSWORD}"',
        f'[admin.users]\nprometheus = ["{PASSWORD}"]',
        f'[admin.users]\nprometheus = {{ password = "{PASSWORD}" }}',
        f'[admin]\nusers = "a:{PASSWORD}"',
        f'[admin]\nusers = ["a:{PASSWORD}"]',
        f'[admin]\npassword = "{PASSWORD}"',
    ],
)
def test_no_mistake_shows_a_password(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(caught.value)


@pytest.mark.parametrize("number", ["12345678", "true", "1e9", "1979-05-27"])
def test_no_mistake_shows_a_password_that_is_no_string(number: str) -> None:
    for text in (
        f'[[credentials]]\nuser = "a"\npassword_hash = {number}',
        f"[admin.users]\nprometheus = {number}",
    ):
        (problem,) = problems_of(text).values()
        assert problem == "expected a string"


def test_a_user_that_is_a_token_is_not_shown_whole() -> None:
    text = f'[[credentials]]\nuser = "{TOKEN}"\npassword_hash = "{HASH}"\n' * 2

    (problem,) = problems_of(text).values()
    assert TOKEN[10:] not in problem


def test_a_configuration_shows_no_hash_when_it_is_printed() -> None:
    config = parse(
        f'[admin.users]\na = "{HASH}"\n[[credentials]]\nuser = "b"\npassword_hash = "{HASH}"'
    )

    assert HASH not in repr(config)
    assert config.admin.users == {"a": HASH}
    assert config.credentials[0].password_hash == HASH
