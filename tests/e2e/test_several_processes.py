"""Daemons that share their ports: each message counts at exactly one; what moves between them."""

from __future__ import annotations

import json
import re
import signal
import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.config import Address
from heroku_syslogd.sockets import bind, is_readable
from tests.daemon_process import DaemonProcess, connect, running, spawn, wait_until
from tests.e2e.batches import Poster, batch_line
from tests.e2e.bookkeepers import KINDS as CROWD_KINDS
from tests.e2e.bookkeepers import Crowd
from tests.e2e.processes import (
    DRAIN,
    Pair,
    pair,
    post,
)
from tests.e2e.relays import haproxy
from tests.e2e.test_prometheus import prometheus, query
from tests.e2e.test_restart import USER, Entrance, books_of, configuration
from tests.e2e.tls_files import Authority, Files
from tests.e2e.traffic import MEBIBYTE, app_line, memory_sample, octet_counted, token
from tests.test_docs import queries

PAGE: Final = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
PEERS: Final = 64
"""That all of them reach the same one of two happens once in 2^63 runs."""
EACH: Final = 5
TYPES: Final = [f"peer{number}" for number in range(PEERS)]

RECEIVED: Final = "heroku_syslogd_received_messages_total"
APPLIED: Final = "heroku_syslogd_applied_messages_total"
LOST: Final = "heroku_syslogd_lost_messages_total"
WRITTEN: Final = "heroku_syslogd_events_written_total"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as daemons:
        yield daemons


def assert_spread(both: Pair, kind: str) -> None:
    """Wait for every message; each peer's are at one process, and both have some."""
    both.wait_for(PEERS * EACH, APPLIED)
    assert sum(both.totals(RECEIVED, listener=kind)) == PEERS * EACH
    assert both.totals(LOST) == (0, 0)
    counted = both.received_by(TYPES)
    assert {tuple(sorted(one)) for one in counted} == {(0, EACH)}
    assert len(set(counted)) == 2


# Who gets what ------------------------------------------------------------------------------------


def test_a_tcp_connection_stays_at_one_process(both: Pair) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(connect(both.address("tcp"))) for _ in TYPES]
        for _ in range(EACH):
            for peer, kind in zip(peers, TYPES, strict=True):
                peer.sendall(octet_counted([app_line(DRAIN, dyno=f"{kind}.1")]))
        assert_spread(both, "tcp")


def test_the_datagrams_of_one_port_stay_at_one_process(both: Pair) -> None:
    with ExitStack() as stack:
        peers = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in TYPES
        ]
        for number in range(1, EACH + 1):
            for peer, kind in zip(peers, TYPES, strict=True):
                peer.sendto(app_line(DRAIN, dyno=f"{kind}.1"), both.address("udp"))
            both.wait_for(PEERS * number, APPLIED)  # the buffers of the kernel may be small
        assert_spread(both, "udp")


def test_the_requests_of_one_connection_stay_at_one_process(both: Pair) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(Poster(both.address("http"), DRAIN)) for _ in TYPES]
        for _ in range(EACH):
            for peer, kind in zip(peers, TYPES, strict=True):
                body = octet_counted([batch_line("hello", procid=f"{kind}.1")])
                assert peer.post(1, body) == 200
        assert_spread(both, "http")


def test_a_retry_counts_once_at_each_process_that_it_reaches(both: Pair) -> None:
    frame_id = uuid.uuid4().hex.upper()

    def posted_everywhere() -> bool:
        assert post(both.address("http"), frame_id) == 200
        return all(both.totals(RECEIVED))

    wait_until(posted_everywhere, "the batch to reach both")
    both.wait_for(2, APPLIED)
    assert both.totals(RECEIVED) == (1, 1)


