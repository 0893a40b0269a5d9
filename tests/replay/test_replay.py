"""What a capture can be, and what a replay takes from the configuration."""

import json

import pytest

from heroku_syslogd.config import Config, DrainsConfig, LimitsConfig
from heroku_syslogd.heroku import Kind
from heroku_syslogd.replay import Stretches, UnknownKeys, summarise
from heroku_syslogd.simulate import octet_framed, record
from heroku_syslogd.wire import Dialect, FrameFault
from tests.replay.lines import RENDERED, TOKEN, check_books, line, load, replay_of


@pytest.mark.parametrize("capture", [RENDERED, b"\xef\xbb\xbf" + RENDERED])
@pytest.mark.parametrize("dialect", Dialect)
def test_text_of_heroku_logs_is_read_too(capture: bytes, dialect: Dialect) -> None:
    replay = replay_of(capture, dialect=dialect)

    summary = summarise(replay)
    assert summary.understood == {
        Kind.ROUTER_REQUEST: 1,
        Kind.DYNO_STATE: 1,
        Kind.ADDON_SAMPLE: 1,
    }
    assert summary.output == 1
    assert summary.lost == {"header: pri": 1}
    assert summary.malformed == {FrameFault.BLANK: Stretches(1, 2)}
    assert summary.unknown_keys == {"redis": UnknownKeys(1, ("new",))}
    assert b'heroku_redis_hit_ratio{addon="none",app="unknown",source="R"} 1.0' in replay.metrics()
    check_books(summary)


def test_each_capture_has_a_framing_of_its_own_and_the_state_goes_on() -> None:
    first = load("22:13:20", "web.1")
    second = b"<134>1 2023-11-14T22:13:21+00:00 %s app web.1 - - hello" % TOKEN
    replay = replay_of(first + first[:-9], second, RENDERED, b"", b"<1>")

    summary = summarise(replay)
    assert replay.rendered == 1
    assert summary.captures == 5
    assert summary.malformed[FrameFault.TRUNCATED] == Stretches(1, len(first) - 9)
    assert summary.messages == 1 + 1 + 5 + 1


def test_a_damaged_capture_is_read_to_its_end() -> None:
    replay = replay_of(b"junk\n" * 10_000 + load("22:13:20", "web.1"))

    summary = summarise(replay)
    assert summary.malformed[FrameFault.UNEXPECTED_BYTE].count == 10_000
    assert summary.understood == {Kind.RUNTIME_SAMPLE: 1}


def test_the_configuration_names_drains_and_sets_limits() -> None:
    config = Config(
        drains=DrainsConfig(tokens={TOKEN.decode(): "shop"}, unknown="reject"),
        limits=LimitsConfig(max_frame_bytes=1024),
    )
    other = line("22:13:20", "app", "web.1", "x", b"d.other")
    long = line("22:13:20", "app", "web.1", "x" * 2000)
    replay = replay_of(load("22:13:20", "web.1") + other + long, config=config)

    summary = summarise(replay)
    assert b'heroku_dyno_load_avg_1m{app="shop",dyno="web.1",process_type="web"} 0.25' in (
        replay.metrics()
    )
    assert summary.lost == {"unknown_drain": 1}
    assert summary.malformed == {FrameFault.TOO_LONG: Stretches(1, len(long))}


def test_events_are_lines_of_json_of_every_kind() -> None:
    events: list[bytes] = []
    messages = record(2000)
    replay = replay_of(octet_framed(messages), events=events)

    order = {frame.split(b" ", 2)[1][:26].decode(): n for n, frame in enumerate(messages)}
    documents = [json.loads(one) for one in events]
    positions = [order[one["dt"][:26]] for one in documents if one["dt"][:26] in order]
    assert len(positions) > 300
    assert positions == sorted(positions)
    assert all(one.endswith(b"\n") for one in events)
    assert len(documents) >= sum(summarise(replay).understood.values())
    assert summarise(replay) == summarise(replay_of(octet_framed(messages)))
    requests = [one for one in documents if "http_response" in one["event"]]
    assert len(requests) == summarise(replay).understood[Kind.ROUTER_REQUEST]
