"""What faults do to frames, and what the daemon's decoder makes of it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.simulate.damage import break_off, miscount, pieces
from heroku_syslogd.simulate.logplex import http_frame, tcp_frame
from heroku_syslogd.wire import FrameDecoder
from tests.simulate.lines import line

rngs = st.integers(0, 2**32).map(Random)
counts = st.integers(1, 12)


def frames_of(count: int) -> list[bytes]:
    return [tcp_frame(line(number, size=number * 7)) for number in range(count)]


@given(counts, rngs)
def test_one_octet_count_is_off_by_up_to_5_bytes(count: int, rng: Random) -> None:
    frames = frames_of(count)
    damaged, position = miscount(frames, rng)

    assert damaged[:position] == frames[:position]
    assert damaged[position + 1 :] == frames[position + 1 :]
    right, _, message = frames[position].partition(b" ")
    wrong, _, still = damaged[position].partition(b" ")
    assert still == message
    assert 1 <= abs(int(wrong) - int(right)) <= 5


@given(rngs)
def test_a_count_stays_a_count(rng: Random) -> None:
    (frame,), _ = miscount([b"1 x"], rng)

    assert int(frame.partition(b" ")[0]) >= 1


@given(counts, rngs)
def test_no_more_than_the_frame_and_the_next_one_are_lost(count: int, rng: Random) -> None:
    frames = frames_of(count)
    damaged, position = miscount(frames, rng)
    decoder = FrameDecoder()
    received = [*decoder.feed(b"".join(damaged)).frames, *decoder.finish().frames]

    whole = [frame.partition(b" ")[2] for frame in frames]
    intact = whole[:position] + whole[position + 2 :]
    assert [message for message in received if message in intact] == intact


@given(counts, rngs)
def test_breaking_off_is_in_the_middle_of_a_frame(count: int, rng: Random) -> None:
    frames = [http_frame(line(number)) for number in range(count)]
    data, whole = break_off(frames, rng)

    before = b"".join(frames[:whole])
    assert data.startswith(before)
    assert frames[whole].startswith(data.removeprefix(before))
    assert len(before) < len(data) < len(before) + len(frames[whole])


@given(st.binary(), st.integers(1, 12))
def test_pieces_are_the_whole(data: bytes, count: int) -> None:
    parts = pieces(data, count)

    assert b"".join(parts) == data
    assert len(parts) <= count
    assert all(parts)


@pytest.mark.parametrize(("size", "sizes"), [(10, [3, 3, 3, 1]), (8, [2, 2, 2, 2]), (2, [1, 1])])
def test_pieces_have_about_the_same_size(size: int, sizes: list[int]) -> None:
    assert list(map(len, pieces(b"x" * size, 4))) == sizes