@pytest.mark.real
def test_a_proxy_that_goes_by_the_token_keeps_a_drain_at_one_process(tmp_path: Path) -> None:
    [sections] = re.findall(r"^```haproxy\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    config = (
        '[admin]\naddress = "127.0.0.1:0"\n[[listener]]\ntype = "http"\naddress = "127.0.0.1:0"\n'
    )
    drains = [token(number) for number in range(PEERS)]
    with ExitStack() as stack:
        daemons = []
        for port in ("8081", "8082"):
            (tmp_path / port).mkdir()
            daemon = stack.enter_context(running(config, tmp_path / port))
            sections = sections.replace(f":{port}", f":{daemon.http[1]}")
            daemons.append(daemon)
        sections = sections.replace(":443 ssl crt /etc/haproxy/drains.pem", "{drains}")
        proxy = stack.enter_context(haproxy(tmp_path, sections, "drains"))
        for drain in drains:
            frame_id = uuid.uuid4().hex.upper()
            for _ in range(2):
                assert post(proxy.addresses["drains"], frame_id, drain=drain) == 200

        received = [daemon.total(RECEIVED) for daemon in daemons]
        assert all(received)
        assert sum(received) == PEERS
        again = [daemon.total("heroku_syslogd_duplicate_batches_total") for daemon in daemons]
        assert again == received


# Who may share ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tcp", "udp", "http"])
def test_a_port_that_is_not_shared_is_not_taken(tmp_path: Path, kind: str) -> None:
    mine = f'[admin]\naddress = "127.0.0.1:0"\n[[listener]]\ntype = "{kind}"\naddress = "%s"\n'
    (tmp_path / "second").mkdir()
    with running(mine % "127.0.0.1:0", tmp_path) as daemon:
        host, port = daemon.address_of(kind)
        second = spawn(mine % f"{host}:{port}" + "reuse_port = true\n", tmp_path / "second")
        assert second.wait() == 69
    problem = f"listener {kind}: cannot listen on {host}:{port}: Address already in use"
    assert problem in second.log_path.read_text()


# Prometheus ---------------------------------------------------------------------------------------


def is_shown(url: str, expression: str, value: float) -> bool:
    """Tell whether Prometheus has this value for an answer, and no other."""
    return [float(one["value"][1]) for one in query(url, expression)] == [value]


@pytest.mark.real
def test_prometheus_adds_up_counters_and_takes_the_newest_sample(tmp_path: Path) -> None:
    [received] = [one for one in queries(PAGE) if "heroku_log_messages_total" in one]
    messages = re.sub(r"rate\((\w+)\[5m\]\)", r"\1", received)  # of the counters themselves
    [rss] = [one for one in queries(PAGE) if "heroku_dyno_memory_rss_bytes\n" in one]

    with (
        pair(tmp_path) as both,
        ExitStack() as stack,
        prometheus(both.one, tmp_path, both.other) as url,
    ):
        peers = [stack.enter_context(both.connection_to(daemon)) for daemon in both]
        # Later samples have later times, as Heroku gives them.
        for second, peer in enumerate((peers[0], peers[1], peers[0])):
            expected = 100.0 + second
            sample = memory_sample(DRAIN, "web.1", rss=expected)
            peer.sendall(octet_counted([sample.replace(b":04.778759", b":%02d.0" % second)]))

            wait_until(partial(is_shown, url, rss, expected * MEBIBYTE), f"{expected} MB alone")

        def of_web() -> list[str]:
            answer = query(url, messages)
            return [one["value"][1] for one in answer if one["metric"]["process_type"] == "web"]

        wait_until(lambda: of_web() == ["3"], "the sum")
        assert both.received_by(["web"]) == [(2, 1)]
        assert [one.total("heroku_dyno_info") for one in both] == [1, 1]


# One of them goes ---------------------------------------------------------------------------------


