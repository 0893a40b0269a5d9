"""The worker: batches to metrics, every message applied or lost with a reason."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.bounded_queue import Batch, BoundedQueue, Origin
from heroku_syslogd.config import AppMetricsConfig, Config, DrainsConfig, LimitsConfig
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.heroku import Event, Kind
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.telemetry import LostReason, Telemetry
from heroku_syslogd.wire import Dialect, HeaderFault
from heroku_syslogd.worker import NOBODY, YIELD_AFTER, YIELD_AFTER_BYTES, Observer

T0 = 1_700_000_000.0
TOKEN = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
TIME = b"2023-11-14T22:13:20.000000+00:00"
LOAD = b"source=web.1 dyno=heroku.1.run-1 sample#load_avg_1m=%s"


class Bench:
    """A pipeline with its books."""

    def __init__(
        self,
        *,
        reject: bool = False,
        max_series: int = 1000,
        max_apps: int = 10,
        max_app_metric_series: int = 1000,
        observer: Observer = NOBODY,
    ) -> None:
        self.telemetry = Telemetry()
        self.counters = self.telemetry.listener("tcp")
        self.reported: list[HeaderFault] = []
        config = Config(
            limits=LimitsConfig(max_series=max_series, max_apps=max_apps),
            app_metrics=AppMetricsConfig(max_series=max_app_metric_series),
            drains=DrainsConfig(
                unknown="reject" if reject else "label", tokens={TOKEN.decode(): "shop"}
            ),
        )
        self.pipeline = Pipeline(
            config, self.telemetry, lambda _origin, fault: self.reported.append(fault), observer
        )
        self.worker = self.pipeline.worker
        self.drains = self.pipeline.drains
        self.registry = self.pipeline.registry
        self.budget = self.registry.budget
        self.tallies = self.registry.tallies
        self.dynos = self.registry.dynos

    def series(self) -> dict[str, float]:
        """Every sample of applications, as the text format writes it."""
        found = {}
        for family in HerokuCollector(self.registry, lambda: T0).collect():
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found

    def apply(self, *frames: bytes, dialect: Dialect = Dialect.RFC5424) -> None:
        self.counters.received_messages += len(frames)
        self.worker.apply(batch(*frames, dialect=dialect))

    def post(self, *frames: bytes, token: bytes = b"", app: str = "") -> None:
        """Apply a batch of an HTTPS drain."""
        self.counters.received_messages += len(frames)
        origin = Origin("tcp", "192.0.2.1", Dialect.LOGPLEX_1, token, app)
        self.worker.apply(Batch(list(frames), origin, T0, sum(map(len, frames))))

    @property
    def messages(self) -> dict[tuple[str, str, str], int]:
        return {(t.app, t.source, t.process_type): t.messages for t in self.tallies.logs()}

    @property
    def loads(self) -> dict[str, float]:
        return {dyno.identity.name: dyno.values["load_avg_1m"] for dyno in self.dynos.shown()}

    @property
    def lost(self) -> dict[str, int]:
        return {str(k): v for k, v in self.counters.lost_messages.items() if v}

    def check_books(self) -> None:
        lost = sum(self.counters.lost_messages.values())
        assert self.counters.received_messages == self.telemetry.applied_messages + lost
        assert self.telemetry.applied_messages == sum(self.messages.values())


def batch(*frames: bytes, dialect: Dialect = Dialect.RFC5424) -> Batch:
    origin = Origin("tcp", "192.0.2.1", dialect)
    return Batch(list(frames), origin, T0, sum(map(len, frames)))


def line(app_name: bytes, procid: bytes, msg: bytes, token: bytes = TOKEN) -> bytes:
    return b"<134>1 %s %s %s %s - - %s\n" % (TIME, token, app_name, procid, msg)


def posted(app_name: bytes, procid: bytes, msg: bytes) -> bytes:
    """Return a message as an HTTPS drain sends it."""
    return b"<134>1 %s host %s %s - %s\n" % (TIME, app_name, procid, msg)


@pytest.fixture
def bench() -> Bench:
    return Bench()


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


def test_unknown_drains_are_refused_if_so_configured() -> None:
    bench = Bench(reject=True)
    other = line(b"app", b"web.1", b"x", b"d.other")
    bench.apply(line(b"app", b"web.1", b"x"), other, other)

    assert bench.lost == {"unknown_drain": 2}
    assert bench.messages == {("shop", "app", "web"): 1}
    bench.check_books()


def test_invented_tokens_and_names_are_bounded_and_counted() -> None:
    bench = Bench(max_apps=5, max_series=40)
    for number in range(100):
        bench.apply(line(b"app", b"web.1", b"x", b"d.%08d" % number))
    for number in range(100):
        bench.apply(line(b"app%d" % number, b"web.1", b"x"))
    bench.apply(line(b"app", b"web.1", b"x", b"d.00000001"))

    assert bench.lost["app_limit"] == 95
    assert bench.lost["series_limit"] > 0
    assert bench.messages["d.00000001", "app", "web"] == 2
    bench.check_books()


def test_invented_drains_leave_room_for_configured_ones() -> None:
    bench = Bench(max_apps=1000, max_series=1000)
    for number in range(400):
        stranger = b"d.%08d" % number
        bench.apply(line(b"app", b"web.1", b"x", stranger))
        bench.apply(line(b"heroku", b"run.%d" % number, LOAD % b"1.00", stranger))
    assert 400 < bench.budget.used <= 500

    bench.apply(line(b"heroku", b"web.1", LOAD % b"0.50"))

    assert bench.loads["web.1"] == 0.5
    assert bench.messages["shop", "heroku", "web"] == 1
    bench.check_books()


def test_one_drain_leaves_room_for_the_others() -> None:
    bench = Bench(max_series=10_000)
    for number in range(2000):
        bench.apply(line(b"heroku", b"run.%d" % number, LOAD % b"1.00", b"d.greedy"))
    assert bench.budget.used <= 500

    bench.apply(line(b"app", b"web.1", b"x", b"d.modest"))
    bench.apply(line(b"heroku", b"web.1", LOAD % b"0.50", b"d.modest"))

    assert bench.loads["web.1"] == 0.5
    assert bench.lost == {}
    bench.check_books()


def test_idle_drains_that_nobody_configured_give_their_places_to_new_ones() -> None:
    bench = Bench(max_apps=10)
    for number in range(10):
        bench.apply(line(b"app", b"web.1", b"x", b"d.%08d" % number))
    bench.apply(line(b"app", b"web.1", b"x"))
    new = line(b"app", b"web.1", b"x", b"d.newcomer")
    bench.apply(new)
    assert bench.lost == {"app_limit": 1}

    assert bench.worker.make_room(T0 + 599) == 0
    busy = line(b"app", b"web.1", b"x", b"d.00000003")
    bench.worker.apply(batch(busy)._replace(received_at=T0 + 300))
    assert bench.worker.make_room(T0 + 600) == 9
    bench.apply(new)

    assert bench.messages == {
        ("shop", "app", "web"): 1,
        ("d.00000003", "app", "web"): 2,
        ("d.newcomer", "app", "web"): 1,
    }
    assert bench.budget.used == 3 * 3


def test_a_drain_that_is_named_later_keeps_its_place_and_its_counters() -> None:
    bench = Bench(max_apps=1, max_series=10_000)
    frame = line(b"app", b"web.1", b"x", b"relay-1")
    bench.apply(frame)
    tokens = {"relay-1": "relay-1"}
    promoted = bench.drains.configure(tokens, reject_unknown=False, max_apps=1)
    bench.worker.forget_streams(promoted)
    bench.apply(line(b"app", b"web.1", b"x", b"d.newcomer"))
    bench.worker.make_room(T0 + 1_000_000)
    bench.apply(frame)
    for number in range(200):  # more than the share of a drain that nobody named
        bench.apply(line(b"heroku", b"web.%d" % number, LOAD % b"1.00", b"relay-1"))

    for number in range(300):  # and of what is logged
        bench.apply(line(b"app%d" % number, b"web.1", b"x", b"relay-1"))

    assert promoted == {"relay-1"}
    assert bench.budget.used == sum(not key.startswith("heroku_app_") for key in bench.series())
    assert bench.messages["relay-1", "app", "web"] == 2
    assert len(bench.loads) == 200
    assert bench.lost == {}


def test_places_that_nobody_wants_are_kept(bench: Bench) -> None:
    bench.apply(line(b"app", b"web.1", b"x", b"d.quiet"))

    assert bench.worker.make_room(T0 + 1_000_000) == 0
    assert bench.messages == {("d.quiet", "app", "web"): 1}


def test_nobody_can_write_under_the_name_of_a_configured_application(bench: Bench) -> None:
    bench.apply(line(b"heroku", b"web.1", LOAD % b"9.99", b"shop"))

    assert bench.loads == {}
    assert bench.lost == {"unknown_drain": 1}
    bench.check_books()


def test_the_stream_cache_is_bounded(bench: Bench) -> None:
    bench.worker.max_streams = 100
    for number in range(1000):
        bench.apply(line(b"app", b"run.%d" % number, b"x"))
        bench.apply(line(b"app", b"x" * 300 + b".%d" % number, b"x"))
        assert sum(map(len, bench.worker._streams.values())) <= 100

    assert bench.messages["shop", "app", "run"] == 1000
    bench.check_books()


def test_a_changed_mapping_applies_to_streams_already_known(bench: Bench) -> None:
    frame = line(b"app", b"web.1", b"x")
    bench.apply(frame)
    bench.drains.configure({TOKEN.decode(): "store"}, reject_unknown=False, max_apps=10)
    bench.worker.forget_streams()
    bench.apply(frame)

    assert bench.messages == {("shop", "app", "web"): 1, ("store", "app", "web"): 1}


def test_lines_of_a_stream_keep_their_order_while_another_one_opens(bench: Bench) -> None:
    down = line(b"heroku", b"web.1", b"State changed from up to down")
    sample = line(b"heroku", b"web.1", LOAD % b"0.50")
    next_run = line(b"heroku", b"web.1", (LOAD % b"0.75").replace(b"run-1", b"run-2"))
    other = line(b"heroku", b"worker.1", b"Cycling")
    bench.apply(sample)

    bench.apply(down, other, next_run)
    assert bench.loads == {"web.1": 0.75}

    bench = Bench()
    bench.apply(down, sample, other, down)
    assert bench.loads == {}


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


# Whose a batch of an HTTPS drain is ---------------------------------------------------------------

OTHER = b"d.fc6b856b-3332-4546-93de-7d0ee272c3bd"


@pytest.mark.parametrize(
    ("token", "account", "app"),
    [
        pytest.param(TOKEN, "", "shop", id="a configured token"),
        pytest.param(TOKEN, "blog", "shop", id="a configured token, whoever sends it"),
        pytest.param(OTHER, "blog", "blog", id="the credential's application"),
        pytest.param(b"", "blog", "blog", id="the credential's application, no token"),
        pytest.param(OTHER, "", "d.fc6b856b", id="the label of the token"),
        pytest.param(b"", "", "host", id="nothing but HOSTNAME"),
    ],
)
def test_the_application_of_a_batch(bench: Bench, token: bytes, account: str, app: str) -> None:
    hello = posted(b"app", b"web.1", b"hello")
    for _ in range(2):  # the second time its stream is known
        bench.post(hello, hello, token=token, app=account)

    assert bench.messages == {(app, "app", "web"): 4}
    bench.check_books()


def test_a_hostname_in_a_batch_names_nobody(bench: Bench) -> None:
    forged = b"<134>1 %s %s app web.1 - x" % (TIME, TOKEN)
    bench.post(forged, forged, token=OTHER)

    assert bench.messages == {("d.fc6b856b", "app", "web"): 2}


def test_unknown_drains_are_refused_on_every_transport() -> None:
    bench = Bench(reject=True)
    hello = posted(b"app", b"web.1", b"hello")
    bench.apply(line(b"app", b"web.1", b"x", OTHER))
    bench.post(hello, hello, token=OTHER)
    bench.post(hello)
    assert bench.lost == {"unknown_drain": 4}

    bench.post(hello, token=TOKEN)
    bench.post(hello, token=OTHER, app="blog")

    assert bench.lost == {"unknown_drain": 4}
    assert bench.messages == {("shop", "app", "web"): 1, ("blog", "app", "web"): 1}
    bench.check_books()


def test_a_token_that_is_the_name_of_a_configured_application_is_refused(bench: Bench) -> None:
    bench.post(posted(b"heroku", b"web.1", LOAD % b"9.99"), token=b"shop")

    assert bench.loads == {}
    assert bench.lost == {"unknown_drain": 1}


def test_streams_of_the_same_name_do_not_mix_though_every_hostname_is_the_same(
    bench: Bench,
) -> None:
    sample = posted(b"heroku", b"web.1", LOAD % b"0.50")
    accounts = [(TOKEN, ""), (OTHER, ""), (OTHER, "blog"), (b"", "blog"), (b"d.x", "")]
    for _ in range(3):
        for token, app in accounts:
            bench.post(sample, sample, token=token, app=app)

    assert bench.messages == {
        ("shop", "heroku", "web"): 6,
        ("d.fc6b856b", "heroku", "web"): 6,
        ("blog", "heroku", "web"): 12,
        ("d.x", "heroku", "web"): 6,
    }
    loads = {dyno.identity.app: dyno.values["load_avg_1m"] for dyno in bench.dynos.shown()}
    assert loads == dict.fromkeys(("shop", "d.fc6b856b", "blog", "d.x"), 0.5)


def test_streams_of_syslog_and_of_batches_do_not_mix(bench: Bench) -> None:
    # Logplex puts no token into the HOSTNAME of a batch, but a relay may.
    frame = b"<134>1 %s %s app web.1 - - x" % (TIME, TOKEN)
    for _ in range(2):
        bench.apply(frame)
        bench.post(frame, token=OTHER)

    assert bench.messages == {("shop", "app", "web"): 2, ("d.fc6b856b", "app", "web"): 2}


@pytest.mark.parametrize(
    ("named", "dropped"),
    [pytest.param(TOKEN, 7, id="about this drain"), pytest.param(OTHER, None, id="another one")],
)
def test_a_loss_counts_for_the_drain_of_the_header_alone(
    bench: Bench, named: bytes, dropped: int | None
) -> None:
    notice = (
        b"<172>1 %s host heroku logplex - Error L10 (output buffer overflow): drain '%s'"
        b" dropped 7 messages since 2022-04-13T19:41:45.256379+00:00." % (TIME, named)
    )
    bench.post(notice, token=TOKEN)

    losses = {k: v for k, v in bench.series().items() if "logplex_dropped" in k and v}
    if dropped is None:
        assert losses == {}
    else:
        assert list(losses.values()) == [dropped]


def test_a_loss_in_the_old_wording_is_about_the_drain_that_it_came_over(bench: Bench) -> None:
    notice = (
        b"<172>1 %s host heroku logplex - Error L10 (output buffer overflow): 3 messages dropped"
        b" since 2014-11-07T23:29:45+00:00." % TIME
    )
    bench.post(notice, token=TOKEN)

    assert 3 in [value for key, value in bench.series().items() if "logplex_dropped" in key]


def test_invented_tokens_of_headers_are_bounded_and_counted() -> None:
    bench = Bench(max_apps=5, max_series=200)
    bench.worker.max_streams = 50
    hello = posted(b"app", b"web.1", b"hello")
    for number in range(1000):
        bench.post(hello, hello, token=b"d.%08d-%d" % (number, number))
        bench.post(hello, token=b"%d\xff\xfe" % number)
        assert len(bench.worker._streams) <= 50
        assert sum(map(len, bench.worker._streams.values())) <= 50
    bench.post(hello, token=TOKEN)

    assert len(bench.drains._met) <= 2 * 5
    assert bench.budget.used <= 200
    assert len(bench.messages) == 5 + 1
    assert bench.lost["app_limit"] > 2900
    assert bench.messages["shop", "app", "web"] == 1
    bench.check_books()


tokens = st.one_of(st.sampled_from([b"", TOKEN, OTHER, b"shop", b"-"]), st.binary(max_size=64))


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.binary(max_size=60), tokens, st.sampled_from(["", "blog", "shop"])),
        max_size=20,
    )
)
def test_batches_of_any_token_are_applied_or_lost(batches: list[tuple[bytes, bytes, str]]) -> None:
    bench = Bench(max_series=60, max_apps=3)
    for msg, token, app in batches:
        bench.post(posted(b"heroku", b"web.1", msg), msg, token=token, app=app)
        bench.check_books()


pieces = st.sampled_from(
    [b"<134>1", b"<13>", TIME, TOKEN, b"heroku", b"app", b"web.1", b"-", b"- -"]
)
frames = st.one_of(
    st.binary(max_size=100),
    st.lists(pieces, max_size=9).map(b" ".join),
    st.binary(max_size=60).map(lambda msg: line(b"heroku", b"web.1", msg)),
    st.binary(max_size=60).map(lambda msg: line(b"heroku", b"web.1", LOAD % msg)),
)


@settings(max_examples=300)
@given(st.lists(frames, max_size=20), st.sampled_from(Dialect))
def test_any_messages_are_applied_or_lost(messages: list[bytes], dialect: Dialect) -> None:
    bench = Bench(max_series=60, max_apps=3)
    bench.apply(*messages, dialect=dialect)
    bench.check_books()


@settings(max_examples=100)
@given(st.lists(frames, max_size=20))
def test_what_a_message_means_does_not_depend_on_whether_its_stream_is_known(
    messages: list[bytes],
) -> None:
    cold, warm = Bench(), Bench()
    for message in messages:
        cold.worker.forget_streams()
        cold.apply(message)
        warm.apply(message)

    assert cold.messages == warm.messages
    assert cold.loads == warm.loads
    assert cold.lost == warm.lost


async def test_workers_empty_a_closed_queue_and_end(bench: Bench) -> None:
    queue = BoundedQueue(10_000, 10_000_000)
    for _ in range(50):
        queue.put(batch(*[line(b"app", b"web.1", b"x")] * 100))
    bench.counters.received_messages += 5000
    tasks = [asyncio.create_task(bench.worker.run(queue)) for _ in range(3)]
    queue.close()
    await asyncio.gather(*tasks)

    assert bench.telemetry.applied_messages == 5000
    bench.check_books()


async def test_a_worker_lets_the_loop_turn_while_the_queue_is_full(bench: Bench) -> None:
    queue = BoundedQueue(1_000_000, 100_000_000)
    for _ in range(100):
        queue.put(batch(*[line(b"app", b"web.1", b"x")] * 100))
    queue.close()
    worker = asyncio.create_task(bench.worker.run(queue))
    turns = 0
    while not worker.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns >= 10


async def test_several_workers_do_together_what_one_does_before_the_loop_turns(
    bench: Bench,
) -> None:
    queue = BoundedQueue(1_000_000, 100_000_000)
    for _ in range(100):
        queue.put(batch(*[line(b"app", b"web.1", b"x")] * 100))
    queue.close()
    workers = [asyncio.create_task(bench.worker.run(queue)) for _ in range(4)]
    applied = [0]
    while not all(worker.done() for worker in workers):
        await asyncio.sleep(0)
        applied.append(bench.telemetry.applied_messages)

    assert max(after - before for before, after in pairwise(applied)) <= YIELD_AFTER
    assert applied[-1] == 10_000


async def test_a_bug_while_applying_is_counted_and_not_hidden(bench: Bench) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    bench.worker.observe(Observer(frozenset(Kind), broken))
    queue = BoundedQueue(100, 100_000)
    queue.put(batch(line(b"heroku", b"web.1", b"Idling")))

    with pytest.raises(RuntimeError, match="a bug"):
        await bench.worker.run(queue)
    assert bench.counters.lost_messages[LostReason.INTERNAL] == 1


def test_a_new_process_type_leaves_the_streams_of_the_others_known(bench: Bench) -> None:
    bench.apply(line(b"app", b"web.1", b"x"), line(b"heroku", b"web.1", b"Idling"))
    bench.apply(line(b"heroku", b"worker.1", b"Idling"))

    (streams,) = bench.worker._streams.values()
    assert len(streams) == 3


def test_streams_that_a_batch_made_forgotten_are_known_to_the_rest_of_it(bench: Bench) -> None:
    output = line(b"app", b"web.1", b"x")
    bench.apply(output, line(b"heroku", b"postgres.1", b"Idling"), output, output)

    (streams,) = bench.worker._streams.values()
    assert len(streams) == 2
    assert bench.messages["shop", "app", "web"] == 3
    bench.check_books()


async def test_the_event_loop_turns_between_long_messages() -> None:
    bench, queue, turns = Bench(), BoundedQueue(1000, 10**9), 0
    long = b"<190>1 2022-01-26T20:25:08+00:00 h app web.1 - - " + b"x" * YIELD_AFTER_BYTES
    for _ in range(10):
        queue.put(batch(long))
    queue.close()
    working = asyncio.create_task(bench.worker.run(queue))

    while not working.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns >= 10
