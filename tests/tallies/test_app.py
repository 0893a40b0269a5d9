"""How each kind of event counts."""

import pytest

from heroku_syslogd.catalogue import Metric, apps, dynos
from heroku_syslogd.heroku import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    Event,
    FormationItem,
    LogLoss,
    PlatformError,
    PostgresRecord,
    Scale,
    SlowQuery,
)
from heroku_syslogd.series_budget import SeriesBudget
from heroku_syslogd.tallies import AppTally, Circumstances, Durations, Tallies
from heroku_syslogd.tallies.app import DYNO_CODES, LOG_CODES

T0 = 1_700_000_000.0
TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
WEB = Circumstances("web", TOKEN.encode(), T0)


class Bench:
    def __init__(self, max_series: int = 1000) -> None:
        self.budget = SeriesBudget(max_series)
        self.app = AppTally("shop", self.budget, Durations())

    def count(self, *events: Event, line: Circumstances = WEB) -> None:
        for event in events:
            self.app.count(event, line)

    def values(self, metric: Metric) -> dict[tuple[str, ...], float]:
        """Return the series of a metric that are not 0, without the label app."""
        of_metric = self.app.series.values.get(metric, {})
        return {labels[1:]: value.value for labels, value in of_metric.items() if value.value}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_state_changes_are_counted_and_crashes_begin_at_zero(bench: Bench) -> None:
    bench.app.note_dynos("web")
    bench.count(DynoStateChange("starting", "up"))
    assert bench.app.series.values[dynos.DYNO_STATE_CHANGES].keys() == {
        ("shop", "web", "starting", "up"),
        ("shop", "web", "starting", "crashed"),
        ("shop", "web", "up", "crashed"),
    }

    bench.count(DynoStateChange("up", "crashed"), DynoStateChange("crashed", "starting"))
    bench.count(DynoStateChange("starting", "crashed"), DynoStateChange("up", "crashed"))

    assert bench.values(dynos.DYNO_STATE_CHANGES) == {
        ("web", "starting", "up"): 1,
        ("web", "up", "crashed"): 2,
        ("web", "crashed", "starting"): 1,
        ("web", "starting", "crashed"): 1,
    }


def test_exits_and_actions(bench: Bench) -> None:
    bench.count(DynoExit(137), DynoExit(137), DynoExit(0), DynoExit(None))
    bench.count(DynoAction(DynoActionName.CYCLE), DynoAction(DynoActionName.KILL))

    assert bench.values(dynos.DYNO_EXITS) == {
        ("web", "137"): 2,
        ("web", "0"): 1,
        ("web", "none"): 1,
    }
    assert bench.values(dynos.DYNO_ACTIONS) == {("web", "cycle"): 1, ("web", "kill"): 1}


def test_errors_are_those_of_the_process_type_or_of_logplex(bench: Bench) -> None:
    bench.count(PlatformError("R14"), PlatformError("R14"), PlatformError("R98"))
    bench.count(PlatformError("L11"))

    assert bench.values(apps.ERRORS) == {
        ("web", "R14"): 2,
        ("web", "R98"): 1,
        ("logplex", "L11"): 1,
    }


def test_losses_count_messages_unless_they_are_those_of_another_drain(bench: Bench) -> None:
    bench.count(LogLoss("L10", 5), LogLoss("L12", 7))
    bench.count(LogLoss("L10", 11, drain=TOKEN))
    bench.count(LogLoss("L10", 1000, drain=TOKEN.replace("9", "8")))

    assert bench.values(apps.LOGPLEX_DROPPED) == {(): 23}
    assert bench.values(apps.ERRORS) == {("logplex", "L10"): 2, ("logplex", "L12"): 1}


def test_releases_deploys_and_rollbacks(bench: Bench) -> None:
    bench.count(
        ApiChange(ApiAction.DEPLOY, "059375fe", user="a@example.com"),
        ApiChange(ApiAction.RELEASE, version=16, user="a@example.com"),
        ApiChange(ApiAction.ROLLBACK, version=11, user="a@example.com"),
        ApiChange(ApiAction.RELEASE, version=17),
    )

    assert bench.values(apps.RELEASES) == {("deploy",): 1, ("release",): 2, ("rollback",): 1}
    assert bench.values(apps.RELEASE_VERSION) == {(): 17}
    assert bench.values(apps.LAST_DEPLOY) == {(): T0}
    labels = [
        label for series in bench.app.series.values.values() for key in series for label in key
    ]
    assert not any("example.com" in label for label in labels)


def test_builds(bench: Bench) -> None:
    bench.count(Build(BuildResult.STARTED), Build(BuildResult.FAILED), Build(BuildResult.STARTED))

    assert bench.values(apps.BUILDS) == {("started",): 2, ("failed",): 1}


def test_the_formation_is_what_was_last_asked_for(bench: Bench) -> None:
    bench.count(
        Scale((FormationItem("web", 4, "Standard-1X"), FormationItem("worker", 1, "Standard-2X")))
    )
    bench.count(Scale((FormationItem("web", 2, "Performance-M"),)))
    bench.count(Scale((FormationItem("clock", 1, ""),)))

    assert bench.values(dynos.FORMATION_DYNOS) == {
        ("web", "Performance-M"): 2,
        ("worker", "Standard-2X"): 1,
        ("clock", "none"): 1,
    }
    used = bench.budget.used
    bench.count(Scale((FormationItem("web", 0, "Performance-M"),)))
    assert bench.app.series.values[dynos.FORMATION_DYNOS]["shop", "web", "Performance-M"].value == 0
    assert bench.budget.used == used


