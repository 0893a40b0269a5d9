"""``[remote_write]``: what goes together, what does not, and that nothing secret is shown."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.config import (
    Config,
    RemoteWriteConfig,
    RemoteWriteURL,
    load,
    parse,
)
from heroku_syslogd.errors import ConfigError
from tests.config.remote_write_tables import EXAMPLE, PLAIN_URL, SECRET, URL, problems_of, table


def test_without_a_table_there_is_none() -> None:
    config = Config().remote_write

    assert config.url is None
    assert config.interval == 15.0
    assert (config.batch_samples, config.batch_age) == (2000, 1.0)
    assert (config.max_memory_bytes, config.max_disk_bytes) == (2**24, 2**30)
    assert (config.timeout, config.min_backoff, config.max_backoff) == (10.0, 1.0, 30.0)


def test_a_whole_table() -> None:
    config = parse(
        table(
            f"""
            {URL}
            interval = "30s"
            batch_samples = 500
            batch_age = "2s"
            directory = "/var/lib/heroku-syslogd/remote-write"
            max_memory_bytes = 1_000_000
            max_disk_bytes = 2_000_000
            instance = "drains-1"
            user = "123456"
            password_file = "/run/secret"
            ca_file = "ca.pem"
            certificate = "cert.pem"
            key = "key.pem"
            server_name = "prometheus.internal"
            timeout = "5s"
            min_backoff = "500ms"
            max_backoff = "1m"
            [remote_write.external_labels]
            cluster = "eu"
            _Zone2 = "é"
            [remote_write.headers]
            X-Scope-OrgID = "heroku"
            """
        )
    ).remote_write

    assert config.url == "https://prometheus.example/api/v1/write"
    assert config.external_labels == {"cluster": "eu", "_Zone2": "é"}
    assert config.headers == {"X-Scope-OrgID": "heroku"}
    assert config.instance_label == "drains-1"
    default = RemoteWriteConfig()
    same = [
        key for key in default.__struct_fields__ if getattr(config, key) == getattr(default, key)
    ]
    assert same == ["bearer_token_file", "insecure_skip_verify"]


def test_the_instance_is_the_name_of_this_host_unless_it_is_set() -> None:
    assert RemoteWriteConfig().instance_label == socket.gethostname()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9090/api/v1/write",
        "https://[::1]:9090/api/v1/write",
        "https://prometheus.example",
        "http://prometheus.example.:1",
        "http://xn--mnchen-3ya.example",
        f"http://{'a' * 63}.example/",
        "https://prometheus.example/",
        "https://prometheus.example?key=a@b/c?d",
        "https://host_1.example:65535/a%2Fb;c/@me/?x=%20+y&z",
    ],
)
def test_urls(url: str) -> None:
    assert RemoteWriteURL.parse(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "prometheus.example", "/write", "ftp://a/", "https://", "https:///x"),
        *("http:a", "HTTPS://a", "https://a:0/", "https://a:65536/", "https://a:x/"),
        *("https://a/#x", "https://a/ b", "https://a/%zz", "https://a/%2", "https://ä/"),
        *('https://a/"', "https://a\n/", "https://a/\n", "https://a..b", "https://.a"),
        *("https://1.2.3", "https://999.1.1.1", "https://[1.2.3.4]", "https://[::1"),
        *(f"https://{'a' * 64}.b", f"https://{'a.' * 127}", "https://.", "https://1.2.3.4."),
        *(3, None, ["https://a/"]),
    ],
)
def test_what_is_no_url(url: object) -> None:
    with pytest.raises(ValueError, match="expected a URL"):
        RemoteWriteURL.parse(url)


@pytest.mark.parametrize(
    "url",
    ["https://me:hunter2@a/", "http://hunter2@a/", "HTTPS://:hunter2@a", "https://a@hunter2@"],
)
def test_a_password_does_not_belong_into_a_url_and_is_not_shown(url: str) -> None:
    (problem,) = problems_of(f'url = "{url}"').values()

    assert "see user and password_file" in problem
    assert SECRET not in problem


@given(st.text(alphabet="aZ0-._~%2F/?&=:@[]# é", max_size=60))
def test_any_text_is_a_url_or_none_and_takes_no_time(text: str) -> None:
    try:
        url = RemoteWriteURL.parse(f"https://{text}")
    except ValueError:
        return
    assert url.isascii()
    assert " " not in url


def test_a_long_url_that_is_none_is_refused_without_much_thought() -> None:
    for text in ("/" + "?" * 50_000 + "#", "/" + "a" * 50_000 + "%", "?" + "a?" * 50_000 + "\\"):
        with pytest.raises(ValueError, match="expected a URL"):
            RemoteWriteURL.parse(f"https://a{text}")


@pytest.mark.parametrize(
    "text",
    [
        PLAIN_URL,
        f'{PLAIN_URL}user = "a"\npassword_file = "b"',
        f'{PLAIN_URL}bearer_token_file = "b"',
        f'{URL}ca_file = "a"\nserver_name = "192.0.2.1"',
        f'{URL}insecure_skip_verify = true\nserver_name = "a"\ncertificate = "c"\nkey = "k"',
        f'{URL}directory = "a"\nmax_disk_bytes = 2_000_000',
        f'{URL}min_backoff = "30s"',
        f'{URL}external_labels = {{ job = "heroku", app = "x" }}',
        'interval = "15s"\nexternal_labels = {}',
    ],
)
def test_what_goes_together(text: str) -> None:
    assert isinstance(parse(table(text)), Config)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('interval = "1s"', "url", "is missing; nothing is sent without it, so interval is"),
        ('headers = { a = "b" }', "url", "is missing"),
        (f'{URL}user = "a"', "password_file", "is missing beside user"),
        (f'{URL}password_file = "a"', "user", "is missing beside password_file"),
        (f'{URL}certificate = "a"', "key", "is missing beside certificate"),
        (f'{URL}key = "a"', "certificate", "is missing beside key"),
        (
            f'{URL}user = "a"\npassword_file = "b"\nbearer_token_file = "c"',
            "bearer_token_file",
            "expected either this or user and password_file",
        ),
        (f'{URL}user = "a:b"\npassword_file = "b"', "user", "without colons"),
        (f'{URL}ca_file = ""', "ca_file", "expected a path"),
        (f'{URL}directory = ""', "directory", "expected a path"),
        (f'{URL}bearer_token_file = ""', "bearer_token_file", "expected a path"),
        (f'{PLAIN_URL}ca_file = "a"', "ca_file", "without an https URL"),
        (f'{PLAIN_URL}server_name = "a"', "server_name", "without an https URL"),
        (f"{PLAIN_URL}insecure_skip_verify = true", "insecure_skip_verify", "without an https"),
        (f'{URL}insecure_skip_verify = true\nca_file = "a"', "ca_file", "is of no use with"),
        (f'{URL}server_name = "a b"', "server_name", "expected a host name"),
        (f'{URL}instance = ""', "instance", "not empty"),
        (f"{URL}max_disk_bytes = 2_000_000", "max_disk_bytes", "without directory"),
        (f'{URL}min_backoff = "31s"', "min_backoff", "is above max_backoff"),
        (f'{URL}max_backoff = "500ms"', "min_backoff", "is above max_backoff"),
        (f"{URL}batch_samples = 0", "batch_samples", ">= 1"),
        (f"{URL}max_memory_bytes = 1", "max_memory_bytes", ">= 65536"),
        (f'{URL}interval = "0s"', "interval", "above zero"),
        (f'{URL}timeout = "9"', "timeout", "expected a duration"),
        (f'{URL}insecure_skip_verify = "no"', "insecure_skip_verify", "expected `bool`"),
        (f'{URL}urls = "x"', "urls", "did you mean 'url'"),
    ],
)
def test_what_does_not(text: str, key: str, problem: str) -> None:
    problems = problems_of(text)

    assert list(problems) == [f"remote_write.{key}"]
    assert problem in problems[f"remote_write.{key}"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("__name__", "no __"),
        ("__cluster", "no __"),
        ("1st", "no digit first"),
        ("", "letters, digits"),
        ("a-b", "letters, digits"),
        ("é", "letters, digits"),
        ("instance", "is what remote_write.instance is for"),
        ("le", "is of histograms"),
        ("quantile", "is of summaries"),
    ],
)
def test_labels_that_no_series_can_have(name: str, problem: str) -> None:
    problems = problems_of(f'{URL}[remote_write.external_labels]\n"{name}" = "x"')

    key = f'remote_write.external_labels."{name}"'
    assert list(problems) == [key]
    assert problem in problems[key]


@pytest.mark.parametrize(("value", "problem"), [('""', "not empty"), ("3", "expected `str`")])
def test_values_that_no_label_can_have(value: str, problem: str) -> None:
    (found,) = problems_of(f"{URL}external_labels = {{ zone = {value} }}").values()

    assert problem in found


@pytest.mark.parametrize(
    "name",
    [
        *("Content-Type", "content-encoding", "X-PROMETHEUS-REMOTE-WRITE-VERSION", "User-Agent"),
        *("Authorization", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect"),
    ],
)
def test_headers_that_are_set_otherwise(name: str) -> None:
    problems = problems_of(f'{URL}headers = {{ "{name}" = "{SECRET}" }}')

    assert list(problems) == [f'remote_write.headers."{name}"']
    assert "is set by the protocol" in problems[f'remote_write.headers."{name}"']


def test_a_header_has_one_value_whatever_its_case() -> None:
    problems = problems_of(f'{URL}headers = {{ X-Scope-OrgID = "a", x-scope-orgid = "b" }}')

    assert list(problems) == ['remote_write.headers."x-scope-orgid"']


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\\r\\nb", "é"])
def test_names_that_no_header_can_have(name: str) -> None:
    (problem,) = problems_of(f'{URL}headers = {{ "{name}" = "x" }}').values()

    assert problem == "expected the name of a header"


@pytest.mark.parametrize(
    "value",
    [
        *(f"{SECRET}\\r\\nHost: a", f" {SECRET}", f"{SECRET} ", f"{SECRET}\\u0000", f"{SECRET}é"),
        *("", f"{SECRET * 1000}"),
    ],
)
def test_values_that_no_header_can_have_are_not_shown(value: str) -> None:
    (problem,) = problems_of(f'{URL}headers = {{ X-Key = "{value}" }}').values()

    assert problem == "expected 1 to 4096 characters of ASCII, no blanks around them"


@pytest.mark.parametrize(
    "text",
    [
        f'{URL}headers = {{ X-Key = ["{SECRET}"] }}',
        f'{URL}headers = {{ X-Key = {{ a = "{SECRET}" }} }}',
        f'{URL}headers = "X-Key: {SECRET}"',
        f'{URL}headers = ["X-Key: {SECRET}"]',
        f'{URL}headers = {{ Authorization = "Bearer {SECRET}" }}',
        f'{URL}password = "{SECRET}"',
        f'{URL}bearer_token = "{SECRET}"',
        f'{URL}basic_auth = {{ user = "a", password = "{SECRET}" }}',
        f'url = "https://a/ ?key={SECRET}"',
        f'url = ["https://a/?key={SECRET}"]',
        f'url = "a/?key={SECRET}"',
    ],
)
def test_no_mistake_shows_a_secret(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(table(text))

    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)


def test_a_table_shows_no_secret_when_it_is_printed() -> None:
    text = f'url = "https://a/write?key={SECRET}"\nheaders = {{ X-Key = "{SECRET}" }}'
    config = parse(table(text)).remote_write

    assert SECRET not in repr(config)
    assert config.url is not None
    assert config.url.shown == "https://a/write?..."
    assert config.headers == {"X-Key": SECRET}
    assert RemoteWriteURL("https://a/write").shown == "https://a/write"


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(table('user = "a"'))

    with pytest.raises(ConfigError, match=rf"{path}: remote_write\.url: is missing"):
        load(path)


def test_the_example_has_every_key_in_its_place() -> None:
    text = EXAMPLE.read_text()
    section = text[text.index("\n[remote_write]\n") : text.index("\n[admin]\n")]
    for field in msgspec.structs.fields(RemoteWriteConfig):
        key = field.name
        is_there = rf"^((# )?{key} = .+|\[remote_write\.{key}\])$"
        assert re.search(is_there, section, re.MULTILINE), key
