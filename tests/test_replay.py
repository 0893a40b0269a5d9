"""Offline means the same as live: captures, their clock, and the books of what was understood."""

import io
import itertools
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from heroku_syslogd.config import (
    AddonsConfig,
    AppMetricsConfig,
    Config,
    DrainsConfig,
    Duration,
    DynosConfig,
    LimitsConfig,
)
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.heroku import Kind, line_rule
from heroku_syslogd.replay import (
    Capture,
    CaptureError,
    Progress,
    Replay,
    Stretches,
    Summary,
    UnknownKeys,
    opened,
    print_summary,
    replay_captures,
    rows,
    summarise,
    total_size,
)
from heroku_syslogd.simulate import octet_framed, record
from heroku_syslogd.wire import (
    Dialect,
    FrameDecoder,
    FrameFault,
    Message,
    encode_frame,
    parse_message,
    parse_timestamp,
)
from tests.corpus.example import Example
from tests.corpus.examples import EXAMPLES
from tests.test_worker import Bench, batch

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


# The same as live --------------------------------------------------------------------------------


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


# The clock ---------------------------------------------------------------------------------------


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


# What a capture can be ---------------------------------------------------------------------------

RENDERED = (
    b"2022-04-13T19:42:45.121237+00:00 heroku[router]: at=info method=GET dyno=web.1 status=200\r\n"
    b"2022-04-13T19:42:46.000000+00:00 app[web.1]: hello\r\n"
    b"2022-04-13T19:42:47.000000+00:00 heroku[web.1]: State changed from up to crashed\r\n"
    b"    a line without a header\r\n"
    b"\r\n"
    b"2022-04-13T19:42:48+00:00 app[heroku-redis]: source=R sample#hit-rate=1 sample#new=1"
)


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


# The summary -------------------------------------------------------------------------------------


def test_what_was_not_understood_is_named() -> None:
    https = b"<134>1 2023-11-14T22:13:20+00:00 host heroku web.1 - - list\n"
    capture = b"".join(
        [
            line("22:13:20", "heroku", "nginx", "?") * 2,
            line("22:13:21", "app", "api", "?"),
            line("22:13:22", "app", "heroku-postgres", "source=D sample#a=1 sample#b=1"),
            line("22:13:23", "app", "heroku-postgres", "source=D sample#b=1"),
            line("22:13:24", "heroku", "logplex", "Error L10 (x): 7 messages dropped since x."),
            encode_frame(b"<13>2 x"),
            encode_frame(https),
        ]
    )
    summary = summarise(replay_of(capture))

    assert summary.unrecognised == {"heroku[nginx]": 2, "app[api]": 1, "heroku[web]": 1}
    assert summary.unknown_keys == {"postgres": UnknownKeys(3, ("b", "a"))}
    assert summary.lost == {"header: version": 1}
    assert not summary.seems_https
    check_books(summary)


def test_losses_that_heroku_reports_are_added_up() -> None:
    loss = "Error L10 (output buffer overflow): 7 messages dropped since 2023-11-14T22:00:00+00:00."
    capture = line("22:13:20", "heroku", "logplex", loss) * 3

    assert summarise(replay_of(capture)).reported_lost == 21


def test_lines_of_an_https_drain_in_the_wrong_dialect_are_noticed() -> None:
    frame = encode_frame(b"<134>1 2023-11-14T22:13:20+00:00 host app web.1 - - item\n")

    assert summarise(replay_of(frame)).seems_https
    assert not summarise(replay_of(frame, dialect=Dialect.LOGPLEX_1)).seems_https
    assert not summarise(replay_of(RENDERED)).seems_https


def test_lines_of_drains_that_lost_their_places_stay_in_the_summary() -> None:
    config = Config(limits=LimitsConfig(max_apps=1))
    capture = (
        line("22:00:00", "heroku", "nginx", "?", b"d.first")
        + line("22:30:00", "heroku", "nginx", "?", b"d.second")
        + line("22:30:01", "heroku", "web.1", "?", b"d.third")
    )
    summary = summarise(replay_of(capture, config=config))

    assert summary.unrecognised == {"heroku[nginx]": 2}
    assert summary.lost == {"app_limit": 1}
    check_books(summary)


def test_output_alone_is_nothing_understood() -> None:
    assert not summarise(replay_of(line("22:13:20", "app", "web.1", "hello"))).understood_anything
    assert not summarise(replay_of()).understood_anything
    assert summarise(replay_of(load("22:13:20", "web.1"))).understood_anything


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_summary_is_aligned_text_where_there_is_no_terminal() -> None:
    capture = load("22:13:20", "web.1") * 2000 + line("22:14:20", "heroku", "nginx", "?") + b"\n"
    out = io.StringIO()
    print_summary(summarise(replay_of(capture)), 0.5, out)

    assert out.getvalue().splitlines() == [
        f"messages            2,001  {len(capture):,} bytes in 1 capture",
        "time span         0:01:00  2023-11-14 22:13:20 to 2023-11-14 22:14:20 UTC",
        "messages/s          4,002  0.5 s",
        "applied             2,001",
        "understood          2,000",
        "  runtime_sample    2,000",
        "output                  0  of applications; it need not mean anything",
        "unrecognised            1",
        "  heroku[nginx]         1",
        "lost                    0",
        "malformed               1  stretches that are no message, 1 bytes",
        "  blank                 1  1 bytes",
    ]


