"""Who may read the metrics: the admin server with passwords and a certificate of its own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import bcrypt
import pytest

from tests.daemon_process import (
    WAIT_SECONDS,
    AdminAccess,
    DaemonProcess,
    running,
    wait_until,
)
from tests.e2e.batches import basic
from tests.e2e.test_prometheus import query
from tests.e2e.tls_files import Authority
from tests.real import require

USER: Final = "prometheus"
PASSWORD: Final = "open-sesame"
PATHS: Final = ("/metrics", "/-/healthy", "/-/ready", "/", "/nothing")

CONFIG: Final = """
[admin]
address = "127.0.0.1:0"
{keys}
[admin.users]
{user} = "{hash}"
[[listener]]
type = "tcp"
address = "127.0.0.1:0"
"""

SCRAPE: Final = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
- job_name: heroku
  scheme: https
  tls_config: {{ca_file: {ca}, cert_file: {certificate}, key_file: {key}}}
  basic_auth: {{username: {user}, password: {password}}}
  static_configs: [{{targets: ["{target}"]}}]
"""


class Site(NamedTuple):
    """A daemon whose admin server asks for TLS and a password."""

    daemon: DaemonProcess
    authority: Authority


def configuration(keys: str) -> str:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    return CONFIG.format(keys=keys, user=USER, hash=hashed)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("admin")
    authority = Authority(directory)
    config = configuration(authority.issue().toml)
    access = AdminAccess(authority.trusted(), basic(USER, PASSWORD))
    with running(config, directory, admin=access) as daemon:
        yield Site(daemon, authority)
        assert PASSWORD not in daemon.log_path.read_text()


def curl(site: Site, path: str, *options: str) -> str:
    """Ask for a path; return the status, or what curl says of a failure."""
    url = site.daemon.admin_url.replace("127.0.0.1", "localhost") + path
    done = subprocess.run(
        [
            *(require("curl"), "--silent", "--show-error", "--ipv4", "--output", os.devnull),
            *("--cacert", str(site.authority.path), "--write-out", "%{http_code}", *options, url),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    return done.stderr or done.stdout


@pytest.mark.real
@pytest.mark.parametrize("path", PATHS)
def test_curl_with_and_without_the_password(site: Site, path: str) -> None:
    good = "404" if path == "/nothing" else "200"
    assert curl(site, path, "--user", f"{USER}:{PASSWORD}") == good
    assert curl(site, path) == "401"
    assert curl(site, path, "--user", f"{USER}:wrong") == "401"
    assert curl(site, path, "--user", f"nobody:{PASSWORD}") == "401"


@pytest.mark.real
def test_without_tls_nothing_is_said(site: Site) -> None:
    url = site.daemon.admin_url.replace("https", "http")
    done = subprocess.run(
        [require("curl"), "--silent", f"{url}/metrics"], capture_output=True, check=False
    )
    assert done.returncode != 0
    assert not done.stdout


def test_the_log_says_where_the_metrics_are(site: Site) -> None:
    (started,) = site.daemon.events("daemon.started")
    assert started["metrics"] == f"{site.daemon.admin_url}/metrics"


@pytest.mark.real
def test_users_and_certificate_change_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    config = configuration(authority.issue().toml)
    access = AdminAccess(authority.trusted(), basic(USER, PASSWORD))
    with running(config, tmp_path, admin=access) as daemon:
        site = Site(daemon, authority)
        new = Authority(tmp_path, "new")
        new.issue()
        other = bcrypt.hashpw(b"swordfish", bcrypt.gensalt(4)).decode()
        daemon.reload(re.sub(r'^prometheus = ".*"$', f'grafana = "{other}"', config, flags=re.M))
        daemon.wait_event("config.reloaded")
        site.daemon.admin = AdminAccess(new.trusted(), basic("grafana", "swordfish"))
        assert curl(site, "/metrics").startswith("curl: (60) SSL certificate problem")
        renewed = site._replace(authority=new)
        assert curl(renewed, "/metrics", "--user", f"{USER}:{PASSWORD}") == "401"
        assert curl(renewed, "/metrics", "--user", "grafana:swordfish") == "200"
        assert daemon.total("heroku_syslogd_config_last_reload_successful") == 1


@contextmanager
def prometheus(daemon: DaemonProcess, directory: Path, **files: Path) -> Iterator[str]:
    """Run a Prometheus that scrapes the daemon; yield its URL."""
    config, log_path = directory / "prometheus.yml", directory / "prometheus.log"
    target = daemon.admin_url.removeprefix("https://")
    config.write_text(SCRAPE.format(user=USER, password=PASSWORD, target=target, **files))
    command = [
        *(require("prometheus"), f"--config.file={config}", "--web.listen-address=127.0.0.1:0"),
        *(f"--storage.tsdb.path={directory / 'data'}", "--log.format=json"),
    ]
    with log_path.open("wb") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        try:
            found = wait_until(
                lambda: re.search(r'"address":"(127\.0\.0\.1:[1-9][0-9]*)"', log_path.read_text()),
                "the address of Prometheus",
            )
            yield f"http://{found[1]}"
        finally:
            process.terminate()


@pytest.mark.real
def test_prometheus_with_certificate_and_password(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("prometheus.example", file="prometheus")
    keys = f'{authority.issue().toml}client_ca = "{authority.path}"\n'
    access = AdminAccess(authority.trusted(own), basic(USER, PASSWORD))
    with (
        running(configuration(keys), tmp_path, admin=access) as daemon,
        prometheus(
            daemon, tmp_path, ca=authority.path, certificate=own.certificate, key=own.key
        ) as url,
    ):
        (up,) = wait_until(lambda: query(url, "up == 1"), "up == 1")
        assert up["metric"]["job"] == "heroku"
        expiry = query(url, "heroku_syslogd_tls_certificate_not_after_timestamp_seconds")
        assert [one["metric"]["listener"] for one in expiry] == ["admin"]
        assert curl(Site(daemon, authority), "/metrics", "--user", f"{USER}:{PASSWORD}") != "200"
