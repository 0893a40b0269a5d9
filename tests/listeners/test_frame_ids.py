"""Which batches were taken already: a window in time, and a bound in number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.listeners.frame_ids import BatchKey, FrameIds

T0 = 1_700_000_000.0
KEY = BatchKey("d.9173ea1f", "09C557EAFCFB6CF2740EE62F62971098")


def test_a_batch_is_remembered_for_a_while() -> None:
    ids = FrameIds(window=60)
    assert not ids.holds(KEY, T0)
    ids.add(KEY, T0)

    assert ids.holds(KEY, T0)
    assert ids.holds(KEY, T0 + 59)
    assert not ids.holds(KEY, T0 + 60)


def test_each_drain_has_ids_of_its_own() -> None:
    ids = FrameIds()
    ids.add(KEY, T0)

    assert not ids.holds(KEY._replace(sender="d.other"), T0)
    assert not ids.holds(KEY._replace(frame_id="other"), T0)


def test_a_batch_that_is_taken_again_is_remembered_anew() -> None:
    ids = FrameIds(window=60, most=2)
    ids.add(KEY, T0)
    ids.add(BatchKey("a", "1"), T0 + 50)
    ids.add(KEY, T0 + 60)
    ids.add(BatchKey("b", "1"), T0 + 61)

    assert ids.holds(KEY, T0 + 100)
    assert not ids.holds(BatchKey("a", "1"), T0 + 61)


def test_what_is_old_is_forgotten_though_there_is_room() -> None:
    ids = FrameIds(window=60)
    for number in range(100):
        ids.add(BatchKey("a", str(number)), T0 + number)

    assert len(ids) == 60


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    ids = FrameIds(window=60, most=10)
    ids.add(KEY, T0)
    ids.add(BatchKey("a", "1"), T0 - 1000)

    assert ids.holds(KEY, T0 - 1000)
    assert ids.holds(BatchKey("a", "1"), T0 - 1000)
    ids.add(BatchKey("a", "2"), T0 + 100)
    assert len(ids) == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=100))
def test_never_more_than_the_bound_and_never_older_than_the_window(
    steps: list[tuple[int, int]],
) -> None:
    ids = FrameIds(window=20, most=10)
    now = T0
    taken: dict[str, float] = {}
    for number, seconds in steps:
        now += seconds
        key = BatchKey("d", str(number))
        if ids.holds(key, now):
            assert taken[key.frame_id] > now - 20
        else:
            ids.add(key, now)
            taken[key.frame_id] = now
        assert ids.holds(key, now)
        assert len(ids) <= 10
