from __future__ import annotations

from random import Random

from benchmarks.churn import Churn, churning_app
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import udp_datagram
from heroku_syslogd.wire import Dialect, Message, parse_message

NOW = 1_700_000_000.0


def lines(count: int, seed: int = 1) -> list[Line]:
    return list(Churn(churning_app(7, NOW), Random(seed)).lines(count, NOW))


def test_as_many_lines_come_as_are_wanted_and_each_is_well_formed() -> None:
    found = lines(999)

    assert len(found) == 999
    for line in found:
        assert isinstance(parse_message(udp_datagram(line), Dialect.RFC5424), Message)


def test_same_seed_gives_the_same_lines() -> None:
    assert lines(200) == lines(200)
    assert lines(200) != lines(200, seed=2)


def test_strangers_and_names_are_ever_new() -> None:
    found = lines(6000)
    known = churning_app(7, NOW).token

    strangers = [line.token for line in found if line.token != known]
    invented = [line.procid for line in found if line.msg == b"invented"]

    assert len(strangers) <= 2 * len(set(strangers))
    assert len(invented) == len(set(invented)) > 100


def test_stranger_has_one_token_and_the_next_one_another() -> None:
    churn = Churn(churning_app(7, NOW), Random(1))

    first, second = ({line.token for line in churn.stranger_lines(5, NOW)} for _ in range(2))

    assert len(first) == len(second) == 1
    assert first != second
