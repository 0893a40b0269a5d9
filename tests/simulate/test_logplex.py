from __future__ import annotations

from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import (
    LogBuffer,
    Loss,
    http_frame,
    http_message,
    loss_line,
    tcp_frame,
    udp_datagram,
)

from .receivers import split_octets

TOKEN = "d.8f7a4b11-c323-c764-a74f-89bf4c1100ab"
STATE = (
    b"<45>1 2014-11-11T08:24:24.064853+00:00 d.8f7a4b11-c323-c764-a74f-89bf4c1100ab"
    b" heroku web.1 - - State changed from starting to up\n"
)


def line(msg: bytes = b"State changed from starting to up") -> Line:
    return Line(0, TOKEN, 45, "2014-11-11T08:24:24.064853+00:00", "heroku", "web.1", msg)


def test_frame_is_logplex_own_example() -> None:
    assert tcp_frame(line()) == b"129 " + STATE
    assert len(STATE) == 129


def test_datagram_has_no_octet_count() -> None:
    assert udp_datagram(line()) == STATE


def test_frame_over_http_is_a_captured_one() -> None:
    # heroku/logplex issue 105.
    assert http_frame(line()) == (
        b"93 <45>1 2014-11-11T08:24:24.064853+00:00 host heroku web.1"
        b" - State changed from starting to up\n"
    )


def test_loss_line_over_http_is_a_captured_one_and_has_no_line_feed() -> None:
    loss = loss_line(0, TOKEN, 1, since=1415402985.0, now=1415694265.0)

    # heroku/logplex issue 105.
    assert http_frame(loss) == (
        b"142 <172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10 (output buffer"
        b" overflow): 1 messages dropped since 2014-11-07T23:29:45+00:00."
    )
    assert udp_datagram(loss).endswith(b".\n")


def test_an_empty_line_over_http_is_a_line_feed() -> None:
    assert http_message(line(b"")).endswith(b" web.1 - \n")
    assert http_message(line(b"up\n")) == http_message(line(b"up"))


def test_losses_add_up_from_the_first_one() -> None:
    none = Loss(0, 0.0)

    assert Loss(2, 5.0).and_also(Loss(3, 4.0)) == Loss(5, 4.0)
    assert Loss(2, 5.0).and_also(none) == none.and_also(Loss(2, 5.0)) == Loss(2, 5.0)
    assert none.and_also(none) == none


def test_a_loss_is_invented_only_where_there_is_none() -> None:
    buffer = LogBuffer(0, TOKEN, capacity=1)
    buffer.push(line(), now=0.0)
    invented = buffer.take(now=0.0, invents_loss=True)
    for _ in range(3):
        buffer.push(line(), now=0.0)
    real = buffer.take(now=0.0, invents_loss=True)

    assert invented is not None
    assert real is not None
    assert (invented.announced, real.announced) == (1, 2)
    assert b" 1 messages dropped" in invented.data
    assert b" 2 messages dropped" in real.data


def test_line_feed_is_appended_only_where_it_is_missing() -> None:
    assert tcp_frame(line(b"up\n")) == tcp_frame(line(b"up"))
    assert udp_datagram(line(b"")).endswith(b" web.1 - - \n")
    assert udp_datagram(line(b"one\ntwo")).endswith(b" - - one\ntwo\n")
    assert udp_datagram(line(b"up\r")).endswith(b"up\r\n")


def test_count_is_in_bytes_not_characters() -> None:
    frame = tcp_frame(line("Zoë, 5 € 💳".encode()))

    assert split_octets(frame) == [udp_datagram(line("Zoë, 5 € 💳".encode()))]


def test_packets_hold_whole_frames_up_to_the_target() -> None:
    buffer = LogBuffer(0, TOKEN)
    for _ in range(31):
        buffer.push(line(), now=0.0)

    packet = buffer.take(now=0.0)
    assert packet is not None
    # 30 frames of 133 bytes are 3,990; one more would be over 4,096.
    assert (packet.messages, len(packet.data)) == (30, 3990)
    assert split_octets(packet.data) == [STATE] * 30
    rest = buffer.take(now=0.0)
    assert rest is not None
    assert rest.messages == 1
    assert buffer.take(now=0.0) is None


def test_oversize_frame_goes_alone() -> None:
    buffer = LogBuffer(0, TOKEN)
    for msg in (b"small", b"x" * 9000, b"small"):
        buffer.push(line(msg), now=0.0)

    packets = [buffer.take(now=0.0) for _ in range(3)]

    assert [packet and packet.messages for packet in packets] == [1, 1, 1]
    assert packets[1] is not None
    assert len(packets[1].data) > 9000


def test_overflow_drops_the_oldest_and_reports_it_ahead_of_the_next() -> None:
    buffer = LogBuffer(0, TOKEN, capacity=3)
    for number in range(5):
        buffer.push(line(b"message %d" % number), now=1415694264.5 + number)

    assert buffer.dropped == 2
    packet = buffer.take(now=1415694300.9)
    assert packet is not None
    first, *rest = split_octets(packet.data)
    # The first loss was at the fourth message, 3 s in; L10 times are whole seconds.
    assert first == (
        b"<172>1 2014-11-11T08:25:00+00:00 d.8f7a4b11-c323-c764-a74f-89bf4c1100ab heroku logplex"
        b" - - Error L10 (output buffer overflow): 2 messages dropped"
        b" since 2014-11-11T08:24:27+00:00.\n"
    )
    assert rest == [udp_datagram(line(b"message %d" % number)) for number in (2, 3, 4)]
    assert packet.messages == 4


def test_some_apps_have_the_wording_of_today_which_names_the_drain() -> None:
    today = loss_line(1, TOKEN, 1, 1649878905.256379, 1649878965.121237)

    assert today.timestamp == "2022-04-13T19:42:45.121237+00:00"
    assert today.msg.decode() == (
        f"Error L10 (output buffer overflow): drain '{TOKEN}' dropped 1 messages"
        " since 2022-04-13T19:41:45.256379+00:00."
    )


def test_each_loss_is_reported_once() -> None:
    buffer = LogBuffer(0, TOKEN, capacity=1)
    for round_ in range(2):
        for number in range(4):
            buffer.push(line(b"%d" % number), now=100.0 * round_)
        packet = buffer.take(now=0.0)
        assert packet is not None
        assert b" 3 messages dropped" in packet.data

    assert buffer.dropped == 6
    buffer.push(line(), now=0.0)
    packet = buffer.take(now=0.0)
    assert packet is not None
    assert packet.data == b"129 " + STATE


def test_default_capacity_is_1024() -> None:
    buffer = LogBuffer(0, TOKEN)
    for _ in range(1030):
        buffer.push(line(), now=0.0)

    assert (len(buffer), buffer.dropped) == (1024, 6)
