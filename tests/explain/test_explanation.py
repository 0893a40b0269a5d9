"""What ``explain`` says of a line: what it is, what it touches, or why it is refused."""

import re

import pytest

from heroku_syslogd.config import Config, DrainsConfig, LimitsConfig
from heroku_syslogd.explain import Verdict, conclusion
from heroku_syslogd.wire import HeaderFault, encode_frame
from tests.corpus.example import Example
from tests.corpus.examples import EXAMPLES
from tests.explain.lines import HEADER, STATE, TOKEN, block, explained, printed, rows
from tests.test_corpus import comparable, frames_of, plain, series_of


def test_a_line_is_explained_from_its_octet_count_to_its_event() -> None:
    found = explained(f"129 {STATE}")

    assert found.verdict is Verdict.UNDERSTOOD
    assert rows(found, "Frame") == {
        "form": "frame with octet count (RFC 6587)",
        "octet count": "129 bytes announced, 128 and the final LF, which shells drop, found: fits",
    }
    assert rows(found, "Header") == {
        "dialect": "rfc5424: HOSTNAME is not `host`, which HTTPS drains write",
        "PRI": "45: syslog.notice",
        "TIME": "2014-11-11T08:24:24.064853+00:00",
        "HOSTNAME": "d.8f7a4b11…: app d.8f7a4b11, not in [drains.tokens]",
        "APP-NAME": "heroku",
        "PROCID": "web.1",
        "MSGID": "-",
        "STRUCTURED-DATA": "-",
        "MSG": "33 bytes: State changed from starting to up",
    }
    assert rows(found, "Who writes such lines") == {
        "writer": "the dyno manager",
        "believed": "yes: APP-NAME `heroku` is the platform's alone",
    }
    assert rows(found, "Event") == {"kind": "dyno_state", "old": "starting", "new": "up"}
    changes = 'app="d.8f7a4b11",process_type="web",from="starting",to="up"'
    labels = 'app="d.8f7a4b11",source="heroku",process_type="web"'
    assert block(found, "Series") == [
        f"heroku_dyno_state_changes_total{{{changes}}} 1",
        f"heroku_log_messages_total{{{labels}}} 1",
        f"heroku_log_bytes_total{{{labels}}} 129",
        'heroku_drain_last_message_timestamp_seconds{app="d.8f7a4b11"} 1415694264.064853',
    ]
    assert '      "dyno_state": {' in block(found, "Structured event")
    assert conclusion(found) == "Understood: dyno_state."


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("", "empty: there is no line"),
        (" \n", "empty: there is no line"),
        ("<999>1 x", "header: pri: at column 0, expected a PRI from <0> to <191>"),
        ("<13>2 x", "header: version: at column 4, expected VERSION 1"),
        ("<13>1 x", "header: fields: at column 7, expected HOSTNAME APP-NAME PROCID"),
        ("012 <13>1 x", "bad_count: octet counting begins with a count without leading zeros"),
        ("12345678 <13>1 x", "count_digits: a message length of more than seven digits"),
        ("100000 <13>1 x", "too_long: 100,000 bytes are more than limits.max_frame_bytes, 65,536"),
        ("<13>1 " + "x" * 65536, "too_long: 65,542 bytes are more than"),
        ("12 x", "no_pri: the count is not followed by a PRI"),
        ("12", "truncated: the connection, or the body, ended inside a message"),
        ("GET / HTTP/1.1", "http_request: an HTTP request where syslog is expected"),
        ("State changed from up to down", "unexpected_byte: expected a count or a PRI"),
        ("2022-04-13 19:42:45 app[web.1]: x", "unexpected_byte: it begins with a date, but"),
    ],
)
def test_what_is_refused_says_why(line: str, refusal: str) -> None:
    found = explained(line)

    assert found.verdict is Verdict.REFUSED
    assert conclusion(found).startswith(f"Refused: {refusal}")
    assert "Series" not in printed(found)


def test_a_header_fault_is_pointed_at() -> None:
    *_, excerpt, pointer = block(explained("<13>2 - host app web.1 - - x"), "Header")

    assert excerpt == "<13>2 - host app web.1 - - x"
    assert pointer.index("^") == excerpt.index("2")


def test_the_drain_is_looked_up_in_the_configuration() -> None:
    tokens = {TOKEN: "shop", "shop": "other"}
    named = explained(STATE, config=Config(drains=DrainsConfig(tokens=tokens)))
    rejecting = Config(drains=DrainsConfig(unknown="reject"))
    refused = explained(STATE, config=rejecting)
    impostor = explained(
        STATE.replace(TOKEN, "shop"), config=Config(drains=DrainsConfig(tokens={TOKEN: "shop"}))
    )

    assert rows(named, "Header")["HOSTNAME"] == "d.8f7a4b11…: app shop, configured"
    assert any('app="shop"' in one for one in block(named, "Series"))
    assert rows(refused, "Header")["HOSTNAME"] == "d.8f7a4b11…"
    for one in (refused, impostor):
        assert one.verdict is Verdict.REFUSED
        assert conclusion(one).startswith("Refused: unknown_drain: HOSTNAME is not in [drains.")


