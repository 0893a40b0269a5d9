"""Headers: each dialect, each liberty, each fault; and the fast path against the parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.wire import (
    VALID_PRI_VERSION,
    Dialect,
    HeaderFault,
    HeaderReason,
    Message,
    message_text,
    parse_message,
    parse_timestamp,
    stream_key,
)

TOKEN = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
TIME = b"2022-12-05T09:51:04.778759+00:00"


def parsed(frame: bytes, dialect: Dialect = Dialect.RFC5424) -> Message:
    message = parse_message(frame, dialect)
    assert isinstance(message, Message), message
    return message


def test_a_tcp_drain_line() -> None:
    frame = b"<45>1 " + TIME + b" " + TOKEN + b" heroku web.1 - - State changed from up to down\n"

    assert parsed(frame) == Message(
        pri=45,
        timestamp=TIME,
        hostname=TOKEN,
        app_name=b"heroku",
        procid=b"web.1",
        msgid=b"-",
        structured_data=b"-",
        msg=b"State changed from up to down",
    )


def test_an_https_drain_line_has_no_structured_data() -> None:
    frame = b"<45>1 " + TIME + b" host heroku web.1 - State changed from starting to up\n"

    message = parsed(frame, Dialect.LOGPLEX_1)

    assert message.hostname == b"host"
    assert message.msg == b"State changed from starting to up"


@pytest.mark.parametrize(
    ("text", "rfc5424", "logplex"),
    [
        # An app that prints "- item" over HTTPS looks like a nil STRUCTURED-DATA: the dialect
        # decides, never the content (heroku/logplex issue 204).
        pytest.param(b"- item", b"item", b"- item", id="body that begins with a dash"),
        pytest.param(b"[YELLOW] [12-2] x", b"[12-2] x", b"[YELLOW] [12-2] x", id="bracket"),
        pytest.param(b"no structured data", *[b"no structured data"] * 2, id="missing SD"),
        pytest.param(b"-", b"", b"-", id="missing MSG"),
        pytest.param(b"- \xef\xbb\xbftext", b"text", b"- \xef\xbb\xbftext", id="BOM"),
        pytest.param(b"- ", b"", b"- ", id="empty MSG"),
    ],
)
def test_the_dialect_decides_about_structured_data(
    text: bytes, rfc5424: bytes, logplex: bytes
) -> None:
    head = b"<190>1 " + TIME + b" h app web.1 - "

    assert parsed(head + text, Dialect.RFC5424).msg == rfc5424
    assert parsed(head + text, Dialect.LOGPLEX_1).msg == logplex
    assert message_text(text, Dialect.RFC5424) == rfc5424
    assert message_text(text, Dialect.LOGPLEX_1) == logplex


def test_structured_data_with_an_escaped_bracket() -> None:
    sd = rb'[a@1 k="x\] \" y" n="2"][b@1]'
    message = parsed(b"<13>1 - host app 12 ID47 " + sd + b" text [x]")

    assert message.structured_data == sd
    assert message.msgid == b"ID47"
    assert message.msg == b"text [x]"


def test_a_long_app_name_is_kept() -> None:
    # Three other receivers lose the stream over an APP-NAME of more than 48 characters.
    assert parsed(b"<13>1 - h " + b"a" * 300 + b" web.1 - - x").app_name == b"a" * 300


def test_the_tagged_header_of_router_2() -> None:
    message = parsed(b"<158>1 " + TIME + b' heroku[router]: at=info method=GET path="/"')

    assert (message.hostname, message.app_name, message.procid) == (b"-", b"heroku", b"router")
    assert message.msg == b'at=info method=GET path="/"'


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        (
            b"<34>Oct 11 22:14:15 mymachine su[231]: 'su root' failed",
            (34, b"mymachine", b"su", b"231", b"'su root' failed"),
        ),
        (b"<13>Feb  5 17:32:18 10.0.0.99 app: text", (13, b"10.0.0.99", b"app", b"-", b"text")),
        (b"<13>Use the BFG!", (13, b"-", b"-", b"-", b"Use the BFG!")),
        (b"<23>4", (23, b"-", b"-", b"-", b"4")),
        (b"<0>", (0, b"-", b"-", b"-", b"")),
    ],
)
def test_rfc_3164(frame: bytes, fields: tuple[int, bytes, bytes, bytes, bytes]) -> None:
    message = parsed(frame)

    assert fields == (
        message.pri,
        message.hostname,
        message.app_name,
        message.procid,
        message.msg,
    )


@pytest.mark.parametrize("frame", [b"<13>1 - h app web.1", b"<13>1 - h app web.1\n"])
def test_msgid_and_all_behind_it_may_be_missing(frame: bytes) -> None:
    message = parsed(frame)

    assert (message.procid, message.msgid, message.msg) == (b"web.1", b"-", b"")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", HeaderReason.PRI),
        (b"no header", HeaderReason.PRI),
        (b"<>1 - h a p - - x", HeaderReason.PRI),
        (b"<999>1 - h a p - - x", HeaderReason.PRI),
        (b"<192>1 - h a p - - x", HeaderReason.PRI),
        (b"<-1>1 - h a p - - x", HeaderReason.PRI),
        (b"<1234>1 - h a p - - x", HeaderReason.PRI),
        (b"<13>2 - h a p - - x", HeaderReason.VERSION),
        (b"<13>1 ", HeaderReason.FIELDS),
        (b"<13>1 - h a", HeaderReason.FIELDS),
        (b"<13>1 - h a \n", HeaderReason.FIELDS),
    ],
)
def test_faults(frame: bytes, reason: HeaderReason) -> None:
    fault = parse_message(frame, Dialect.RFC5424)

    assert isinstance(fault, HeaderFault)
    assert fault.reason is reason


fields = st.sampled_from(
    [b"-", b"h", TOKEN, b"heroku", b"app", b"web.1", b"", b"a[b]:", b"\n", b"[x]"]
)
frames = st.one_of(
    st.binary(max_size=200),
    st.tuples(
        st.sampled_from([b"<13>1", b"<191>1", b"<192>1", b"<13>2", b"<013>1", b"13>1", b"<13>"]),
        st.lists(fields, max_size=9),
        st.binary(max_size=20),
    ).map(lambda parts: b" ".join([parts[0], *parts[1], parts[2]])),
)


@settings(max_examples=500)
@given(frames, st.sampled_from(Dialect))
def test_any_bytes_give_a_message_or_a_fault(frame: bytes, dialect: Dialect) -> None:
    assert isinstance(parse_message(frame, dialect), Message | HeaderFault)


@settings(max_examples=1000)
@given(frames, st.sampled_from(Dialect))
def test_the_fast_path_agrees_with_the_parser(frame: bytes, dialect: Dialect) -> None:
    """What the worker does with two splits is what the parser does (see `stream_key`)."""
    head, _, rest = frame.partition(b" - ")
    parts = head.split(b" ", 2)
    if len(parts) < 3 or parts[0] not in VALID_PRI_VERSION or parts[2].count(b" ") != 2:
        return  # the worker parses these in full
    message = parse_message(frame, dialect)
    if not isinstance(message, Message) or stream_key(message) != parts[2]:
        return  # its stream is under another key, which the slice does not find

    assert message.timestamp == parts[1]
    assert message.msg == message_text(rest, dialect)


@pytest.mark.parametrize(
    ("token", "seconds"),
    [
        (b"2022-12-05T09:51:04.778759+00:00", 1670233864.778759),
        (b"2022-01-26T20:25:08.61556+00:00", 1643228708.61556),
        (b"2023-08-24T12:31:50.112+00:00", 1692880310.112),
        (b"2012-11-30T06:45:29+00:00", 1354257929.0),
        (b"2012-12-10T03:00:48Z", 1355108448.0),
        (b"2012-07-22T00:06:26-00:00", 1342915586.0),
        (b"2012-12-10T03:00:48Z+00:00", None),  # an input example of Logplex, passed on unchanged
        (b"2012-12-10T03:00:48", None),
        (b"-", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_timestamps(token: bytes, seconds: float | None) -> None:
    assert parse_timestamp(token) == seconds


@given(st.binary(max_size=40))
def test_any_timestamp_gives_a_number_or_none(token: bytes) -> None:
    assert isinstance(parse_timestamp(token), float | None)


@pytest.mark.parametrize(
    "frame",
    [
        b"<13>Oct 11 22:14:15 h su\n",
        b"<13>Oct 11 22:14:15 h\n su: x",
        b"<13>Oct 11 22:14:15 h su[1\n]: x",
        b"<13>1 T a[b\n]: x",
        b"<13>1 T a\n[b]: x",
    ],
)
def test_no_field_of_a_header_holds_a_line_feed(frame: bytes) -> None:
    message = parse_message(frame, Dialect.RFC5424)
    assert isinstance(message, Message | HeaderFault)

    if isinstance(message, Message):
        fields = (message.hostname, message.app_name, message.procid, message.msgid)
        assert all(b"\n" not in field for field in fields)
