from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.simulate.faults import Fault
from heroku_syslogd.simulate.logplex import Packet, tcp_frame
from heroku_syslogd.simulate.tcp_packet import Written, written

from .lines import line

rngs = st.integers(0, 2**32).map(Random)


def packet(count: int, announced: int = 0) -> Packet:
    return Packet([tcp_frame(line(number)) for number in range(count)], announced)


@pytest.mark.parametrize("fault", [None, Fault.SLOW, Fault.BIG_BATCH, Fault.UNTERMINATED_LOSS])
def test_without_damage_a_packet_is_written_as_it_is(fault: Fault | None) -> None:
    sending = written(packet(3, announced=7), fault, Random(1))

    assert sending == Written(packet(3).data, messages=3, whole=3, announced=7)
    assert sending.damaged_by(None) == 0


@given(st.integers(1, 9), rngs)
def test_a_disconnect_leaves_whole_frames_and_the_beginning_of_one(count: int, rng: Random) -> None:
    sending = written(packet(count, announced=7), Fault.DISCONNECT, rng)

    assert sending.whole < sending.messages == count
    assert sending.announced == (7 if sending.whole else 0)
    before, after = (packet(n).data for n in (sending.whole, sending.whole + 1))
    assert len(before) < len(sending.data) < len(after)
    assert after.startswith(sending.data)


@given(st.integers(1, 9), rngs)
def test_a_miscounted_frame_damages_the_next_one_too(count: int, rng: Random) -> None:
    sending = written(packet(count), Fault.MISCOUNT, rng)

    assert sending.whole == count
    overlapped = written(packet(2), None, rng).damaged_by(sending)
    assert sending.damaged_by(None) + overlapped == 2
    assert sending.is_overlapping == bool(overlapped)


def test_a_message_is_damaged_once() -> None:
    last = Written(b"", 1, 1, 0, frozenset({0, 1}), is_overlapping=True)
    first = Written(b"", 3, 3, 0, frozenset({0, 1}))

    assert first.damaged_by(last) == 2


def test_what_was_not_written_whole_is_lost_and_not_damaged() -> None:
    last = Written(b"", 1, 1, 0, frozenset({0, 1}), is_overlapping=True)

    assert Written(b"", 3, 0, 0).damaged_by(last) == 0
