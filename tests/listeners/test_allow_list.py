"""Which addresses may send, by blocks of them."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from heroku_syslogd.config import Address, ListenerConfig
from heroku_syslogd.listeners import allow_list
from heroku_syslogd.listeners.allow_list import AllowList
from heroku_syslogd.telemetry import LostReason
from tests.listeners.conftest import Site, networks, until


def test_without_blocks_everybody_may() -> None:
    assert AllowList().permits("192.0.2.1")
    assert AllowList().permits("?")


@pytest.mark.parametrize(
    ("peer", "permitted"),
    [
        ("192.0.2.1", True),
        ("192.0.3.0", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("fe80::1%eth0", True),
        ("::1", False),
        ("?", False),
        ("", False),
        ("192.0.2.1.example", False),
        ("192.0.2", False),
    ],
)
def test_blocks_and_single_addresses_of_both_families(peer: str, permitted: bool) -> None:
    allowed = AllowList(networks("192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "fe80::/10"))

    for _ in range(2):  # the second time it is remembered
        assert allowed.permits(peer) is permitted


def test_everybody_of_one_family() -> None:
    assert AllowList(networks("0.0.0.0/0")).permits("192.0.2.1")
    assert not AllowList(networks("0.0.0.0/0")).permits("::1")
    assert AllowList(networks("::/0")).permits("::1")


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allow_list, "_REMEMBERED", 10)
    allowed = AllowList(networks("10.0.0.0/8"))
    for number in range(100):
        assert allowed.permits(f"10.0.0.{number}")
        assert not allowed.permits(f"11.0.0.{number}")
        assert len(allowed._known) <= 10


@given(st.text(max_size=30))
def test_any_text_is_permitted_or_not(peer: str) -> None:
    AllowList(networks("192.0.2.0/24")).permits(peer)


@given(st.ip_addresses(), st.ip_addresses())
def test_a_block_of_one_address_is_that_address(one: object, other: object) -> None:
    allowed = AllowList(networks(str(one)))

    assert allowed.permits(str(one))
    assert allowed.permits(str(other)) is (one == other)


# Over UDP, which has no connection to refuse ------------------------------------------------------


async def test_datagrams_of_strangers_are_received_and_lost(site: Site) -> None:
    address = await site.open("udp", allow=networks("192.0.2.0/24"))
    counters = site.counters("udp")
    with capture_logs() as logs, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(10):
            sender.sendto(b"<13>1 - h app web.1 - - hello", address)
        await until(lambda: counters.received_messages == 10)

    assert counters.lost_messages[LostReason.NOT_ALLOWED] == 10
    assert sum(counters.lost_messages.values()) == 10
    assert site.queue.messages == 0
    assert [(entry["event"], entry["peer"], entry["reason"]) for entry in logs] == [
        ("message.refused", "127.0.0.1", "not_allowed")
    ]


@pytest.mark.parametrize("connect", ["::1", "::ffff:127.0.0.1"])
async def test_datagrams_of_those_who_are_allowed_come_in(site: Site, connect: str) -> None:
    _, port = await site.open("udp", "::", allow=networks("::1", "127.0.0.0/8"))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<13>1 - h app web.1 - - hello", (connect, port))
        assert len(await site.take(1)) == 1

    assert sum(site.counters("udp").lost_messages.values()) == 0


async def test_a_reload_changes_whose_datagrams_come_in(site: Site) -> None:
    address = await site.open("udp", allow=networks("192.0.2.0/24"))
    config = ListenerConfig(type="udp", address=Address(*address), allow=networks("127.0.0.1"))
    site.listeners[0].configure(config)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<13>1 - h app web.1 - - hello", address)
        assert len(await site.take(1)) == 1
