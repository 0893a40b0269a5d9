"""What is sent at intervals: the same as a scrape shows, but for samples of dynos and add-ons."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from heroku_syslogd.exposition import DaemonCollector, Exposition, build_registry
from heroku_syslogd.exposition.blocks import heroku_blocks
from heroku_syslogd.remote_write.counters import CounterEncoder
from heroku_syslogd.remote_write.samples import SAMPLE_METRICS
from tests.remote_write.protobuf import Series, series_of
from tests.status.bench import T0, Bench, load_line, memory_line, request_line

INSTANCE = {"instance": "receiver-1", "job": "heroku-syslogd"}
SAMPLES = {metric.name for metric in SAMPLE_METRICS}


def busy() -> tuple[Bench, CollectorRegistry]:
    bench = Bench()
    for dyno in ("web.1", "web.2"):
        bench.say("heroku", dyno, memory_line(dyno, 100))
        bench.say("heroku", dyno, load_line(dyno, 0.5))
    bench.say("heroku", "router", request_line(), times=10)
    bench.say("heroku", "router", request_line(503, service=30000, code="H12"))
    bench.say("app", "web.1", "count#jobs=3 measure#took=12ms sample#depth=7 unique#user=a")
    bench.say("app", "api", "Deploy 1a2b3c4 by user u")
    bench.say("app", "api", "Scaled to web@4:Standard-1X by user u")
    bench.say("app", "heroku-postgres", "source=DATABASE addon=x sample#db_size=1000bytes")
    own = build_registry(
        DaemonCollector(bench.telemetry, bench.queue, bench.pipeline, None, lambda: T0)
    )
    return bench, own


def sent(bench: Bench, own: CollectorRegistry) -> Iterator[Series]:
    encoder = CounterEncoder(INSTANCE)
    for block in encoder.blocks(heroku_blocks(bench.pipeline.registry, T0), T0):
        yield from series_of(b"".join(block))
    yield from series_of(b"".join(encoder.own(own, T0)))


def test_it_is_what_a_scrape_shows() -> None:
    bench, own = busy()
    text = Exposition(bench.pipeline.registry, own, bench.telemetry, lambda: T0).render_at_once()
    scraped = {
        (sample.name, frozenset(one for one in sample.labels.items() if one[1])): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name not in SAMPLES and not sample.name.startswith(("process_", "python_gc"))
    }
    written = {
        (one.name, frozenset(set(one.labels) - {("__name__", one.name)} - set(INSTANCE.items()))): (
            one.samples[0][0]
        )
        for one in sent(bench, own)
        if not one.name.startswith(("process_", "python_gc"))
    }

    assert len(scraped) > 150
    assert {name for name, _ in scraped} >= {
        *("heroku_router_service_seconds_bucket", "heroku_app_measure_sum"),
        *("heroku_log_messages_total", "heroku_syslogd_received_messages_total"),
    }
    assert written == scraped


def test_every_series_has_the_label_of_the_receiver_and_the_time_of_the_look() -> None:
    bench, own = busy()

    for one in sent(bench, own):
        assert set(INSTANCE.items()) <= set(one.labels)
        assert list(one.labels) == sorted(one.labels)
        assert [at for _, at in one.samples] == [T0 * 1000]


def test_no_series_is_sent_twice() -> None:
    bench, own = busy()
    labels = [one.labels for one in sent(bench, own)]

    assert len(labels) == len(set(labels))
