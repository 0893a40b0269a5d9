"""Framing: named cases, each whole, byte by byte, and at every split point."""

import tracemalloc

import pytest

from heroku_syslogd.wire import FrameDecoder, FrameFault, encode_frame
from tests.wire.feeding import decode, decode_every_way

STATE_LINE = (
    b"<45>1 2014-11-11T08:24:24.064853+00:00 d.8f7a4b11-c323-c764-a74f-89bf4c1100ab"
    b" heroku web.1 - - State changed from starting to up\n"
)
L10 = (
    b"<172>1 2017-08-28T08:36:13+00:00 host heroku logplex - Error L10 (output buffer overflow):"
    b" 302626 messages dropped since 2017-08-28T08:07:27+00:00."
)
ROUTER = (
    b'<158>1 2017-08-28T08:36:13.461949+00:00 host heroku router - at=info method=POST path="/"\n'
)


def test_the_frame_of_the_format_reference_decodes_to_its_message() -> None:
    assert len(STATE_LINE) == 129
    assert decode_every_way(b"129 " + STATE_LINE) == ([STATE_LINE], [])


@pytest.mark.parametrize(
    ("stream", "frames"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"4 <23>5 <24>x", [b"<23>", b"<24>x"], id="nothing between frames"),
        pytest.param(b"7 <1>\xff\0\n\r", [b"<1>\xff\0\n\r"], id="NUL, CR, LF, bad UTF-8 kept"),
        pytest.param(b"<1>a\n<2>b\n", [b"<1>a", b"<2>b"], id="LF"),
        pytest.param(b"<1>a\0<2>b\0", [b"<1>a", b"<2>b"], id="NUL"),
        pytest.param(b"<1>a\r\n<2>b\n", [b"<1>a\r", b"<2>b"], id="CR is left alone"),
        pytest.param(b"<1>a", [b"<1>a"], id="line ended by the end of the stream"),
        pytest.param(b"4 <1>a<2>b\n4 <3>c", [b"<1>a", b"<2>b", b"<3>c"], id="framing per message"),
        pytest.param(
            encode_frame(L10) + encode_frame(ROUTER),
            [L10, ROUTER],
            id="L10 without LF, router",
        ),
    ],
)
def test_well_formed_streams(stream: bytes, frames: list[bytes]) -> None:
    assert decode_every_way(stream) == (frames, [])


@pytest.mark.parametrize(
    ("stream", "frames", "faults"),
    [
        pytest.param(
            # vector#4895: a receiver went into an endless loop over this
            b"1 <23>41 <23>4",
            [b"<"],
            [("bad_count", 3), ("truncated", 8)],
            id="count shorter than the PRI, twice",
        ),
        pytest.param(b"0 <1>a\n4 <2>b", [b"<2>b"], [("bad_count", 7)], id="count of zero"),
        pytest.param(b"04 <1>a\n4 <2>b", [b"<2>b"], [("bad_count", 8)], id="leading zero"),
        pytest.param(b"4<1>a\n4 <2>b", [b"<2>b"], [("bad_count", 6)], id="count without a space"),
        pytest.param(b"+4 <1>a4 <2>b", [b"<1>a", b"<2>b"], [("unexpected_byte", 1)], id="sign"),
        pytest.param(b"1_0 <1>a\n", [], [("bad_count", 9)], id="underscore that int() would take"),
        pytest.param(
            b"1234567890 <1>a\n4 <2>b", [b"<2>b"], [("count_digits", 16)], id="count of ten digits"
        ),
        pytest.param(
            b"12345678 <1>a\n4 <2>b", [b"<2>b"], [("count_digits", 14)], id="count of eight digits"
        ),
        # The neighbours of the digits, which go-syslog takes for digits.
        pytest.param(b"4/ <1>a\n4 <2>b", [b"<2>b"], [("bad_count", 8)], id="slash in a count"),
        pytest.param(b"4: <1>a\n4 <2>b", [b"<2>b"], [("bad_count", 8)], id="colon in a count"),
        pytest.param(
            # vector#4852: a text line that begins with digits is no count
            b"2022-01-01 hello\n4 <2>b",
            [b"<2>b"],
            [("bad_count", 17)],
            id="line that begins with a date",
        ),
        pytest.param(b"5 hello4 <2>b", [b"<2>b"], [("no_pri", 7)], id="count without a PRI"),
        pytest.param(b"hello\n4 <2>b", [b"<2>b"], [("unexpected_byte", 6)], id="text line"),
        pytest.param(b"hello4 <2>b", [b"<2>b"], [("unexpected_byte", 5)], id="text, no LF"),
        pytest.param(b"4 <1>a\n4 <2>b", [b"<1>a", b"<2>b"], [("blank", 1)], id="LF not counted"),
        pytest.param(b"4 <1>a\r\n  4 <2>b", [b"<1>a", b"<2>b"], [("blank", 4)], id="indentation"),
        pytest.param(b"20 <1>abc", [], [("truncated", 9)], id="ends inside a message"),
        pytest.param(b"20", [], [("truncated", 2)], id="ends inside a count"),
        pytest.param(
            b"\x16\x03\x01\x02\x01\xfc\n<1>a\n", [b"<1>a"], [("tls_hello", 7)], id="TLS hello"
        ),
        pytest.param(
            b"GET / HTTP/1.1\n<1>a\n", [b"<1>a"], [("http_request", 15)], id="HTTP request"
        ),
        pytest.param(b"OPTIONS * HTTP/1.1\n", [], [("http_request", 19)], id="longest HTTP method"),
        pytest.param(b"POSTE\n<1>a\n", [b"<1>a"], [("unexpected_byte", 6)], id="not quite HTTP"),
    ],
)
def test_malformed_stretches_cost_only_themselves(
    stream: bytes, frames: list[bytes], faults: list[tuple[str, int]]
) -> None:
    assert decode_every_way(stream) == (frames, faults)


