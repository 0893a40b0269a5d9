"""Real HTTP clients and a reverse proxy against HTTP and HTTPS listeners."""

from __future__ import annotations

import gzip
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import bcrypt
import pytest

from heroku_syslogd.wire import encode_frame
from tests.daemon_process import LISTEN, WAIT_SECONDS, DaemonProcess, running
from tests.e2e.batches import basic, batch, batch_headers, batch_line, request
from tests.e2e.peers import assert_received
from tests.e2e.relays import haproxy
from tests.e2e.tls_files import Authority, Files
from tests.e2e.traffic import token
from tests.real import require

COUNT: Final = 500
LOGPLEX: Final = Path(__file__).with_name("logplex.escript")
USER: Final = "logplex"
PASSWORD: Final = "open-sesame"
ACCOUNT: Final = f"{USER}:{PASSWORD}@"
MAPPED: Final = token(5000)

CONFIG: Final = """
[admin]
address = "127.0.0.1:0"
[[listener]]
type = "http"
address = "127.0.0.1:0"
[[listener]]
type = "https"
address = "127.0.0.1:0"
{files}
[[credentials]]
user = "{user}"
password_hash = "{hash}"
[[credentials]]
user = "shop"
password_file = "{password_file}"
app = "shop"
[drains.tokens]
"{mapped}" = "mapped"
"""


class Site(NamedTuple):
    """A daemon with an HTTP and an HTTPS listener, and who issued its certificate."""

    daemon: DaemonProcess
    authority: Authority
    files: Files

    def url(self, scheme: str, account: str = ACCOUNT, path: str = "/logplex") -> str:
        _, port = self.daemon.https if scheme == "https" else self.daemon.http
        return f"{scheme}://{account}localhost:{port}{path}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("https")
    authority = Authority(directory)
    files = authority.issue()
    (directory / "password").write_text(f"{PASSWORD}\n")
    config = CONFIG.format(
        files=files.toml,
        user=USER,
        hash=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
        password_file=directory / "password",
        mapped=MAPPED,
    )
    with running(config, directory) as daemon:
        yield Site(daemon, authority, files)
        log = daemon.log_path.read_text()
        assert PASSWORD not in log
        assert not re.search(r"d\.[0-9a-f]{8}-", log)  # a drain token


SEEDS: Final = itertools.count(5001)


@pytest.fixture
def drain() -> str:
    """Return a drain token that no other test has."""
    return token(next(SEEDS))


# curl ---------------------------------------------------------------------------------------------

ANSWER: Final = (
    "%{http_code} HTTP/%{http_version} %{size_download} bytes, connected %{num_connects}"
)


