"""The books: received = applied + lost, and every byte accounted for, whoever sends what."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.daemon_process import (
    LISTEN,
    WAIT_SECONDS,
    DaemonProcess,
    Series,
    connect,
    running,
    total,
)
from tests.e2e.hostile import CASES, DATAGRAMS, SECRET, TOKEN, Hostile, noise
from tests.e2e.traffic import (
    MEBIBYTE,
    app_line,
    load_sample,
    memory_sample,
    octet_counted,
    send_tcp,
    send_udp,
    state_change,
    token,
)

GOOD: Final = {f"good-{number}": token(1000 + number) for number in range(6)}
CONFIG: Final = "\n".join(
    [LISTEN, "[limits]", "max_apps = 50", "[drains.tokens]"]
    + [f'"{drain}" = "{app}"' for app, drain in GOOD.items()]
)
LOG_LINES: Final = 100
"""Most lines of log that any amount of hostile traffic from one peer may cause."""


def received(metrics: Mapping[Series, float]) -> float:
    return total(metrics, "heroku_syslogd_received_messages_total")


def lost(metrics: Mapping[Series, float], **labels: str) -> float:
    return total(metrics, "heroku_syslogd_lost_messages_total", **labels)


def settled(daemon: DaemonProcess, sent: float) -> dict[Series, float]:
    """Wait until all bytes have been read and applied; check the equation of messages."""
    daemon.wait_for("heroku_syslogd_received_bytes_total", {}, sent)
    daemon.wait_for("heroku_syslogd_connections", {}, 0)
    metrics = daemon.wait_idle()
    applied = total(metrics, "heroku_syslogd_applied_messages_total")
    assert received(metrics) == applied + lost(metrics)
    assert applied == total(metrics, "heroku_log_messages_total")
    return metrics


def assert_discreet(daemon: DaemonProcess, tokens: Sequence[str]) -> None:
    """Check that the log is short, and quotes neither what was sent nor a whole token."""
    text = daemon.log_path.read_text()
    assert SECRET not in text
    assert not [one for one in tokens if one in text]
    assert len(daemon.log()) < LOG_LINES, text


def at_once(jobs: Sequence[Callable[[], int]]) -> int:
    """Run jobs at the same time, each of which returns the bytes that it sent; return the sum."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return sum(future.result() for future in [pool.submit(job) for job in jobs])


def good_senders(daemon: DaemonProcess, count: int) -> Iterator[Callable[[], int]]:
    """Yield a well-behaved sender per app, over TCP in small writes and over UDP."""

    def over_tcp(drain: str) -> int:
        frames = [octet_counted([app_line(drain, f"{number}")]) for number in range(count)]
        with connect(daemon.tcp) as connection:
            for frame in frames:
                connection.sendall(frame)
        return sum(map(len, frames))

    def over_udp(drain: str) -> int:
        return send_udp(daemon.udp, *[app_line(drain)] * 20)

    for drain in GOOD.values():
        yield partial(over_tcp, drain)
        yield partial(over_udp, drain)


def test_good_and_hostile_traffic_at_once(tmp_path: Path) -> None:
    tokens = [token(seed) for seed in range(1000)]
    flood = octet_counted([app_line(drain, SECRET) for drain in tokens])
    with running(CONFIG, tmp_path) as daemon:
        sent = at_once(
            [
                *(partial(case.send, daemon.tcp, case.data) for case in CASES),
                *good_senders(daemon, 2000),
                lambda: send_udp(daemon.udp, *(datagram for datagram, _, _ in DATAGRAMS)),
                lambda: send_tcp(daemon.tcp, flood),
            ]
        )
        metrics = settled(daemon, sent)

        for app in GOOD:
            assert total(metrics, "heroku_log_messages_total", app=app) == 2020, app
        datagrams = [parsed for _, message, parsed in DATAGRAMS if message]
        assert received(metrics) == (
            sum(case.messages for case in CASES) + len(GOOD) * 2020 + len(datagrams) + len(tokens)
        )
        unparsable = sum(case.unparsable for case in CASES) + datagrams.count(False)
        assert lost(metrics, reason="header") == unparsable
        assert total(metrics, "heroku_syslogd_parse_errors_total") == unparsable
        assert lost(metrics) == unparsable + lost(metrics, reason="app_limit")
        assert lost(metrics, reason="app_limit") >= 950
        apps = {dict(labels)["app"] for n, labels in metrics if n == "heroku_log_messages_total"}
        assert len(apps) == 50 + len(GOOD)

        rejected = sum(len(case.data) - case.kept for case in CASES)
        assert total(metrics, "heroku_syslogd_rejected_bytes_total") == rejected
        assert_discreet(daemon, [*tokens, *GOOD.values(), TOKEN])
        assert daemon.terminate() == 0
        stopped = daemon.events("daemon.stopped")[0]
        assert stopped["received"] == received(metrics)
        assert stopped["lost"] == lost(metrics)
        assert stopped["abandoned"] == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_books_of_one_kind_of_trouble(daemon: DaemonProcess, case: Hostile) -> None:
    before = daemon.metrics()
    metrics = settled(daemon, case.send(daemon.tcp, case.data))
    assert received(metrics) == case.messages
    assert lost(metrics) == lost(metrics, reason="header") == case.unparsable
    assert total(metrics, "heroku_syslogd_rejected_bytes_total") == len(case.data) - case.kept
    assert total(before, "heroku_syslogd_frame_errors_total") == 0
    faults = total(metrics, "heroku_syslogd_frame_errors_total")
    assert (faults > 0) == (len(case.data) > case.kept)


