"""Offline means the same as live, and every message has its place in the books."""

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from heroku_syslogd.config import AppMetricsConfig, Config, Duration, DynosConfig, LimitsConfig
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.heroku import line_rule
from heroku_syslogd.replay import Replay, summarise
from heroku_syslogd.simulate import octet_framed, record
from heroku_syslogd.wire import (
    Dialect,
    FrameDecoder,
    Message,
    encode_frame,
    parse_message,
    parse_timestamp,
)
from tests.corpus.example import Example
from tests.corpus.examples import EXAMPLES
from tests.pipeline_bench import Bench, batch
from tests.replay.lines import NOW, TOKEN, check_books, dynos, line, load, replay_of


def capture_of(examples: list[Example]) -> bytes:
    return b"".join(one.body if one.framed else encode_frame(one.body) for one in examples)


def examples_of(dialect: Dialect, *, faulty: bool) -> list[Example]:
    return [one for one in EXAMPLES if one.dialect is dialect and bool(one.faults) is faulty]


def live(frames: list[bytes], dialect: Dialect) -> Bench:
    """Apply frames as the daemon does, on a bench without configured drains."""
    bench = Bench(max_series=100_000)
    bench.drains.configure({}, reject_unknown=False, max_apps=1000)
    bench.worker.apply(batch(*frames, dialect=dialect)._replace(received_at=NOW))
    return bench


def comparable(metrics: bytes) -> dict[bytes, float]:
    """Return the samples that do not depend on when messages were received.

    Rounded: what is added in another order is not the same to the last digit.
    """
    when = (b"heroku_drain_last_message_timestamp_seconds", b"heroku_app_unique")
    samples = [one.rpartition(b" ") for one in metrics.splitlines() if not one.startswith(b"#")]
    return {
        series: float(f"{float(value):.12g}")
        for series, _, value in samples
        if not series.startswith(when)
    }


def exposed(bench: Bench) -> bytes:
    registry = CollectorRegistry()
    registry.register(HerokuCollector(bench.registry, lambda: NOW))
    return generate_latest(registry)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("faulty", [False, True])
def test_published_lines_give_the_metrics_that_they_give_live(
    dialect: Dialect, faulty: bool
) -> None:
    capture = capture_of(examples_of(dialect, faulty=faulty))
    decoder = FrameDecoder()
    frames = decoder.feed(capture).frames + decoder.finish().frames

    replay = replay_of(capture, dialect=dialect)

    bench = live(frames, dialect)
    assert comparable(replay.metrics()) == comparable(exposed(bench))
    summary = summarise(replay)
    assert summary.messages == len(frames)
    assert summary.understood == {k: n for k, n in bench.registry.recognised.items() if n}
    check_books(summary)


def test_a_recorded_mix_gives_the_metrics_that_it_gives_live() -> None:
    messages = record(20_000)
    bench = Bench(max_series=100_000)
    bench.drains.configure({}, reject_unknown=False, max_apps=1000)
    now = tidied_at = 0.0
    for frame in messages:
        now = max(now, parse_timestamp(frame.split(b" ", 2)[1]) or 0.0)
        bench.worker.apply(batch(frame)._replace(received_at=now))
        if now - tidied_at >= 5.0:
            bench.pipeline.tidy(now)
            tidied_at = now

    config = Config(
        limits=LimitsConfig(max_series=100_000), app_metrics=AppMetricsConfig(max_series=1000)
    )
    replay = replay_of(octet_framed(messages), config=config)

    assert dynos(replay)
    assert comparable(replay.metrics()) == comparable(exposed(bench))


def meanings(messages: list[bytes]) -> Counter[str]:
    """Sort messages by what they mean, one by one."""
    found: Counter[str] = Counter()
    for frame in messages:
        message = parse_message(frame, Dialect.RFC5424)
        if not isinstance(message, Message):
            found["lost"] += 1
            continue
        rule = line_rule(message.app_name, message.procid)
        event = rule.parse(message.msg)
        if event is not None:
            found[event.kind] += 1
        else:
            found["output" if rule.is_output else "unrecognised"] += 1
    return found


@pytest.mark.parametrize(
    "messages",
    [
        record(5000),
        [one.body for one in EXAMPLES if one.dialect is Dialect.RFC5424 and not one.framed]
        + [b"<999>1 x", b"<13>2 x", b"<13>1 x"],
    ],
    ids=["recorded mix", "published lines"],
)
def test_every_message_is_in_one_place_of_the_summary(messages: list[bytes]) -> None:
    summary = summarise(replay_of(octet_framed(messages)))

    expected = meanings(messages)
    found = Counter({str(kind): count for kind, count in summary.understood.items()})
    found["output"] = summary.output
    found["unrecognised"] = sum(summary.unrecognised.values())
    found["lost"] = sum(summary.lost.values())
    assert +found == +expected
    check_books(summary)


TIMES = ("22:13:20.5", "22:13:21.25", "22:13:59", "23:30:00", "x", "22:13:20.75")
pieces = st.one_of(
    st.builds(load, st.sampled_from(TIMES), st.sampled_from(["web.1", "web.2"])),
    st.builds(
        line,
        st.sampled_from(TIMES),
        st.sampled_from(["heroku", "app"]),
        st.sampled_from(["web.1", "router", "heroku-redis"]),
        st.sampled_from(["State changed from up to down", "sample#x=1", "hello"]),
        st.sampled_from([TOKEN, b"d.other", b"d.third"]),
    ),
    st.sampled_from([b"\n", b"junk", b"12 <1", b"<13>1 -\n", b"99 <13>", b"2023-11-14T22:13"]),
    st.binary(max_size=20),
)
tight = Config(
    limits=LimitsConfig(max_apps=2, max_frame_bytes=1024),
    dynos=DynosConfig(expire_after=Duration(10)),
)


@settings(max_examples=300)
@given(st.lists(pieces, max_size=30).map(b"".join), st.sampled_from(Dialect), st.data())
def test_a_capture_read_in_any_pieces_gives_the_same_summary_and_metrics(
    capture: bytes, dialect: Dialect, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(capture)), max_size=12)))
    whole = replay_of(capture, config=tight, dialect=dialect)
    parts = Replay(tight, dialect, None, lambda: NOW)
    parts.begin()
    for begin, end in itertools.pairwise([0, *cuts, len(capture)]):
        parts.feed(capture[begin:end])
    parts.end()
    parts.finish()

    assert summarise(parts) == summarise(whole)
    assert comparable(parts.metrics()) == comparable(whole.metrics())
    check_books(summarise(whole))


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=200), max_size=4), st.sampled_from(Dialect))
def test_any_captures_are_accounted_for(captures: list[bytes], dialect: Dialect) -> None:
    summary = summarise(replay_of(*captures, dialect=dialect))

    assert summary.bytes == sum(map(len, captures))
    check_books(summary)
