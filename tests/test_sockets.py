"""Sockets: addresses, errors that name them, and what the kernel tells about them."""

import resource
import socket
from typing import Literal

import pytest

from heroku_syslogd.config import Address, ListenerConfig
from heroku_syslogd.errors import StartupError
from heroku_syslogd.sockets import (
    UDP_RECEIVE_BUFFER,
    bind,
    bound_address,
    enlarge_receive_buffer,
    is_readable,
    kernel_drops,
    open_sockets,
    peer_host,
    peer_site,
    raise_descriptor_limit,
)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("192.0.2.1", 5140), "192.0.2.1"),
        (("::ffff:192.0.2.1", 5140, 0, 0), "192.0.2.1"),
        (("2001:db8::1", 5140, 0, 0), "2001:db8::1"),
        (("::ffff:1", 5140, 0, 0), "::ffff:1"),
        (None, "?"),
    ],
)
def test_the_host_of_a_peer(address: object, host: str) -> None:
    assert peer_host(address) == host


def test_ipv6_addresses_are_bound_and_shown_in_brackets() -> None:
    with bind(Address("::1", 0), socket.SOCK_STREAM, "test") as sock:
        assert bound_address(sock) == f"[::1]:{sock.getsockname()[1]}"


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_an_address_in_use_is_named(kind: socket.SocketKind) -> None:
    with bind(Address("127.0.0.1", 0), kind, "first") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"second: cannot listen on 127.0.0.1:{port}: Add"):
            bind(Address("127.0.0.1", port), kind, "second")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_an_address_is_shared_among_those_who_all_ask_for_it(kind: socket.SocketKind) -> None:
    with bind(Address("127.0.0.1", 0), kind, "first", reuse_port=True) as first:
        address = Address(*first.getsockname())
        with bind(address, kind, "second", reuse_port=True) as second:
            assert second.getsockname() == first.getsockname()
        with pytest.raises(StartupError, match=f"third: cannot listen on {address}: Address"):
            bind(address, kind, "third")


@pytest.mark.parametrize("type_", ["tcp", "udp"])
@pytest.mark.parametrize("reuse_port", [True, False])
def test_a_listener_shares_its_address_only_if_it_is_to(
    type_: Literal["tcp", "udp"], reuse_port: bool
) -> None:
    config = ListenerConfig(type=type_, address=Address("127.0.0.1", 0), reuse_port=reuse_port)
    (sock,) = open_sockets(config, {})
    with sock:
        assert bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)) is reuse_port


def test_a_name_that_does_not_resolve_is_named() -> None:
    with pytest.raises(StartupError, match=r"cannot resolve nowhere\.invalid:1"):
        bind(Address("nowhere.invalid", 1), socket.SOCK_STREAM, "test")


def test_a_passed_socket_of_the_other_kind_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        config = ListenerConfig(type="tcp", systemd="syslog")
        with pytest.raises(StartupError, match="'syslog' is not what type tcp needs"):
            open_sockets(config, {"syslog": [sock]})


def test_drops_of_a_socket_are_its_own() -> None:
    with (
        bind(Address("127.0.0.1", 0), socket.SOCK_DGRAM, "test") as full,
        bind(Address("127.0.0.1", 0), socket.SOCK_DGRAM, "test") as other,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(100):
            client.sendto(b"x" * 1000, full.getsockname())
        kept = 0
        while is_readable(full):
            full.recv(2000)
            kept += 1

        assert kept + kernel_drops(full) == 100
        assert kernel_drops(full) > 0
        assert kernel_drops(other) == 0


def test_the_receive_buffer_grows_and_never_shrinks() -> None:
    with bind(Address("127.0.0.1", 0), socket.SOCK_DGRAM, "test") as sock:
        before = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # it is doubled
        granted = enlarge_receive_buffer(sock)

        assert granted >= before
        assert enlarge_receive_buffer(sock) == granted


def test_a_receive_buffer_that_was_enlarged_by_half_grows_as_far_as_any_other() -> None:
    """The kernel tells twice what was asked for: that is no reason to leave it at a half."""
    address = Address("127.0.0.1", 0)
    with (
        bind(address, socket.SOCK_DGRAM, "test") as one,
        bind(address, socket.SOCK_DGRAM, "test") as other,
    ):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_RECEIVE_BUFFER // 2)

        assert enlarge_receive_buffer(other) == enlarge_receive_buffer(one)


def test_the_limit_of_open_files_is_raised_as_far_as_allowed() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
        assert raise_descriptor_limit(100) == 200
        assert raise_descriptor_limit(300) == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, before[1])
        assert raise_descriptor_limit(before[1] + 1) == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("?", "?"),
        ("no:address", "no:address"),
    ],
)
def test_all_addresses_of_an_ipv6_site_are_one_peer(host: str, site: str) -> None:
    assert peer_site(host) == site
