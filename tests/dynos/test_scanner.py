"""The short way for samples: it takes over exactly what the parser would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.dynos import DynoIdentity, DynoRegistry, SampleScanner
from heroku_syslogd.heroku import DynoStateChange
from heroku_syslogd.heroku.runtime_metrics import parse_runtime_sample
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.wire import parse_timestamp

T0 = 1_700_000_000.0
RUN = b"source=web.1 dyno=heroku.1.00000000-0000-0000-0000-00000000000%d"
LOAD = b" sample#load_avg_1m=%s sample#load_avg_5m=1.06 sample#load_avg_15m=0.99"
MEMORY = (
    b" sample#memory_total=%sMB sample#memory_rss=217.77MB sample#memory_cache=3.70MB"
    b" sample#memory_swap=0.00MB sample#memory_pgpgin=149293pages"
    b" sample#memory_pgpgout=123257pages sample#memory_quota=512.00MB"
)


class Bench:
    """A registry, and lines of one dyno that go through its scanner or past it."""

    def __init__(self, max_series: int = 1000) -> None:
        self.registry = DynoRegistry(120.0)
        self.identity = DynoIdentity("shop", "web", "web.1", SeriesBudget(max_series))
        self.scanner = SampleScanner(self.registry, self.identity)

    def scan(self, msg: bytes, at: int = 0) -> bool:
        """Offer a line to the scanner; False if it did not take it."""
        return self.scanner.count_lines([(timestamp(at), b"- " + msg + b"\n")], 0, T0 + at) == 1

    def read(self, msg: bytes, at: int = 0) -> None:
        sample = parse_runtime_sample(msg)
        if sample is not None:
            self.registry.apply(sample, self.identity, parse_timestamp(timestamp(at)), T0 + at)

    def take(self, msg: bytes, at: int = 0) -> None:
        """Do what the worker does."""
        if not self.scan(msg, at):
            self.read(msg, at)

    def state(self) -> list[tuple[object, ...]]:
        return [
            (dyno.run, dyno.values, dyno.carried, dyno.sampled_at, dyno.heard_at)
            for dyno in self.registry.shown()
        ]


def timestamp(at: int) -> bytes:
    minutes, seconds = divmod(at, 60)
    return b"2023-11-14T22:%02d:%02d+00:00" % (13 + minutes, 20 + seconds % 40)


@pytest.fixture
def bench() -> Bench:
    """A bench that knows the dyno and all its values."""
    bench = Bench()
    for _ in range(2):
        bench.take(RUN % 1 + LOAD % b"0.10")
        bench.take(RUN % 1 + MEMORY % b"100.00")
    return bench


def test_samples_of_the_run_that_is_shown_take_the_short_way(bench: Bench) -> None:
    assert bench.scan(RUN % 1 + LOAD % b"0.25", at=20)
    assert bench.scan(RUN % 1 + MEMORY % b"221.47", at=20)

    (dyno,) = bench.registry.shown()
    assert dyno.values["load_avg_1m"] == 0.25
    assert dyno.values["memory_total"] == 221.47 * 2**20
    assert dyno.heard_at == T0 + 20
    assert bench.registry.scanned >= 2


def test_a_new_run_is_for_the_registry_to_decide(bench: Bench) -> None:
    assert not bench.scan(RUN % 2 + LOAD % b"0.25", at=20)
    bench.read(RUN % 2 + LOAD % b"0.25", at=20)
    assert not bench.scan(RUN % 1 + LOAD % b"9.99", at=21)
    bench.read(RUN % 1 + LOAD % b"9.99", at=21)

    (dyno,) = bench.registry.shown()
    assert dyno.values == {"load_avg_1m": 0.25, "load_avg_5m": 1.06, "load_avg_15m": 0.99}


def test_a_run_takes_the_short_way_as_soon_as_all_its_values_are_known(bench: Bench) -> None:
    for values in (LOAD % b"0.25", MEMORY % b"90.00"):
        assert not bench.scan(RUN % 2 + values, at=20)
        bench.read(RUN % 2 + values, at=20)

    assert bench.scan(RUN % 2 + LOAD % b"0.50", at=40)


def test_a_dyno_that_was_forgotten_is_not_written_to(bench: Bench) -> None:
    bench.registry.expire(T0 + 1000)

    assert not bench.scan(RUN % 1 + LOAD % b"0.25", at=1001)
    assert list(bench.registry.shown()) == []


def test_a_dyno_that_went_down_is_not_written_to(bench: Bench) -> None:
    bench.registry.apply(DynoStateChange("up", "down"), bench.identity, T0 + 1, T0 + 1)

    assert not bench.scan(RUN % 1 + LOAD % b"0.25", at=2)
    assert list(bench.registry.shown()) == []


@pytest.mark.parametrize(
    "msg",
    [
        RUN % 1 + b" sample#load_avg_1m=0.10",
        RUN % 1 + LOAD % b"x",
        RUN % 1 + LOAD % b"0.1" + b" sample#new=1",
        RUN % 1,
        b"Cycling",
        b"",
    ],
)
def test_lines_of_another_form_are_left_to_the_parser(bench: Bench, msg: bytes) -> None:
    before = bench.state()

    assert not bench.scan(msg, at=20)
    assert bench.state() == before


steps = st.tuples(
    st.integers(1, 3),
    st.sampled_from([LOAD % b"0.5", LOAD % b"0.7", MEMORY % b"90.1", b" sample#load_avg_1m=3.0"]),
    st.integers(0, 39),
)


@given(st.lists(steps, max_size=25))
def test_both_ways_end_in_the_same_state(script: list[tuple[int, bytes, int]]) -> None:
    short, long = Bench(), Bench()
    for run, values, at in script:
        short.take(RUN % run + values, at)
        long.read(RUN % run + values, at)

    assert short.state() == long.state()