def test_the_limit_of_a_message_is_that_of_the_configuration() -> None:
    config = Config(limits=LimitsConfig(max_frame_bytes=1024))

    assert "max_frame_bytes, 1,024" in conclusion(explained("2000 <13>1 x", config=config))


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("2014-11-11T08:24:24Z", "2014-11-11T08:24:24Z"),
        ("yesterday", "yesterday: not a time that can be read; the line is dated by its arrival"),
        (
            "2030-01-01T00:00:00Z",
            "2030-01-01T00:00:00Z: far ahead of our clock; the line is dated by its arrival",
        ),
    ],
)
def test_a_time_that_is_not_believed_is_noted(time: str, says: str) -> None:
    found = explained(f"<45>1 {time} {TOKEN} heroku web.1 - - source=web.1 sample#load_avg_1m=0.5")

    assert rows(found, "Header")["TIME"] == says
    arrived = says != time
    series = "\n".join(block(found, "Series"))
    assert ("_timestamp_seconds" in series) is True
    assert ("} 1800000000" in series) is arrived


def test_samples_have_units_and_zero_is_a_value() -> None:
    load = explained(f"{HEADER} heroku web.1 - - source=web.1 dyno=heroku.1.r sample#load_avg_1m=0")
    memory = explained(f"{HEADER} heroku web.1 - - source=web.1 sample#memory_rss=1.5MB")
    redis = explained(
        f"{HEADER} app heroku-redis - - source=R sample#memory-redis=10bytes sample#q=1"
    )

    assert rows(load, "Event") == {
        "kind": "runtime_sample",
        "line": "load",
        "dyno_id": "r",
        "load_avg_1m": "0 tasks",
    }
    assert any(re.fullmatch(r"heroku_dyno_load_avg_1m\{.*\} 0", s) for s in block(load, "Series"))
    assert rows(memory, "Event")["memory_rss"] == "1572864 bytes"
    assert rows(redis, "Event")["memory_redis_bytes"] == "10 bytes"
    assert rows(redis, "Event")["unknown"] == "q"
    assert "PROCID is one of Heroku's" in rows(redis, "Who writes such lines")["believed"]


def test_a_histogram_is_shown_by_the_bucket_that_it_falls_in() -> None:
    request = 'at=info method=GET path="/" host=a dyno=web.1 connect=0ms service=22ms status=200'
    found = explained(f"{HEADER} heroku router - - {request} bytes=5")
    app = 'app="d.8f7a4b11"'

    assert [one for one in block(found, "Series") if "_seconds" in one][:6] == [
        f'heroku_router_service_seconds_bucket{{{app},le="0.025"}} 1',
        f"heroku_router_service_seconds_count{{{app}}} 1",
        f"heroku_router_service_seconds_sum{{{app}}} 0.022",
        f'heroku_router_connect_seconds_bucket{{{app},le="0.001"}} 1',
        f"heroku_router_connect_seconds_count{{{app}}} 1",
        f"heroku_router_connect_seconds_sum{{{app}}} 0",
    ]
    assert rows(found, "Event")["service"] == "0.022 seconds"


def test_metrics_of_applications_and_formations_are_spelt_out() -> None:
    metrics = explained(f"{HEADER} app web.1 - - measure#a=4ms count#b=2 unique#u=x")
    scale = explained(
        f"{HEADER} app api - - Scaled to web@2:Standard-1X worker@1:Basic by user a@b.example"
    )

    assert rows(metrics, "Event") == {
        "kind": "app_metrics",
        "measure#a": "0.004 seconds",
        "count#b": "2",
        "unique#u": "x",
    }
    assert any(one.startswith("heroku_app_measure_sum{") for one in block(metrics, "Series"))
    assert rows(scale, "Event")["web"] == "2 dynos Standard-1X"
    assert rows(scale, "Event")["user"] == "a@b.example"


def test_an_application_that_prints_a_line_of_the_platform_is_not_believed() -> None:
    plain_text = explained(f"{HEADER} app web.1 - - Error R14 (Memory quota exceeded)")
    metrics = explained(f"{HEADER} app web.1 - - source=web.1 sample#memory_total=1MB")
    output = explained(f"{HEADER} app web.1 - - hello")
    foreign = explained(f"{HEADER} token process - - Build succeeded")

    assert plain_text.verdict is Verdict.OUTPUT
    assert conclusion(plain_text) == (
        "Plain output of an application: it is counted in heroku_log_* and nothing else. It reads"
        " like a line of the dyno manager (platform_error), but the application cannot change"
        " metrics of the platform."
    )
    assert "believed" in rows(plain_text, "Who writes such lines")
    assert rows(plain_text, "Who writes such lines")["believed"].startswith("no: under APP-NAME")
    assert all("heroku_errors" not in one for one in block(plain_text, "Series"))
    assert metrics.verdict is Verdict.UNDERSTOOD
    assert "reads like a line of the dyno manager (runtime_sample)" in conclusion(metrics)
    assert conclusion(output).endswith("nothing else.")
    assert foreign.verdict is Verdict.UNRECOGNISED
    assert "reads like a line of the API (build)" in conclusion(foreign)
    assert rows(foreign, "Who writes such lines")["believed"].startswith("no: the platform does")


def split(line: str) -> tuple[str, str, str]:
    return line.rpartition(" ")


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@every_example
def test_every_published_line_is_what_the_daemon_takes_it_for(example: Example) -> None:
    frames, _ = frames_of(example)
    for frame in frames:
        found = explained(encode_frame(frame), example.dialect)
        if isinstance(found.header, HeaderFault):
            assert found.header.reason in example.faults
            continue
        assert found.meaning is not None
        if len(frames) == 1:
            assert plain(found.meaning.event) == plain(example.events[0])
        series = {text: float(value) for text, _, value in map(split, block(found, "Series"))}
        assert comparable(series) == comparable(series_of([frame], example.dialect))
