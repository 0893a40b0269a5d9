"""Add-ons: the newest line of each, expiry, and books that balance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.addons import AddonRegistry
from heroku_syslogd.heroku import Addon, AddonSample
from heroku_syslogd.series_budget import SeriesBudget

T0 = 1_700_000_000.0


class Bench:
    def __init__(self, max_series: int = 100) -> None:
        self.budget = SeriesBudget(max_series)
        self.registry = AddonRegistry(300.0)

    def sample(
        self,
        at: float = T0,
        *,
        app: str = "shop",
        source: str = "DATABASE",
        unknown: tuple[str, ...] = (),
        **values: float,
    ) -> None:
        event = AddonSample(Addon.POSTGRES, source, "postgresql-curly-1", values, unknown)
        self.registry.apply(event, app, event.name, self.budget, at, at)

    @property
    def values(self) -> dict[str, dict[str, float]]:
        return {state.identity.source: state.values for state in self.registry.shown()}

    def check_books(self) -> None:
        assert self.budget.used == sum(state.series for state in self.registry.shown())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_each_attachment_has_its_own_values(bench: Bench) -> None:
    bench.sample(tables=17)
    bench.sample(tables=18, load_avg_1m=0.5)
    bench.sample(source="HEROKU_POSTGRESQL_GREEN", tables=3)

    assert bench.values == {
        "DATABASE": {"tables": 18, "load_avg_1m": 0.5},
        "HEROKU_POSTGRESQL_GREEN": {"tables": 3},
    }
    assert bench.budget.used == 3 + 2


def test_a_line_that_comes_late_changes_nothing_but_shows_that_it_lives(bench: Bench) -> None:
    bench.sample(T0 + 60, tables=18)
    bench.sample(T0, tables=17)

    (state,) = bench.registry.shown()
    assert state.values == {"tables": 18}
    assert state.sampled_at == T0 + 60


def test_a_silent_add_on_disappears_with_its_series(bench: Bench) -> None:
    bench.sample(T0, tables=17)
    bench.sample(T0 + 200, source="REPLICA", tables=17)

    assert bench.registry.expire(T0 + 299) == 0
    assert bench.registry.expire(T0 + 300) == 1
    assert list(bench.values) == ["REPLICA"]
    bench.check_books()


def test_unknown_keys_are_counted_and_not_guessed(bench: Bench) -> None:
    bench.sample(unknown=("new-key", "other"), tables=1)
    bench.sample(unknown=("new-key",))

    assert bench.registry.unknown_keys[Addon.POSTGRES] == 3
    assert bench.values == {"DATABASE": {"tables": 1}}


def test_an_add_on_gives_back_to_the_budget_that_it_took_from(bench: Bench) -> None:
    first, second = bench.budget, SeriesBudget(100)
    bench.sample(T0, tables=1)
    bench.budget = second
    bench.sample(T0 + 60, tables=1, load_avg_1m=0.1)
    bench.registry.expire(T0 + 1000)

    assert (first.used, second.used) == (0, 0)


def test_without_room_known_values_go_on(bench: Bench) -> None:
    bench = Bench(max_series=3)
    bench.sample(T0, tables=1, load_avg_1m=0.1)
    bench.sample(T0 + 60, tables=2, load_avg_1m=0.2, load_avg_5m=0.3)
    bench.sample(T0 + 60, source="REPLICA", tables=2)

    assert bench.values == {"DATABASE": {"tables": 2, "load_avg_1m": 0.2}}
    assert bench.budget.refused == 3
    bench.check_books()


steps = st.one_of(
    st.tuples(
        st.just("sample"),
        st.sampled_from(["shop", "blog"]),
        st.sampled_from(["A", "B", "C"]),
        st.dictionaries(st.sampled_from(["x", "y", "z"]), st.just(1.0), max_size=3),
    ),
    st.tuples(st.just("expire")),
    st.tuples(st.just("forget"), st.sampled_from(["shop", "blog"])),
)


@given(st.lists(st.tuples(steps, st.floats(-60, 400)), max_size=30))
def test_the_books_balance(script: list[tuple[tuple[object, ...], float]]) -> None:
    bench, now = Bench(max_series=8), T0
    for step, passes in script:
        now += passes
        match step:
            case ("sample", str(app), str(source), dict(values)):
                bench.sample(now, app=app, source=source, **values)
            case ("forget", str(app)):
                bench.registry.forget(app)
            case _:
                bench.registry.expire(now)
        bench.check_books()
