"""Rates, shares, quantiles and curves of the last minutes."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.catalogue.apps import BUCKETS
from heroku_syslogd.status.recorder import (
    CURVE,
    LOAD_EVERY,
    LOADS,
    NO_TRAFFIC,
    WINDOW,
    AppTrend,
    Rate,
    Traffic,
    quantile,
)
from tests.status.bench import T0, Bench, load_line, request_line


def counts_of(seconds: list[float]) -> list[int]:
    counts = [0] * (len(BUCKETS) + 1)
    for one in seconds:
        counts[bisect_left(BUCKETS, one)] += 1
    return counts


def trend_of(bench: Bench, app: str = "shop") -> AppTrend:
    trend = bench.recorder.app(app)
    assert trend is not None
    return trend


# Quantiles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "share", "expected"),
    [
        ([], 0.5, None),
        ([0.02] * 10, 0.5, 0.0175),  # the middle of the bucket from 10 to 25 ms
        ([0.02] * 10, 1.0, 0.025),
        ([0.0001] * 4, 0.5, 0.0005),
        ([0.02] * 90 + [7.0] * 10, 0.95, 7.5),
        ([100.0], 0.5, 60.0),  # above the highest bound nothing else is known
    ],
)
def test_quantiles_are_those_of_promql(
    seconds: list[float], share: float, expected: float | None
) -> None:
    found = quantile(share, counts_of(seconds))

    assert found == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.floats(0, 59), min_size=1), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_that_holds_it(seconds: list[float], share: float) -> None:
    found = quantile(share, counts_of(seconds))
    ordered = sorted(seconds)
    exact = ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
    index = bisect_left(BUCKETS, exact)

    assert found is not None
    lower = BUCKETS[index - 1] if index else 0.0
    assert lower - 1e-9 <= found <= BUCKETS[index] + 1e-9


# Applications ------------------------------------------------------------------------------------


async def test_requests_of_the_last_minute_and_nothing_older() -> None:
    bench = Bench()
    bench.say("heroku", "router", request_line())
    await bench.look()
    assert trend_of(bench).traffic == NO_TRAFFIC

    bench.say("heroku", "router", request_line(), times=27)
    bench.say("heroku", "router", request_line(503, service=7000), times=3)
    await bench.look()
    traffic = trend_of(bench).traffic
    assert traffic.per_second == pytest.approx(6.0)
    assert traffic.server_error_share == pytest.approx(0.1)
    assert traffic.p50 is not None
    assert 0.01 < traffic.p50 < 0.025
    assert traffic.p99 is not None
    assert 5.0 < traffic.p99 <= 10.0

    for _ in range(WINDOW):
        await bench.look()
    assert trend_of(bench).traffic == NO_TRAFFIC


async def test_the_curve_of_an_application_is_its_rate_at_each_look() -> None:
    bench = Bench()
    bench.say("heroku", "router", request_line())
    await bench.look()
    for number in range(CURVE + 5):
        bench.say("heroku", "router", request_line(), times=5 * (number % 3) or 1)
        await bench.look()

    rates = list(trend_of(bench).rates)
    assert len(rates) == CURVE
    assert rates[-3:] == [2.0, 0.2, 1.0]


async def test_errors_are_told_once_however_many_they_are() -> None:
    bench = Bench()
    bench.say("heroku", "router", request_line(503, service=30000, code="H12"), times=500)
    await bench.look()
    await bench.look()
    bench.say("heroku", "web.1", "Error R14 (Memory quota exceeded)")
    await bench.look()

    assert [(entry.text, entry.count) for entry in bench.feed] == [
        ("R14 in web", 1),
        ("H12 in web", 500),
    ]


async def test_an_application_that_was_forgotten_and_comes_back_begins_anew() -> None:
    bench = Bench()
    token = "d.aaaaaaaa-0000-0000-0000-000000000000"
    bench.say("heroku", "router", request_line(), token=token, times=50)
    await bench.look()
    bench.pipeline.registry.tallies.forget("d.aaaaaaaa")
    bench.pipeline.worker.forget_streams()
    await bench.look()
    assert bench.recorder.app("d.aaaaaaaa") is None

    bench.say("heroku", "router", request_line(), token=token, times=20)
    await bench.look()
    bench.say("heroku", "router", request_line(), token=token, times=20)
    await bench.look()
    assert trend_of(bench, "d.aaaaaaaa").traffic.per_second == pytest.approx(4.0)


async def test_counters_that_began_anew_between_two_looks_count_from_zero() -> None:
    bench = Bench()
    token = "d.aaaaaaaa-0000-0000-0000-000000000000"
    bench.say("heroku", "router", request_line(), token=token, times=50)
    await bench.look()
    bench.pipeline.registry.tallies.forget("d.aaaaaaaa")
    bench.pipeline.worker.forget_streams()
    bench.say("heroku", "router", request_line(), token=token, times=10)
    await bench.look()

    assert trend_of(bench, "d.aaaaaaaa").traffic.per_second == pytest.approx(2.0)


# Dynos and the daemon ----------------------------------------------------------------------------


async def test_the_curve_of_a_dyno_has_a_point_for_every_fourth_look() -> None:
    bench = Bench()
    for number in range((LOADS + 3) * LOAD_EVERY):
        bench.say("heroku", "web.1", load_line("web.1", number / 100))
        await bench.look()

    loads = list(bench.recorder.loads("shop", "web.1"))
    assert len(loads) == LOADS
    assert loads[-2:] == pytest.approx([1.24, 1.28])


async def test_dynos_that_are_gone_leave_nothing() -> None:
    bench = Bench()
    bench.say("heroku", "web.1", load_line("web.1", 0.5))
    await bench.look()
    assert list(bench.recorder.loads("shop", "web.1")) == [0.5]

    bench.pipeline.registry.dynos.expire(bench.now + 1000)
    for _ in range(LOAD_EVERY):
        await bench.look()
    assert list(bench.recorder.loads("shop", "web.1")) == []
    assert bench.recorder._loads == {}


def test_the_rate_of_a_counter() -> None:
    rate = Rate()
    assert (rate.per_second, rate.last_minute) == (0.0, 0.0)

    for second, value in ((0, 100), (5, 150), (10, 150)):
        rate.look(value, T0 + second)
    assert list(rate.curve) == [10.0, 0.0]
    assert rate.last_minute == 50

    for number in range(WINDOW):
        rate.look(150, T0 + 15 + 5 * number)
    assert rate.last_minute == 0


def test_a_clock_that_stands_still_divides_nothing_by_zero() -> None:
    rate = Rate()
    rate.look(1, T0)
    rate.look(2, T0)

    assert rate.per_second == 0.0
    assert Traffic(0.0, None, None, None, None) == NO_TRAFFIC
