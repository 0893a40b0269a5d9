"""``[remote_write]``: what goes together, what does not, and that nothing secret is shown."""

from __future__ import annotations

import base64
import re
import socket
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.config import (
    Config,
    HeaderValue,
    RemoteWriteConfig,
    RemoteWriteURL,
    changes,
    load,
    merged,
    parse,
    remote_write_authorization,
)
from heroku_syslogd.config.secrets import MAX_LINE_BYTES
from heroku_syslogd.errors import ConfigError

EXAMPLE: Final = Path(__file__).parents[2] / "config.example.toml"
SECRET: Final = "hunter2"
URL: Final = 'url = "https://prometheus.example/api/v1/write"\n'
PLAIN_URL: Final = 'url = "http://prometheus.example/api/v1/write"\n'


def table(text: str) -> str:
    return f"[remote_write]\n{text}\n"


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(table(text))
    return dict(caught.value.problems)


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


# Secrets in files ---------------------------------------------------------------------------------


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
