"""Which streams mean something, and that an application cannot forge a platform event."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.heroku import (
    DYNO_MANAGER,
    OTHER,
    OUTPUT,
    POSTGRES_SERVER,
    ROUTER,
    Addon,
    AddonSample,
    AppMetrics,
    DynoAction,
    DynoStateChange,
    Event,
    Kind,
    LineRule,
    PlatformError,
    RuntimeSample,
    line_rule,
)
from heroku_syslogd.heroku.classify import API, LOG_SYSTEM, UNKNOWN

SAMPLE = b"source=web.1 dyno=heroku.1.b0bc8784-5574-4f35-9508-5ea02d47d251 sample#load_avg_1m=0.00"


@pytest.mark.parametrize(
    ("app_name", "procid", "rule"),
    [
        (b"heroku", b"web.1", DYNO_MANAGER),
        (b"heroku", b"worker.12", DYNO_MANAGER),
        (b"heroku", b"run.1234", DYNO_MANAGER),
        (b"heroku", b"sidekiq_int.1", DYNO_MANAGER),
        (b"heroku", b"a-b.2", DYNO_MANAGER),
        (b"heroku", b"router", ROUTER),
        (b"heroku", b"logplex", LOG_SYSTEM),
        (b"heroku", b"api", API),
        (b"heroku", b"slug-compiler", API),
        (b"heroku", b"web", UNKNOWN),
        (b"heroku", b"web.1\n", UNKNOWN),
        (b"heroku", b"web.1.2", UNKNOWN),
        (b"heroku", b"-", UNKNOWN),
        (b"heroku", b".1", UNKNOWN),
        (b"app", b"api", API),
        (b"app", b"log-shuttle", LOG_SYSTEM),
        (b"app", b"postgres", POSTGRES_SERVER),
        (b"app", b"postgres.1105947", POSTGRES_SERVER),
        (b"app", b"-", OUTPUT),
        # What an application writes under the names of its own process types.
        (b"app", b"web.1", OUTPUT),
        (b"app", b"router.1", OUTPUT),
        (b"app", b"api.1", OUTPUT),
        (b"app", b"heroku-postgres.1", OUTPUT),
        (b"app", b"logplex.1", OUTPUT),
        (b"app", b"router", OTHER),
        (b"app", b"heroku", OTHER),
        (b"app", b"papertrail", OTHER),
        # Foreign senders.
        (b"Heroku", b"web.1", OUTPUT),
        (b"heroku ", b"web.1", OUTPUT),
        (b"nginx", b"router", OTHER),
        (b"nginx", b"api", OTHER),
        (b"nginx", b"postgres.1", OUTPUT),
        (b"-", b"-", OUTPUT),
    ],
)
def test_app_name_and_procid_decide_who_writes(
    app_name: bytes, procid: bytes, rule: LineRule
) -> None:
    assert line_rule(app_name, procid) is rule


@pytest.mark.parametrize("addon", Addon)
def test_add_ons_of_heroku_have_their_own_rules(addon: Addon) -> None:
    rule = line_rule(b"app", b"heroku-" + addon.encode())

    event = rule.parse(b"source=DATABASE sample#load-avg-1m=0.5 sample#max_wait=1")

    assert isinstance(event, AddonSample)
    assert event.addon is addon
    assert rule.is_platform
    assert line_rule(b"heroku", b"heroku-" + addon.encode()) is UNKNOWN


@pytest.mark.parametrize("rule", [OUTPUT, OTHER])
@pytest.mark.parametrize(
    "text", [SAMPLE, b"State changed from up to down", b"at=info method=GET status=200", b"Cycling"]
)
def test_what_the_platform_does_not_write_means_nothing_but_app_metrics(
    rule: LineRule, text: bytes
) -> None:
    event = rule.parse(text)

    assert event is None or isinstance(event, AppMetrics)
    assert not rule.is_platform


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SAMPLE, RuntimeSample),
        (b"dyno=heroku.1.x source=web.1 sample#load_avg_1m=0.00", RuntimeSample),
        (b"State changed from starting to up", DynoStateChange),
        (b"Cycling", DynoAction),
        (b"Error R14 (Memory quota exceeded)", PlatformError),
        (b"", type(None)),
        (b"State changed from UP to DOWN", type(None)),
        (b"State changed from up to down and more", type(None)),
    ],
)
def test_the_dyno_manager_writes_several_kinds_of_lines(text: bytes, kind: type) -> None:
    assert type(DYNO_MANAGER.parse(text)) is kind


def test_every_event_names_its_kind_and_every_kind_has_an_event() -> None:
    assert sorted(event.kind for event in get_args(Event)) == sorted(Kind)


STREAMS = [
    (b"heroku", b"web.1"),
    (b"heroku", b"router"),
    (b"heroku", b"logplex"),
    (b"app", b"api"),
    (b"app", b"heroku-postgres"),
    (b"app", b"heroku-pgbouncer"),
    (b"app", b"heroku-redis"),
    (b"app", b"postgres.1"),
    (b"app", b"log-shuttle"),
    (b"app", b"web.1"),
    (b"app", b"other"),
]
PIECES = [
    b"State changed from ",
    b"Error R",
    b"Error L10 (output buffer overflow): ",
    b" sample#memory_rss=",
    b"source=web.1 ",
    b'at=info method=GET path="',
    b" dyno=web.1 connect=1ms service=",
    b"Release v",
    b" by user ",
    b"[DATABASE] [1-1]  sql_error_code = 00000 ",
    b"LOG:  duration: 1.5 ms  statement: ",
    b"measure#",
    b"Scaled to ",
    b"=",
    b"9",
    b'"',
]


@settings(max_examples=500)
@given(
    st.sampled_from(STREAMS),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=8),
)
def test_any_bytes_give_an_event_or_none(stream: tuple[bytes, bytes], pieces: list[bytes]) -> None:
    event = line_rule(*stream).parse(b"".join(pieces))

    assert event is None or isinstance(event, get_args(Event))


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_stream_has_a_rule(app_name: bytes, procid: bytes) -> None:
    rule = line_rule(app_name, procid)

    assert rule.is_platform == (app_name == b"heroku" or rule not in (OUTPUT, OTHER))
