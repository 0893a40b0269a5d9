"""Samples of add-ons: what is refused, lines that are read at once, and any bytes."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.addons import (
    ADDON_FIELDS,
    _layout,
    _parse_keys,
    addon_sample_parser,
)
from heroku_syslogd.heroku.events import Addon, AddonSample
from tests.heroku.addon_parsers import parse_postgres, parse_redis

HOSTILE = 65536

# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"1", 1.0),
        (b"007", 7.0),
        (b"0.06427136779541504", 0.06427136779541504),
        (b"999999999999999", 999999999999999.0),
        (b"6.4e-05", 6.4e-05),
        (b"1e-99", 1e-99),
        (b"-1", None),
        (b"+1", None),
        (b"1e9", None),
        (b"1e+9", None),
        (b"1e-100", None),
        (b"nan", None),
        (b"inf", None),
        (b"0x1F", None),
        (b"1_000", None),
        (b"1,5", None),
        (b"1.2.3", None),
        (b"1.", None),
        (b".5", None),
        (b"50%", None),
        (b'"1"', None),
        (b"1=2", None),
        (b"1\t", None),
        (b"9" * 16, None),
        (b"9" * 400, None),
        (b"0." + b"1" * 400, None),
        (b"", None),
    ],
)
def test_numbers(number: bytes, value: float | None) -> None:
    sample = parse_postgres(b"sample#read-iops=" + number)

    if value is None:
        assert sample == AddonSample(Addon.POSTGRES, "", "", {}, ("read-iops",))
    else:
        assert sample == AddonSample(Addon.POSTGRES, "", "", {"read_iops": value})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"source=DATABASE addon=postgresql-curly-12345",
        b"xsample#read-iops=1",
        b"sample=1",
        b"count#read-iops=1",
        b"source=sample#read-iops=1",
    ],
)
def test_lines_without_a_sample_are_none(line: bytes) -> None:
    assert parse_postgres(line) is None


def test_keys_stand_in_any_order() -> None:
    line = b"sample#hit-rate=0.5 addon=redis-a-1 sample#evicted-keys=2 x=y source=REDIS"

    assert parse_redis(line) == AddonSample(
        Addon.REDIS, "REDIS", "redis-a-1", {"hit_ratio": 0.5, "evicted_keys": 2}
    )


def test_unknown_keys_are_named_once_and_do_not_hide_known_ones() -> None:
    line = (
        b"source=DATABASE sample#new-key=1 sample#tables=3 sample#new-key=2 sample#db-size=4"
        b" sample#current-transaction=5 sample#connection-percentage-used=0.5 sample#bare"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "DATABASE",
        "",
        {"tables": 3},
        ("new-key", "db-size", "current-transaction", "connection-percentage-used", "bare"),
    )


def test_a_line_of_unknown_keys_alone_is_a_sample_without_values() -> None:
    assert parse_redis(b"source=REDIS sample#new=1") == AddonSample(
        Addon.REDIS, "REDIS", "", {}, ("new",)
    )


def test_another_addon_has_other_keys() -> None:
    assert parse_redis(b"sample#db_size=1bytes") == AddonSample(
        Addon.REDIS, "", "", {}, ("db_size",)
    )


def test_names_are_fit_for_a_label() -> None:
    sample = parse_redis(
        b'source=%s addon="a\xff\n{}" sample#tables=1 sample#%s=1 sample#x\x00y"=1 sample#=1'
        % (b"S" * 100, b"k" * 100)
    )

    assert sample == AddonSample(
        Addon.REDIS, "S" * 64, "_a_____", {}, ("tables", "k" * 64, "x_y_", "-")
    )


def test_hostile_lines_end_and_are_bounded() -> None:
    keys = b" ".join(b"sample#%d=1" % number for number in range(HOSTILE // 12))

    sample = parse_postgres(keys)

    assert sample is not None
    assert sample.unknown == tuple(str(number) for number in range(32))
    for unit in (b"sample#", b"sample# ", b" sample#a=1", b"sample#a=", b"source=", b"9", b" "):
        for start in (
            b"",
            b"sample#",
            b"sample#tables=",
            b"sample#tables=1",
            b"source=",
            b"source=S addon=a-1 sample#current_transaction=1 sample#tables=1",
        ):
            parse_postgres(start + unit * (HOSTILE // len(unit)))


# The whole line at once ---------------------------------------------------------------------------


@pytest.mark.parametrize("addon", Addon)
def test_a_line_of_all_keys_in_their_order_is_read_at_once(addon: Addon) -> None:
    line = b"source=S addon=a-1" + b"".join(
        b" sample#%s=1.5%s" % (field.key, unit)
        for field in ADDON_FIELDS[addon]
        for unit in list(field.units)[-1:]
    )

    assert _layout(addon).line.fullmatch(line)


numbers = st.from_regex(rb"[0-9]{1,16}(\.[0-9]{0,25})?([eE]-?[0-9]{1,3})?", fullmatch=True)
values = st.builds(
    b"".join, st.tuples(numbers, st.sampled_from([b"", b"bytes", b"kB", b"GB", b"TB", b"\n", b"="]))
)


@given(st.sampled_from(Addon), st.data())
def test_the_whole_line_says_what_its_keys_say_one_by_one(
    addon: Addon, data: st.DataObject
) -> None:
    """In their order with some of them missing, and with two of the words swapped."""
    words = [
        b"source=" + data.draw(st.sampled_from([b"S", b"addon=x", b"", b"\xff"])),
        b"addon=a-1",
    ]
    for field in ADDON_FIELDS[addon]:
        if data.draw(st.booleans()):
            value = data.draw(st.sampled_from([b"1.5" + unit for unit in field.units]) | values)
            words.append(b"sample#%s=%s" % (field.key, value))
    one, other = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
    if data.draw(st.booleans()):
        words[one], words[other] = words[other], words[one]
    line = b" ".join(words)

    assert addon_sample_parser(addon)(line) == _parse_keys(addon, _layout(addon).by_key, line)


@given(st.sampled_from(Addon), st.binary(max_size=200))
def test_any_bytes_give_a_sample_or_none(addon: Addon, line: bytes) -> None:
    parse = addon_sample_parser(addon)
    key = ADDON_FIELDS[addon][0].key

    for text in (
        line,
        b"sample#" + line,
        b"sample#%s=" % key + line,
        b"sample#a source=" + line,
        b"source=S addon=a-1 sample#%s=" % key + line,
    ):
        sample = parse(text)
        assert (sample is None) == (re.search(rb"(\A| )sample#", text) is None)
        if sample is None:
            continue
        assert all(value >= 0 and math.isfinite(value) for value in sample.values.values())
        for label in (*sample.unknown, sample.source, sample.name):
            assert re.fullmatch(r"[A-Za-z0-9_.:/@+-]{0,64}", label)
