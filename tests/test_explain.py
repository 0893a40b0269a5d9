"""What ``explain`` says of a line: what it is, what it touches, or why it is refused."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.config import Config, DrainsConfig, LimitsConfig
from heroku_syslogd.explain import (
    KNOWN_LINES,
    PLATFORM_RULES,
    Explanation,
    Verdict,
    conclusion,
    explain,
    print_explanation,
    sections,
)
from heroku_syslogd.heroku import Kind, LineRule
from heroku_syslogd.wire import Dialect, HeaderFault, Message, encode_frame
from tests.corpus.example import Example
from tests.corpus.examples import EXAMPLES
from tests.test_corpus import comparable, frames_of, plain, series_of

NOW = 1_800_000_000.0
DEFAULTS = Config()
TOKEN = "d.8f7a4b11-c323-c764-a74f-89bf4c1100ab"
OTHER_TOKEN = "d.68bc07b8-b306-4fa6-985f-48f8a45912c3"
HEADER = f"<45>1 2014-11-11T08:24:24.064853+00:00 {TOKEN}"
STATE = f"{HEADER} heroku web.1 - - State changed from starting to up"
L10 = (
    "2022-04-13T19:42:45.121237+00:00 heroku[logplex]: Error L10 (output buffer overflow): drain"
    f" '{OTHER_TOKEN}' dropped 1 messages since 2022-04-13T19:41:45.256379+00:00."
)


def explained(
    text: str | bytes, dialect: Dialect | None = None, config: Config = DEFAULTS
) -> Explanation:
    line = text.encode() if isinstance(text, str) else text
    return explain(line, config, dialect, lambda: NOW)


def printed(explanation: Explanation) -> str:
    out = io.StringIO()
    print_explanation(explanation, out)
    return out.getvalue()


def rows(explanation: Explanation, title: str) -> dict[str, str]:
    return {k: v for one in sections(explanation) if one.title == title for k, v in one.rows}


def block(explanation: Explanation, title: str) -> list[str]:
    return [
        text for one in sections(explanation) if one.title.startswith(title) for text in one.block
    ]


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
    ("line", "says"),
    [
        (f"129 {STATE}\n", "129 bytes announced, 129 found: fits"),
        (f"128 {STATE}", "128 bytes announced, 128 found: fits"),
        (
            f"128 {STATE}\n",
            "128 bytes announced, 129 found: fits; the line end behind it does not belong to it",
        ),
        (
            f"200 {STATE}",
            "200 bytes announced, 128 found: does not fit: 72 bytes would be taken from what"
            " follows",
        ),
        (
            f"100 {STATE}",
            "100 bytes announced, 128 found: does not fit: 28 bytes would be left over and"
            " rejected",
        ),
        (f"129 {STATE}\n129 {STATE}\n", "129 bytes announced, 262 found: fits"),
    ],
)
def test_the_octet_count_is_checked_and_never_the_end(line: str, says: str) -> None:
    found = explained(line)

    assert rows(found, "Frame")["octet count"] == says
    assert found.verdict is Verdict.UNDERSTOOD
    assert rows(found, "Event")["new"] == "up"


def test_only_the_first_of_several_messages_is_explained() -> None:
    glued = explained(f"129 {STATE}\n129 {STATE}\n")
    lines = explained(f"{STATE}\n{STATE}\n")
    rendered = explained(f"{L10}\r\n{L10}\r\n")

    assert rows(glued, "Frame")["note"] == "another frame follows; explain it by itself"
    assert rows(lines, "Frame")["note"].startswith("129 bytes follow its line end")
    assert rows(rendered, "Frame")["note"].startswith(f"{len(L10) + 2} bytes follow its line end")
    assert {one.verdict for one in (glued, lines, rendered)} == {Verdict.UNDERSTOOD}


def test_a_line_of_heroku_logs_is_explained_too() -> None:
    for line in (L10, f"  {L10}\r\n", f"\ufeff{L10}"):
        found = explained(line)
        assert rows(found, "Frame")["form"] == "line as `heroku logs` prints it"
        assert rows(found, "Header")["PROCID"] == "logplex"
        assert rows(found, "Header")["HOSTNAME"].startswith("-: app unknown")
        assert rows(found, "Event")["count"] == "1 messages"
        assert "not counted here" in rows(found, "Event")["note"]


@pytest.mark.parametrize(
    ("line", "asked", "dialect", "reason"),
    [
        ("<1>1 - host app web.1 - - x", None, Dialect.LOGPLEX_1, "HOSTNAME is `host`"),
        ("<1>1 - hosts app web.1 - - x", None, Dialect.RFC5424, "HOSTNAME is not `host`"),
        ("<1>1 - host app web.1 - - x", Dialect.RFC5424, Dialect.RFC5424, "as asked for"),
        (STATE, Dialect.LOGPLEX_1, Dialect.LOGPLEX_1, "as asked for"),
        (L10, None, Dialect.RFC5424, "of no consequence"),
    ],
)
def test_the_dialect_is_that_of_the_hostname_unless_asked_for(
    line: str, asked: Dialect | None, dialect: Dialect, reason: str
) -> None:
    found = explained(line, asked)

    assert found.dialect is dialect
    assert rows(found, "Header")["dialect"].startswith(f"{dialect.value}: {reason}")


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


def test_a_line_that_no_rule_knows_comes_with_those_that_are_known() -> None:
    found = explained(f"{HEADER} heroku router - - what is this")
    nobody = explained(f"{HEADER} heroku nginx - - what is this")

    assert found.verdict is Verdict.UNRECOGNISED
    assert "router_request" in rows(found, "Lines of the router that are known")
    assert "heroku_unrecognised_messages_total" in "\n".join(block(found, "Series"))
    assert rows(nobody, "Lines of an unknown part of Heroku that are known") == {"none": ""}
    assert "no rule for lines of the router" in conclusion(found)


@pytest.mark.parametrize(
    ("rule", "kind", "line"),
    [(rule, kind, line) for rule, lines in KNOWN_LINES.items() for kind, line in lines],
)
def test_the_lines_that_are_said_to_be_known_are(rule: LineRule, kind: Kind, line: str) -> None:
    event = rule.parse(line.encode())

    assert event is not None
    assert event.kind == kind


def test_every_kind_of_event_has_a_line_that_is_known() -> None:
    assert {kind for lines in KNOWN_LINES.values() for kind, _ in lines} == set(Kind)
    assert len(set(PLATFORM_RULES)) == len(PLATFORM_RULES) == len(KNOWN_LINES) - 2


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


def test_msg_does_nothing_to_a_terminal_and_a_long_one_is_cut() -> None:
    found = explained(f"{HEADER} app web.1 - - ".encode() + b"\x1b[31m\xff \x07" + b"x" * 5000)
    text = printed(found)

    assert "\x1b" not in text
    assert "\x07" not in text
    assert r"5,008 bytes: \x1b[31m\xff \x07xxx" in text
    assert "x" * 2000 not in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_there_are_colours_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = explained(STATE)
    coloured, plain_text = Terminal(), Terminal()
    print_explanation(found, coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    print_explanation(found, plain_text)

    assert "\x1b[1;32mUnderstood" in coloured.getvalue()
    assert "\x1b[36m" not in plain_text.getvalue()
    assert "\x1b" not in printed(found)


SECRET = re.compile(r"[dt]\.[0-9a-f]{8}-", re.IGNORECASE)


@pytest.mark.parametrize(
    "line",
    [
        STATE,
        f"<13>2 - {TOKEN}",
        f"<13>1 2022-04-13T19:42:45Z {TOKEN}",
        f"<13>1 {'x' * 80} {TOKEN}",
        f"{HEADER} app web.1 - - my drain is {TOKEN} and {OTHER_TOKEN}, {OTHER_TOKEN.upper()}",
        f"{HEADER} heroku logplex - - {L10.partition(': ')[2]}",
        f"<40>1 2012-11-30T06:45:26+00:00 heroku web.3 {TOKEN} - Starting process",
        f'<40>1 - {TOKEN} app {TOKEN} {TOKEN} [x a="{TOKEN}"] count#{TOKEN}=1',
        f"<40>1 - - heroku {TOKEN}.1 - - source={TOKEN} sample#load_avg_1m=1",
        L10,
    ],
)
def test_a_token_is_never_shown_whole(line: str) -> None:
    for text in (line, f"{len(line)} {line}", f"9999 {line}"):
        assert not SECRET.search(printed(explained(text)))


def test_a_token_of_another_form_is_not_shown_whole_either() -> None:
    token = "d.not-a-uuid-but-a-secret"
    text = printed(explained(f"<45>1 - {token} heroku web.1 - - I know {token}"))

    assert token not in text
    assert "I know d.not-a-uu…" in text


pieces = st.sampled_from(
    [
        *(b"<13>1", b"<999>1", b"100", b"2022-04-13T19:42:45Z", b"host", TOKEN.encode()),
        *(b"heroku", b"app", b"web.1", b"router", b"heroku[api]:", b"-", b"[x]"),
        *(b"Error R14 (x)", b"sample#a=1"),
    ]
)


@settings(max_examples=400)
@given(
    st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=10).map(b" ".join)),
    st.sampled_from([None, *Dialect]),
)
def test_any_bytes_are_explained(line: bytes, dialect: Dialect | None) -> None:
    for text in (line, b"<13>1 - " + line, b"<13>1 - host heroku web.1 - " + line):
        found = explained(text, dialect)
        assert not SECRET.search(printed(found))
        assert (found.meaning is None) is (found.verdict is Verdict.REFUSED)
        if found.meaning is not None:
            assert isinstance(found.header, Message)
