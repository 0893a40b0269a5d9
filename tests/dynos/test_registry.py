"""The dyno registry: runs, states, expiry, counters over restarts, and its bounds."""

from collections.abc import Callable

import pytest

from heroku_syslogd.dynos import HANDOVER_AFTER, Dyno, DynoIdentity, DynoRegistry
from heroku_syslogd.heroku import DynoStateChange, RuntimeSample, SampleLine
from heroku_syslogd.series_budget import SeriesBudget

T0 = 1_700_000_000.0
OLD, NEW, NEWER = "old-run", "new-run", "newer-run"


class Fleet:
    """One application's dynos, with a clock that the test turns."""

    def __init__(self, *, expire_after: float = 120.0, limit: int = 1000) -> None:
        self.budget = SeriesBudget(limit)
        self.registry = DynoRegistry(expire_after)
        self.now = T0

    def load(
        self, value: float, run: str = OLD, *, dyno: str = "web.1", at: float | None = None
    ) -> None:
        sample = RuntimeSample(SampleLine.LOAD, run, {"load_avg_1m": value})
        self._apply(sample, dyno, at)

    def memory(
        self, run: str = OLD, *, dyno: str = "web.1", at: float | None = None, **values: float
    ) -> None:
        self._apply(RuntimeSample(SampleLine.MEMORY, run, values), dyno, at)

    def state(self, old: str, new: str, *, dyno: str = "web.1") -> None:
        self._apply(DynoStateChange(old, new), dyno, None)

    def _apply(self, event: RuntimeSample | DynoStateChange, dyno: str, at: float | None) -> None:
        timestamp = self.now if at is None else at
        identity = DynoIdentity("shop", dyno.partition(".")[0], dyno, self.budget)
        self.registry.apply(event, identity, timestamp, self.now)

    @property
    def shown(self) -> dict[str, Dyno]:
        return {dyno.identity.name: dyno for dyno in self.registry.shown()}

    @property
    def load_1m(self) -> float | None:
        dyno = self.shown.get("web.1")
        return dyno.values.get("load_avg_1m") if dyno else None


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def test_gauges_appear_with_the_first_sample(fleet: Fleet) -> None:
    fleet.state("starting", "up")
    assert fleet.shown == {}

    fleet.load(0.5)

    assert fleet.shown["web.1"].state == "up"
    assert fleet.shown["web.1"].run == OLD
    assert fleet.shown["web.1"].sampled_at == T0


@pytest.mark.parametrize("end", ["down", "crashed", "complete"])
def test_gauges_disappear_when_the_dyno_ends(fleet: Fleet, end: str) -> None:
    fleet.load(0.5)
    fleet.state("up", end)

    assert fleet.shown == {}
    assert fleet.budget.used == 0


def test_late_lines_of_an_ended_run_do_not_bring_it_back(fleet: Fleet) -> None:
    fleet.load(0.5)
    fleet.state("up", "down")
    fleet.now += 1
    fleet.memory(memory_rss=1.0)

    assert fleet.shown == {}


def test_a_new_run_after_a_crash_is_shown_and_is_up(fleet: Fleet) -> None:
    fleet.load(0.5)
    fleet.state("up", "crashed")
    fleet.now += 15
    fleet.load(0.1, NEW)

    assert fleet.load_1m == 0.1
    assert fleet.shown["web.1"].state is None  # not "crashed"


def test_the_newer_of_two_overlapping_runs_is_shown_never_a_mixture(fleet: Fleet) -> None:
    fleet.load(5.0, OLD)
    fleet.memory(OLD, memory_rss=500.0)
    fleet.now += 10
    fleet.load(0.1, NEW)  # preboot: both report for a while
    fleet.now += 1
    fleet.memory(OLD, memory_rss=501.0)
    fleet.load(5.1, OLD)

    assert fleet.shown["web.1"].run == NEW
    assert fleet.shown["web.1"].values == {"load_avg_1m": 0.1}

    fleet.memory(NEW, memory_rss=50.0)
    assert fleet.shown["web.1"].values == {"load_avg_1m": 0.1, "memory_rss": 50.0}