def test_the_summary_is_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    frame = encode_frame(b"<134>1 2023-11-14T22:13:20+00:00 host heroku nginx - - ?\n")
    summary = summarise(replay_of(frame))
    out, plain = Terminal(), Terminal()
    print_summary(summary, 0.5, out)
    monkeypatch.setenv("NO_COLOR", "1")
    print_summary(summary, 0.5, plain)

    assert "\x1b[33m" in out.getvalue()
    assert "heroku[nginx]" in out.getvalue()
    assert "--dialect logplex" in out.getvalue()
    assert "\x1b[33m" not in plain.getvalue()


def test_a_long_list_of_what_was_not_understood_is_cut() -> None:
    capture = b"".join(line("22:13:20", "heroku", f"part{n}", "?") for n in range(25))
    keys = " ".join(f"sample#key{n}=1" for n in range(10))
    capture += line("22:13:20", "app", "heroku-redis", f"source=R {keys}")
    shown = list(rows(summarise(replay_of(capture)), 1.0))

    assert [row.value for row in shown if row.label == "5 others"] == ["5"]
    assert [row.remark for row in shown if row.label == "unknown redis keys"] == [
        "key0, key1, key2, key3, key4, key5, key6, key7 and 2 others"
    ]


# Reading captures --------------------------------------------------------------------------------


def nothing(*_: object) -> None:
    pass


def test_every_file_is_opened_before_the_first_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(load("22:13:20", "web.1"))

    names = [str(tmp_path / "a"), str(tmp_path / "b")]
    with pytest.raises(CaptureError, match="No such file") as raised, opened(names):
        pytest.fail("opened")
    assert str(raised.value) == f"cannot read {tmp_path / 'b'}: No such file or directory"
    with pytest.raises(CaptureError, match="Is a directory"), opened([str(tmp_path)]):
        pytest.fail("opened")


def test_files_and_standard_input_are_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for number in range(2):
        path = tmp_path / str(number)
        path.write_bytes(load(f"22:1{number}:00", "web.1") * 1000)
        names.append(str(path))
    stdin = io.TextIOWrapper(io.BytesIO(load("22:12:00", "web.2")))
    monkeypatch.setattr(sys, "stdin", stdin)
    replay = Replay(Config(), Dialect.RFC5424)
    reports: list[Progress] = []
    with opened(names) as captures:
        assert total_size(captures) == sum(Path(name).stat().st_size for name in names)
    with opened([*names, "-"]) as captures:
        assert total_size(captures) is None
        assert replay_captures(replay, captures, nothing, reports.append)

    assert summarise(replay).messages == 2001
    assert dynos(replay) == {"web.1", "web.2"}
    assert reports[0].messages > 0
    assert reports[0].bytes <= 65536


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(CaptureError, match="standard input: it is closed"), opened(["-"]):
        pytest.fail("opened")


class File(io.BytesIO):
    """A capture of one line, at whose end something happens."""

    def __init__(self, happens: Any) -> None:
        super().__init__(load("22:13:20", "web.1"))
        self._happens = happens

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(size) or self._happens()


def test_a_capture_that_cannot_be_read_on_is_an_error_and_what_was_read_stays() -> None:
    def fail() -> bytes:
        raise OSError(5, "Input/output error")

    replay = Replay(Config(), Dialect.RFC5424)
    with pytest.raises(CaptureError, match="cannot read tape: Input/output error"):
        replay_captures(replay, [Capture("tape", File(fail), None)], nothing, nothing)
    assert summarise(replay).understood == {Kind.RUNTIME_SAMPLE: 1}


def test_sigint_ends_the_wait_for_more() -> None:
    def interrupt() -> bytes:
        signal.raise_signal(signal.SIGINT)
        return b""

    replay = Replay(Config(), Dialect.RFC5424)
    before = signal.getsignal(signal.SIGINT)

    assert not replay_captures(replay, [Capture("x", File(interrupt), None)], nothing, nothing)
    assert signal.getsignal(signal.SIGINT) is before
    assert summarise(replay).messages == 1


def test_sigint_within_a_read_waits_until_the_books_are_right() -> None:
    replay = Replay(Config(), Dialect.RFC5424)

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    captures = [Capture("x", File(bytes), None), Capture("y", File(bytes), None)]
    assert not replay_captures(replay, captures, interrupt, nothing)
    assert summarise(replay).messages == 1
    check_books(summarise(replay))


def test_a_second_sigint_does_not_wait() -> None:
    replay = Replay(Config(), Dialect.RFC5424)

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")

    assert not replay_captures(replay, [Capture("x", File(bytes), None)], interrupt, nothing)


def test_sigint_that_is_ignored_stays_ignored() -> None:
    replay = Replay(Config(), Dialect.RFC5424)
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        captures = [Capture("x", File(bytes), None)]
        assert replay_captures(replay, captures, lambda: signal.raise_signal(2), nothing)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)
