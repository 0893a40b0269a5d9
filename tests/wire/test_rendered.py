"""Lines of ``heroku logs``: each becomes the message that it was rendered from, or nothing."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.wire import (
    HEAD_BYTES,
    Decoded,
    Dialect,
    FrameFault,
    HeaderFault,
    Malformed,
    Message,
    RenderedDecoder,
    frame_of_rendered,
    is_rendered,
    parse_message,
)

TIME = b"2022-04-13T19:42:45.121237+00:00"
L10 = (
    b"Error L10 (output buffer overflow): drain 'd.68bc07b8-b306-4fa6-985f-48f8a45912c3' dropped"
    b" 1 messages since 2022-04-13T19:41:45.256379+00:00."
)
LINE = TIME + b" heroku[logplex]: " + L10


def message(app_name: bytes, procid: bytes, msg: bytes) -> Message:
    return Message(13, TIME, b"-", app_name, procid, b"-", b"-", msg)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"])
def test_a_line_is_the_message_that_it_was_rendered_from(dialect: Dialect, line_end: bytes) -> None:
    frame = frame_of_rendered(LINE + line_end)

    assert frame is not None
    assert parse_message(frame, dialect) == message(b"heroku", b"logplex", L10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b" app[web.1]: hello", message(b"app", b"web.1", b"hello")),
        (b" app[web.1]:   indented [x]: y", message(b"app", b"web.1", b"  indented [x]: y")),
        (b" app[web.1]: ", message(b"app", b"web.1", b"")),
        (b" app[web.1]:", message(b"app", b"web.1", b"")),
        (b" app[heroku-postgres]: - x", message(b"app", b"heroku-postgres", b"- x")),
        (b" heroku[web-abc-123]: Idling", message(b"heroku", b"web-abc-123", b"Idling")),
    ],
)
def test_a_text_stays_as_it_is(text: bytes, expected: Message) -> None:
    frame = frame_of_rendered(TIME + text)

    assert frame is not None
    assert parse_message(frame, Dialect.RFC5424) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        TIME,
        TIME + b" app",
        TIME + b" app[web.1] hello",
        TIME + b" app[]: hello",
        TIME + b" [web.1]: hello",
        TIME + b" my app[web.1]: hello",
        TIME + b"  app[web.1]: hello",
        TIME + b" app[web.1]: two\nlines",
        b"2022-04-13 19:42:45 app[web.1]: hello",
        b"<13>1 " + TIME + b" app[web.1]: hello",
        b"app[web.1]: hello",
    ],
)
def test_what_is_of_another_form_is_no_message(line: bytes) -> None:
    assert frame_of_rendered(line) is None


def test_a_byte_order_mark_before_the_first_line_is_left_out() -> None:
    assert frame_of_rendered(b"\xef\xbb\xbf" + LINE) == frame_of_rendered(LINE)
    assert is_rendered((b"\xef\xbb\xbf" + LINE)[:HEAD_BYTES])


def test_a_capture_is_recognised_by_its_first_bytes() -> None:
    assert is_rendered(LINE[:HEAD_BYTES])
    for other in (b"", b"129 <45>1 2014-11-11T08", b"<45>1 2014-11-11T08:24", b"2014 <45>1 x"):
        assert not is_rendered(other)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_none(line: bytes) -> None:
    for text in (line, TIME + line, TIME + b" app[web.1]:" + line, TIME + b" app[" + line):
        frame = frame_of_rendered(text)
        if frame is not None:
            for dialect in Dialect:
                found = parse_message(frame, dialect)
                assert isinstance(found, Message)
                assert found.hostname == b"-"
                assert found.timestamp.startswith(text[:11])


names = st.text("abcdefghijklmnopqrstuvwxyz-.0123456789", min_size=1, max_size=30).map(str.encode)


@given(names, names, st.binary(max_size=100).map(lambda text: text.replace(b"\n", b" ")))
def test_rendering_and_reading_is_the_identity(app_name: bytes, procid: bytes, msg: bytes) -> None:
    msg = msg.removesuffix(b"\r").removeprefix(b"\xef\xbb\xbf")
    frame = frame_of_rendered(b"%s %s[%s]: %s\r\n" % (TIME, app_name, procid, msg))

    assert frame is not None
    assert parse_message(frame, Dialect.RFC5424) == message(app_name, procid, msg)


# The decoder -------------------------------------------------------------------------------------

LIMIT = 80


def decode(chunks: list[bytes]) -> tuple[list[bytes], dict[FrameFault, tuple[int, int]]]:
    """Return the messages, and count and bytes of the faults by reason."""
    decoder = RenderedDecoder(LIMIT)
    found: list[Decoded] = []
    for chunk in chunks:
        found.append(decoder.feed(chunk))
        assert decoder.retained <= LIMIT
    found.append(decoder.finish())
    faults: dict[FrameFault, tuple[int, int]] = {}
    for fault in itertools.chain.from_iterable(one.faults for one in found):
        count, dropped = faults.get(fault.reason, (0, 0))
        faults[fault.reason] = (count + (not fault.continued), dropped + fault.dropped)
    return [frame for one in found for frame in one.frames], faults


def test_a_capture_is_split_at_its_line_ends() -> None:
    lines = [TIME + b" app[web.1]: %d" % number for number in range(3)]

    for line_end in (b"\n", b"\r\n"):
        frames, faults = decode([line_end.join(lines)])
        assert frames == [b"<13>1 " + line for line in lines]
        assert faults == {}


def test_a_line_without_its_header_is_passed_on_for_the_header_parser_to_refuse() -> None:
    frames, faults = decode([TIME + b" app[web.1]: x\n    at main.py:3\n"])

    assert frames[1:] == [b"    at main.py:3"]
    assert isinstance(parse_message(frames[1], Dialect.RFC5424), HeaderFault)
    assert faults == {}


def test_blank_lines_and_lines_too_long_are_faults() -> None:
    long = TIME + b" app[web.1]: " + b"x" * LIMIT + b"\n"
    frames, faults = decode([b"\n\r\n", long, TIME + b" app[web.1]: y\n", long[:-1]])

    assert frames == [b"<13>1 " + TIME + b" app[web.1]: y"]
    assert faults == {
        FrameFault.BLANK: (2, 3),
        FrameFault.TOO_LONG: (2, 2 * len(long) - 1),
    }


def test_a_line_that_never_ends_is_not_kept() -> None:
    decoder = RenderedDecoder(LIMIT)

    for number in range(1000):
        frames, faults = decoder.feed(b"x" * 50)
        assert frames == []
        assert decoder.retained <= LIMIT
        assert faults == [] if number == 0 else [fault.dropped for fault in faults] != []
    assert decoder.feed(b"\n").faults == [Malformed(FrameFault.TOO_LONG, 1, continued=True)]


pieces = st.sampled_from(
    [TIME, b" app[web.1]: ", b"x" * 30, b"\n", b"\r\n", b"\r", b"<13>", b"12 <"]
)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=30).map(b"".join)), st.data())
def test_any_split_of_any_capture_gives_the_same_and_every_byte_is_accounted_for(
    capture: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(capture)), max_size=10)))
    edges = [0, *cuts, len(capture)]
    frames, faults = decode([capture])

    assert decode([capture[a:b] for a, b in itertools.pairwise(edges)]) == (frames, faults)
    *lines, rest = capture.split(b"\n")
    messages = [line for line in (*lines, rest) if line not in (b"", b"\r") and len(line) <= LIMIT]
    assert len(frames) == len(messages)
    dropped = sum(count for _, count in faults.values())
    line_ends = len(messages) - (rest in messages[-1:])
    assert dropped == len(capture) - sum(map(len, messages)) - line_ends
