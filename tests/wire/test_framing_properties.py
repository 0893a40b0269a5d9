"""Framing: what holds for any stream and any split of it."""

import itertools
import re

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from heroku_syslogd.wire import FrameDecoder, encode_frame
from tests.wire.feeding import Outcome, decode, merged

LIMIT = 200

messages = st.binary(max_size=LIMIT - 4).map(lambda text: b"<13>" + text)
lines = st.binary(max_size=LIMIT - 4).map(
    lambda text: b"<13>" + text.replace(b"\n", b" ").replace(b"\0", b" ")
)
framed = st.one_of(
    messages.map(lambda m: (m, encode_frame(m))),
    lines.map(lambda m: (m, m + b"\n")),
    lines.map(lambda m: (m, m + b"\0")),
)
# Garbage that is made of the pieces that the decoder looks for, beside plain noise.
_TEXT = b"1|9|0|12 |4 <|5 <1>|<|>| |x|GET|12345678|199 <|201 <|<13>1 - h app web.1 - - hi"
pieces = st.sampled_from([*_TEXT.split(b"|"), b"\n", b"\0", b"\r", b"\x16", b"\x03"])
garbage = st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=40).map(b"".join))


@st.composite
def split(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> list[bytes]:
    stream = draw(streams)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(framed, max_size=12), st.data())
def test_encode_then_decode_is_the_identity(
    parts: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(encoded for _, encoded in parts)
    chunks = data.draw(split(st.just(stream)))

    assert decode(chunks, LIMIT) == ([message for message, _ in parts], [])


@settings(max_examples=400)
@given(split(garbage), st.sampled_from([None, 1, 2, 5]))
@example([b"0", b"12 <13>", b"xxxxxxxx"], None)
@example([b"x123456", b" <13>"], None)
@example([b"0", b"0000000"], None)
@example([b"12", b"3", b"45678", b"9 <1>a"], None)
@example([b"\n", b"\n<1>a\nx\nx\n"], 2)
def test_any_split_of_any_stream_gives_the_same_messages(
    chunks: list[bytes], budget: int | None
) -> None:
    whole, whole_faults = decode([b"".join(chunks)], LIMIT, budget)

    frames, faults = decode(chunks, LIMIT, budget)

    assert frames == whole
    assert faults == whole_faults


@settings(max_examples=300)
@given(split(garbage))
def test_every_byte_is_a_message_its_framing_or_rejected(chunks: list[bytes]) -> None:
    stream = b"".join(chunks)
    frames, faults = decode(chunks, LIMIT)
    rejected = sum(dropped for _, dropped in faults)

    # A message's framing is its count and a space, or one terminator; none at the stream's end.
    most = sum(len(frame) + len(str(len(frame))) + 1 for frame in frames)
    least = sum(len(frame) + 1 for frame in frames) - 1
    assert least <= len(stream) - rejected <= most or (not frames and rejected == len(stream))


@settings(max_examples=300)
@given(split(garbage))
def test_what_is_retained_never_exceeds_the_limit(chunks: list[bytes]) -> None:
    decoder = FrameDecoder(LIMIT)
    for chunk in chunks:
        decoder.feed(chunk)
        assert decoder.retained <= LIMIT + 16


def decode_counted(chunks: list[bytes], budget: int | None = None) -> Outcome:
    """Decode where octet counting is the only framing."""
    decoder = FrameDecoder(LIMIT, budget, counted_only=True)
    found = [*map(decoder.feed, chunks), decoder.finish()]
    frames = [frame for part in found for frame in part.frames]
    return frames, merged(fault for part in found for fault in part.faults)


@settings(max_examples=300)
@given(split(garbage), st.sampled_from([None, 1, 2, 5]))
@example([b"x\n", b"<1>a\n", b"5 <1>ab"], None)
@example([b"x", b"\n12", b" <13>xxxxxxxx"], None)
def test_without_lines_any_split_gives_the_same_messages_too(
    chunks: list[bytes], budget: int | None
) -> None:
    assert decode_counted(chunks, budget) == decode_counted([b"".join(chunks)], budget)


@settings(max_examples=300)
@given(garbage)
def test_without_lines_every_message_has_its_count(stream: bytes) -> None:
    frames, faults = decode_counted([stream])

    framed = sum(len(encode_frame(frame)) for frame in frames)
    assert framed + sum(dropped for _, dropped in faults) == len(stream)
    assert all(encode_frame(frame) in stream for frame in frames)


@given(st.lists(messages, max_size=12))
def test_what_is_counted_throughout_reads_the_same_with_and_without_lines(
    texts: list[bytes],
) -> None:
    stream = b"".join(map(encode_frame, texts))

    assert decode_counted([stream]) == decode([stream], LIMIT) == (texts, [])


@given(garbage, st.lists(messages, min_size=1, max_size=4))
def test_after_garbage_and_a_line_end_messages_are_found_again(
    noise: bytes, after: list[bytes]
) -> None:
    # The noise may hold a count of its own or begin a line; both are over after enough blanks, so
    # what follows must be whole. Counts of six and seven digits would need ten megabytes of them.
    assume(not re.search(rb"[0-9]{6} <", noise))
    stream = noise + b"\n" * 100_000 + b"".join(map(encode_frame, after))

    frames, _ = decode([stream], LIMIT)

    assert frames[-len(after) :] == after
