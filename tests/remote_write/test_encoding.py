"""Requests of remote write: what protobuf's own library makes of them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.remote_write.encoding import (
    FieldEncoder,
    SeriesEncoder,
    compress,
    encode_end,
    encode_labels,
    encode_name,
    encode_series,
    encode_timestamp,
    halves,
    varint,
)
from tests.remote_write.protobuf import Series, WriteRequest, decompressed, series_of

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name != "app")
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
TIMES = st.floats(4e7, 4e9)


@given(st.integers(0, 2**63 - 1))
def test_a_varint_is_protobufs(number: int) -> None:
    encoded = varint(number)

    assert len(encoded) <= 9
    assert sum((byte & 0x7F) << (7 * index) for index, byte in enumerate(encoded)) == number


@given(st.dictionaries(NAMES, TEXTS, max_size=6), TEXTS, st.floats(allow_nan=False), TIMES)
def test_a_series_is_what_protobufs_library_writes(
    constant: dict[str, str], app: str, value: float, at: float
) -> None:
    encoder = SeriesEncoder(("app",), constant)
    written = encode_series(
        encode_name("heroku_x"), encoder.labels([app]), value, encode_timestamp(at)
    )

    message = WriteRequest()
    series = message.timeseries.add()
    series.labels.add(name="__name__", value="heroku_x")
    for name, text in sorted({"app": app, **constant}.items()):
        series.labels.add(name=name, value=text)
    series.samples.add(value=value, timestamp=round(at * 1000))
    if value:  # what is 0 it leaves out, and we need not
        assert written == message.SerializeToString()
    assert series_of(written) == series_of(message.SerializeToString())


@given(st.dictionaries(NAMES, st.floats(allow_nan=False), max_size=6), TEXTS, TIMES)
def test_fields_are_series_like_any_other(values: dict[str, float], app: str, at: float) -> None:
    names = {field: encode_name(field) for field in values}
    labels, timestamp = SeriesEncoder(("app",), {}).labels([app]), encode_timestamp(at)
    encoder = FieldEncoder(names)

    assert encoder.series(labels, values.items(), timestamp) == b"".join(
        encode_series(names[field], labels, value, timestamp) for field, value in values.items()
    )


@given(st.lists(st.tuples(TEXTS, st.floats(allow_nan=False)), max_size=20))
def test_series_follow_each_other_in_a_request(rows: list[tuple[str, float]]) -> None:
    encoder, name, at = SeriesEncoder(("app",), {}), encode_name("x"), encode_timestamp(1e9)
    body = compress(encode_series(name, encoder.labels([app]), value, at) for app, value in rows)

    assert series_of(decompressed(body)) == [
        Series((("__name__", "x"), ("app", app)), ((value, 10**12),)) for app, value in rows
    ]


def test_a_label_of_its_own_goes_before_a_constant_one_and_an_empty_one_is_none() -> None:
    encoder = SeriesEncoder(("app", "dyno"), {"app": "constant", "zone": "eu", "empty": ""})

    assert encoder.labels(["shop", ""]) == encode_labels([("zone", "eu"), ("app", "shop")])


@given(st.lists(TEXTS, min_size=2, max_size=9))
def test_the_halves_of_a_request_are_all_of_it(apps: list[str]) -> None:
    encoder, name, at = SeriesEncoder(("app",), {}), encode_name("x"), encode_timestamp(1e9)
    series = [encode_series(name, encoder.labels([app * 60]), 1.0, at) for app in apps]

    parts = halves(compress(series))
    assert [len(series_of(decompressed(body))) for body, _ in parts] == [n for _, n in parts]
    assert b"".join(decompressed(body) for body, _ in parts) == b"".join(series)
    assert abs(parts[0][1] - parts[1][1]) <= 1


@pytest.mark.parametrize(("at", "expected"), [(-1e9, 2**35), (0.0, 2**35), (1e11, 2**42 - 1)])
def test_a_time_that_no_engine_takes_keeps_its_length(at: float, expected: int) -> None:
    written = encode_series(encode_name("x"), b"", 1.0, encode_timestamp(at))

    assert series_of(written)[0].samples == ((1.0, expected),)


def test_the_marker_of_an_end_is_the_one_that_prometheus_knows() -> None:
    written = encode_end(encode_name("x"), b"", encode_timestamp(1e9))
    message = WriteRequest.FromString(written)

    value = message.timeseries[0].samples[0].value
    assert struct.pack("<d", value) == bytes.fromhex("020000000000f07f")
