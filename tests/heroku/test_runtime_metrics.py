"""Runtime samples: the lines of the format reference, with all keys, and what is not believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku import RuntimeSample, SampleLine, runtime_metrics
from heroku_syslogd.heroku.runtime_metrics import RUNTIME_FIELDS, RuntimeField, parse_runtime_sample

MB = 2**20
UUID = "cd817c77-4f8e-4e68-b42a-3dea4e04d99c"
SOURCE = b"source=web.1 dyno=heroku.261104379.cd817c77-4f8e-4e68-b42a-3dea4e04d99c "


def test_a_load_line() -> None:
    line = SOURCE + b"sample#load_avg_1m=2.46 sample#load_avg_5m=1.06 sample#load_avg_15m=0.99"

    assert parse_runtime_sample(line) == RuntimeSample(
        SampleLine.LOAD, UUID, {"load_avg_1m": 2.46, "load_avg_5m": 1.06, "load_avg_15m": 0.99}
    )


def test_a_memory_line() -> None:
    line = SOURCE + (
        b"sample#memory_total=221.47MB sample#memory_rss=217.77MB sample#memory_cache=3.70MB"
        b" sample#memory_swap=0.00MB sample#memory_pgpgin=149293pages"
        b" sample#memory_pgpgout=123257pages sample#memory_quota=512.00MB"
    )

    assert parse_runtime_sample(line) == RuntimeSample(
        SampleLine.MEMORY,
        UUID,
        {
            "memory_total": 221.47 * MB,
            "memory_rss": 217.77 * MB,
            "memory_cache": 3.70 * MB,
            "memory_swap": 0.0,
            "memory_pgpgin": 149293,
            "memory_pgpgout": 123257,
            "memory_quota": 512 * MB,
        },
    )


@pytest.mark.parametrize("field", RUNTIME_FIELDS, ids=lambda field: field.name)
def test_every_key_is_optional_and_stands_alone(field: RuntimeField) -> None:
    name, line, units = field
    unit, factor = next(iter(reversed(units.items())))

    sample = parse_runtime_sample(b"sample#%s=1.5%s" % (name.encode(), unit))

    assert sample == RuntimeSample(line, "", {name: 1.5 * factor})


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"1.00GB", 2.0**30),
        (b"1.00kB", 2.0**10),
        (b"1.00KB", 2.0**10),
        (b"7B", 7.0),
        (b"512.00MB", 512.0 * MB),
        (b"512.00", None),
        (b"512.00TB", None),
        (b"512.00MBs", None),
        (b"-1.00MB", None),
        (b"nanMB", None),
        (b"infMB", None),
        (b"1e3MB", None),
        (b"1.2.3MB", None),
        (b"9" * 400 + b"MB", None),
        (b'"512.00MB"', None),
        (b"MB", None),
        (b"", None),
    ],
)
def test_units_and_numbers(number: bytes, value: float | None) -> None:
    sample = parse_runtime_sample(b"sample#memory_rss=" + number)

    assert (sample.values["memory_rss"] if sample else None) == value


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"sample#",
        b"sample#unknown=1",
        b"xsample#load_avg_1m=1.00",
        b"sample#load_avg_1m",
        b"State changed from up to down",
    ],
)
def test_lines_without_a_value_are_no_sample(line: bytes) -> None:
    assert parse_runtime_sample(line) is None


def test_unknown_keys_beside_known_ones_are_passed_over() -> None:
    sample = parse_runtime_sample(b"sample#new_key=1 sample#load_avg_1m=0.50 other=x")

    assert sample is not None
    assert sample.values == {"load_avg_1m": 0.5}


numbers = st.from_regex(rb"[0-9]{1,16}(\.[0-9]{1,10})?", fullmatch=True)


@given(st.sampled_from(SampleLine), st.data())
def test_the_whole_line_says_what_its_keys_say_one_by_one(
    which: SampleLine, data: st.DataObject
) -> None:
    line = SOURCE.rstrip()
    for field in RUNTIME_FIELDS:
        if field.line is which:
            unit = data.draw(st.sampled_from(sorted(field.units)))
            line += b" sample#%s=%s%s" % (field.name.encode(), data.draw(numbers), unit)

    assert parse_runtime_sample(line) == runtime_metrics._parse_keys(line)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_sample_or_none(line: bytes) -> None:
    for text in (line, b"sample#memory_rss=" + line, b"sample#load_avg_1m=1 dyno=" + line):
        sample = parse_runtime_sample(text)
        assert sample is None or all(value >= 0 for value in sample.values.values())