def test_the_end_of_the_older_run_leaves_the_newer_one(fleet: Fleet) -> None:
    fleet.load(5.0, OLD)
    fleet.now += 10
    fleet.load(0.1, NEW)
    fleet.now += 5
    fleet.load(5.0, OLD)
    fleet.state("up", "down")

    assert fleet.load_1m == 0.1


def test_the_end_after_an_overlap_that_is_long_over_ends_the_newer_run(fleet: Fleet) -> None:
    fleet.load(5.0, OLD)
    fleet.now += 10
    fleet.load(0.1, NEW)
    fleet.now += HANDOVER_AFTER + 1
    fleet.load(0.1, NEW)
    fleet.state("up", "down")

    assert fleet.shown == {}


def test_a_late_line_of_a_run_never_seen_is_not_the_newer_run(fleet: Fleet) -> None:
    fleet.load(0.1, NEW)
    fleet.now += 2
    fleet.load(5.0, OLD, at=T0 - 30)

    assert fleet.load_1m == 0.1


def test_a_run_mistaken_for_the_older_one_is_believed_once_the_other_falls_silent(
    fleet: Fleet,
) -> None:
    # Started in the middle of an overlap: the newer run happens to be heard first.
    fleet.load(0.1, NEW)
    fleet.now += 5
    fleet.load(5.0, OLD)
    assert fleet.load_1m == 5.0

    while fleet.now < T0 + 5 + HANDOVER_AFTER:
        fleet.now += 20
        fleet.load(0.2, NEW)

    assert fleet.load_1m == 0.2


def test_lines_out_of_order_do_not_bring_older_values_back(fleet: Fleet) -> None:
    fleet.load(2.0, at=T0 + 20)
    fleet.load(1.0, at=T0)

    fleet.memory(at=T0 + 19, memory_rss=2.0)  # the kinds are two lines, in any order
    fleet.memory(at=T0 + 18, memory_rss=1.0)

    assert fleet.shown["web.1"].values == {"load_avg_1m": 2.0, "memory_rss": 2.0}
    assert fleet.shown["web.1"].sampled_at == T0 + 20


def test_the_end_of_a_dyno_never_heard_of_is_not_remembered(fleet: Fleet) -> None:
    fleet.state("up", "down")

    assert len(fleet.registry) == 0


def test_a_timestamp_from_the_far_future_does_not_block_later_samples(fleet: Fleet) -> None:
    fleet.load(1.0, at=T0 + 10_000_000)
    assert fleet.shown["web.1"].sampled_at == T0

    fleet.now += 20
    fleet.load(2.0)
    assert fleet.load_1m == 2.0


def test_page_counters_go_on_rising_over_a_restart(fleet: Fleet) -> None:
    fleet.memory(OLD, memory_pgpgin=1000, memory_pgpgout=10)
    fleet.now += 20
    fleet.memory(NEW, memory_pgpgin=3, memory_pgpgout=1)

    dyno = fleet.shown["web.1"]
    assert dyno.values["memory_pgpgin"] + dyno.carried["memory_pgpgin"] == 1003
    assert dyno.values["memory_pgpgout"] + dyno.carried["memory_pgpgout"] == 11

    fleet.now += 20
    fleet.memory(NEWER, memory_pgpgin=7)
    assert fleet.shown["web.1"].carried == {"memory_pgpgin": 1003, "memory_pgpgout": 11}


def test_silent_dynos_expire_and_others_stay(fleet: Fleet) -> None:
    fleet.load(1.0, dyno="web.1")
    fleet.load(1.0, dyno="web.2")
    fleet.now += 119
    fleet.load(1.0, dyno="web.2")
    assert fleet.registry.expire(fleet.now) == 0

    fleet.now += 1
    assert fleet.registry.expire(fleet.now) == 1
    assert set(fleet.shown) == {"web.2"}
    assert fleet.budget.used == 4