def test_processes_that_restart_in_turn_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files: Files = authority.issue()
    ports = dict.fromkeys(CROWD_KINDS, 0)

    def config() -> str:
        where = {
            kind: f'address = "127.0.0.1:{port}"\nreuse_port = true' for kind, port in ports.items()
        }
        return configuration(files, where)

    entrance, stopped = Entrance(authority), []
    crowd = Crowd(entrance.connect, each=4, headers=USER)
    with ExitStack() as stack:

        def start(name: str) -> None:
            (tmp_path / name).mkdir()
            daemon = stack.enter_context(running(config(), tmp_path / name))
            entrance.follow(daemon)
            ports.update({kind: address[1] for kind, address in entrance.addresses.items()})
            daemons.append(daemon)

        daemons: list[DaemonProcess] = []
        start("first")
        start("second")
        with crowd.sending():
            for successor in ("third", "fourth"):
                crowd.wait_for_progress()
                leaving = daemons.pop(0)
                leaving.signal(signal.SIGTERM)
                stopped.append(books_of(leaving))
                crowd.wait_for_progress()  # the other one serves everybody
                start(successor)
            crowd.wait_for_progress()
        for daemon in daemons:
            daemon.signal(signal.SIGTERM)
            stopped.append(books_of(daemon))

    crowd.check(stopped)
    assert all(books["received"] for books in stopped[:2])


@pytest.mark.parametrize("still_held", [True, False])
def test_what_waits_at_a_closed_socket_is_lost_unless_somebody_holds_it(still_held: bool) -> None:
    """What the page says of the kernel, and why the socket units are worth having."""
    hands_on = Path("/proc/sys/net/ipv4/tcp_migrate_req").read_text().strip() == "1"
    listening = partial(bind, kind=socket.SOCK_STREAM, component="test", reuse_port=True)
    with listening(Address("127.0.0.1", 0)) as one, ExitStack() as stack:
        address = one.getsockname()
        other = stack.enter_context(listening(Address(*address)))
        held = stack.enter_context(one.dup()) if still_held else None
        peers = [stack.enter_context(connect(address)) for _ in range(PEERS)]
        taken = accept_all(other, stack)
        assert 0 < taken < PEERS

        one.close()
        reset = sum(is_reset(peer) for peer in peers)
        waiting = accept_all(held, stack) if held else 0
        assert taken + waiting + reset + (accept_all(other, stack) if hands_on else 0) == PEERS
        assert bool(reset) is (not still_held and not hands_on)


def accept_all(sock: socket.socket, stack: ExitStack) -> int:
    """Accept the connections that wait; return how many they are."""
    count = 0
    while is_readable(sock):
        stack.enter_context(sock.accept()[0])
        count += 1
    return count


def is_reset(peer: socket.socket) -> bool:
    return bool(peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


# What they share on disk --------------------------------------------------------------------------


def test_two_processes_append_whole_lines_to_one_file_of_events(tmp_path: Path) -> None:
    path, rotated = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    count = 2000
    with (
        pair(tmp_path, f'[events]\npath = "{path}"\nkinds = ["app_metrics"]') as both,
        ExitStack() as s,
    ):
        peers = [s.enter_context(both.connection_to(daemon)) for daemon in both]

        def send(first: int) -> None:
            for number in range(first, first + count):
                text = f"count#n={number}"
                for peer in peers:
                    peer.sendall(octet_counted([app_line(DRAIN, text)]))

        send(0)
        both.wait_for(2 * count, WRITTEN)
        path.rename(rotated)
        for daemon in both:
            daemon.signal(signal.SIGHUP)
            daemon.wait_event("config.reloaded")
        wait_until(path.exists, "the new file")
        send(count)
        both.wait_for(4 * count, WRITTEN)

    assert numbers(rotated) == sorted([*range(count)] * 2)
    assert numbers(path) == sorted([*range(count, 2 * count)] * 2)


def numbers(path: Path) -> list[int]:
    """Return the values of the events in a file, every line of which must be whole."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted(int(one["event"]["custom"]["app_metrics"]["count#n"]) for one in found)
