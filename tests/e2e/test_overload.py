"""Overload: TCP is slowed down, the queue stays bounded, and no datagram is lost silently."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from tests.daemon_process import LISTEN, DaemonProcess, running, total, wait_until
from tests.e2e.pressure import DRAIN, FRAME, LINE, flood, held
from tests.e2e.traffic import app_line, send_tcp, send_udp


def test_tcp_is_slowed_down_and_loses_nothing(tmp_path: Path) -> None:
    count = 20_000
    with running(f"{LISTEN}\n[queue]\nmax_messages = 10\n", tmp_path) as daemon:
        senders = [
            threading.Thread(target=send_tcp, args=(daemon.tcp, FRAME * count)) for _ in range(5)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        daemon.wait_for("heroku_syslogd_applied_messages_total", {}, 5 * count)
        metrics = daemon.wait_idle()
        assert total(metrics, "heroku_syslogd_backpressure_seconds_total", listener="tcp") > 0
        assert total(metrics, "heroku_syslogd_received_messages_total") == 5 * count
        assert total(metrics, "heroku_syslogd_lost_messages_total") == 0


def test_the_queue_stays_bounded_however_many_connect(daemon: DaemonProcess) -> None:
    applied = "heroku_syslogd_applied_messages_total"
    deepest = 0.0

    def enough() -> bool:
        nonlocal deepest
        metrics = daemon.metrics()
        deepest = max(deepest, total(metrics, "heroku_syslogd_queue_messages"))
        return total(metrics, applied) > 200_000 or deepest > capacity * 2

    capacity = daemon.total("heroku_syslogd_queue_capacity_messages")
    with flood(daemon), flood(daemon), flood(daemon):  # the later ones find it full
        wait_until(enough, "messages to be applied")
    # Beyond it goes at most the read that each connection had begun.
    largest_read = 64 * 1024 // len(FRAME)
    assert capacity / 2 < deepest < capacity + 12 * largest_read


def test_datagrams_that_the_queue_has_no_room_for_are_counted(tmp_path: Path) -> None:
    with (
        running(f"{LISTEN}\n[queue]\nmax_messages = 1\n", tmp_path) as daemon,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        other.bind(("127.0.0.2", 0))
        with held(daemon):
            for _ in range(50):
                one.sendto(LINE, daemon.udp)
                other.sendto(LINE, daemon.udp)
        assert_nothing_silent(daemon, 100, "queue_full")


def test_datagrams_that_the_kernel_drops_are_counted(daemon: DaemonProcess) -> None:
    count = 40_000
    with held(daemon):
        send_udp(daemon.udp, *[app_line(DRAIN, "x" * 1000)] * count)
    assert_nothing_silent(daemon, count, "kernel")


def assert_nothing_silent(daemon: DaemonProcess, sent: int, reason: str) -> None:
    """Wait until all datagrams are accounted for, some of them as lost for ``reason``."""
    daemon.wait_for("heroku_syslogd_received_messages_total", {"listener": "udp"}, sent)
    metrics = daemon.wait_idle()
    lost = total(metrics, "heroku_syslogd_lost_messages_total")
    assert 0 < total(metrics, "heroku_syslogd_lost_messages_total", reason=reason) <= lost < sent
    assert total(metrics, "heroku_syslogd_applied_messages_total") == sent - lost
