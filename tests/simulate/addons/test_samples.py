from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from heroku_syslogd.simulate.addons.samples import Drift, Watch, load_samples, sample_message
from heroku_syslogd.simulate.load_average import LoadAverage


@pytest.mark.parametrize("seed", range(5))
def test_a_drift_stays_within_its_bounds_and_moves_in_small_steps(seed: int) -> None:
    drift = Drift(10.0, 20.0, Random(seed))
    values = [drift.after(60.0) for _ in range(1000)]

    assert all(10.0 <= value <= 20.0 for value in values)
    steps = [abs(two - one) for one, two in pairwise(values)]
    assert max(steps) <= 1.0
    assert max(values) - min(values) > 5.0


def test_a_drift_does_not_move_in_no_time_nor_faster_after_a_long_one() -> None:
    drift = Drift(0.0, 10.0, Random(1))
    value = drift.after(0.0)

    assert drift.after(0.0) == value
    assert abs(drift.after(1e9) - value) <= 1.0


def test_a_watch_does_not_run_backwards() -> None:
    watch = Watch(100.0)

    assert watch.elapsed(160.0) == 60.0
    assert watch.elapsed(130.0) == 0.0
    assert watch.elapsed(131.0) == 1.0


def test_load_is_divided_by_the_processors() -> None:
    load = LoadAverage(0.0)
    load.read(3, 60.0)

    assert load_samples(load)["load-avg-1m"] == "0.95"
    assert load_samples(LoadAverage(0.0))["load-avg-15m"] == "0"


def test_a_message_is_source_addon_samples() -> None:
    assert sample_message("REDIS", "redis-flat-1", {"a": "1", "b": "2kB"}) == (
        "source=REDIS addon=redis-flat-1 sample#a=1 sample#b=2kB"
    )