def test_noise(daemon: DaemonProcess) -> None:
    streams = [noise(seed, 3000) for seed in range(200)]
    sent = sum(send_tcp(daemon.tcp, stream) for stream in streams)
    settled(daemon, sent)
    assert_discreet(daemon, [])


def test_drains_that_are_not_configured_can_be_rejected(tmp_path: Path) -> None:
    tokens = [token(seed) for seed in range(100)]
    config = CONFIG.replace("[drains.tokens]", '[drains]\nunknown = "reject"\n[drains.tokens]')
    with running(config, tmp_path) as daemon:
        frames = octet_counted([app_line(drain) for drain in [*tokens, *GOOD.values()]])
        metrics = settled(daemon, send_tcp(daemon.tcp, frames))
        assert lost(metrics) == lost(metrics, reason="unknown_drain") == len(tokens)
        apps = {dict(labels)["app"] for n, labels in metrics if n == "heroku_log_messages_total"}
        assert apps == set(GOOD)
        assert total(metrics, "heroku_syslogd_unknown_drains_total") == len(tokens)
        assert_discreet(daemon, tokens)


def test_one_off_dynos_come_and_go_without_a_trace(tmp_path: Path) -> None:
    with running(f'{LISTEN}\n[dynos]\nexpire_after = "1s"\n', tmp_path) as daemon:
        sent = sum(send_one_off_dynos(daemon, first) for first in range(0, 120_000, 20_000))
        before = settled(daemon, sent)  # every cache has been full by now
        sent += sum(send_one_off_dynos(daemon, first) for first in range(120_000, 180_000, 20_000))
        after = settled(daemon, sent)
        assert total(after, "heroku_log_messages_total", process_type="run") == 4 * 180_000
        assert total(after, "heroku_syslogd_series") == total(before, "heroku_syslogd_series")
        assert not [name for name, _ in after if name == "heroku_dyno_memory_rss_bytes"]
        resident = "process_resident_memory_bytes"
        assert total(after, resident) - total(before, resident) < 16 * MEBIBYTE


def send_one_off_dynos(daemon: DaemonProcess, first: int) -> int:
    """Let 20,000 one-off dynos start, report and end; return the bytes sent."""
    messages = []
    for number in range(first, first + 20_000):
        dyno, run = f"run.{number}", f"heroku.1.b0bc8784-5574-4f35-9508-{number:012d}"
        messages += [
            state_change(TOKEN, dyno, "starting", "up"),
            load_sample(TOKEN, dyno, run=run),
            memory_sample(TOKEN, dyno, run=run),
            state_change(TOKEN, dyno, "up", "complete"),
        ]
    return send_tcp(daemon.tcp, octet_counted(messages))


def test_a_tls_client_is_turned_away(daemon: DaemonProcess) -> None:
    context = ssl.create_default_context()
    with connect(daemon.tcp) as connection, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(connection, server_hostname="localhost")
    assert_turned_away(daemon, "tls_hello", "tls_on_plain_port")


def test_an_http_client_is_turned_away(daemon: DaemonProcess) -> None:
    client = http.client.HTTPConnection(*daemon.tcp, timeout=WAIT_SECONDS)
    client.request("POST", "/", body=b"83 <40>1 2012-11-30T06:45:29+00:00 host app web.3 - x\n")
    with pytest.raises((http.client.HTTPException, OSError)):
        client.getresponse()
    client.close()
    assert_turned_away(daemon, "http_request", "http_on_syslog_port")


def assert_turned_away(daemon: DaemonProcess, fault: str, reason: str) -> None:
    rejected = {"listener": "tcp", "reason": reason}
    daemon.wait_for("heroku_syslogd_connections_rejected_total", rejected, 1)
    assert daemon.total("heroku_syslogd_frame_errors_total", reason=fault) == 1
    closed = daemon.events("connection.closed")
    assert [(line["peer"], line["reason"]) for line in closed] == [("127.0.0.1", reason)]
    assert "syslog" in closed[0]["hint"]


def test_a_connection_that_is_only_trouble_is_closed(daemon: DaemonProcess) -> None:
    with connect(daemon.tcp) as connection:
        connection.sendall(b"junk\n" * 101)
        assert connection.recv(1) == b""
    rejected = {"listener": "tcp", "reason": "fault_budget"}
    daemon.wait_for("heroku_syslogd_connections_rejected_total", rejected, 1)
    assert daemon.total("heroku_syslogd_rejected_bytes_total") == 5 * 101


def test_connections_beyond_the_limit_are_refused_and_counted(tmp_path: Path) -> None:
    with running(f"{LISTEN}\n[limits]\nmax_connections_per_peer = 5\n", tmp_path) as daemon:
        first = [connect(daemon.tcp) for _ in range(5)]
        daemon.wait_for("heroku_syslogd_connections", {}, 5)
        with connect(daemon.tcp) as one_more:
            assert one_more.recv(1) == b""
        rejected = {"reason": "max_connections_per_peer"}
        daemon.wait_for("heroku_syslogd_connections_rejected_total", rejected, 1)
        first[0].close()
        daemon.wait_for("heroku_syslogd_connections", {}, 4)
        sent = send_tcp(daemon.tcp, octet_counted([app_line(TOKEN)]))
        daemon.wait_for("heroku_syslogd_received_bytes_total", {}, sent)
        for connection in first:
            connection.close()
