"""What messages do to the metrics, and what is lost with which reason."""

import pytest

from heroku_syslogd.heroku import Event, Kind
from heroku_syslogd.wire import Dialect
from heroku_syslogd.worker import NOBODY, Observer, together
from tests.pipeline_bench import LOAD, T0, TIME, TOKEN, Bench, line


def test_lines_are_counted_by_application_source_and_process_type(bench: Bench) -> None:
    frames = [
        line(b"app", b"web.1", b"hello"),
        line(b"app", b"web.2", b"hello"),
        line(b"heroku", b"router", b"at=info"),
        line(b"app", b"heroku-postgres", b"sample#x=1", b"d.fc6b856b-3332-4546-93de-7d0ee272c3bd"),
    ]
    bench.apply(*frames, *frames)

    assert bench.messages == {
        ("shop", "app", "web"): 4,
        ("shop", "heroku", "router"): 2,
        ("d.fc6b856b", "app", "heroku-postgres"): 2,
    }
    assert sum(tally.bytes for tally in bench.tallies.logs()) == 2 * sum(map(len, frames))
    assert bench.tallies.last_message_at() == {"shop": T0, "d.fc6b856b": T0}
    bench.check_books()


@pytest.mark.parametrize("dialect", Dialect)
def test_samples_of_both_dialects_reach_the_dynos(bench: Bench, dialect: Dialect) -> None:
    nil = b"- " if dialect is Dialect.RFC5424 else b""
    for value in (b"0.25", b"0.50"):  # the first takes the full parser, the second the fast path
        frame = b"<45>1 %s %s heroku web.1 - %s" % (TIME, TOKEN, nil + LOAD % value)
        bench.apply(frame, dialect=dialect)

    assert bench.loads == {"web.1": 0.5}


def test_an_application_that_prints_a_sample_changes_no_dyno(bench: Bench) -> None:
    bench.apply(
        line(b"app", b"web.1", LOAD % b"9.99"),
        line(b"app", b"web.1", LOAD % b"9.99"),
        line(b"app", b"web.1", b"State changed from up to down"),
        line(b"app", b"web.1", b"x\n200 <134>1 - d.x heroku web.1 - - " + LOAD % b"9.99"),
    )

    assert bench.loads == {}
    bench.check_books()


def test_a_sample_with_a_timestamp_that_nobody_can_read_is_dated_by_its_arrival(
    bench: Bench,
) -> None:
    bench.apply(b"<45>1 yesterday %s heroku web.1 - - %s" % (TOKEN, LOAD % b"1.00"))

    assert [dyno.sampled_at for dyno in bench.dynos.shown()] == [T0]


def test_headers_that_cannot_be_parsed_are_lost_with_a_reason(bench: Bench) -> None:
    bench.apply(
        b"junk", b"<999>1 - h a p - - x", b"<13>2 x", b"<13>1 x", line(b"app", b"web.1", b"")
    )

    assert bench.lost == {"header": 4}
    assert {str(k): v for k, v in bench.telemetry.parse_errors.items()} == {
        "pri": 2,
        "version": 1,
        "fields": 1,
    }
    assert len(bench.reported) == 4
    bench.check_books()


def test_a_bad_pri_is_refused_on_a_known_stream_too(bench: Bench) -> None:
    good = line(b"app", b"web.1", b"hello")
    bench.apply(good, good.replace(b"<134>", b"<999>"), good.replace(b"<134>", b"<0134>"))

    assert bench.lost == {"header": 2}
    bench.check_books()


def test_a_process_type_called_postgres_has_no_server_log(bench: Bench) -> None:
    record = line(b"app", b"postgres.1", b"[DATABASE] [1-1] LOG:  duration: 9.5 ms  statement: x")
    slow = 'heroku_postgres_slow_queries_total{app="shop",source="DATABASE"}'
    bench.apply(record, record)
    assert bench.series()[slow] == 2

    bench.apply(line(b"heroku", b"postgres.1", b"State changed from starting to up"))
    bench.apply(record, record)

    assert bench.series()[slow] == 2
    bench.check_books()


