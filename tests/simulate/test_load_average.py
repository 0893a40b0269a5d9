from __future__ import annotations

from math import exp

import pytest

from heroku_syslogd.simulate.load_average import PERIODS, LoadAverage, damped


def test_one_step_of_the_documented_formula() -> None:
    # exp(-20/60) = 0.716531, so three tasks count for 3 * 0.283469.
    assert damped(0.0, 3, 20, 60) == pytest.approx(0.850406, abs=1e-6)
    assert damped(0.850406, 0, 20, 60) == pytest.approx(0.609343, abs=1e-6)


def test_constant_load_follows_the_closed_form() -> None:
    load = LoadAverage(now=0.0)
    for reading in range(1, 91):
        load.read(4, now=20.0 * reading)

    expected = [4 * (1 - exp(-1800 / period)) for period in PERIODS]
    assert [load.one_minute, load.five_minutes, load.fifteen_minutes] == pytest.approx(expected)


def test_averages_do_not_depend_on_how_often_a_constant_load_is_read() -> None:
    often, seldom = LoadAverage(now=0.0), LoadAverage(now=0.0)
    for second in range(1, 61):
        often.read(2, now=float(second))
    seldom.read(2, now=60.0)

    assert often.five_minutes == pytest.approx(seldom.five_minutes)


def test_a_clock_that_steps_back_changes_nothing() -> None:
    load = LoadAverage(now=100.0)
    load.read(2, now=120.0)
    before = load.one_minute
    load.read(9, now=60.0)

    assert load.one_minute == before
