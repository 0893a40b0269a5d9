"""Limits of requests, messages, state and queue, reached by an abuser while others are served."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, NamedTuple

import bcrypt
import pytest

from heroku_syslogd.wire import encode_frame
from tests.daemon_process import total, wait_until
from tests.e2e.batches import basic, batch, batch_headers, batch_line, request
from tests.e2e.limited import ABUSER, DRAIN, KINDS, WEB, Site, started
from tests.e2e.peers import GOOD, Reader, line_about
from tests.e2e.pressure import held
from tests.e2e.traffic import MEBIBYTE, app_line, memory_sample, octet_counted, send_tcp, token

Start = Callable[..., Site]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a daemon that ends with the test; see `started`."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(started(tmp_path, *args, **options))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a daemon with the limits that it has by itself."""
    with started(tmp_path_factory.mktemp("limits")) as site:
        yield site


# Requests that are refused ------------------------------------------------------------------------

OVER: Final = 2 * MEBIBYTE
HEAD: Final = request(batch_headers(DRAIN, 1), b"")


def with_header(field: bytes) -> bytes:
    return HEAD.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n")


def bomb() -> bytes:
    """Return a request whose body of 100 kB becomes 100 MB."""
    body = gzip.compress(b"1 " * 50 * MEBIBYTE, 6)
    return request({**batch_headers(DRAIN, 1), "Content-Encoding": "gzip"}, body)


def chunks() -> bytes:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = HEAD.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    return head + chunk * (OVER // 0x10000) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "make"),
    [
        pytest.param(400, lambda: with_header(b"X: " + b"y" * 9000), id="a long header"),
        pytest.param(400, lambda: with_header(b"\r\n".join([b"X: y"] * 70)), id="many headers"),
        pytest.param(400, lambda: HEAD.replace(b"logplex ", b"x" * 9000 + b" "), id="a long path"),
        pytest.param(400, lambda: b"EHLO drain.example\r\n\r\n", id="no HTTP"),
        pytest.param(413, lambda: request(batch_headers(DRAIN, 1), b" " * OVER), id="a long body"),
        pytest.param(413, chunks, id="many chunks"),
        pytest.param(413, bomb, id="a bomb"),
    ],
)
def test_a_request_that_costs_too_much_is_refused(
    site: Site, status: int, make: Callable[[], bytes]
) -> None:
    data = make()
    site.serve(*WEB)
    before = site.daemon.metrics()
    for listener in WEB:
        with closing(site.speak(listener, ABUSER.format(1))) as connection:
            connection.sendall(data)
            reader = Reader(connection)

            def at_end(reader: Reader = reader) -> bool:
                site.serve(*WEB)
                return reader.at_end()

            wait_until(at_end, "the end of the connection")
        # Where the request line made no sense, the version is the oldest, which all understand.
        assert re.match(rb"HTTP/1\.[01] %d " % status, reader.heard)
        requests, codes = "heroku_syslogd_http_requests_total", {"code": str(status)}
        seen = total(before, requests, listener=listener, **codes)
        site.daemon.wait_for(requests, {"listener": listener, **codes}, seen + 1)
    resident = "process_resident_memory_bytes"
    assert site.daemon.total(resident) - total(before, resident) < 32 * MEBIBYTE
    site.assert_served()


def test_a_sender_without_a_password_gets_nowhere(start: Start) -> None:
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(8)).decode()
    more = f'[[credentials]]\nuser = "logplex"\npassword_hash = "{hashed}"\n'
    site, source, stranger = start(more=more), ABUSER.format(1), token(7001)

    def guess(number: int) -> set[int]:
        said, listener = set(), WEB[number % 2]
        for headers in ({}, basic("logplex", f"{number}"), basic(f"{number}", "open sesame")):
            with site.poster(listener, stranger, source, headers=headers) as poster:
                said.add(poster.post())
        return said

    credential = basic("logplex", "open sesame")
    with (
        site.poster("https", DRAIN, GOOD, headers=credential) as good,
        ThreadPoolExecutor(20) as pool,
    ):
        assert good.post() == 200
        guesses = [pool.submit(guess, number) for number in range(40)]
        served = 1
        while not all(one.done() for one in guesses):
            assert good.post() == 200
            served += 1
        # Those that find all checks of their address under way are told to come back.
        assert set().union(*(one.result() for one in guesses)) <= {401, 503}
    site.daemon.wait_for("heroku_log_messages_total", {"app": "good"}, served)
    metrics = site.daemon.metrics()
    requests = "heroku_syslogd_http_requests_total"
    for listener in WEB:
        assert total(metrics, requests, listener=listener, code="401") >= 20
    assert total(metrics, requests, code="200") == served
    assert total(metrics, "heroku_syslogd_applied_messages_total") == served


# Messages and streams -----------------------------------------------------------------------------


def test_a_message_that_is_too_long_costs_itself(start: Start) -> None:
    site = start("[limits]\nmax_frame_bytes = 2048\n")
    site.serve(*KINDS)
    for number, listener in enumerate(KINDS, 1):
        abuser, stranger = ABUSER.format(number), token(7010 + number)
        texts = ("a", "b" * 3000, "c")
        if listener in WEB:
            body = b"".join(encode_frame(batch_line(text)) for text in texts)
            with site.poster(listener, stranger, abuser) as poster:
                assert poster.post(3, body) == 200
        else:
            with closing(site.speak(listener, abuser)) as connection:
                connection.sendall(octet_counted([app_line(stranger, text) for text in texts]))
        site.daemon.wait_for("heroku_log_messages_total", {"app": stranger[:10]}, 2)
        labels = {"listener": listener, "reason": "too_long"}
        assert site.daemon.total("heroku_syslogd_frame_errors_total", **labels) == 1
        assert line_about(site.daemon, abuser, "frame.malformed")["reason"] == "too_long"
    site.serve(*KINDS)
    site.assert_served()


