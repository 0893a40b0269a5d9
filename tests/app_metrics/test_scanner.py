"""The short way for metrics of applications: it counts exactly what the parser counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.app_metrics import AppMetricRegistry
from heroku_syslogd.heroku import parse_app_metrics
from heroku_syslogd.series_budget import SeriesBudget

T0 = 1_700_000_000.0
LINE = b"measure#db.query=12.3ms count#cache.hit=1 sample#pool.size=12 unique#user=alice id=7"


class Bench:
    """A registry, and lines that go through its scanner or past it."""

    def __init__(self, max_series: int = 1000) -> None:
        self.budget = SeriesBudget(max_series)
        self.registry = AppMetricRegistry(3600.0)
        self.scanner = self.registry.scanner("shop", self.budget)

    def scan(self, *lines: bytes, now: float = T0) -> int:
        """Return how many lines the scanner took."""
        return self.scanner.count_lines([(b"-", line) for line in lines], 0, now)

    def read(self, line: bytes, now: float = T0) -> None:
        event = parse_app_metrics(line)
        if event is not None:
            self.registry.apply(event, "shop", self.budget, now)

    def state(self) -> object:
        return (
            sorted(self.registry.counts()),
            sorted(self.registry.measures()),
            sorted(self.registry.samples()),
            sorted(self.registry.uniques(T0)),
        )


@pytest.mark.parametrize("beginning", [b"- ", b""])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_metrics_take_the_short_way(beginning: bytes, end: bytes) -> None:
    bench, read = Bench(), Bench()
    for _ in range(3):
        assert bench.scan(beginning + LINE + end) == 1
        read.read(LINE)

    assert bench.state() == read.state()
    assert bench.registry.scanned_lines == 3


@pytest.mark.parametrize(
    "line",
    [
        b"Processing by ProductsController#show as HTML",
        b"see issue #1234 and #5",
        b"metric#x=1 tag#y=2 Measure#z=3",
        b"#",
        b"",
    ],
)
def test_lines_without_metrics_take_it_too_and_count_nothing(line: bytes) -> None:
    bench = Bench()

    assert bench.scan(b"- " + line, b"- " + line) == 2
    assert bench.state() == Bench().state()
    assert bench.registry.scanned_lines == 0


@pytest.mark.parametrize(
    "line",
    [
        b'[meta x="count#a=1"] count#b=1',  # STRUCTURED-DATA
        b'count#a="1"',
        b"count#a=1\tcount#b=1",
        b"x\ncount#a=1",
        b"count#a=-1",
        b"count#a=1,000",
        b"count#" + b"a" * 130 + b"=1",
        b"measure#a=" + b"1" * 50,
        b"unique#a=",
        b'unique#a="b c"',
        b" ".join(b"count#a%d=1" % number for number in range(70)),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(line: bytes) -> None:
    bench = Bench()

    assert bench.scan(line) == 0
    assert bench.registry.scanned_lines == 0


def test_a_series_that_expired_is_not_counted_on() -> None:
    bench = Bench()
    bench.scan(LINE, LINE)
    bench.registry.expire(T0 + 3601)
    assert bench.state() == Bench().state()
    assert bench.budget.used == 0

    bench.scan(LINE, now=T0 + 3602)

    assert list(bench.registry.counts()) == [(("shop", "cache.hit", ""), 1.0)]


def test_the_same_name_in_two_units_is_two_series() -> None:
    bench = Bench()
    for _ in range(2):
        bench.scan(b"sample#x=1ms", b"sample#x=1kB", b"sample#x=1")

    assert sorted(unit for (_, _, unit), _ in bench.registry.samples()) == ["", "bytes", "seconds"]


def test_memory_is_bounded_whatever_the_names() -> None:
    bench = Bench(max_series=100)
    for number in range(25_000):
        bench.scan(b"count#n%d=%d x%d#y" % (number, number, number))
        bench.scan(b"x%d#y unique#n%d=1" % (number, number))

    assert len(bench.scanner._series) + len(bench.scanner._uniques) <= 100
    assert len(bench.scanner._others) <= 256
    assert len(bench.scanner._values) <= 20_000
    assert bench.budget.used == 100


names = st.sampled_from([b"a", b"b.c", b"", b"x y", b"n" * 101, b'q"', b"\xff"])
values = st.sampled_from(
    [b"1", b"2.5ms", b"0", b"-3", b"1e3", b"x", b"", b'"4"', b'"5', b"7kB", b"8\t9", b"1\n", b"#"]
)
types = st.sampled_from([b"count", b"measure", b"sample", b"unique", b"metric", b"xcount", b""])
tokens = st.one_of(
    st.builds(lambda *parts: b"%s#%s=%s" % parts, types, names, values),
    st.builds(lambda *parts: b"%s#%s" % parts, types, names),
    st.sampled_from([b"word", b'"', b"\t", b"\n", b"#", b"Foo#bar", b'"quoted']),
    st.binary(max_size=6),
)
lines = st.lists(tokens, max_size=6).map(b" ".join)


@settings(max_examples=600)
@given(st.lists(lines, max_size=12), st.sampled_from([b"- ", b""]))
def test_both_ways_count_the_same(messages: list[bytes], beginning: bytes) -> None:
    short, long = Bench(), Bench()
    batch = [(b"-", beginning + message) for message in messages]
    position = 0
    while (position := short.scanner.count_lines(batch, position, T0)) < len(batch):
        short.read(messages[position])
        position += 1
    for message in messages:
        long.read(message)

    assert short.state() == long.state()
    assert short.budget.used == long.budget.used