def test_an_older_line_that_comes_late_changes_no_gauge(bench: Bench) -> None:
    """Neither Logplex nor a batch keeps the order of lines that come from different sources."""
    late = WEB._replace(time=T0 - 60)
    bench.count(
        Scale((FormationItem("web", 4, "Standard-1X"),)),
        ApiChange(ApiAction.RELEASE, version=12),
        ApiChange(ApiAction.DEPLOY),
    )
    bench.count(
        Scale((FormationItem("web", 1, "Performance-M"),)),
        ApiChange(ApiAction.RELEASE, version=11),
        ApiChange(ApiAction.DEPLOY),
        line=late,
    )

    assert bench.values(dynos.FORMATION_DYNOS) == {("web", "Standard-1X"): 4}
    assert bench.values(apps.RELEASE_VERSION) == {(): 12}
    assert bench.values(apps.LAST_DEPLOY) == {(): T0}


def test_invented_process_types_of_a_formation_are_not_remembered() -> None:
    bench = Bench(max_series=20)

    for number in range(1000):
        bench.count(Scale((FormationItem(f"type{number}", 1, "x"),)))

    assert len(bench.app._formation) <= 20


def test_slow_queries_are_records_too(bench: Bench) -> None:
    bench.count(
        SlowQuery("DATABASE", 2.4, "", "SELECT ?"),
        PostgresRecord("DATABASE", "ERROR", "23505"),
        PostgresRecord("DATABASE"),
    )

    assert bench.values(apps.SLOW_QUERIES) == {("DATABASE",): 1}
    assert bench.values(apps.POSTGRES_RECORDS) == {("DATABASE", "LOG"): 1, ("DATABASE", "ERROR"): 1}
    histogram = bench.app.series.histograms[apps.SLOW_QUERY_SECONDS]["shop", "DATABASE"]
    assert histogram.counts[apps.BUCKETS.index(2.5)] == 1
    assert histogram.sum == 2.4


def test_closed_vocabularies_begin_at_zero_once_the_platform_speaks(bench: Bench) -> None:
    bench.app.note_platform()
    bench.app.note_platform()

    series = bench.app.series.values
    assert set(series[apps.RELEASES]) == {("shop", action) for action in ApiAction}
    assert set(series[apps.BUILDS]) == {("shop", result) for result in BuildResult}
    assert set(series[apps.LOGPLEX_DROPPED]) == {("shop",)}
    assert set(series[apps.ERRORS]) == {("shop", "logplex", code) for code in LOG_CODES}
    assert bench.budget.used == len(ApiAction) + len(BuildResult) + len(LOG_CODES) + 1


def test_what_can_go_wrong_with_dynos_begins_at_zero(bench: Bench) -> None:
    bench.app.note_dynos("web")

    errors = bench.app.series.values[apps.ERRORS]
    assert {labels: value.value for labels, value in errors.items()} == {
        ("shop", "web", code): 0 for code in DYNO_CODES
    }


def test_what_begins_at_zero_takes_no_place_of_what_happened() -> None:
    bench = Bench(max_series=10)
    bench.count(*(DynoExit(status) for status in range(5)))
    bench.app.note_platform()
    bench.app.note_dynos("web")
    bench.count(*(DynoExit(status) for status in range(5, 10)))

    assert len(bench.values(dynos.DYNO_EXITS)) == 10
    assert bench.budget.refused == 0


def test_output_and_other_lines_of_one_process_type_share_a_tally(bench: Bench) -> None:
    output = bench.app.log("app", "web", is_output=True)
    assert bench.budget.used == 3
    other = bench.app.log("app", "web", is_output=False)

    assert output is other
    assert output is not None
    assert not output.is_output
    assert bench.budget.used == 4


def test_a_budget_that_is_spent_refuses_and_counts_the_rest(bench: Bench) -> None:
    bench = Bench(max_series=2)
    bench.count(*(DynoExit(status) for status in range(5)))
    bench.count(SlowQuery("DATABASE", 2.4, "", ""), Scale((FormationItem("web", 1, "x"),)))
    bench.count(DynoExit(0))

    assert bench.values(dynos.DYNO_EXITS) == {("web", "0"): 2, ("web", "1"): 1}
    assert bench.budget.used == 2
    assert bench.app.log("app", "web", is_output=True) is None


def test_a_forgotten_application_gives_its_series_back() -> None:
    tallies, budget = Tallies(), SeriesBudget(1000)
    app = tallies.app("shop", budget)
    app.note_platform()
    assert app.log("heroku", "router", is_output=False) is not None
    app.count(SlowQuery("DATABASE", 2.4, "", ""), WEB)
    assert app.router.scanned == 0

    tallies.forget("shop")
    tallies.forget("never-met")

    assert budget.used == 0
    assert list(tallies.apps()) == []
