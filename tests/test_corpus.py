"""Every published line of Heroku, from bytes to events and to series."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.heroku import line_rule
from heroku_syslogd.wire import Dialect, FrameDecoder, Message, parse_message
from tests.corpus.example import Example, Series, frame
from tests.corpus.examples import EXAMPLES
from tests.pipeline_bench import Bench, batch

_NOT_COMPARED = re.compile(
    r"heroku_(log|drain)_|.*(_last_sample_timestamp_seconds|_bucket|_created)\{"
)
_NOW = 1_800_000_000.0  # later than every example: a time to come is not believed
_COUNTS = re.compile(r".*(_total|_count|_sum)\{")
# Heroku counts these; its last value is shown.
_TAKEN_OVER = re.compile(r"heroku_(dyno_memory|postgres_transactions)_")

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def frames_of(example: Example) -> tuple[list[bytes], list[str]]:
    """Return the frames of an example, and the reasons of the malformed stretches between them."""
    if not example.framed:
        return [example.body], []
    decoder = FrameDecoder()
    found, rest = decoder.feed(example.body), decoder.finish()
    faults = [fault.reason for fault in found.faults + rest.faults if not fault.continued]
    return found.frames + rest.frames, [reason.value for reason in faults]


def messages_of(example: Example) -> tuple[list[Message], list[str]]:
    """Return the messages of an example, and the reasons of everything that is none."""
    frames, faults = frames_of(example)
    messages = []
    for found in (parse_message(one, example.dialect) for one in frames):
        if isinstance(found, Message):
            messages.append(found)
        else:
            faults.append(found.reason.value)
    return messages, faults


def plain(value: object) -> object:
    """Return a value with its numbers rounded: a parser may multiply where another divides."""
    if is_dataclass(value):
        return type(value), [(one.name, plain(getattr(value, one.name))) for one in fields(value)]
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return type(value), tuple(map(plain, value))
    return float(f"{value:.14g}") if isinstance(value, float) else value


def comparable(series: Series) -> object:
    """Return the series that examples name; a counter at 0 is as good as none."""
    return plain(
        {
            key: value
            for key, value in series.items()
            if not _NOT_COMPARED.match(key) and (value or not _COUNTS.match(key))
        }
    )


def series_of(frames: Iterable[bytes], dialect: Dialect) -> Series:
    """Return the series of an empty daemon without configured drains after these frames."""
    bench = Bench(max_series=100_000)
    bench.drains.configure({}, reject_unknown=False, max_apps=10)
    arrived = batch(*frames, dialect=dialect)._replace(received_at=_NOW)
    bench.counters.received_messages += len(arrived.frames)
    bench.worker.apply(arrived)
    bench.check_books()
    return bench.series()


@every_example
def test_every_line_means_what_it_says(example: Example) -> None:
    messages, faults = messages_of(example)
    rules = [line_rule(message.app_name, message.procid) for message in messages]
    events = [rule.parse(one.msg) for rule, one in zip(rules, messages, strict=True)]

    assert plain(tuple(events)) == plain(example.events)
    assert tuple(faults) == example.faults


@every_example
def test_every_line_changes_its_series_and_no_others(example: Example) -> None:
    frames, _ = frames_of(example)

    assert comparable(series_of(frames, example.dialect)) == comparable(example.series)


@every_example
def test_every_line_means_the_same_once_its_stream_is_known(example: Example) -> None:
    """The first line of a stream takes the full parser, the others the fast path."""
    frames, _ = frames_of(example)
    twice = {
        key: value * 2 if _COUNTS.match(key) and not _TAKEN_OVER.match(key) else value
        for key, value in example.series.items()
    }

    assert comparable(series_of([*frames, *frames], example.dialect)) == comparable(twice)


@every_example
def test_an_application_that_prints_a_line_of_the_platform_changes_no_series_of_it(
    example: Example,
) -> None:
    messages, _ = messages_of(example)
    printed = [frame(b"app", b"web.1", message.msg) for message in messages]
    series = comparable(series_of(printed, Dialect.RFC5424))

    assert isinstance(series, dict)
    assert [key for key in series if not key.startswith("heroku_app_")] == []


def test_no_line_of_the_captures_is_missing() -> None:
    numbers = {int(m[1]) for one in EXAMPLES if (m := re.match(r"13\.([0-9]+) ", one.name))}

    assert numbers == set(range(1, 48))


def test_examples_have_names_of_their_own() -> None:
    names = [example.name for example in EXAMPLES]

    assert len(names) == len(set(names))


UNIQUES = [
    frame(b"app", b"web.1", msg)
    for msg in (b"unique#user=alice", b"unique#user=bob x=1 unique#ip=192.0.2.1", b"unique#user=")
]


def pool(dialect: Dialect) -> list[bytes]:
    """Return the frames of all examples of a dialect."""
    return (UNIQUES if dialect is Dialect.RFC5424 else []) + [
        one for example in EXAMPLES if example.dialect is dialect for one in frames_of(example)[0]
    ]


@st.composite
def captures(draw: st.DrawFn, dialect: Dialect) -> list[bytes]:
    """Draw lines of Heroku in any order, some of them with a few bytes changed."""
    frames = draw(st.lists(st.sampled_from(pool(dialect)), min_size=1, max_size=30))
    for number in draw(st.lists(st.integers(0, len(frames) - 1), max_size=10)):
        one = frames[number]
        start = draw(st.integers(0, len(one)))
        end = draw(st.integers(start, min(len(one), start + 10)))
        frames[number] = one[:start] + draw(st.sampled_from(PIECES)) + one[end:]
    return frames


PIECES = [
    b"",
    b" ",
    b"\n",
    b"\t",
    b'"',
    b"0",
    b"17",
    b"=",
    b"#",
    b"count#x=1",
    b"-",
    b" dyno=web.2 ",
]


def settled(series: Series) -> object:
    """Return the series that do not depend on the order of streams."""
    gauges = ("heroku_app_sample{",)
    return plain({key: value for key, value in series.items() if not key.startswith(gauges)})


@settings(max_examples=300)
@pytest.mark.parametrize("dialect", Dialect)
@given(data=st.data())
def test_lines_mean_the_same_together_and_one_by_one(dialect: Dialect, data: st.DataObject) -> None:
    """The short cuts for streams that are known change nothing but the time that it takes.

    Only the samples of an application are those of the dyno that comes last, which is that of the
    line that came last, or of another one in the batch.
    """
    frames = data.draw(captures(dialect))
    together, alone = (Bench(max_series=100_000) for _ in range(2))
    for bench in (together, alone):
        bench.worker.apply(batch(*frames[:5], dialect=dialect)._replace(received_at=_NOW))
    together.worker.apply(batch(*frames, dialect=dialect)._replace(received_at=_NOW))
    for one in frames:
        alone.worker.forget_streams()
        alone.worker.apply(batch(one, dialect=dialect)._replace(received_at=_NOW))

    assert settled(together.series()) == settled(alone.series())
    assert together.registry.recognised == alone.registry.recognised
    assert together.lost == alone.lost
    assert together.budget.used == alone.budget.used
