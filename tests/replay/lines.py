"""Captures for the tests of replays, and the equations that hold for all of them."""

from heroku_syslogd.config import (
    AddonsConfig,
    AppMetricsConfig,
    Config,
    Duration,
    DynosConfig,
    LimitsConfig,
)
from heroku_syslogd.replay import Replay, Summary
from heroku_syslogd.wire import Dialect, encode_frame

NOW = 1_800_000_000.0  # later than every example
FOR_EVER = Duration(1e10)
PATIENT = Config(
    limits=LimitsConfig(max_series=100_000),
    dynos=DynosConfig(expire_after=FOR_EVER),
    addons=AddonsConfig(expire_after=FOR_EVER),
    app_metrics=AppMetricsConfig(max_series=1000, expire_after=FOR_EVER),
)
TOKEN = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"


def replay_of(
    *captures: bytes,
    config: Config = PATIENT,
    dialect: Dialect = Dialect.RFC5424,
    events: list[bytes] | None = None,
) -> Replay:
    """Replay captures, each in one piece."""
    replay = Replay(config, dialect, None if events is None else events.append, lambda: NOW)
    for capture in captures:
        replay.begin()
        replay.feed(capture)
        replay.end()
    replay.finish()
    return replay


def line(time: str, app_name: str, procid: str, msg: str, token: bytes = TOKEN) -> bytes:
    text = f"{app_name} {procid} - - {msg}".encode()
    return encode_frame(b"<134>1 2023-11-14T%s+00:00 %s %s\n" % (time.encode(), token, text))


def load(time: str, dyno: str, value: str = "0.25") -> bytes:
    return line(time, "heroku", dyno, f"source={dyno} dyno=heroku.1.r sample#load_avg_1m={value}")


def dynos(replay: Replay) -> set[str]:
    return {dyno.identity.name for dyno in replay.pipeline.registry.dynos.shown()}


def check_books(summary: Summary) -> None:
    assert summary.messages == summary.applied + sum(summary.lost.values())
    understood, unrecognised = sum(summary.understood.values()), sum(summary.unrecognised.values())
    assert summary.applied == understood + summary.output + unrecognised


RENDERED = (
    b"2022-04-13T19:42:45.121237+00:00 heroku[router]: at=info method=GET dyno=web.1 status=200\r\n"
    b"2022-04-13T19:42:46.000000+00:00 app[web.1]: hello\r\n"
    b"2022-04-13T19:42:47.000000+00:00 heroku[web.1]: State changed from up to crashed\r\n"
    b"    a line without a header\r\n"
    b"\r\n"
    b"2022-04-13T19:42:48+00:00 app[heroku-redis]: source=R sample#hit-rate=1 sample#new=1"
)
