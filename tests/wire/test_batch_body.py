"""Bodies of HTTPS drains: named cases, and what holds for any body and any split of it."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heroku_syslogd.wire import BatchBody, BodyFault, Decoded, FrameDecoder, encode_frame
from heroku_syslogd.wire.batch_body import MESSAGE_OVERHEAD
from tests.wire.feeding import Outcome, merged

LIMIT = 2000
FRAME_LIMIT = 200
BUDGET = 20
STEP = 65536

# Real bytes (heroku/logplex, issue 105): the notice has no LF, and the next frame follows at once.
L10 = (
    b"<172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10 (output buffer overflow):"
    b" 1 messages dropped since 2014-11-07T23:29:45+00:00."
)
STATE = (
    b"<45>1 2014-11-11T08:24:24.064853+00:00 host heroku web.1 - State changed from starting to up"
)

messages = st.binary(max_size=FRAME_LIMIT - 4).map(lambda text: b"<13>" + text)
_TEXT = b"1|9|0|12 |4 <|5 <1>|<|>| |x|GET |12345678|199 <|201 <|<13>1 - h app web.1 - - hi|\n|\0|\r"
garbage = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(_TEXT.split(b"|")), max_size=40).map(b"".join),
    st.lists(messages.map(encode_frame), max_size=8).map(b"".join),
)
levels = st.sampled_from([0, 1, 9])


@st.composite
def members(draw: st.DrawFn) -> bytes:
    """Return a compressed body, of several members or none, whole or damaged."""
    body = b"".join(
        gzip.compress(part, draw(levels)) for part in draw(st.lists(garbage, max_size=4))
    )
    if draw(st.booleans()):
        return body
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(max_size=3)) + body[draw(st.integers(at, len(body))) :]


@st.composite
def split(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> list[bytes]:
    body = draw(bodies)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=12)))
    return [body[a:b] for a, b in itertools.pairwise([0, *cuts, len(body)])]


def fed(body: BatchBody, piece: bytes) -> BodyFault | None:
    """Feed a piece and take all its steps."""
    fault = body.feed(piece)
    while fault is None and body.has_more:
        before = body.size
        fault = body.go_on()
        assert body.size <= before + STEP
    return fault


def received(
    pieces: list[bytes], *, gzipped: bool = False, limit: int = LIMIT
) -> Outcome | BodyFault:
    """Return what becomes of a body that comes in pieces; an outcome is never both."""
    body = BatchBody(limit, FRAME_LIMIT, BUDGET, gzipped=gzipped)
    for piece in pieces:
        if fault := fed(body, piece):
            return fault
        assert body.size <= limit
        assert body.memory >= body.size
    result = body.finish()
    return result if isinstance(result, BodyFault) else outcome(result)


def outcome_of(body: BatchBody) -> Outcome:
    """Return what a good body holds."""
    result = body.finish()
    assert isinstance(result, Decoded)
    return outcome(result)


def outcome(decoded: Decoded) -> Outcome:
    return decoded.frames, merged(decoded.faults)


def test_a_batch_of_logplex() -> None:
    body = encode_frame(L10) + encode_frame(STATE)

    assert body.startswith(b"142 <172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10")
    assert received([body]) == ([L10, STATE], [])


def test_nothing_is_a_batch_of_no_messages() -> None:
    assert received([]) == ([], [])
    assert received([gzip.compress(b"")], gzipped=True) == ([], [])


@pytest.mark.parametrize(
    ("body", "frames", "faults"),
    [
        pytest.param(b"6 <1>\n\n\n5 <1>ab", [b"<1>\n\n\n", b"<1>ab"], [], id="LF in a message"),
        pytest.param(b"<1>a\n<1>b\n", [], [("unexpected_byte", 10)], id="lines"),
        pytest.param(b"x\n5 <1>ab", [b"<1>ab"], [("unexpected_byte", 2)], id="garbage, LF"),
        pytest.param(b"x\n<1>a\n5 <1>ab", [b"<1>ab"], [("unexpected_byte", 7)], id="a line in it"),
        pytest.param(b"5 <1>ab\n5 <1>cd", [b"<1>ab", b"<1>cd"], [("blank", 1)], id="LF between"),
        pytest.param(b"9 <1>ab", [], [("truncated", 7)], id="cut off"),
    ],
)
def test_only_counts_delimit(
    body: bytes, frames: list[bytes], faults: list[tuple[str, int]]
) -> None:
    assert received([body]) == (frames, faults)
    assert received([body[i : i + 1] for i in range(len(body))]) == (frames, faults)


def test_the_longest_body_is_taken_and_one_byte_more_is_not() -> None:
    body = b"5 <1>ab" * 10
    assert received([body], limit=70) == ([b"<1>ab"] * 10, [])
    assert received([body, b"x"], limit=70) is BodyFault.TOO_LARGE
    packed = gzip.compress(body)
    assert received([packed], gzipped=True, limit=70) == ([b"<1>ab"] * 10, [])
    assert received([gzip.compress(body + b"x")], gzipped=True, limit=70) is BodyFault.TOO_LARGE
    assert received([gzip.compress(body, 0)], gzipped=True, limit=70) is BodyFault.TOO_LARGE


@pytest.mark.parametrize("at", range(1, 40))
def test_a_compressed_body_that_is_cut_off_is_refused(at: int) -> None:
    packed = gzip.compress(b"5 <1>ab" * 10)

    assert received([packed[:-at]], gzipped=True) is BodyFault.BAD_CODING


@pytest.mark.parametrize(
    "body",
    [
        b"5 <1>ab",
        zlib.compress(b"5 <1>ab"),
        gzip.compress(b"5 <1>ab") + b"\0",
        gzip.compress(b"5 <1>ab") + b"5 <1>ab",
        gzip.compress(b"5 <1>ab")[:-8] + bytes(8),
        b"\x1f\x8b",
    ],
)
def test_what_is_not_gzip_is_refused(body: bytes) -> None:
    assert received([body], gzipped=True) is BodyFault.BAD_CODING


def test_every_member_costs_and_so_they_are_counted() -> None:
    empty, full = gzip.compress(b""), gzip.compress(b"5 <1>ab")

    assert received([empty * 99 + full], gzipped=True, limit=5000) == ([b"<1>ab"], [])
    assert received([empty * 101], gzipped=True, limit=5000) is BodyFault.BAD_CODING


def test_what_a_few_bytes_become_is_decoded_step_by_step() -> None:
    body = BatchBody(2**20, FRAME_LIMIT, BUDGET, gzipped=True)
    packed, sizes = gzip.compress(b"1 <" * 2**18, 9), [0]

    fault = body.feed(packed)
    sizes.append(body.size)
    while fault is None and body.has_more:
        fault = body.go_on()
        sizes.append(body.size)

    assert len(packed) < 2**12
    assert fault is None
    assert max(after - before for before, after in itertools.pairwise(sizes)) == STEP
    assert body.size == 3 * 2**18
    assert len(outcome_of(body)[0]) == 2**18


def test_what_was_not_asked_for_step_by_step_is_there_at_the_end() -> None:
    body = BatchBody(2**20, FRAME_LIMIT, BUDGET, gzipped=True)
    assert body.feed(gzip.compress(b"5 <1>ab" * 2**16)) is None

    assert outcome_of(body) == ([b"<1>ab"] * 2**16, [])


@pytest.mark.parametrize("limit", [2**14, 2**17])
def test_a_bomb_is_refused_before_it_has_gone_off(limit: int) -> None:
    bomb = gzip.compress(b"5 <1>ab" * (50 * limit // 7), 9)
    body = BatchBody(2 * limit, FRAME_LIMIT, BUDGET, gzipped=True)
    tracemalloc.start()
    fault = fed(body, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(bomb) < limit
    assert fault is BodyFault.TOO_LARGE
    assert body.size <= 2 * limit + 65536
    assert peak < 12 * 2 * limit + 2**18  # the messages that it had by then, and a piece


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(encode_frame(b"<13>" + b"x" * 150), id="messages of usual length"),
        pytest.param(b"3 <1>", id="messages of nothing"),
        pytest.param(b"3 <1>\n", id="a fault for each message"),
    ],
)
def test_the_memory_that_a_body_states_is_about_what_it_takes(piece: bytes) -> None:
    body = BatchBody(2**20, FRAME_LIMIT, BUDGET)
    data = piece * (2**16 // len(piece))
    tracemalloc.start()
    for start in range(0, len(data), 1024):
        body.feed(data[start : start + 1024])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held / 2 < body.memory < held * 2
    assert MESSAGE_OVERHEAD > 33  # an empty bytes object


def test_what_is_discarded_is_free() -> None:
    body = BatchBody(2**20, FRAME_LIMIT, BUDGET)
    body.feed(b"5 <1>ab" * 1000 + b"x")
    body.discard()

    assert body.finish() == ([], [])


# For any body -------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(split(garbage))
@example([b"0", b"12 <13>", b"xxxxxxxx"])
@example([b"x\n", b"<1>a\n", b"5 <1>ab"])
def test_any_split_of_any_body_gives_the_same_messages(pieces: list[bytes]) -> None:
    assert received(pieces) == received([b"".join(pieces)])


@settings(max_examples=300)
@given(split(members()))
def test_any_split_of_any_compressed_body_gives_the_same_messages(pieces: list[bytes]) -> None:
    whole = received([b"".join(pieces)], gzipped=True)
    parts = received(pieces, gzipped=True)

    # A body may have both faults, and then the pieces decide which is found first.
    assert parts == whole or (isinstance(parts, BodyFault) and isinstance(whole, BodyFault))


@settings(max_examples=200)
@given(st.lists(garbage, max_size=4), levels)
def test_compression_changes_nothing(parts: list[bytes], level: int) -> None:
    plain = received([b"".join(parts)])
    packed = received([b"".join(gzip.compress(part, level) for part in parts)], gzipped=True)

    expected = BodyFault.BAD_CODING if not parts else plain  # nothing at all is no gzip
    assert packed == expected or packed is BodyFault.TOO_LARGE


@settings(max_examples=200)
@given(garbage)
def test_the_messages_are_those_of_the_frame_decoder(body: bytes) -> None:
    decoder = FrameDecoder(FRAME_LIMIT, BUDGET, counted_only=True)
    first, rest = decoder.feed(body), decoder.finish()
    expected = (first.frames + rest.frames, merged(first.faults + rest.faults))

    assert received([body]) == expected


@settings(max_examples=200)
@given(garbage)
def test_every_byte_is_a_message_its_framing_or_rejected(body: bytes) -> None:
    result = received([body])
    assert not isinstance(result, BodyFault)
    frames, faults = result

    framed = sum(len(encode_frame(frame)) for frame in frames)
    assert framed + sum(dropped for _, dropped in faults) == len(body)


@settings(max_examples=200)
@given(st.binary(max_size=400), st.booleans(), st.integers(0, 3000))
def test_any_bytes_are_a_batch_or_refused(data: bytes, gzipped: bool, limit: int) -> None:
    received([data, data], gzipped=gzipped, limit=limit)


@given(st.lists(messages, max_size=8), st.data())
def test_line_feeds_in_messages_change_nothing(texts: list[bytes], data: st.DataObject) -> None:
    texts = [text.replace(b"x", b"\n") for text in texts]
    body = b"".join(map(encode_frame, texts))
    pieces = data.draw(split(st.just(body)))

    assert received(pieces) == (texts, [])
