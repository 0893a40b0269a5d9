"""R, H and L codes: every known text, and the details that must not be kept."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.events import LogLoss, PlatformError
from heroku_syslogd.heroku.platform_errors import (
    parse_dyno_error,
    parse_log_error,
    parse_router_error,
)
from tests.heroku.test_lifecycle import near_misses, secrets

LIMIT = 65536
R17_DETAIL = (
    "Checksum does match expected value. Expected:"
    " SHA256:ed5718e83475c780145609cbb2e4f77ec8076f6f59ebc8a916fb790fbdb1ae64 Actual:"
    " SHA256:9ca15af16e06625dfd123ebc3472afb0c5091645512b31ac3dd355f0d8cc42c1"
)
DYNO_ERRORS = [
    (
        "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of"
        " launch",
        "R10",
        "Boot timeout",
        "Web process failed to bind to $PORT within 60 seconds of launch",
    ),
    (
        "Error R12 (Exit timeout) -> Process failed to exit within 30 seconds of SIGTERM",
        "R12",
        "Exit timeout",
        "Process failed to exit within 30 seconds of SIGTERM",
    ),
    (
        "Error R12 (Exit timeout) -> Process failed to exit within 10 seconds of SIGTERM",
        "R12",
        "Exit timeout",
        "Process failed to exit within 10 seconds of SIGTERM",
    ),
    (
        "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of"
        " SIGTERM",
        "R12",
        "Exit timeout",
        "At least one process failed to exit within 30 seconds of SIGTERM",
    ),
    (
        "Error R13 (Attach error) -> Failed to attach to process",
        "R13",
        "Attach error",
        "Failed to attach to process",
    ),
    ("Error R14 (Memory quota exceeded)", "R14", "Memory quota exceeded", ""),
    ("Error R15 (Memory quota vastly exceeded)", "R15", "Memory quota vastly exceeded", ""),
    (
        "Error R16 (Detached) -> An attached process is not responding to SIGHUP after its"
        " external connection was closed.",
        "R16",
        "Detached",
        "An attached process is not responding to SIGHUP after its external connection was closed.",
    ),
    (f"Error R17 (Checksum error) -> {R17_DETAIL}", "R17", "Checksum error", R17_DETAIL),
    ("Error R11 (Bad bind)", "R11", "Bad bind", ""),
    ("Error R99 (Platform error)", "R99", "Platform error", ""),
    ("Error R73 (Not known yet) -> a -> b (c)", "R73", "Not known yet", "a -> b (c)"),
    ("Error R00 ()", "R00", "", ""),
]
ROUTER_ERRORS = [
    (
        "Error H10 (App crashed) -> GET myapp.heroku.com/ web=web.1 queue=0 wait=0ms service=0ms"
        " bytes=0",
        "H10",
        "App crashed",
    ),
    ("Error H12 (Request timeout) -> GET myapp.heroku.com/?t=secret", "H12", "Request timeout"),
    ("Error H99 (Platform error)", "H99", "Platform error"),
]
LOSSES = [
    (
        "Error L10 (output buffer overflow): 2 messages dropped since 2017-08-31T14:44:12+00:00.",
        LogLoss("L10", 2, "", "2017-08-31T14:44:12+00:00"),
    ),
    (
        "Error L10 (output buffer overflow): 1 messages dropped since 2014-11-07T23:29:45+00:00.",
        LogLoss("L10", 1, "", "2014-11-07T23:29:45+00:00"),
    ),
    (
        "Error L10 (output buffer overflow): 302626 messages dropped since"
        " 2017-08-28T08:07:27+00:00.",
        LogLoss("L10", 302626, "", "2017-08-28T08:07:27+00:00"),
    ),
    (
        "Error L10 (output buffer overflow): 1 messages dropped since"
        " 2023-02-11T20:46:37.307999+00:00.",
        LogLoss("L10", 1, "", "2023-02-11T20:46:37.307999+00:00"),
    ),
    (
        "Error L10 (output buffer overflow): drain 'd.68bc07b8-b306-4fa6-985f-48f8a45912c3'"
        " dropped 1 messages since 2022-04-13T19:41:45.256379+00:00.",
        LogLoss(
            "L10",
            1,
            "d.68bc07b8-b306-4fa6-985f-48f8a45912c3",
            "2022-04-13T19:41:45.256379+00:00",
        ),
    ),
    (
        "Error L10 (output buffer overflow): drain 'd.68bc07b8' dropped 12 messages.",
        LogLoss("L10", 12, "d.68bc07b8"),
    ),
    (
        "Error L10 (output buffer overflow): drain 'd.68bc07b8' dropped 12 messages",
        LogLoss("L10", 12, "d.68bc07b8"),
    ),
    ("Error L10 (output buffer overflow): 7 messages dropped", LogLoss("L10", 7)),
    ("Error L10 (output buffer overflow): 1 message dropped.", LogLoss("L10", 1)),
    ("Error L10 (output buffer overflow): 0 messages dropped.", LogLoss("L10", 0)),
    (
        "Error L10 (output buffer overflow): 999999999999 messages dropped since x",
        LogLoss("L10", 999999999999, "", "x"),
    ),
    (
        "Error L12: 222 messages dropped since 2013-11-04T21:31:32.125756+00:00.",
        LogLoss("L12", 222, "", "2013-11-04T21:31:32.125756+00:00"),
    ),
    (
        "Error L12: 2 messages dropped since 2013-11-04T21:31:32.125756+00:00",
        LogLoss("L12", 2, "", "2013-11-04T21:31:32.125756+00:00"),
    ),
    (
        "Error L13: 111 messages lost since 2013-11-04T21:31:32.125756+00:00.",
        LogLoss("L13", 111, "", "2013-11-04T21:31:32.125756+00:00"),
    ),
]
TAIL_DROPPED = "This tail session dropped 1101 messages since 2011-05-03T17:35:00+00:00"
TAIL_FORBIDDEN = "Tail sessions for this app are forbidden due to log volume."
L14 = 'Error L14 (certificate validation): error="bad certificate" uri="%s"'
LOG_ERRORS = [
    (
        f"L11 (Tail buffer overflow) -> {TAIL_DROPPED}",
        PlatformError("L11", "Tail buffer overflow", TAIL_DROPPED),
    ),
    (
        f"Error L11 (Tail buffer overflow) -> {TAIL_DROPPED}.",
        PlatformError("L11", "Tail buffer overflow", f"{TAIL_DROPPED}."),
    ),
    (
        L14 % "syslog+tls://logs.example.com:6514/",
        PlatformError("L14", "certificate validation"),
    ),
    (
        "Error L15 (Tail buffer temporarily unavailable)",
        PlatformError("L15", "Tail buffer temporarily unavailable"),
    ),
    (
        f"Error L20 (Tail sessions forbidden) {TAIL_FORBIDDEN}",
        PlatformError("L20", "Tail sessions forbidden", TAIL_FORBIDDEN),
    ),
    ("Error L42 (something new): more", PlatformError("L42", "something new", "more")),
    ("Error L42 (something new):", PlatformError("L42", "something new")),
    ("Error L42: more (of it)", PlatformError("L42", "", "more (of it)")),
    ("L42 (something new) more", PlatformError("L42", "something new", "more")),
    ("Error L42 (drain): at https://user:key@example.com/", PlatformError("L42", "drain")),
    # Losses whose number cannot be told are errors all the same.
    (
        "Error L10 (output buffer overflow): many messages dropped.",
        PlatformError("L10", "output buffer overflow", "many messages dropped."),
    ),
    (
        "Error L12: 1234567890123 messages dropped",
        PlatformError("L12", "", "1234567890123 messages dropped"),
    ),
]
DYNO_LINES = [line.encode() for line, *_ in DYNO_ERRORS]
ROUTER_LINES = [line.encode() for line, *_ in ROUTER_ERRORS]
LOG_LINES = [line.encode() for line, _ in [*LOSSES, *LOG_ERRORS]]


@pytest.mark.parametrize(("line", "code", "name", "detail"), DYNO_ERRORS)
def test_errors_of_a_dyno(line: str, code: str, name: str, detail: str) -> None:
    assert parse_dyno_error(line.encode()) == PlatformError(code, name, detail)


@pytest.mark.parametrize(("line", "code", "name"), ROUTER_ERRORS)
def test_old_errors_of_the_router_are_kept_without_the_request(
    line: str, code: str, name: str
) -> None:
    assert parse_router_error(line.encode()) == PlatformError(code, name)


@pytest.mark.parametrize(("line", "event"), LOSSES)
def test_lost_messages(line: str, event: LogLoss) -> None:
    assert parse_log_error(line.encode()) == event


@pytest.mark.parametrize(("line", "event"), LOG_ERRORS)
def test_other_errors_of_the_log_system(line: str, event: PlatformError) -> None:
    assert parse_log_error(line.encode()) == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Error",
        b"Error ",
        b"Error R1 (Boot timeout)",
        b"Error R100 (Boot timeout)",
        b"Error r14 (Memory quota exceeded)",
        b"Error X14 (Memory quota exceeded)",
        b"Error R14 Memory quota exceeded",
        b"Error R14 (Memory quota exceeded",
        b"Error R14 (Memory quota exceeded) twice",
        b"Error R14 (Memory quota exceeded)->twice",
        b"error R14 (Memory quota exceeded)",
        b" Error R14 (Memory quota exceeded)",
        b"R14 (Memory quota exceeded)",
        b"Error R\xd9\xa1\xd9\xa4 (Memory quota exceeded)",
        b"Error H10",
        b"Error H10: App crashed",
        b"Error L10",
        b"Error L1: 2 messages dropped",
        b"Error L123: 2 messages dropped",
        b"Error L12 2 messages dropped",
        b"L12",
        b"at=error code=H10",
        b'Error L14 (syslog+tls://user:key@example.com/): error="bad certificate"',
    ],
)
def test_lines_of_another_form_mean_nothing(line: bytes) -> None:
    assert parse_dyno_error(line) is None
    assert parse_router_error(line) is None
    assert parse_log_error(line) is None


@pytest.mark.parametrize("line", DYNO_LINES + ROUTER_LINES + LOG_LINES)
def test_no_code_is_read_in_the_place_of_another(line: bytes) -> None:
    parsers = (parse_dyno_error, parse_router_error, parse_log_error)

    assert [parse(line) is not None for parse in parsers].count(True) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"Error %s (" + b"a" * LIMIT + b")",
        b"Error %s (" + b"a" * LIMIT,
        b"Error %s (a) -> " + b"b" * LIMIT,
        b"Error %s (a): " + b" -> (" * (LIMIT // 5),
        b"Error %s: " + b"b" * LIMIT,
        b"Error %s (output buffer overflow): " + b"1" * LIMIT + b" messages dropped",
        b"Error %s (output buffer overflow): drain '" + b"d" * LIMIT + b"' dropped 1 messages",
        b"Error %s (output buffer overflow): 1 messages dropped since " + b"." * LIMIT,
        b"Error %s: 1 messages lost since " + b"x." * (LIMIT // 2),
    ],
    ids=lambda line: line[:40],
)
@pytest.mark.parametrize("code", [b"R14", b"H10", b"L10", b"L12", b"L42"])
def test_long_lines_give_short_texts(line: bytes, code: bytes) -> None:
    line = line.replace(b"%s", code)
    for parse in (parse_dyno_error, parse_router_error, parse_log_error):
        assert_bounded(parse(line))


def assert_bounded(event: PlatformError | LogLoss | None) -> None:
    for value in dataclasses.asdict(event).values() if event else ():
        if isinstance(value, str):
            assert len(value) <= 256
        else:
            assert 0 <= value < 10**12


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_none(text: bytes) -> None:
    for start in (b"", b"Error ", b"Error R14 (", b"Error H10 (", b"Error L10 (", b"Error L12: "):
        for parse in (parse_dyno_error, parse_router_error, parse_log_error):
            assert_bounded(parse(start + text))


@given(near_misses(DYNO_LINES + ROUTER_LINES + LOG_LINES))
def test_near_misses_give_bounded_texts_or_none(line: bytes) -> None:
    for parse in (parse_dyno_error, parse_router_error, parse_log_error):
        assert_bounded(parse(line))


@given(secrets, st.binary(max_size=20), st.binary(max_size=20))
def test_nothing_of_the_request_of_an_old_router_error_is_kept(
    secret: bytes, before: bytes, behind: bytes
) -> None:
    event = parse_router_error(b"Error H10 (App crashed) -> GET " + before + secret + behind)

    assert event == PlatformError("H10", "App crashed")


@given(secrets, st.binary(max_size=20), st.binary(max_size=20), st.sampled_from([") ", "): ", ":"]))
def test_nothing_of_the_uri_of_an_l14_is_kept(
    secret: bytes, before: bytes, behind: bytes, mark: str
) -> None:
    uri = before + secret + behind
    line = L14.encode() % uri

    assert parse_log_error(line) == PlatformError("L14", "certificate validation")
    assert secret.decode() not in repr(parse_log_error(line.replace(b"): ", mark.encode(), 1)))


@given(secrets)
def test_no_uri_is_kept_in_another_error_of_the_log_system(secret: bytes) -> None:
    event = parse_log_error(b"Error L42 (drain): uri=syslog+tls://user:" + secret + b"@example.com")

    assert event == PlatformError("L42", "drain")
