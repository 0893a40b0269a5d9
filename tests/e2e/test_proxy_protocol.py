"""HAProxy in front of the listeners: the client behind it is the peer; its checks are none."""

from __future__ import annotations

import csv
import itertools
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from heroku_syslogd.wire import encode_frame
from heroku_syslogd.wire.proxy_protocol import encode_proxy_v1
from tests.daemon_process import Address, DaemonProcess, running, total, wait_until
from tests.e2e.batches import Poster, batch_line
from tests.e2e.peers import Reader, line_about, speak
from tests.e2e.relays import HAProxy, haproxy
from tests.e2e.tls_files import Authority
from tests.e2e.traffic import app_line, octet_counted, token

COUNT: Final = 100
REJECTED: Final = "heroku_syslogd_connections_rejected_total"
KINDS: Final = ("tcp", "tls", "http", "https")
ENCRYPTED: Final = ("tls", "https")
VERSIONS: Final = {
    "v1": "send-proxy",
    "v2": "send-proxy-v2",
    "v2_tlvs": "send-proxy-v2-ssl proxy-v2-options crc32c,authority",
}
PROXY: Final = "127.0.0.1"
"""Where HAProxy's connections to the daemon come from."""

LISTENER: Final = """
[[listener]]
type = "{kind}"
address = "127.0.0.1:0"
proxy_protocol = true
{keys}
"""
ALLOW: Final = f'proxies = ["{PROXY}"]\nallow = ["127.0.1.0/24"]\n'

PASS_ON: Final = """
frontend {name}
  mode {mode}
  bind {{{name}}}
  default_backend {name}
backend {name}
  mode {mode}
  server s 127.0.0.1:{port} {options}
"""


class Site(NamedTuple):
    """A daemon, HAProxy in front of each of its listeners, and who issued its certificate.

    Faults of one peer are logged once, so each test that looks for them has addresses of its own.
    """

    daemon: DaemonProcess
    proxy: HAProxy
    authority: Authority

    def behind(self, kind: str, version: str = "v2") -> Address:
        """Return where HAProxy listens for a listener's clients."""
        return self.proxy.addresses[f"{kind}_{version}"]

    def tls(self, kind: str) -> ssl.SSLContext | None:
        return self.authority.trusted() if kind in ENCRYPTED else None

    def rejected(self, kind: str, reason: str) -> float:
        return self.daemon.total(REJECTED, listener=kind, reason=reason)


