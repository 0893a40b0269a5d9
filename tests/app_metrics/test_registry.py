"""The registry of what applications print: sums, minutes, expiry, and books that balance."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from heroku_syslogd.app_metrics import AppMetricRegistry
from heroku_syslogd.heroku.events import AppMetric, AppMetrics, AppMetricType
from heroku_syslogd.series_budget import SeriesBudget

COUNT, MEASURE, SAMPLE, UNIQUE = AppMetricType
T0 = 1_700_000_040.0  # a full minute
EXPIRE_AFTER = 3600.0


class Applications:
    """What applications print, with a clock that the test turns."""

    def __init__(self, *, limit: int = 1000) -> None:
        self.budget = SeriesBudget(limit)
        self.registry = AppMetricRegistry(EXPIRE_AFTER)
        self.now = T0

    def print(self, *metrics: AppMetric, app: str = "shop") -> None:
        self.registry.apply(AppMetrics(metrics), app, self.budget, self.now)

    def meet(self, *members: bytes) -> None:
        self.print(*(AppMetric(UNIQUE, "user", 0.0, "", member) for member in members))

    @property
    def distinct(self) -> float | None:
        return dict(self.registry.uniques(self.now)).get(("shop", "user"))


def listed(registry: AppMetricRegistry, now: float) -> int:
    """Return the number of series that an exposition would have: a measure has two."""
    return (
        len(list(registry.counts()))
        + 2 * len(list(registry.measures()))
        + len(list(registry.samples()))
        + len(list(registry.uniques(now)))
    )


@pytest.fixture
def apps() -> Applications:
    return Applications()


def test_counts_add_up(apps: Applications) -> None:
    apps.print(AppMetric(COUNT, "orders", 2.0, ""))
    apps.print(AppMetric(COUNT, "orders", 0.5, ""), AppMetric(COUNT, "orders", 1.0, ""))

    assert dict(apps.registry.counts()) == {("shop", "orders", ""): 3.5}


def test_measures_have_a_number_and_a_sum(apps: Applications) -> None:
    apps.print(AppMetric(MEASURE, "latency", 0.25, "seconds"))
    apps.print(AppMetric(MEASURE, "latency", 0.5, "seconds"))

    assert list(apps.registry.measures()) == [(("shop", "latency", "seconds"), 2, 0.75)]
    assert apps.budget.used == 2


def test_of_samples_the_last_one_stays(apps: Applications) -> None:
    apps.print(AppMetric(SAMPLE, "depth", 7.0, ""))
    apps.print(AppMetric(SAMPLE, "depth", -2.0, ""))

    assert dict(apps.registry.samples()) == {("shop", "depth", ""): -2.0}


@pytest.mark.parametrize("type_", [COUNT, MEASURE])
def test_what_adds_up_takes_nothing_negative(apps: Applications, type_: AppMetricType) -> None:
    apps.print(AppMetric(type_, "refunds", -1.0, ""))
    assert listed(apps.registry, apps.now) == 0
    assert apps.budget.used == 0

    apps.print(AppMetric(type_, "refunds", 3.0, ""), AppMetric(type_, "refunds", -1.0, ""))
    assert [total for _, total in apps.registry.counts()] in ([3.0], [])
    assert [(count, total) for _, count, total in apps.registry.measures()] in ([(1, 3.0)], [])


def test_type_unit_name_and_application_tell_series_apart(apps: Applications) -> None:
    apps.print(
        AppMetric(SAMPLE, "size", 1.0, "bytes"),
        AppMetric(SAMPLE, "size", 2.0, "seconds"),
        AppMetric(SAMPLE, "length", 3.0, "bytes"),
        AppMetric(COUNT, "size", 4.0, "bytes"),
    )
    apps.print(AppMetric(SAMPLE, "size", 5.0, "bytes"), app="blog")

    assert dict(apps.registry.samples()) == {
        ("shop", "size", "bytes"): 1.0,
        ("shop", "size", "seconds"): 2.0,
        ("shop", "length", "bytes"): 3.0,
        ("blog", "size", "bytes"): 5.0,
    }
    assert dict(apps.registry.counts()) == {("shop", "size", "bytes"): 4.0}
    assert apps.budget.used == 5


def test_the_first_minute_shows_what_it_has_so_far(apps: Applications) -> None:
    apps.meet(b"alice", b"bob", b"alice")
    apps.now += 59

    assert apps.distinct == 2


def test_distinct_members_are_those_of_the_last_complete_minute(apps: Applications) -> None:
    apps.meet(b"alice", b"bob", b"carol")
    apps.now += 60
    assert apps.distinct == 3

    apps.meet(b"dave")
    assert apps.distinct == 3

    apps.now += 60
    assert apps.distinct == 1
    apps.meet(b"alice", b"bob")
    assert apps.distinct == 1


def test_a_minute_without_members_shows_zero(apps: Applications) -> None:
    apps.meet(b"alice")
    apps.now += 120
    assert apps.distinct == 0

    apps.meet(b"bob")
    assert apps.distinct == 0  # this minute is not complete, the one before had none
    apps.now += 60
    assert apps.distinct == 1


def test_a_clock_that_is_set_back_counts_on(apps: Applications) -> None:
    apps.meet(b"alice")
    apps.now -= 3600
    assert apps.distinct == 0

    apps.meet(b"bob", b"carol")
    apps.now += 60
    assert apps.distinct == 2


def test_silent_series_expire_and_others_stay(apps: Applications) -> None:
    apps.print(AppMetric(MEASURE, "old", 1.0, ""), AppMetric(COUNT, "kept", 1.0, ""))
    apps.print(AppMetric(SAMPLE, "old", 1.0, ""), app="blog")
    apps.now += EXPIRE_AFTER
    apps.print(AppMetric(COUNT, "kept", 1.0, ""))
    assert apps.registry.expire(apps.now) == 0

    apps.now += 1
    assert apps.registry.expire(apps.now) == 3
    assert dict(apps.registry.counts()) == {("shop", "kept", ""): 2.0}
    assert listed(apps.registry, apps.now) == apps.budget.used == 1


def test_a_negative_value_does_not_keep_a_series(apps: Applications) -> None:
    apps.print(AppMetric(COUNT, "orders", 1.0, ""))
    apps.now += EXPIRE_AFTER + 1
    apps.print(AppMetric(COUNT, "orders", -1.0, ""))

    assert apps.registry.expire(apps.now) == 1


def test_a_changed_expiry_applies_to_series_that_exist(apps: Applications) -> None:
    apps.print(AppMetric(COUNT, "orders", 1.0, ""))
    apps.now += 11
    apps.registry.expire_after = 10.0

    assert apps.registry.expire(apps.now) == 1


def test_a_forgotten_application_begins_anew(apps: Applications) -> None:
    for app in ("shop", "blog"):
        apps.print(
            AppMetric(COUNT, "a", 5.0, ""),
            AppMetric(MEASURE, "b", 5.0, ""),
            AppMetric(SAMPLE, "c", 5.0, ""),
            AppMetric(UNIQUE, "d", 0.0, "", b"x"),
            app=app,
        )
    apps.registry.forget("shop")
    apps.registry.forget("never heard of")

    assert listed(apps.registry, apps.now) == apps.budget.used == 5
    apps.print(AppMetric(COUNT, "a", 1.0, ""))
    assert dict(apps.registry.counts())["shop", "a", ""] == 1.0


def test_at_the_series_limit_new_series_are_refused_and_old_ones_go_on() -> None:
    apps = Applications(limit=3)
    apps.print(AppMetric(COUNT, "a", 1.0, ""), AppMetric(SAMPLE, "b", 1.0, ""))
    apps.print(
        AppMetric(MEASURE, "c", 1.0, ""),  # would take two
        AppMetric(COUNT, "a", 1.0, ""),
        AppMetric(UNIQUE, "d", 0.0, "", b"x"),
        AppMetric(COUNT, "e", 1.0, ""),
    )

    assert dict(apps.registry.counts()) == {("shop", "a", ""): 2.0}
    assert dict(apps.registry.uniques(apps.now)) == {("shop", "d"): 1.0}
    assert (apps.budget.used, apps.budget.refused) == (3, 3)


class Books(RuleBasedStateMachine):
    """Whatever happens in whatever order, the budget is what an exposition would list."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = SeriesBudget(25)
        # An application may come back with another budget, when its drain has been configured.
        self.budgets = [self.whole, self.whole.share(2), self.whole.share(10)]
        self.registry = AppMetricRegistry(100.0)
        self.now = T0

    @rule(
        metrics=st.lists(
            st.builds(
                AppMetric,
                st.sampled_from(AppMetricType),
                st.sampled_from("abcdef"),
                st.floats(-10, 10),
                st.sampled_from(["", "seconds", "bytes"]),
                st.binary(max_size=2),
            ),
            max_size=8,
        ).map(tuple),
        app=st.sampled_from(["shop", "blog", "wiki"]),
        budget=st.integers(0, 2),
    )
    def apply(self, metrics: tuple[AppMetric, ...], app: str, budget: int) -> None:
        totals = dict(self.registry.counts())
        self.registry.apply(AppMetrics(metrics), app, self.budgets[budget], self.now)
        after = dict(self.registry.counts())
        assert all(after[key] >= total for key, total in totals.items())

    @rule(seconds=st.floats(-10, 200))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def expire(self) -> None:
        before = self.whole.used
        assert self.registry.expire(self.now) == before - self.whole.used

    @rule(app=st.sampled_from(["shop", "blog", "wiki"]))
    def forget(self, app: str) -> None:
        self.registry.forget(app)
        assert all(key[0] != app for key, _ in self.registry.counts())

    @invariant()
    def books_balance(self) -> None:
        assert listed(self.registry, self.now) == self.whole.used <= 25
        assert all(budget.used >= 0 for budget in self.budgets)

    def teardown(self) -> None:
        for app in ("shop", "blog", "wiki"):
            self.registry.forget(app)
        assert [budget.used for budget in self.budgets] == [0, 0, 0]


TestBooks = Books.TestCase