def test_a_count_one_too_large_costs_only_the_messages_that_it_overlaps() -> None:
    # A real capture: the count says 148 and the message has 147 bytes, so its frame swallows the
    # first digit of the next count, which then reads as 91.
    assert len(L10) == 147
    stream = b"148 " + L10 + encode_frame(b"<1>" + b"x" * 288) + encode_frame(ROUTER) * 2

    frames, faults = decode_every_way(stream)

    assert frames[0] == L10 + b"2"
    assert frames[1] == b"<1>" + b"x" * 88
    assert frames[2:] == [ROUTER, ROUTER]
    assert faults == [("unexpected_byte", 200)]


def test_a_count_too_small_costs_only_its_own_message() -> None:
    stream = b"20 " + STATE_LINE + encode_frame(ROUTER)

    frames, faults = decode_every_way(stream)

    assert frames == [STATE_LINE[:20], ROUTER]
    assert sum(dropped for _, dropped in faults) == 109


def test_a_stream_without_any_lf_is_found_again() -> None:
    frames, faults = decode_every_way(b"garbage 12 and 7 more" + b"5 <1>ab" * 3)

    assert frames == [b"<1>ab"] * 3
    assert faults == [("unexpected_byte", 21)]


@pytest.mark.parametrize("limit", [10, 64])
def test_a_message_at_the_limit_passes_and_one_above_is_skipped_in_step(limit: int) -> None:
    fits, above = b"<" + b"x" * (limit - 1), b"<" + b"x" * limit
    after = b"<1>a"

    for stream in (encode_frame(fits) + encode_frame(after), fits + b"\n" + after + b"\n"):
        assert decode_every_way(stream, limit) == ([fits, after], [])
    counted = encode_frame(above)
    assert decode_every_way(counted + encode_frame(after), limit) == (
        [after],
        [("too_long", len(counted))],
    )
    assert decode_every_way(above + b"\n" + after + b"\n", limit) == (
        [after],
        [("too_long", limit + 2)],
    )


def test_what_looks_like_frames_inside_a_skipped_line_is_not_taken() -> None:
    # The sender's text must not become messages of the sender's own choice.
    line = b"<1>" + b"x" * 30 + b" 5 <45>ab " + b"x" * 30 + b"\n"

    frames, faults = decode_every_way(line + b"<2>b\n", limit=40)

    assert frames == [b"<2>b"]
    assert faults == [("too_long", len(line))]


def test_a_long_message_is_joined_once_and_never_kept_twice() -> None:
    decoder = FrameDecoder(max_frame_bytes=65536)
    message = b"<1>" + b"x" * 65533
    for byte in encode_frame(message)[:-1]:
        assert decoder.feed(bytes([byte])) == ([], [])
    assert decoder.retained == 65535

    assert decoder.feed(b"x").frames == [message]
    assert decoder.retained == 0


def test_a_message_in_tiny_pieces_costs_little_more_than_its_bytes() -> None:
    decoder = FrameDecoder(max_frame_bytes=65536)
    pieces = [b"60000 <1>"] + [b"%02d" % (number % 100) for number in range(29_000)]
    tracemalloc.start()
    for piece in pieces:
        decoder.feed(piece)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert decoder.retained == 58_003
    assert held < 2 * decoder.retained


def test_a_stream_is_given_up_when_its_fault_budget_is_spent() -> None:
    stream = b"<1>a\nx\nx\nx\n<2>b\n" + b"y" * 20

    assert decode_every_way(stream, budget=4)[0] == [b"<1>a", b"<2>b"]
    frames, faults = decode_every_way(stream, budget=3)
    assert frames == [b"<1>a"]
    assert faults == [
        ("unexpected_byte", 2),
        ("unexpected_byte", 2),
        ("unexpected_byte", len(stream) - 9),
    ]


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_every_message_makes_up_for_one_fault(chunk: int) -> None:
    stream = (b"<1>a\nx\n" * 100 + b"5 <1>ab\n" * 100) * 2
    decoder = FrameDecoder(fault_budget=2)
    frames = 0
    for start in range(0, len(stream), chunk):
        frames += len(decoder.feed(stream[start : start + chunk]).frames)

    assert frames == 400
    assert not decoder.spent
    decoder.feed(b"x\nx\n")
    assert decoder.spent


def test_a_stream_that_was_given_up_costs_nothing_more() -> None:
    decoder = FrameDecoder(fault_budget=1)
    decoder.feed(b"x")

    assert decoder.feed(b"<1>a\n" * 1000) == ([], [("unexpected_byte", 5000, True)])
    assert decoder.retained == 0


def test_endless_garbage_is_reported_as_it_comes_and_not_kept() -> None:
    decoder = FrameDecoder()
    dropped = 0
    for index in range(100):
        faults = decoder.feed(b"garbage without end " * 50).faults
        assert [fault.continued for fault in faults] == [index > 0]
        dropped += sum(fault.dropped for fault in faults)
        assert decoder.retained < 16

    assert dropped + decoder.retained == 100_000


def test_a_datagram_reason_is_no_framing_reason() -> None:
    # EMPTY belongs to datagrams; a stream without content is not a fault.
    assert FrameFault.EMPTY not in {reason for reason, _ in decode([b"", b"\n", b""])[1]}