def configuration(authority: Authority, keys: str, limits: str = "") -> str:
    files = authority.issue().toml
    return f'[admin]\naddress = "127.0.0.1:0"\n{limits}' + "".join(
        LISTENER.format(kind=kind, keys=keys + (files if kind in ENCRYPTED else ""))
        for kind in KINDS
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("proxy")
    authority = Authority(directory)
    config = configuration(authority, ALLOW, "[limits]\nmax_connections_per_peer = 2\n")
    with running(config, directory) as daemon:
        sections = "".join(
            PASS_ON.format(
                name=f"{kind}_{version}",
                mode="http" if kind == "http" else "tcp",
                port=daemon.address_of(kind)[1],
                options=options,
            )
            for kind, (version, options) in itertools.product(KINDS, VERSIONS.items())
        )
        frontends = [f"{kind}_{version}" for kind, version in itertools.product(KINDS, VERSIONS)]
        with haproxy(directory, sections, *frontends) as proxy:
            yield Site(daemon, proxy, authority)


SEEDS: Final = itertools.count(6000)


@pytest.fixture
def drain() -> str:
    """Return a drain token that no other test has."""
    return token(next(SEEDS))


CLIENTS: Final = itertools.count(1)


def send(site: Site, kind: str, version: str, client: str, drain: str) -> None:
    """Send messages and something that is none, over a connection of their own."""
    address, tls = site.behind(kind, version), site.tls(kind)
    if kind in ("http", "https"):
        body = encode_frame(batch_line("behind a proxy")) * COUNT + b"junk"
        with Poster(address, drain, tls=tls, source=client) as poster:
            assert poster.post(COUNT, body) == 200
        return
    with closing(speak(address, client, tls)) as connection:
        connection.sendall(octet_counted([app_line(drain)] * COUNT) + b"junk")


# Clients behind it --------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_client_is_the_peer(site: Site, drain: str, kind: str, version: str) -> None:
    client = f"127.0.1.{next(CLIENTS)}"
    send(site, kind, version, client, drain)
    site.daemon.wait_for("heroku_log_messages_total", {"app": drain[:10]}, COUNT)
    malformed = line_about(site.daemon, client, "frame.malformed")
    assert (malformed["listener"], malformed["reason"]) == (kind, "unexpected_byte")


@pytest.mark.real
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_is_not_allowed(site: Site, kind: str) -> None:
    client, before = f"127.0.2.{next(CLIENTS)}", site.rejected(kind, "not_allowed")
    with closing(speak(site.behind(kind), client)) as connection:
        # In front of an HTTP server HAProxy waits for a request, and would answer for it.
        connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        wait_until(Reader(connection).at_end, "the end of the connection")
    assert line_about(site.daemon, client)["reason"] == "not_allowed"
    assert site.rejected(kind, "not_allowed") == before + 1


@pytest.mark.real
@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_a_client_has_its_own_share_of_the_connections(site: Site, drain: str, kind: str) -> None:
    greedy, modest = (f"127.0.1.{next(CLIENTS)}" for _ in range(2))
    before, tls = site.rejected(kind, "max_connections_per_peer"), site.tls(kind)
    open_before = site.daemon.total("heroku_syslogd_connections", listener=kind)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(closing(speak(site.behind(kind), greedy, tls)))
        site.daemon.wait_for("heroku_syslogd_connections", {"listener": kind}, open_before + 2)
        third = stack.enter_context(closing(speak(site.behind(kind), greedy)))
        wait_until(Reader(third).at_end, "the end of the third connection")
        send(site, kind, "v2", modest, drain)
        site.daemon.wait_for("heroku_log_messages_total", {"app": drain[:10]}, COUNT)
    assert line_about(site.daemon, greedy)["reason"] == "max_connections_per_peer"
    assert site.rejected(kind, "max_connections_per_peer") == before + 1


# Clients beside it --------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_beside_it_is_refused(site: Site, kind: str) -> None:
    before = site.rejected(kind, "proxy_header")
    with closing(speak(site.daemon.address_of(kind), PROXY)) as connection:
        connection.sendall(octet_counted([app_line(token(1))]))
        wait_until(Reader(connection).at_end, "the end of the connection")
    assert site.rejected(kind, "proxy_header") == before + 1
    assert line_about(site.daemon, PROXY)["reason"] == "proxy_header"


@pytest.mark.real
@pytest.mark.parametrize("kind", KINDS)
def test_a_header_of_somebody_else_is_worth_nothing(site: Site, drain: str, kind: str) -> None:
    forger, before = f"127.0.3.{next(CLIENTS)}", site.rejected(kind, "not_allowed")
    with closing(speak(site.daemon.address_of(kind), forger)) as connection:
        header = encode_proxy_v1("127.0.1.1", 1, "127.0.0.1", 2)
        connection.sendall(header + octet_counted([app_line(drain)]))
        wait_until(Reader(connection).at_end, "the end of the connection")
    assert line_about(site.daemon, forger)["reason"] == "not_allowed"
    assert site.rejected(kind, "not_allowed") == before + 1
    assert site.daemon.total("heroku_log_messages_total", app=drain[:10]) == 0


# Health checks ------------------------------------------------------------------------------------

CHECKS: Final = {
    # name: (options of the server, whether the listener expects a PROXY header)
    "v1": ("send-proxy check", True),
    "v2": ("send-proxy-v2 check", True),
    "only": ("check check-send-proxy", True),
    "without": ("send-proxy check port {port}", True),  # `port` has HAProxy leave it out
    "bare": ("check", False),
}
TLS_CHECKS: Final = {
    "v2_tls": ("send-proxy-v2 check check-ssl verify none", True),
    "bare_tls": ("check check-ssl verify none", False),
}
EVERY: Final = "inter 30s"
"""Which is also the time that a check may take."""


def checks(proxy: HAProxy) -> set[str]:
    """Return what the health checks found, all of them together."""
    rows = csv.DictReader(proxy.ask("show stat -1 4 -1").removeprefix("# ").splitlines())
    return {row["check_status"] for row in rows if row["svname"] == "s"}


@pytest.mark.real
def test_health_checks_are_no_trouble(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    config = configuration(authority, f'proxies = ["{PROXY}"]\n')
    for kind in KINDS:
        files = authority.issue().toml if kind in ENCRYPTED else ""
        config += f'[[listener]]\nname = "bare-{kind}"\ntype = "{kind}"\n'
        config += f'address = "127.0.0.1:0"\n{files}'
    with running(config, tmp_path) as daemon:
        sections, servers = "", []
        for kind in KINDS:
            kinds = CHECKS | TLS_CHECKS if kind in ENCRYPTED else CHECKS
            for name, (options, expects_header) in kinds.items():
                label = kind if expects_header else f"bare-{kind}"
                port = daemon.address_of(label)[1]
                servers.append(f"{kind}_{name}")
                sections += PASS_ON.format(
                    name=servers[-1],
                    mode="tcp",
                    port=port,
                    options=f"{options.format(port=port)} {EVERY}",
                )
        with haproxy(tmp_path, sections, *servers) as proxy:
            wait_until(lambda: checks(proxy) == {"L4OK", "L6OK"}, "every check to pass")
        daemon.wait_for("heroku_syslogd_connections", {}, 0)
        assert total(daemon.metrics(), REJECTED) == 0
        assert {line["event"] for line in daemon.log()} == {"listener.started", "daemon.started"}
