from __future__ import annotations

import pytest

from benchmarks.fleet import DAY, FleetSize, messages_of, tokens_of


@pytest.mark.parametrize(
    ("dynos", "size"),
    [
        (1, FleetSize(1, 1)),
        (10, FleetSize(1, 10)),
        (100, FleetSize(2, 50)),
        (120, FleetSize(3, 50)),
    ],
)
def test_fleet_has_as_many_dynos_as_asked_for_or_some_more(dynos: int, size: FleetSize) -> None:
    assert FleetSize.of(dynos) == size
    assert size.dynos >= dynos


def test_tokens_are_those_of_the_messages() -> None:
    size = FleetSize(3, 4)

    messages = messages_of(size, 3000)

    tokens = {message.split(b" ", 3)[2].decode() for message in messages}
    assert tokens == set(tokens_of(size))


def test_every_dyno_reports_and_writes_in_the_warm_up() -> None:
    size = FleetSize.of(100)
    messages = messages_of(size, size.warm_up)

    names = {tuple(message.split(b" ", 5)[2:5]) for message in messages}

    for app_name in (b"app", b"heroku"):
        dynos = {name for name in names if name[1] == app_name and b"." in name[2]}
        assert len(dynos) >= size.dynos


def test_all_lines_are_of_the_same_day() -> None:
    day = DAY.encode()
    messages = messages_of(FleetSize(2, 50), 20_000)

    assert {message.split(b" ", 2)[1][: len(day)] for message in messages} == {day}