def curl(
    site: Site,
    url: str,
    headers: Mapping[str, str],
    *options: str,
    body: bytes = b"",
) -> list[str]:
    """Post a body, which curl reads from its standard input; return what became of each URL."""
    fields = [f"{name}: {value}" for name, value in headers.items()]
    done = subprocess.run(
        [
            *(require("curl"), "--silent", "--show-error", "--ipv4", "--output", os.devnull),
            *("--cacert", str(site.authority.path), "--write-out", f"{ANSWER}\\n"),
            *itertools.chain.from_iterable(("--header", field) for field in fields),
            *(options or ("--data-binary", "@-")),
            url,
        ],
        input=body,
        capture_output=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


def ok(connected: int = 1) -> str:
    return f"200 HTTP/1.1 0 bytes, connected {connected}"


@pytest.mark.real
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_curl(site: Site, drain: str, scheme: str) -> None:
    headers = batch_headers(drain, COUNT)
    assert curl(site, site.url(scheme), headers, body=batch(COUNT)) == [ok()]
    assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_several_batches_go_over_one_connection(site: Site, drain: str, scheme: str) -> None:
    headers = batch_headers(drain, COUNT)
    del headers["Logplex-Frame-Id"]
    url = site.url(scheme) + "?batch=[1-5]"
    assert curl(site, url, headers, body=batch(COUNT)) == [ok(), *[ok(connected=0)] * 4]
    assert_received(site.daemon, 5 * COUNT, app=drain[:10])


@pytest.mark.real
def test_a_batch_that_is_sent_again_counts_once(site: Site, drain: str) -> None:
    before = site.daemon.total("heroku_syslogd_duplicate_batches_total")
    url = site.url("https") + "?attempt=[1-3]"
    said = curl(site, url, batch_headers(drain, COUNT), body=batch(COUNT))
    assert said == [ok(), *[ok(connected=0)] * 2]
    site.daemon.wait_for("heroku_syslogd_duplicate_batches_total", {}, before + 2)
    assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
def test_a_count_that_is_not_that_of_the_batch(site: Site, drain: str) -> None:
    before = site.daemon.total("heroku_syslogd_message_count_mismatches_total")
    headers = batch_headers(drain, COUNT + 1)
    assert curl(site, site.url("https"), headers, body=batch(COUNT)) == [ok()]
    site.daemon.wait_for("heroku_syslogd_message_count_mismatches_total", {}, before + 1)
    assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
def test_gzip(site: Site, drain: str) -> None:
    headers = {**batch_headers(drain, COUNT), "Content-Encoding": "gzip"}
    assert curl(site, site.url("https"), headers, body=gzip.compress(batch(COUNT))) == [ok()]
    assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
def test_chunks_that_are_announced(site: Site, drain: str, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    options = ("--request", "POST", "--upload-file", "-", "--dump-header", str(heads))
    headers = {**batch_headers(drain, COUNT), "Expect": "100-continue"}
    assert curl(site, site.url("https"), headers, *options, body=batch(COUNT)) == [ok()]
    assert re.findall("^HTTP/1.1 ([0-9]+)", heads.read_text(), re.MULTILINE) == ["100", "200"]
    assert_received(site.daemon, COUNT, app=drain[:10])


@pytest.mark.real
@pytest.mark.parametrize(
    ("account", "drain_token", "app"),
    [
        pytest.param("shop", MAPPED, "mapped", id="its token is configured"),
        pytest.param("shop", token(4999), "shop", id="its credential has an app"),
        pytest.param("shop", "", "shop", id="no headers of Logplex's, as of a Private Space"),
        pytest.param(USER, token(4998), token(4998)[:10], id="neither"),
    ],
)
def test_whose_batch_it_is(site: Site, account: str, drain_token: str, app: str) -> None:
    before = site.daemon.total("heroku_log_messages_total", app=app)
    headers = {"Content-Type": "application/logplex-1"}
    if drain_token:
        headers = batch_headers(drain_token, COUNT)
    url = site.url("https", f"{account}:{PASSWORD}@")
    assert curl(site, url, headers, body=batch(COUNT)) == [ok()]
    assert_received(site.daemon, int(before) + COUNT, app=app)


@pytest.mark.real
@pytest.mark.parametrize(
    ("status", "account", "path", "headers", "options"),
    [
        pytest.param(401, "", "/logplex", {}, [], id="no password"),
        pytest.param(401, f"{USER}:wrong@", "/logplex", {}, [], id="another password"),
        pytest.param(404, ACCOUNT, "/", {}, [], id="another path"),
        pytest.param(405, ACCOUNT, "/logplex", {}, ["--request", "GET"], id="GET"),
        pytest.param(415, ACCOUNT, "/logplex", {"Content-Type": "text/plain"}, [], id="text"),
        pytest.param(415, ACCOUNT, "/logplex", {"Content-Encoding": "br"}, [], id="Brotli"),
        pytest.param(400, ACCOUNT, "/logplex", {"Content-Encoding": "gzip"}, [], id="not gzip"),
        pytest.param(417, ACCOUNT, "/logplex", {"Expect": "a miracle"}, [], id="a miracle"),
    ],
)
def test_what_is_no_batch_is_refused(
    site: Site,
    drain: str,
    status: int,
    account: str,
    path: str,
    headers: dict[str, str],
    options: list[str],
) -> None:
    counted = {"listener": "https", "code": str(status)}
    before = site.daemon.total("heroku_syslogd_http_requests_total", **counted)
    all_headers = {**batch_headers(drain, 1), **headers}
    url = site.url("https", account, path)
    said = curl(site, url, all_headers, *options, *("--data-binary", "@-"), body=batch(1))
    assert said == [f"{status} HTTP/1.1 0 bytes, connected 1"]
    site.daemon.wait_for("heroku_syslogd_http_requests_total", counted, before + 1)
    assert_received(site.daemon, 0, app=drain[:10])


@pytest.mark.real
def test_htpasswd_makes_the_hashes(site: Site, drain: str, tmp_path: Path) -> None:
    made = subprocess.run(
        [require("htpasswd"), "-nbB", USER, PASSWORD], capture_output=True, text=True, check=True
    )
    user, _, password_hash = made.stdout.strip().partition(":")
    config = (
        f'{LISTEN}[[listener]]\ntype = "http"\naddress = "127.0.0.1:0"\n'
        f'[[credentials]]\nuser = "{user}"\npassword_hash = "{password_hash}"\n'
    )
    with running(config, tmp_path) as daemon:
        own = site._replace(daemon=daemon)
        for account, status in ((ACCOUNT, 200), (f"{USER}:wrong@", 401), (f"x:{PASSWORD}@", 401)):
            said = curl(own, own.url("http", account), batch_headers(drain, 1), body=batch(1))
            assert said == [f"{status} HTTP/1.1 0 bytes, connected 1"]
        assert_received(daemon, 1, app=drain[:10])


# Erlang, on which Logplex runs --------------------------------------------------------------------

L10: Final = (
    b"<172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10 (output buffer overflow):"
    b" 7 messages dropped since 2014-11-07T23:29:45+00:00."
)
"""A loss report, which has no LF; those of drains over TCP have one."""


@pytest.mark.real
def test_logplex(site: Site, drain: str, tmp_path: Path) -> None:
    odd = [L10, batch_line("one\ntwo"), batch_line("[no] structured data"), batch_line("- \0 -")]
    bodies = [b"".join(map(encode_frame, odd)), batch(COUNT), batch(COUNT)]
    counts = [len(odd), COUNT, COUNT]
    files = [tmp_path / str(number) for number in range(len(bodies))]
    for file, body, count in zip(files, bodies, counts, strict=True):
        headers = {**basic(USER, PASSWORD), **batch_headers(drain, count)}
        file.write_bytes(request(headers, body))
    mismatches = site.daemon.total("heroku_syslogd_message_count_mismatches_total")
    done = subprocess.run(
        [
            *(require("escript"), str(LOGPLEX), "batches", "127.0.0.1"),
            *(str(site.daemon.https[1]), *map(str, files)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    suite, *answers = done.stdout.splitlines()
    assert suite.startswith("tlsv1.2 TLS_ECDHE_ECDSA_WITH_AES_"), done
    assert answers == ["HTTP/1.1 200 OK, 0 bytes"] * 3
    assert_received(site.daemon, sum(counts), app=drain[:10])
    assert site.daemon.total("heroku_logplex_dropped_messages_total", app=drain[:10]) == 7
    assert site.daemon.total("heroku_syslogd_message_count_mismatches_total") == mismatches


# A proxy that ends TLS ----------------------------------------------------------------------------

REVERSE_PROXY: Final = """
frontend f
  mode http
  bind {{https}} ssl crt {pem} alpn h2,http/1.1
  option forwardfor
  default_backend b
backend b
  mode http
  server s 127.0.0.1:{port}
"""


@pytest.mark.real
@pytest.mark.parametrize("version", ["http1.1", "http2"])
def test_behind_a_proxy_that_ends_tls(site: Site, drain: str, tmp_path: Path, version: str) -> None:
    pem = tmp_path / "both.pem"
    pem.write_bytes(site.files.certificate.read_bytes() + site.files.key.read_bytes())
    sections = REVERSE_PROXY.format(pem=pem, port=site.daemon.http[1])
    with haproxy(tmp_path, sections, "https") as proxy:
        port = proxy.addresses["https"][1]
        headers = batch_headers(drain, COUNT)
        del headers["Logplex-Frame-Id"]
        said = curl(
            site,
            f"https://{ACCOUNT}localhost:{port}/logplex?batch=[1-3]",
            headers,
            *(f"--{version}", "--data-binary", "@-"),
            body=batch(COUNT),
        )
    shown = version.removeprefix("http")
    assert said == [f"200 HTTP/{shown} 0 bytes, connected {number}" for number in (1, 0, 0)]
    assert_received(site.daemon, 3 * COUNT, app=drain[:10])


# Ourselves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_simulate(site: Site, scheme: str) -> None:
    labels = {"listener": scheme}
    before = site.daemon.total("heroku_syslogd_received_messages_total", **labels)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "heroku_syslogd", "simulate", site.url(scheme)),
            *("--rate", "500", "--duration", "1"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_SECONDS,
        env={**os.environ, "SSL_CERT_FILE": str(site.authority.path)},
    )
    sent = re.search(r"([0-9]+) messages sent, 0 lost", done.stdout.splitlines()[-1])
    assert sent, done
    received = before + int(sent[1])
    site.daemon.wait_for("heroku_syslogd_received_messages_total", labels, received)
    assert site.daemon.total("heroku_syslogd_lost_messages_total") == 0
