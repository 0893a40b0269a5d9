"""A real Prometheus loads the rules and scrapes a running daemon."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.daemon_process import (
    LISTEN,
    WAIT_SECONDS,
    AdminAccess,
    DaemonProcess,
    running,
    wait_until,
)
from tests.e2e.batches import basic
from tests.e2e.test_admin_access import PASSWORD, USER, configuration
from tests.e2e.test_prometheus import query
from tests.e2e.tls_files import Authority
from tests.prometheus.rule_files import (
    LEVELS,
    OF_TARGET,
    PROMETHEUS,
    PROTECTED,
    RECORDED,
    RULES,
    SAMPLE,
)
from tests.real import require

pytestmark = pytest.mark.real

INTERVAL: Final = "500ms"


def in_a_hurry(job: dict[str, Any]) -> dict[str, Any]:
    """Return the sample configuration with another job, short intervals, and whole paths."""
    return {
        "global": dict.fromkeys(
            ("scrape_interval", "scrape_timeout", "evaluation_interval"), INTERVAL
        ),
        "rule_files": [str(PROMETHEUS / path) for path in SAMPLE["rule_files"]],
        "scrape_configs": [{**job, "job_name": "heroku"}],
    }


def targets(daemon: DaemonProcess) -> dict[str, Any]:
    """Return what a job says of whom it scrapes."""
    _, _, address = daemon.admin_url.partition("://")
    return {"static_configs": [{"targets": [address]}]}


@contextmanager
def prometheus_with_rules(job: dict[str, Any], directory: Path) -> Iterator[str]:
    """Run a Prometheus with the rules and a job; yield its URL."""
    config, log_path = directory / "prometheus.yml", directory / "prometheus.log"
    config.write_text(json.dumps(in_a_hurry(job)))  # JSON is YAML
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


def loaded_rules(url: str) -> list[dict[str, Any]]:
    """Return the rules that Prometheus has loaded, each with how it went."""
    with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=WAIT_SECONDS) as answer:
        groups = json.load(answer)["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_rule_is_evaluated_and_every_recording_rule_has_data(tmp_path: Path) -> None:
    with (
        running(LISTEN, tmp_path, options=["--demo"]) as daemon,
        prometheus_with_rules(targets(daemon), tmp_path) as url,
    ):

        def recorded() -> dict[str, list[dict[str, Any]]]:
            return {rule.name: query(url, rule.name) for rule in RECORDED}

        wait_until(lambda: all(recorded().values()), "data of every recording rule", seconds=60)
        wait_until(
            lambda: all(rule["health"] != "unknown" for rule in loaded_rules(url)),
            "an evaluation of every rule",
        )

        loaded = loaded_rules(url)
        assert sorted(rule["name"] for rule in loaded) == sorted(rule.name for rule in RULES)
        assert not [rule for rule in loaded if rule["health"] != "ok" or rule.get("lastError")]
        for name, found in recorded().items():
            level = name.partition(":")[0]
            for series in found:
                labels = series["metric"].keys() - {"__name__"}
                if level == "instance":
                    assert OF_TARGET <= labels <= LEVELS[level] | OF_TARGET, name
                else:
                    assert labels == LEVELS[level] | {"job"}, name


def test_the_job_for_a_protected_admin_server_is_let_in(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("prometheus", file="prometheus")
    keys = f'{authority.issue().toml}client_ca = "{authority.path}"\n'
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    files = {"ca_file": authority.path, "cert_file": ours.certificate, "key_file": ours.key}
    job = {
        **PROTECTED,
        "basic_auth": {**PROTECTED["basic_auth"], "password_file": str(password)},
        "tls_config": {key: str(files[key]) for key in PROTECTED["tls_config"]},
    }
    assert job["basic_auth"]["username"] == USER

    access = AdminAccess(authority.trusted(ours), basic(USER, PASSWORD))
    with (
        running(configuration(keys), tmp_path, admin=access) as daemon,
        prometheus_with_rules({**job, **targets(daemon)}, tmp_path) as url,
    ):
        wait_until(lambda: query(url, 'up{job="heroku"} == 1'), "up == 1")
