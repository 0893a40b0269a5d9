"""Limits of connections, each reached by an abuser while others are served on the same listener."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.daemon_process import wait_until
from tests.e2e.batches import batch_headers, request
from tests.e2e.limited import ABUSER, DRAIN, KINDS, LISTENER, REJECTED, Site, started
from tests.e2e.peers import GOOD, GoodSender, Reader, line_about
from tests.e2e.traffic import app_line, octet_counted, send_udp, token

Start = Callable[..., Site]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a daemon that ends with the test; see `started`."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(started(tmp_path, *args, **options))


# Connections that are closed ----------------------------------------------------------------------


class Abuse(NamedTuple):
    """A connection that costs too much, or is of no use.

    Attributes:
        listener: Where it goes.
        reason: Why it is closed.
        first: Sent at once.
        drip: Sent again and again.
        raw: Whether there is no TLS although the listener expects it.
        heard: What the peer is to hear before the connection is closed, its beginning.
    """

    listener: str
    reason: str
    first: bytes = b""
    drip: bytes = b""
    raw: bool = False
    heard: bytes = b""


HEAD: Final = request(batch_headers(DRAIN, 9), b" " * 900)[:-900]
CHUNKED: Final = HEAD.replace(b"Content-Length: 900", b"Transfer-Encoding: chunked") + b"100\r\n"
CLIENT_HELLO: Final = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
PROXY_V2: Final = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
FRAME: Final = octet_counted([app_line(token(6999))])

ABUSES: Final = {
    "handshake_timeout": (
        '[limits]\nhandshake_timeout = "600ms"\n',
        [
            Abuse("tls", "handshake_timeout", raw=True),
            Abuse("tls", "handshake_timeout", CLIENT_HELLO, raw=True),
            Abuse("https", "handshake_timeout", raw=True),
            Abuse("https", "handshake_timeout", CLIENT_HELLO, drip=b"\0", raw=True),
            Abuse("tcp-proxied", "handshake_timeout"),
            Abuse("tcp-proxied", "handshake_timeout", b"PROXY TCP4 127.0.0.9"),
            Abuse("tcp-proxied", "handshake_timeout", PROXY_V2),
            Abuse("http", "handshake_timeout", HEAD[:40]),
            Abuse("http", "handshake_timeout", HEAD[:-2] + b"X: ", drip=b"y"),
            Abuse("https", "handshake_timeout", HEAD[:40]),
        ],
    ),
    "idle_timeout": (
        '[limits]\nidle_timeout = "900ms"\n',
        [
            *(Abuse(kind, "idle") for kind in KINDS),
            Abuse("tcp", "idle", FRAME),
            Abuse("tls", "idle", FRAME + FRAME[:20]),
            Abuse("http", "idle", HEAD + b" " * 900, heard=b"HTTP/1.1 200 OK\r\n"),
        ],
    ),
    "request_timeout": (
        '[limits]\nrequest_timeout = "600ms"\n',
        [
            Abuse("http", "request_timeout", HEAD),
            Abuse("http", "request_timeout", HEAD, drip=b"x"),
            Abuse("https", "request_timeout", CHUNKED, drip=b"x"),
        ],
    ),
    "fault_budget": (
        "[limits]\nfault_budget = 5\n",
        [
            Abuse("tcp", "fault_budget", b"junk\n" * 9),
            Abuse("tls", "fault_budget", FRAME + b"junk\n" * 9),
        ],
    ),
    "wrong protocol": (
        "",
        [
            Abuse("tls", "plain_on_tls_port", FRAME, raw=True),
            Abuse("https", "plain_on_tls_port", HEAD, raw=True),
            Abuse("tcp", "tls_on_plain_port", CLIENT_HELLO),
            Abuse("http", "tls_on_plain_port", CLIENT_HELLO),
            Abuse("tcp", "http_on_syslog_port", HEAD),
            Abuse("tls", "http_on_syslog_port", HEAD),
            Abuse("http", "syslog_on_http_port", FRAME),
            Abuse("https", "syslog_on_http_port", FRAME),
            Abuse("tcp-proxied", "proxy_header", FRAME),
        ],
    ),
}


@pytest.mark.parametrize(("top", "abuses"), ABUSES.values(), ids=ABUSES.keys())
def test_a_connection_that_costs_too_much_is_closed(
    start: Start, top: str, abuses: Sequence[Abuse]
) -> None:
    site = start(top)
    listeners = sorted({abuse.listener for abuse in abuses})
    with ExitStack() as stack:
        site.serve(*listeners)
        connections, readers = [], []
        for number, abuse in enumerate(abuses, 1):
            connection = site.speak(abuse.listener, ABUSER.format(number), raw=abuse.raw)
            connections.append(stack.enter_context(closing(connection)))
            readers.append(Reader(connection))
            connection.sendall(abuse.first)

        def all_closed() -> bool:
            site.serve(*listeners)
            for connection, abuse in zip(connections, abuses, strict=True):
                with suppress(OSError):
                    connection.sendall(abuse.drip)
            return sum(reader.at_end() for reader in readers) == len(readers)

        wait_until(all_closed, f"the end of {len(abuses)} connections")
    for number, (abuse, reader) in enumerate(zip(abuses, readers, strict=True), 1):
        line = line_about(site.daemon, ABUSER.format(number))
        assert (line["listener"], line["reason"]) == (abuse.listener, abuse.reason)
        assert reader.heard.startswith(abuse.heard)
        assert abuse.heard or not reader.heard
    for (listener, reason), count in Counter((one.listener, one.reason) for one in abuses).items():
        assert site.rejected(listener, reason) == count
    assert site.daemon.total(REJECTED) == len(abuses)
    site.serve(*listeners)
    site.assert_served()


# Connections that are not taken -------------------------------------------------------------------


def refused(site: Site, listener: str, source: str) -> None:
    """Wait until a new connection is closed without a word."""
    with closing(site.speak(listener, source, raw=True)) as connection:
        reader = Reader(connection)
        wait_until(reader.at_end, "the end of the connection")
        assert not reader.heard


def test_max_connections(start: Start) -> None:
    site = start("[limits]\nmax_connections = 6\n")
    site.serve(*KINDS)
    with ExitStack() as stack:
        for kind in ("tcp", "http"):
            stack.enter_context(closing(site.speak(kind, ABUSER.format(1), raw=True)))
        site.daemon.wait_for("heroku_syslogd_connections", {}, 6)
        for kind in KINDS:
            refused(site, kind, ABUSER.format(1))
            assert site.rejected(kind, "max_connections") == 1
        site.serve(*KINDS)
    site.daemon.wait_for("heroku_syslogd_connections", {}, 4)
    with GoodSender(site.daemon, "tls", DRAIN.replace("d.", "t."), site.tls) as newcomer:
        newcomer.send()
        site.daemon.wait_for("heroku_syslogd_applied_messages_total", {}, 9)
    assert line_about(site.daemon, ABUSER.format(1))["reason"] == "max_connections"
    assert site.daemon.total(REJECTED) == 4
    site.assert_served()


def test_max_connections_per_peer(start: Start) -> None:
    site = start("[limits]\nmax_connections_per_peer = 4\n")
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(closing(site.speak("tcp", ABUSER.format(1))))
        site.daemon.wait_for("heroku_syslogd_connections", {}, 4)
        for kind in KINDS:
            refused(site, kind, ABUSER.format(1))
            assert site.rejected(kind, "max_connections_per_peer") == 1
            site.serve(kind)
    assert line_about(site.daemon, ABUSER.format(1))["reason"] == "max_connections_per_peer"
    assert site.daemon.total(REJECTED) == 4
    site.assert_served()


def test_allow(start: Start) -> None:
    udp = LISTENER.format(name="udp", kind="udp", keys=f'allow = ["{GOOD}"]')
    site = start(keys=f'allow = ["{GOOD}"]\n', more=udp)
    for number, kind in enumerate(KINDS, 1):
        refused(site, kind, ABUSER.format(number))
        site.serve(kind)
        assert site.rejected(kind, "not_allowed") == 1
        assert line_about(site.daemon, ABUSER.format(number))["reason"] == "not_allowed"
    send_udp(site.daemon.udp, app_line(DRAIN))
    lost = {"listener": "udp", "reason": "not_allowed"}
    site.daemon.wait_for("heroku_syslogd_lost_messages_total", lost, 1)
    assert site.daemon.total(REJECTED) == 4
    site.assert_served()
