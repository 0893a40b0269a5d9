"""l2met: the documented examples, units and numbers, and what applications print besides."""

import math
import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku import l2met
from heroku_syslogd.heroku.events import AppMetric, AppMetrics, AppMetricType
from heroku_syslogd.heroku.l2met import MOST_METRICS, UNITS, parse_app_metrics

COUNT, MEASURE, SAMPLE, UNIQUE = AppMetricType
MB = 2**20


def metrics_of(line: bytes) -> list[AppMetric]:
    event = parse_app_metrics(line)
    return list(event.metrics) if event else []


def number_of(value: bytes) -> tuple[float, str] | None:
    """Return value and unit that ``sample#x=`` makes of a value, None if it is no metric."""
    metrics = metrics_of(b"sample#x=" + value)
    return (metrics[0].value, metrics[0].unit) if metrics else None


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        (b"measure#db.latency=4ms", [(MEASURE, "db.latency", 0.004, "seconds")]),
        (b"count#db.vaccum=1", [(COUNT, "db.vaccum", 1.0, "")]),
        (b"sample#db.size=100GB", [(SAMPLE, "db.size", 100.0 * 2**30, "bytes")]),
        (
            b"source=us-east measure#web.latency=4ms",
            [(MEASURE, "web.latency", 0.004, "seconds")],
        ),
        (
            b"measure#elb.latency.sample_count=67448s source=elb012345.us-east-1d",
            [(MEASURE, "elb.latency.sample_count", 67448.0, "seconds")],
        ),
        (
            b"sample#tables=30 sample#active-connections=3",
            [(SAMPLE, "tables", 30.0, ""), (SAMPLE, "active-connections", 3.0, "")],
        ),
        (
            b"sample#cache-usage=72.94 sample#cache-keys=1073002",
            [(SAMPLE, "cache-usage", 72.94, ""), (SAMPLE, "cache-keys", 1073002.0, "")],
        ),
        (
            b"count#db.queries=2 count#db.snapshots=10",
            [(COUNT, "db.queries", 2.0, ""), (COUNT, "db.snapshots", 10.0, "")],
        ),
        (
            b"measure#hello=1 measure#world=1ms",
            [(MEASURE, "hello", 1.0, ""), (MEASURE, "world", 0.001, "seconds")],
        ),
        (
            b"http.health.timer.end measure#endosome.http.health.elapsed.seconds=0.000008",
            [(MEASURE, "endosome.http.health.elapsed.seconds", 0.000008, "")],
        ),
        (
            b"tag#x=hello sample#service.dataset_count=19071",
            [(SAMPLE, "service.dataset_count", 19071.0, "")],
        ),
    ],
)
def test_documented_and_real_lines(
    line: bytes, metrics: list[tuple[AppMetricType, str, float, str]]
) -> None:
    assert metrics_of(line) == [AppMetric(*metric) for metric in metrics]


def test_a_runtime_sample_that_an_application_prints_is_its_own_metric() -> None:
    line = b"source=web.1 sample#memory_total=254.70MB sample#memory_pgpgin=134057pages"

    assert parse_app_metrics(line) == AppMetrics(
        (
            AppMetric(SAMPLE, "memory_total", 254.70 * MB, "bytes"),
            AppMetric(SAMPLE, "memory_pgpgin", 134057.0, "pages"),
        )
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"#",
        b"# a heading",
        b"Processing by ProductsController#show as HTML",
        b"account#id=1 discount#x=1 resample#x=1",
        b"#count#x=1",
        b"COUNT#x=1",
        b"count #x=1",
        b"count#",
        b"count#=1",
        b"[count#x=1]",
        b'{"message":"count#x=1"}',
        b'message="count#x=1"',
        b"metric#request_length=541 metric#tag#route=/parser tag#x=hello",
        b"measure.hello=1",
        b'at=info method=HEAD path="/api/monitor/" connect=1ms service=115ms status=200',
        b"[r9673 d8512f2b] INFO     method=GET path=/api/disposition/ status=200 user=875",
        b"INFO [init] level='info' event='Static Folder Registered' logger='init'",
        b"at=info path=/faq#count x=1",
    ],
)
def test_other_lines_hold_no_metric(line: bytes) -> None:
    assert parse_app_metrics(line) is None


