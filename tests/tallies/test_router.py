"""Requests: the short way counts exactly what the long way counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.catalogue import apps
from heroku_syslogd.heroku import RouterRequest
from heroku_syslogd.heroku.router import parse_router_line
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies import AppSeries, Durations
from heroku_syslogd.tallies.router import DYNO_CODES, ROUTER_CODES, RouterTally

LINE = (
    b'at=info method=GET path="/cart" host=shop.example.com request_id=05726858-c44e-4f94-9a20'
    b' fwd="192.0.2.7" dyno=web.1 connect=1ms service=22ms status=304 bytes=656 protocol=http'
)


class Bench:
    """A tally and its series."""

    def __init__(self, max_series: int = 1000) -> None:
        self.budget = SeriesBudget(max_series)
        self.series = AppSeries("shop", self.budget)
        self.tally = RouterTally(self.series, Durations())

    def count_as_the_worker_does(self, msg: bytes, prefix: bytes = b"- ", end: bytes = b"") -> None:
        if not self.scan(prefix + msg + end):
            self.read(msg)

    def scan(self, rest: bytes) -> bool:
        """Offer a line to the short way; False if it did not take it."""
        return self.tally.count_lines([(b"-", rest)], 0, 0.0) == 1

    def read(self, msg: bytes) -> None:
        request = parse_router_line(msg)
        if request is not None:
            self.tally.count(request)

    def state(self) -> object:
        values = {
            (metric.name, labels): value.value
            for metric, of_metric in self.series.values.items()
            for labels, value in of_metric.items()
        }
        histograms = {
            (metric.name, labels): (tuple(histogram.counts), round(histogram.sum, 6))
            for metric, of_metric in self.series.histograms.items()
            for labels, histogram in of_metric.items()
        }
        return values, histograms


def requests(bench: Bench) -> dict[tuple[str, ...], float]:
    of_metric = bench.series.values[apps.ROUTER_REQUESTS]
    return {labels[1:]: value.value for labels, value in of_metric.items()}


@pytest.mark.parametrize(
    ("prefix", "end"), [(b"- ", b"\n"), (b"", b""), (b"- ", b""), (b"", b"\n")]
)
def test_a_normal_request_takes_the_short_way(prefix: bytes, end: bytes) -> None:
    bench = Bench()
    for _ in range(3):
        assert bench.scan(prefix + LINE + end)

    assert requests(bench) == {("web.1", "GET", "304"): 3.0}
    assert bench.tally.scanned == 3
    service = bench.series.histograms[apps.ROUTER_SERVICE][("shop",)]
    assert service.counts[apps.BUCKETS.index(0.025)] == 3
    assert service.sum == pytest.approx(0.066)
    assert bench.series.values[apps.ROUTER_RESPONSE_BYTES][("shop",)].value == 3 * 656


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace(b"at=info", b"at=error code=H12"),
        LINE.replace(b"at=info", b"at=info code=H80"),
        LINE.replace(b"connect=1ms", b"connect="),
        LINE.replace(b"service=22ms", b"service=22"),
        LINE.replace(b"status=304", b"status="),
        LINE.replace(b"bytes=656", b"bytes="),
        LINE.replace(b"bytes=656", b"bytes=-656"),
        LINE.replace(b"bytes=656", b"bytes=6_56"),
        LINE.replace(b"bytes=656", b"bytes=+656"),
        LINE.replace(b"bytes=656", b"octets=6"),
        LINE.replace(b"bytes=656", b"bytes=" + b"9" * 40),
        LINE.replace(b"dyno=web.1", b"dyno="),
        LINE.replace(b"dyno=web.1", b"dyno=web.1/x"),
        b"GET example.com/ dyno=web.3  service=44ms status=200 bytes=32839",
        b"",
    ],
)
def test_anything_else_is_left_to_the_parser(line: bytes) -> None:
    bench = Bench()

    assert not bench.scan(b"- " + line)
    assert bench.tally.scanned == 0
    of_metric = bench.series.values.get(apps.ROUTER_REQUESTS, {})
    assert not any(value.value for value in of_metric.values())


def test_an_h12_shows_in_requests_in_errors_and_in_the_histogram() -> None:
    bench = Bench()
    bench.tally.count(
        RouterRequest(
            at="error",
            code="H12",
            method="GET",
            dyno="web.1",
            connect=0.006,
            service=30.001,
            status=503,
            bytes=0,
        )
    )

    assert requests(bench) == {("web.1", "GET", "503"): 1.0}
    assert bench.series.values[apps.ERRORS][("shop", "web", "H12")].value == 1
    service = bench.series.histograms[apps.ROUTER_SERVICE][("shop",)]
    assert service.counts[apps.BUCKETS.index(60.0)] == 1
    assert sum(service.counts[: apps.BUCKETS.index(30.0) + 1]) == 0


def test_errors_begin_at_zero_with_the_first_request() -> None:
    bench = Bench()
    bench.scan(b"- " + LINE)

    errors = bench.series.values[apps.ERRORS]
    assert {labels: value.value for labels, value in errors.items()} == {
        **{("shop", "router", code): 0 for code in ROUTER_CODES},
        **{("shop", "web", code): 0 for code in DYNO_CODES},
    }


def test_what_was_not_measured_is_not_observed() -> None:
    bench = Bench()
    bench.tally.count(RouterRequest(at="error", code="H10", method="GET", status=503))
    bench.tally.count(RouterRequest(method="BREW", dyno="web.1", status=None, service=0.1))

    assert requests(bench) == {("none", "GET", "503"): 1.0, ("web.1", "other", "none"): 1.0}
    assert bench.series.values[apps.ERRORS][("shop", "router", "H10")].value == 1
    assert sum(bench.series.histograms[apps.ROUTER_CONNECT][("shop",)].counts) == 0
    assert sum(bench.series.histograms[apps.ROUTER_SERVICE][("shop",)].counts) == 1


def test_methods_that_clients_invent_make_one_series() -> None:
    bench = Bench()
    for number in range(50):
        bench.count_as_the_worker_does(LINE.replace(b"GET", b"GET%d" % number))
        bench.count_as_the_worker_does(LINE.replace(b"GET", b"get%d" % number))

    assert requests(bench) == {("web.1", "other", "304"): 100.0}


def test_histograms_appear_as_soon_as_there_is_room() -> None:
    bench = Bench(max_series=20)
    bench.count_as_the_worker_does(LINE)
    assert not bench.series.histograms
    assert bench.budget.refused > 0

    bench.budget.limit = 1000
    bench.count_as_the_worker_does(LINE.replace(b"web.1", b"web.2"))

    assert sum(bench.series.histograms[apps.ROUTER_SERVICE][("shop",)].counts) == 1


def test_a_request_that_the_budget_refuses_leaves_the_others_alone() -> None:
    bench = Bench(max_series=38)
    bench.count_as_the_worker_does(LINE)
    for number in range(10):
        bench.count_as_the_worker_does(LINE.replace(b"web.1", b"web.2%d" % number))

    assert requests(bench) == {("web.1", "GET", "304"): 1.0}
    assert sum(bench.series.histograms[apps.ROUTER_SERVICE][("shop",)].counts) == 11
    assert bench.budget.used == 38


numbers = st.one_of(st.integers(0, 70_000).map(lambda n: b"%dms" % n), st.binary(max_size=4))
lines = st.builds(
    lambda *parts: (
        b'at=%s method=%s path="%s" host=x fwd="%s" dyno=%s connect=%s service=%s status=%s'
        b" bytes=%s%s" % parts
    ),
    st.sampled_from([b"info", b"error", b"warning", b"info code=H80"]),
    st.sampled_from([b"GET", b"POST", b"DELETE", b"OPTIONS", b"PUT", b"get", b"GETX", b""]),
    st.sampled_from([b"/", b"/a b", b'/" dyno=web.9 connect=1ms service=1ms status=200 bytes=1']),
    st.sampled_from([b"", b"192.0.2.1", b"x dyno=web.8 connect=9ms"]),
    st.sampled_from([b"web.1", b"", b"web.2", b"web", b"web.1\n", b"1.1"]),
    numbers,
    numbers,
    st.sampled_from([b"200", b"", b"099", b"20", b"2000", b"abc"]),
    st.one_of(st.integers(0, 10**18).map(b"%d".__mod__), st.binary(max_size=4)),
    st.sampled_from(
        [b"", b" protocol=http", b" protocol=http1.1 tls=true tls_version=tls1.3", b' agent="x"']
    ),
)


@settings(max_examples=400)
@given(st.lists(lines, max_size=12), st.sampled_from([b"- ", b""]), st.sampled_from([b"", b"\n"]))
def test_both_ways_count_the_same(messages: list[bytes], prefix: bytes, end: bytes) -> None:
    short, long = Bench(), Bench()
    for message in messages:
        short.count_as_the_worker_does(message, prefix, end)
        long.read(message)

    assert short.state() == long.state()


@settings(max_examples=200)
@given(st.lists(lines, max_size=20))
def test_many_lines_at_once_count_as_one_by_one(messages: list[bytes]) -> None:
    together, alone = Bench(), Bench()
    batch = [(b"-", b"- " + message) for message in messages]
    position = 0
    while (position := together.tally.count_lines(batch, position, 0.0)) < len(batch):
        together.read(messages[position])
        position += 1
    for message in messages:
        alone.count_as_the_worker_does(message)

    assert together.state() == alone.state()
    assert together.tally.scanned == alone.tally.scanned


@pytest.mark.parametrize(
    "odd",
    [
        LINE.replace(b"bytes=656", b"bytes=x"),
        LINE.replace(b"at=info", b'at=error code=H10 desc="App crashed"'),
        b"at=info",
    ],
)
def test_a_large_batch_of_odd_lines_takes_linear_time(odd: bytes) -> None:
    """Not timed: with anything quadratic in it this test takes minutes."""
    bench = Bench()
    batch = [(b"-", b"- " + line) for line in [odd] + 30_000 * [LINE, odd]]
    position = 0
    while (position := bench.tally.count_lines(batch, position, 0.0)) < len(batch):
        position += 1

    service = bench.series.histograms[apps.ROUTER_SERVICE][("shop",)]
    assert sum(service.counts) >= 30_000


def test_process_types_that_lines_invent_are_remembered_within_bounds() -> None:
    bench = Bench(max_series=50)

    for number in range(1000):
        bench.read(LINE.replace(b"dyno=web.1", b"dyno=type%d.1" % number))
        bench.scan(LINE.replace(b"dyno=web.1", b"dyno=kind%d.1" % number) + b"1.1")

    assert len(bench.tally._process_types) <= 200


def test_durations_are_remembered_within_bounds() -> None:
    durations = Durations()
    for number in range(25_000):
        assert durations.learn(b"connect=%dms" % number, b"connect=") is not None
        assert len(durations.known) <= 20_000

    assert durations.learn(b"connect=1ms", b"service=") is None
