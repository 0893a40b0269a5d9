"""The time of a capture: what is silent in it expires as it would have."""

import pytest

from heroku_syslogd.config import Config
from heroku_syslogd.replay import summarise
from heroku_syslogd.simulate import octet_framed
from heroku_syslogd.wire import FrameDecoder, encode_frame
from tests.replay.lines import NOW, TOKEN, dynos, load, replay_of


def test_dynos_that_are_silent_at_the_end_of_the_capture_are_gone() -> None:
    early = load("22:00:00", "web.1") + load("22:00:00", "web.2")
    late = b"".join(load(f"22:0{minute}:30", "web.2") for minute in range(5))

    assert dynos(replay_of(early + late, config=Config())) == {"web.2"}


def test_a_gap_in_the_capture_expires_what_a_quiet_daemon_would_have_expired() -> None:
    run_1 = load("22:00:00", "web.1").replace(b"heroku.1.r", b"heroku.1.a")
    memory = run_1.replace(b"load_avg_1m=0.25", b"memory_rss=1.0MB")
    again = load("23:00:00", "web.1")
    replay = replay_of(octet_framed([*FrameDecoder().feed(run_1 + memory + again).frames]))
    kept = next(iter(replay.pipeline.registry.dynos.shown()))
    replay = replay_of(run_1 + memory + again, config=Config())
    (anew,) = replay.pipeline.registry.dynos.shown()

    assert kept.run == anew.run == "r"
    assert "memory_rss" not in anew.values


def test_the_drain_was_last_heard_when_the_capture_says_so() -> None:
    replay = replay_of(load("22:13:20", "web.1") + load("22:13:21.500", "web.1"))

    assert b'heroku_drain_last_message_timestamp_seconds{app="d.9173ea1f"} 1.7000000015e+09' in (
        replay.metrics()
    )


def test_the_clock_does_not_go_back() -> None:
    replay = replay_of(load("23:00:00", "web.1") + load("22:00:00", "web.2"), config=Config())

    assert replay.clock.newest == 1_700_002_800.0
    assert dynos(replay) == {"web.1", "web.2"}


@pytest.mark.parametrize("time", [b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00+14:00", b"soon"])
def test_a_time_that_cannot_be_is_not_believed(time: bytes) -> None:
    odd = encode_frame(b"<134>1 %s %s app web.1 - - x" % (time, TOKEN))
    replay = replay_of(odd + load("22:13:20", "web.1") + odd, config=Config())

    assert (replay.clock.began, replay.clock.newest) == (1_700_000_000.0, 1_700_000_000.0)
    assert dynos(replay) == {"web.1"}


def test_without_any_time_the_machine_has_one() -> None:
    replay = replay_of(encode_frame(b"<134>1 - %s app web.1 - - x" % TOKEN))

    assert summarise(replay).began is None
    assert replay.pipeline.registry.tallies.last_message_at() == {"d.9173ea1f": NOW}