def test_what_no_rule_knows_is_counted_by_source(bench: Bench) -> None:
    bench.apply(
        *[line(b"heroku", b"web.1", b"Something new")] * 2,
        line(b"heroku", b"web.1", b"Cycling"),
        *[line(b"app", b"some-addon", b"hello")] * 3,
        *[line(b"app", b"web.1", b"hello")] * 4,
        *[line(b"heroku", b"router", b"hello")] * 5,
    )

    found = {(log.source, log.process_type): log.unrecognised for log in bench.tallies.logs()}
    assert found == {
        ("heroku", "web"): 2,
        ("app", "some-addon"): 3,
        ("app", "web"): 0,
        ("heroku", "router"): 5,
    }
    series = bench.series()
    assert (
        series['heroku_unrecognised_messages_total{app="shop",source="heroku",process_type="web"}']
        == 2
    )
    assert (
        'heroku_unrecognised_messages_total{app="shop",source="app",process_type="web"}'
        not in series
    )


def test_metrics_of_applications_have_a_budget_of_their_own() -> None:
    bench = Bench(max_app_metric_series=10)
    for number in range(50):
        bench.apply(line(b"app", b"web.1", b"count#n%d=1" % number))
    bench.apply(line(b"heroku", b"web.1", LOAD % b"0.50"))

    assert sum(key.startswith("heroku_app_count_total") for key in bench.series()) == 10
    assert bench.registry.app_metrics_budget.refused > 0
    assert bench.loads == {"web.1": 0.5}
    assert bench.lost == {}


def test_everything_applied_is_understood_output_or_unrecognised(bench: Bench) -> None:
    bench.apply(
        line(b"heroku", b"web.1", LOAD % b"0.50"),
        line(b"heroku", b"web.1", LOAD % b"0.50"),
        line(b"heroku", b"web.1", LOAD % b"0.50"),
        line(b"app", b"web.1", b"count#x=1"),
        line(b"app", b"web.1", b"count#x=1"),
        line(b"app", b"web.1", b"hello #1"),
        line(b"app", b"api", b"Release v1 created by user a@example.com"),
        line(b"heroku", b"new", b"hello"),
    )

    recognised = {str(kind): count for kind, count in bench.registry.recognised.items() if count}
    assert recognised == {"runtime_sample": 3, "app_metrics": 2, "api": 1}
    assert sum(log.unrecognised for log in bench.tallies.logs()) == 1
    assert bench.telemetry.applied_messages == 8


def test_an_observer_sees_what_it_wants_and_nothing_counts_twice() -> None:
    seen: list[Event] = []
    observer = Observer(
        frozenset({Kind.RUNTIME_SAMPLE}),
        lambda event, subject, at, msg: seen.append(event),
        every=frozenset({Kind.RUNTIME_SAMPLE}),
    )
    bench = Bench(observer=observer)
    bench.apply(*[line(b"heroku", b"web.1", LOAD % b"0.50")] * 3, line(b"app", b"api", b"x"))
    assert len(seen) == 3

    bench.worker.observe(NOBODY)
    bench.apply(*[line(b"heroku", b"web.1", LOAD % b"0.50")] * 3)

    assert len(seen) == 3
    assert bench.registry.recognised[Kind.RUNTIME_SAMPLE] == 6


def test_several_observers_see_what_each_of_them_wants() -> None:
    seen: dict[str, list[Kind]] = {"states": [], "both": []}
    states = Observer(
        frozenset({Kind.DYNO_STATE}), lambda event, *_: seen["states"].append(event.kind)
    )
    both = Observer(
        frozenset({Kind.DYNO_STATE, Kind.RUNTIME_SAMPLE}),
        lambda event, *_: seen["both"].append(event.kind),
        every=frozenset({Kind.RUNTIME_SAMPLE}),
    )
    bench = Bench(observer=together(NOBODY, states, both))
    bench.apply(
        *[line(b"heroku", b"web.1", LOAD % b"0.50")] * 2,
        line(b"heroku", b"web.1", b"State changed from up to crashed"),
        line(b"heroku", b"web.1", b"Cycling"),
    )

    assert seen["states"] == [Kind.DYNO_STATE]
    assert sorted(seen["both"]) == [Kind.DYNO_STATE, *[Kind.RUNTIME_SAMPLE] * 2]
