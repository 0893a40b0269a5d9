"""The sample configuration: what it scrapes, and that its commented variants say what is right."""

from __future__ import annotations

from heroku_syslogd.config import load
from tests.prometheus.rule_files import (
    PROTECTED,
    ROOT,
    RULE_FILES,
    SAMPLE,
    SAMPLE_CONFIG,
    SEVERAL,
)
from tests.two_processes import ONE, OTHER


def test_it_scrapes_the_admin_server_of_the_example() -> None:
    (job,) = SAMPLE["scrape_configs"]
    address = load(ROOT / "config.example.toml").admin.address

    assert job["static_configs"] == [{"targets": [str(address)]}]


def test_it_loads_every_rule() -> None:
    loaded = [path for one in SAMPLE["rule_files"] for path in SAMPLE_CONFIG.parent.glob(one)]

    assert sorted(loaded) == RULE_FILES


def test_several_processes_are_those_of_the_page_on_scaling() -> None:
    assert SEVERAL.keys() == {"static_configs"}
    assert SEVERAL["static_configs"][0]["targets"] == [ONE, OTHER]


def test_a_protected_admin_server_has_a_password_and_certificates_on_both_sides() -> None:
    assert PROTECTED.keys() == {"static_configs", "scheme", "basic_auth", "tls_config"}
    assert PROTECTED["basic_auth"].keys() == {"username", "password_file"}
    assert PROTECTED["tls_config"].keys() == {"ca_file", "cert_file", "key_file"}