def test_one_off_dynos_come_and_go_without_growth(fleet: Fleet) -> None:
    for number in range(5000):
        dyno = f"run.{number}"
        fleet.load(1.0, run=f"run-{number}", dyno=dyno)
        fleet.state("up", "complete", dyno=dyno)
        fleet.now += 1
        if number % 5 == 0:
            fleet.registry.expire(fleet.now)
        assert len(fleet.registry) <= 126

    assert fleet.shown == {}
    assert fleet.budget.used == 0


def test_dynos_that_only_change_state_are_bounded_too() -> None:
    fleet = Fleet(limit=400)
    for number in range(1000):
        fleet.state("starting", "up", dyno=f"web.{number}")

    assert len(fleet.registry) == 100
    assert fleet.budget.refused == 900 * 4


def test_at_the_series_limit_new_dynos_are_refused_and_old_ones_go_on() -> None:
    fleet = Fleet(limit=10)
    fleet.load(1.0, dyno="web.1")
    fleet.load(1.0, dyno="web.2")
    assert fleet.budget.used == 8

    fleet.memory(dyno="web.1", memory_rss=1.0, memory_swap=1.0, memory_quota=1.0)
    fleet.load(1.5, dyno="web.1")

    assert fleet.shown["web.1"].values == {"load_avg_1m": 1.5}
    assert fleet.budget.used == 8
    assert fleet.budget.refused == 3


def test_a_sample_without_a_run_counts_for_the_run_that_is_shown(fleet: Fleet) -> None:
    fleet.load(1.0)
    fleet.load(2.0, run="")

    assert fleet.shown["web.1"].run == OLD
    assert fleet.load_1m == 2.0


@pytest.mark.parametrize("event", [lambda f: f.load(1.0), lambda f: f.state("starting", "up")])
def test_the_budget_always_equals_the_series_that_are_shown(
    fleet: Fleet, event: Callable[[Fleet], None]
) -> None:
    event(fleet)
    fleet.memory(memory_rss=1.0)
    fleet.memory(NEW, memory_rss=1.0, memory_quota=2.0)
    fleet.load(1.0, NEWER)

    expected = sum(len(dyno.values) + 3 for dyno in fleet.shown.values())
    assert fleet.budget.used == expected


def test_a_dyno_that_crashes_again_and_again_is_not_shown(fleet: Fleet) -> None:
    fleet.load(0.5)
    for run in (NEW, NEWER):
        fleet.state("up", "crashed")
        assert fleet.shown == {}
        fleet.now += 10
        fleet.state("starting", "up")
        fleet.load(0.5, run)
        assert fleet.shown["web.1"].run == run

    fleet.state("up", "crashed")
    assert fleet.shown == {}


def test_a_dyno_that_goes_down_soon_after_it_was_up_is_not_shown(fleet: Fleet) -> None:
    fleet.load(0.5)
    fleet.state("up", "down")
    fleet.now += 10
    fleet.state("starting", "up")
    fleet.load(0.7, NEW)
    fleet.now += 10
    fleet.state("up", "down")

    assert fleet.shown == {}


def test_samples_of_a_process_that_takes_its_time_to_end_change_nothing(fleet: Fleet) -> None:
    fleet.load(0.5)
    fleet.state("up", "down")
    fleet.now += 20
    fleet.load(0.9)
    assert fleet.shown == {}

    fleet.state("starting", "up")
    fleet.load(0.7, NEW)
    fleet.now += 20
    fleet.load(0.9)
    assert fleet.load_1m == 0.7
    fleet.state("up", "down")

    assert fleet.shown == {}


def test_a_run_that_was_held_to_have_ended_and_goes_on_is_shown_again(fleet: Fleet) -> None:
    fleet.load(0.5)
    fleet.state("up", "down")
    fleet.now += HANDOVER_AFTER
    fleet.load(0.6)

    assert fleet.load_1m == 0.6


def test_page_counters_go_on_after_a_crash(fleet: Fleet) -> None:
    fleet.memory(memory_pgpgin=1000.0)
    fleet.state("up", "crashed")
    fleet.now += 10
    fleet.memory(NEW, memory_pgpgin=5.0)

    dyno = fleet.shown["web.1"]
    assert dyno.values["memory_pgpgin"] + dyno.carried["memory_pgpgin"] == 1005