@pytest.mark.parametrize("before", [b"", b" ", b"\t", b"text ", "é ".encode(), b"\xff "])
@pytest.mark.parametrize("after", [b"", b" ", b"\t", b" text", b"\r", b" \xff"])
def test_a_metric_stands_anywhere_between_white_space(before: bytes, after: bytes) -> None:
    assert metrics_of(before + b"count#x=2" + after) == [AppMetric(COUNT, "x", 2.0, "")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0", (0.0, "")),
        (b"007", (7.0, "")),
        (b"5.", (5.0, "")),
        (b".5", (0.5, "")),
        (b"515.503300330033", (515.503300330033, "")),
        (b"-1", (-1.0, "")),
        (b"+1.5", (1.5, "")),
        (b"1e3", (1000.0, "")),
        (b"1.5E-05s", (0.000015, "seconds")),
        (b"18446744073709551615", (2.0**64, "")),
        (b"", (1.0, "")),
        (b'""', (1.0, "")),
        (b'"4ms"', (0.004, "seconds")),
        (b'"-3"', (-3.0, "")),
        (b".", None),
        (b"-", None),
        (b"--1", None),
        (b"1.2.3", None),
        (b"1,234", None),
        (b"1,", None),
        (b"4 ms", (4.0, "")),
        (b'"4 ms"', None),
        (b'"4ms', None),
        (b'4ms"', None),
        (b"'4ms'", None),
        (b"1e100", None),
        (b"1" * 31, None),
        (b"0." + b"1" * 31, None),
        (b"9" * 400, None),
        (b"nan", None),
        (b"inf", None),
        (b"-inf", None),
        (b"0x10", None),
        (b"1_000", None),
        ("٣".encode(), None),
        (b"true", None),
    ],
)
def test_numbers(value: bytes, expected: tuple[float, str] | None) -> None:
    assert number_of(value) == expected


def test_a_million_of_the_largest_number_is_not_infinite() -> None:
    number = number_of(b"9" * 30 + b"e99TB")

    assert number is not None
    assert math.isfinite(number[0] * 1e6)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"9ms", (0.009, "seconds")),  # 9 * 0.001 is something else
        (b"3ns", (3e-9, "seconds")),
        (b"3us", (3e-6, "seconds")),
        (b"3\xc2\xb5s", (3e-6, "seconds")),
        (b"3\xce\xbcs", (3e-6, "seconds")),
        (b"3milliseconds", (0.003, "seconds")),
        (b"3sec", (3.0, "seconds")),
        (b"3seconds", (3.0, "seconds")),
        (b"3min", (180.0, "seconds")),
        (b"3h", (10800.0, "seconds")),
        (b"2days", (172800.0, "seconds")),
        (b"3B", (3.0, "bytes")),
        (b"3bytes", (3.0, "bytes")),
        (b"3kB", (3072.0, "bytes")),
        (b"3KB", (3072.0, "bytes")),
        (b"3MB", (3.0 * MB, "bytes")),
        (b"27.5MiB", (27.5 * MB, "bytes")),
        (b"1TB", (2.0**40, "bytes")),
        (b"3m", (3.0, "m")),
        (b"3k", (3.0, "k")),
        (b"3b", (3.0, "b")),
        (b"3Mb", (3.0, "Mb")),
        (b"3MS", (3.0, "MS")),
        (b"3e", (3.0, "e")),
        (b"3exabytes", (3.0, "exabytes")),
        (b"3pages", (3.0, "pages")),
        (b"3" + b"u" * 16, (3.0, "u" * 16)),
        (b"3" + b"u" * 17, None),
        (b"72%", None),
        (b"3m/s", None),
        (b"1h2m", None),
        (b"3ms2", None),
    ],
)
def test_units(value: bytes, expected: tuple[float, str] | None) -> None:
    assert number_of(value) == expected


def test_every_unit_of_the_table_is_one_that_a_value_can_have() -> None:
    for spelling, unit in UNITS.items():
        assert number_of(b"1" + spelling) == (unit.times / unit.per, unit.name)


@pytest.mark.parametrize("type_", [COUNT, MEASURE, SAMPLE])
@pytest.mark.parametrize("value", [b"", b"=", b'=""'])
def test_a_key_without_a_value_is_one(type_: AppMetricType, value: bytes) -> None:
    line = b"%s#hello%s more" % (type_.encode(), value)

    assert metrics_of(line) == [AppMetric(type_, "hello", 1.0, "")]


