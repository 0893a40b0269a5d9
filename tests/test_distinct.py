"""The count of distinct members: how near it comes, and that repetition changes nothing."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.distinct import DistinctCounter


def counter_of(members: list[bytes]) -> DistinctCounter:
    counter = DistinctCounter()
    for member in members:
        counter.add(member)
    return counter


def random_members(number: int, seed: int) -> list[bytes]:
    source = random.Random(seed)
    return [source.randbytes(12) for _ in range(number)]


def test_nothing_is_zero() -> None:
    assert DistinctCounter().count() == 0.0


@pytest.mark.parametrize("names", ["user-%d", "%d", "%d@example.com"])
def test_small_numbers_are_all_but_exact(names: str) -> None:
    counter = DistinctCounter()
    for number in range(1, 51):
        counter.add((names % number).encode())

        assert counter.count() == pytest.approx(number, abs=2)


@pytest.mark.parametrize("number", [1_000, 2_500, 5_000, 100_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_large_numbers_are_near(number: int, seed: int) -> None:
    assert counter_of(random_members(number, seed)).count() == pytest.approx(number, rel=0.1)


def test_on_average_the_error_is_small() -> None:
    errors = [counter_of(random_members(4_000, seed)).count() / 4_000 - 1 for seed in range(20)]

    assert abs(sum(errors)) / len(errors) < 0.02
    assert (sum(error**2 for error in errors) / len(errors)) ** 0.5 < 0.05


def test_duplicates_change_nothing() -> None:
    members = random_members(500, seed=3)
    counter = counter_of(members)
    before = counter.count()
    for member in members:
        counter.add(member)

    assert counter.count() == before


@given(st.lists(st.binary(max_size=40), max_size=100), st.randoms())
def test_neither_order_nor_repetition_matters_and_the_count_is_whole(
    members: list[bytes], source: random.Random
) -> None:
    others = members + members[: len(members) // 2]
    source.shuffle(others)
    count = counter_of(members).count()

    assert counter_of(others).count() == count
    assert count == int(count)
    assert count <= 1.2 * len(set(members)) + 5


@given(st.lists(st.binary(max_size=40), max_size=100), st.binary(max_size=40))
def test_a_member_more_never_lowers_a_small_count(members: list[bytes], member: bytes) -> None:
    counter = counter_of(members)
    before = counter.count()
    counter.add(member)

    assert counter.count() >= before
