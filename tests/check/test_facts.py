"""What a configuration says, in words."""

from pathlib import Path

from heroku_syslogd.check import limits, servers
from heroku_syslogd.config import Config, EventsConfig, LimitsConfig, ListenerConfig
from tests.check.configuration import examined, secured

SHARED = "shared with other processes"


def test_a_server_is_told_with_all_that_restricts_it(tmp_path: Path) -> None:
    found = list(servers(examined(tmp_path, secured(tmp_path))))

    expiry = "2031-02-03 04:05 UTC"
    names = ("drain.example", "192.0.2.1")
    proxied = "PROXY header from 10.0.0.0/8, 2001:db8::/32"
    assert [tuple(one) for one in found] == [
        (
            "admin",
            "https://0.0.0.0:9842/metrics",
            "",
            ("for those who have a password",),
            ("metrics.example",),
            expiry,
        ),
        ("tcp", "0.0.0.0:601", "tcp", (SHARED, "allows 198.51.100.0/24", proxied), None, ""),
        ("https", "[::]:8443", "public", ("path /logplex",), names, expiry),
        (
            "tls",
            "systemd socket 'tls'",
            "tls",
            ("for those who have a client certificate",),
            names,
            expiry,
        ),
    ]


def test_a_limit_is_told_with_its_default() -> None:
    found = {one.key: one for one in limits(Config(limits=LimitsConfig(max_apps=5)))}

    assert (found["limits.max_apps"].value, found["limits.max_apps"].default) == (5, 1000)
    assert found["limits.max_series"].value == found["limits.max_series"].default == 200_000


def test_limits_of_what_is_not_there_are_not_told() -> None:
    batches = Config(listener=(ListenerConfig(type="http"),))
    events = Config(events=EventsConfig(path="-"))
    keys = {one.key for one in limits(Config())}

    assert {one.key for one in limits(batches)} - keys == {"limits.max_body_bytes"}
    assert {one.key for one in limits(events)} - keys == {"events.max_queue_bytes"}