def test_a_batch_of_junk_spends_its_fault_budget(start: Start) -> None:
    site = start("[limits]\nfault_budget = 5\nmax_frame_bytes = 1024\n")
    frame, junk = encode_frame(batch_line("x")), encode_frame(b"<14>1 ".ljust(2000))
    for number, listener in enumerate(WEB, 1):
        abuser, stranger = ABUSER.format(number), token(7020 + number)
        with site.poster(listener, stranger, abuser) as poster:
            assert poster.post(22, frame + junk * 20 + frame) == 200
        site.serve(listener)
        metrics = site.daemon.wait_idle()
        # What the budget was spent for is counted, and what is behind it is not looked at.
        assert total(metrics, "heroku_log_messages_total", app=stranger[:10]) == 1
        labels = {"listener": listener, "reason": "too_long"}
        assert 5 <= total(metrics, "heroku_syslogd_frame_errors_total", **labels) < 10
        rejected = total(metrics, "heroku_syslogd_rejected_bytes_total", listener=listener)
        assert rejected == 20 * len(junk) + len(frame)
        assert line_about(site.daemon, abuser, "frame.malformed")["reason"] == "too_long"
    site.assert_served()


# State --------------------------------------------------------------------------------------------


class Flood(NamedTuple):
    """Messages that would fill memory, sent by a drain that the configuration does not name.

    Attributes:
        top: Configuration.
        messages: What the abuser sends.
        own: What the good drain sends after it.
        counted: Metric and labels that count what was refused.
        shown: Metric of the good drain that is there all the same.
    """

    top: str
    messages: list[bytes]
    own: bytes
    counted: tuple[str, dict[str, str]]
    shown: str


STRANGER: Final = token(7004)
FLOODS: Final = {
    "max_series": Flood(
        "[limits]\nmax_series = 1000\n",
        [memory_sample(STRANGER, f"web.{number}") for number in range(1000)],
        memory_sample(DRAIN, "web.1"),
        ("heroku_syslogd_series_refused_total", {}),
        "heroku_dyno_memory_rss_bytes",
    ),
    "max_apps": Flood(
        "[limits]\nmax_apps = 10\n",
        [app_line(token(number)) for number in range(1000)],
        app_line(DRAIN),
        ("heroku_syslogd_lost_messages_total", {"reason": "app_limit"}),
        "heroku_log_messages_total",
    ),
    "app_metrics.max_series": Flood(
        "[app_metrics]\nmax_series = 1000\n",
        [app_line(STRANGER, f"count#invented.{number}=1") for number in range(1000)],
        app_line(DRAIN, "count#orders=1"),
        ("heroku_syslogd_app_metric_series_refused_total", {}),
        "heroku_app_count_total",
    ),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_what_is_invented_has_a_bound(start: Start, flood: Flood) -> None:
    site = start(flood.top)
    name, labels = flood.counted
    send_tcp(site.daemon.tcp, octet_counted(flood.messages))
    wait_until(lambda: site.daemon.total(name, **labels) >= 500, f"{name} to count")
    send_tcp(site.daemon.tcp, octet_counted([flood.own]))
    wait_until(lambda: site.daemon.total(flood.shown, app="good"), f"{flood.shown} of the good")
    metrics = site.daemon.wait_idle()
    assert total(metrics, "heroku_syslogd_received_messages_total") == 1001
    for series in ("series", "app_metric_series"):
        limit = total(metrics, f"heroku_syslogd_{series}_limit")
        assert total(metrics, f"heroku_syslogd_{series}") <= limit
    site.serve(*KINDS)


# The queue ----------------------------------------------------------------------------------------


def test_a_batch_waits_while_the_queue_is_full(start: Start) -> None:
    # That it does not wait for ever is shown where the queue can be kept full:
    # tests/listeners/test_http_hold.py.
    senders, each = 10, 2000
    site = start("[queue]\nmax_messages = 1000\n")
    flood = [
        octet_counted([memory_sample(STRANGER, f"run.{own}{number}") for number in range(each)])
        for own in range(senders)
    ]
    with ExitStack() as stack:
        drain = stack.enter_context(closing(site.speak("http", GOOD)))
        answers = Reader(drain)
        connections = [site.speak("tcp", ABUSER.format(1)) for _ in range(senders)]
        for connection in connections:
            stack.enter_context(closing(connection))
        site.daemon.wait_for("heroku_syslogd_connections", {}, senders + 1)
        with held(site.daemon):
            for connection, frames in zip(connections, flood, strict=True):
                connection.sendall(frames)
            drain.sendall(request(batch_headers(DRAIN, 7), batch(7)))
        wait_until(lambda: answers.at_end() or answers.heard, "an answer")
        assert answers.heard.startswith(b"HTTP/1.1 200 OK\r\n")
        site.daemon.wait_for(
            "heroku_syslogd_received_messages_total", {"listener": "tcp"}, senders * each
        )
    metrics = site.daemon.metrics()
    assert total(metrics, "heroku_syslogd_backpressure_seconds_total", listener="http") > 0
    assert total(metrics, "heroku_syslogd_received_messages_total", listener="http") == 7
    assert total(metrics, "heroku_syslogd_lost_messages_total", reason="queue_full") == 0
