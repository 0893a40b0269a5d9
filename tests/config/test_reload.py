"""What of a changed configuration is taken over, and that the rest is named until a restart."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.config import Address, Config, ListenerConfig, changes, merged, parse
from heroku_syslogd.config.reload import RELOADABLE

HASH = "$2b$04$" + "." * 53
TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"

OLD = parse(
    """
    [[listener]]
    type = "tcp"
    address = "127.0.0.1:601"
    [[listener]]
    type = "https"
    name = "drains"
    address = "127.0.0.1:443"
    certificate = "cert.pem"
    """
)


def with_listener(**keys: object) -> Config:
    """Return the old configuration with keys of its second listener changed."""
    first, second = OLD.listener
    return msgspec.structs.replace(OLD, listener=(first, msgspec.structs.replace(second, **keys)))


def of_listener(config: Config, key: str) -> object:
    return getattr(config.listener[1], key)


@pytest.mark.parametrize(
    ("text", "applied", "restart"),
    [
        ('[log]\nlevel = "debug"\nformat = "json"', ["log.level", "log.format"], []),
        ("[limits]\nmax_body_bytes = 4096", ["limits.max_body_bytes"], []),
        ('[limits]\nhandshake_timeout = "1s"', ["limits.handshake_timeout"], []),
        ('[limits]\nrequest_timeout = "1s"', ["limits.request_timeout"], []),
        ('[dynos]\nexpire_after = "1m"', ["dynos.expire_after"], []),
        ('[addons]\nexpire_after = "1m"', ["addons.expire_after"], []),
        ("[app_metrics]\nmax_series = 1", ["app_metrics.max_series"], []),
        ('[drains]\nunknown = "reject"', ["drains.unknown"], []),
        (f'[drains.tokens]\n"{TOKEN}" = "shop"', ["drains.tokens"], []),
        (
            f'[[credentials]]\nuser = "a"\npassword_hash = "{HASH}"',
            ["credentials"],
            [],
        ),
        (f'[admin.users]\na = "{HASH}"', ["admin.users"], []),
        ('[events]\nkinds = ["api"]', ["events.kinds"], []),
        ('[events]\npath = "x"', [], ["events.path"]),
        ('[admin]\naddress = "*:1"', [], ["admin.address"]),
        (
            '[admin]\ncertificate = "a"\nkey = "k"\nclient_ca = "c"',
            [],
            ["admin.certificate", "admin.key", "admin.client_ca"],
        ),
        ("[queue]\nmax_bytes = 1\nworkers = 1", [], ["queue.max_bytes", "queue.workers"]),
        ('[[listener]]\ntype = "udp"\naddress = "*:1"', [], ["listener"]),
    ],
)
def test_each_key_is_applied_or_waits_for_a_restart(
    text: str, applied: list[str], restart: list[str]
) -> None:
    new = parse(text)

    assert changes(Config(), new) == (applied, restart)
    in_force = merged(Config(), new)
    assert changes(in_force, new) == ([], restart)  # and is named again the next time
    if not restart:
        assert in_force == new


def test_a_listener_takes_over_who_may_connect_and_nothing_else() -> None:
    networks = parse('[[listener]]\ntype = "tcp"\naddress = "*:1"\nallow = ["192.0.2.0/24"]')
    allow = networks.listener[0].allow
    new = with_listener(allow=allow, path="/other", certificate="other.pem", type="http")

    assert changes(OLD, new) == (
        ["listener.allow"],
        ["listener.certificate", "listener.path", "listener.type"],
    )
    in_force = merged(OLD, new)
    assert of_listener(in_force, "allow") == allow
    assert of_listener(in_force, "path") is None
    assert of_listener(in_force, "certificate") == "cert.pem"
    assert in_force.listener[0] == OLD.listener[0]


def test_a_port_is_shared_from_the_next_start_on() -> None:
    new = with_listener(reuse_port=True)

    assert changes(OLD, new) == ([], ["listener.reuse_port"])
    assert merged(OLD, new) == OLD


def test_proxies_are_taken_over_while_headers_are_expected() -> None:
    proxies = parse(
        '[[listener]]\ntype = "tcp"\naddress = "*:1"\nproxy_protocol = true\nproxies = ["::1"]'
    )
    old = with_listener(proxy_protocol=True)
    new = with_listener(proxy_protocol=True, proxies=proxies.listener[0].proxies)

    assert changes(old, new) == (["listener.proxies"], [])
    assert merged(old, new) == new


@pytest.mark.parametrize("was_expected", [True, False])
def test_nobody_can_claim_an_address_while_a_change_of_proxy_protocol_waits(
    was_expected: bool,
) -> None:
    behind = parse(
        '[[listener]]\ntype = "tcp"\naddress = "*:1"\nproxy_protocol = true\nproxies = ["::1"]\n'
        'allow = ["192.0.2.0/24"]'
    ).listener[0]
    with_proxy = with_listener(proxy_protocol=True, proxies=behind.proxies)
    without = with_listener(allow=behind.allow)
    old, new = (with_proxy, without) if was_expected else (without, with_proxy)

    in_force = merged(old, new)

    assert in_force == old
    restart = ["listener.allow", "listener.proxies", "listener.proxy_protocol"]
    assert changes(old, new) == ([], restart)
    assert changes(in_force, new) == ([], restart)


def test_listeners_that_stay_take_over_what_they_can_though_others_come_and_go() -> None:
    new = parse(
        """
        [[listener]]
        type = "tcp"
        address = "127.0.0.1:601"
        allow = ["192.0.2.0/24"]
        [[listener]]
        type = "udp"
        address = "127.0.0.1:514"
        """
    )

    assert changes(OLD, new) == (["listener.allow"], ["listener"])
    in_force = merged(OLD, new)
    assert [one.label for one in in_force.listener] == ["tcp", "drains"]
    assert in_force.listener[0].allow == new.listener[0].allow
    assert changes(in_force, new) == ([], ["listener"])


def test_a_reload_that_is_taken_back_leaves_nothing_behind() -> None:
    new = parse('[queue]\nworkers = 9\n[limits]\nmax_apps = 3\n[admin]\naddress = "*:1"')
    in_force = merged(merged(Config(), new), Config())

    assert in_force == Config()
    assert changes(Config(), Config()) == ([], [])


def test_every_reloadable_key_exists() -> None:
    for name in RELOADABLE:
        table, _, key = name.partition(".")
        struct = ListenerConfig if table == "listener" else type(getattr(Config(), table))
        assert table in Config.__struct_fields__
        assert not key or key in struct.__struct_fields__


values = {
    "log": st.sampled_from(["debug", "info"]),
    "queue": st.integers(1, 3),
    "limits": st.integers(1, 3),
}


@given(st.tuples(*values.values()), st.tuples(*values.values()), st.booleans())
def test_what_is_in_force_differs_from_the_file_by_what_needs_a_restart_alone(
    before: tuple[str, int, int], after: tuple[str, int, int], moves: bool
) -> None:
    old, new = (
        parse(
            f'[log]\nlevel = "{level}"\n[queue]\nworkers = {workers}\n[limits]\nmax_apps = {apps}'
        )
        for level, workers, apps in (before, after)
    )
    if moves:
        listener = ListenerConfig(type="tcp", address=Address("127.0.0.1", 1))
        new = msgspec.structs.replace(new, listener=(listener,))

    applied, restart = changes(old, new)
    in_force = merged(old, new)

    assert changes(old, in_force) == (applied, [])
    assert changes(in_force, new) == ([], restart)
    assert merged(in_force, new) == in_force