def test_a_negative_count_is_none_and_other_negative_values_are() -> None:
    metrics = metrics_of(b"count#a=-1 measure#b=-1 sample#c=-1 count#d=1")

    assert [(metric.name, metric.value) for metric in metrics] == [("b", -1), ("c", -1), ("d", 1)]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (b"a", True),
        (b"Db_2.latency:p95/read-only", True),
        (b"n" * 100, True),
        (b"n" * 101, False),
        (b"a b", False),
        (b"a,b", False),
        (b"a{b}", False),
        (b"a#b", False),
        (b'a"b', False),
        ("é".encode(), False),
        (b"a\x00", False),
    ],
)
def test_names(name: bytes, taken: bool) -> None:
    expected = [AppMetric(COUNT, name.decode(), 2.0, "")] if taken else []

    assert [m for m in metrics_of(b"count#" + name + b"=2") if m.value == 2] == expected


@pytest.mark.parametrize(
    ("value", "member"),
    [
        (b"=alice", b"alice"),
        (b"=bob@example.com", b"bob@example.com"),
        (b'="alice smith"', b"alice smith"),
        (b'="say \\"hi\\" "', b'say \\"hi\\" '),
        (b"=\xff\x00", b"\xff\x00"),
        (b'=a"b', b'a"b'),
        (b"=4ms", b"4ms"),
        (b"=" + b"x" * 300, b"x" * 256),
        (b"", None),
        (b"=", None),
        (b'=""', None),
        (b'="alice', None),
    ],
)
def test_members_of_unique(value: bytes, member: bytes | None) -> None:
    expected = [] if member is None else [AppMetric(UNIQUE, "user", 0.0, "", member)]

    assert metrics_of(b"unique#user" + value) == expected


def test_a_line_gives_a_bounded_number_of_metrics() -> None:
    line = b" ".join(b"count#bad=x count#n%d=1" % number for number in range(1000))

    assert [m.name for m in metrics_of(line)] == [f"n{number}" for number in range(MOST_METRICS)]


def test_the_same_metric_twice_in_a_line_counts_twice() -> None:
    assert len(metrics_of(b"count#x=1 count#x=1")) == 2


@pytest.mark.parametrize(
    "piece",
    [
        b"#",
        b"\\",
        b"measure#",
        b" count#",
        b" count#a=x",
        b" count#a=" + b"1" * 500,
        b" count#" + b"a" * 500,
        b" unique#" + b"a" * 100 + b"!",
        b' measure#a="\\"',
    ],
)
def test_a_long_line_of_what_is_no_metric_is_read_to_its_end(piece: bytes) -> None:
    line = piece * (65536 // len(piece)) + b' " count#last=3'

    assert metrics_of(line) == [AppMetric(COUNT, "last", 3.0, "")]


@pytest.mark.parametrize("piece", [b"\\", b"a", b" ", b"\\ ", b' \\"count#a=1'])
def test_a_long_quoted_value_is_one_member_and_without_its_end_none(piece: bytes) -> None:
    line = b'unique#a="' + piece * 2 * (32768 // len(piece))

    assert metrics_of(line) == []
    assert [len(metric.member) for metric in metrics_of(line + b'"')] == [256]


def test_the_types_are_told_by_their_last_letters() -> None:
    assert sorted(l2met._TYPES.values()) == sorted(AppMetricType)


FRAGMENTS: Final = (
    *(b"count#", b"measure#", b"sample#", b"unique#", b"=", b'"', b"\\", b" ", b"\n", b"a", b"1.5"),
    *(b"-", b"e", b"9" * 40, b"ms", b"MB", b"\xc2\xb5s", b"n" * 100),
)
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)


@given(st.one_of(st.binary(max_size=300), texts))
def test_any_bytes_give_bounded_metrics_or_none(line: bytes) -> None:
    for text in (line, b"sample#x=" + line, b"count#" + line, b'unique#x="' + line):
        event = parse_app_metrics(text)
        if event is None:
            continue
        assert 1 <= len(event.metrics) <= MOST_METRICS
        for metric in event.metrics:
            assert re.fullmatch(r"[A-Za-z0-9_.:/-]{1,100}", metric.name)
            assert re.fullmatch(r"[A-Za-z]{0,16}", metric.unit)
            assert math.isfinite(metric.value)
            assert metric.value >= 0 or metric.type in {MEASURE, SAMPLE}
            assert (metric.type is UNIQUE) == bool(metric.member)
            assert len(metric.member) <= 256


@given(st.integers(0, 10**15), st.sampled_from(sorted(UNITS)), st.sampled_from([b"%s", b'"%s"']))
def test_a_value_is_what_was_printed_in_its_base_unit(
    number: int, spelling: bytes, form: bytes
) -> None:
    unit = UNITS[spelling]

    value = number_of(form % (b"%d%s" % (number, spelling)))
    assert value is not None
    assert value[0] == pytest.approx(number * unit.times / unit.per)
    assert value[1] == unit.name
