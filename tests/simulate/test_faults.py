from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from heroku_syslogd.simulate.faults import (
    OF_ATTEMPT,
    Fault,
    FaultPlan,
    no_faults,
    parse_faults,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("slow", {Fault.SLOW: 0.05}),
        ("lost-reply,disconnect=0.2", {Fault.DISCONNECT: 0.2, Fault.LOST_REPLY: 0.05}),
        (" slow = 1 , ", {Fault.SLOW: 1.0}),
        ("slow=1", {Fault.SLOW: 1.0}),
        ("slow=0", {Fault.SLOW: 0.0}),
        ("all", dict.fromkeys(Fault, 0.05)),
        ("all=0.1", dict.fromkeys(Fault, 0.1)),
        ("all,slow=0.5", {**dict.fromkeys(Fault, 0.05), Fault.SLOW: 0.5}),
    ],
)
def test_shares(text: str, expected: dict[Fault, float]) -> None:
    assert parse_faults(text, "https") == expected


@pytest.mark.parametrize("scheme", ["syslog", "syslog+tls"])
def test_all_is_what_can_happen_there(scheme: str) -> None:
    assert set(parse_faults("all", scheme)) == set(Fault) - {Fault.LOST_REPLY, Fault.HEADERLESS}


@pytest.mark.parametrize(
    ("text", "scheme", "problem"),
    [
        ("fire", "http", "unknown fault 'fire'; expected all, or any of disconnect, lost-reply, "),
        ("headerless", "syslog", "headerless cannot happen on syslog:// .can: disconnect, big-b"),
        ("lost-reply", "syslog.tls", "lost-reply cannot happen on syslog"),
        ("slow", "udpsyslog", "slow cannot happen on udpsyslog:// .can: none"),
        ("all", "udpsyslog", "no fault can happen on udpsyslog://"),
        ("slow=often", "http", "'slow=often': expected a share from 0 to 1"),
        ("slow=", "http", "expected a share from 0 to 1"),
        ("slow=nan", "http", "expected a share from 0 to 1"),
        ("slow=1.5", "http", "expected a share from 0 to 1"),
        ("slow=-0.5", "http", "expected a share from 0 to 1"),
        ("slow=0.9,disconnect=0.3", "http", "shares of 1.2 in all; expected at most 1"),
    ],
)
def test_what_is_refused(text: str, scheme: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_faults(text, scheme.replace(".", "+"))


def test_faults_happen_as_often_as_their_shares_say() -> None:
    plan = FaultPlan({Fault.SLOW: 0.1, Fault.MISCOUNT: 0.3}, Random(1))
    drawn = Counter(plan.draw() for _ in range(10_000))

    assert drawn.keys() == {None, Fault.SLOW, Fault.MISCOUNT}
    assert drawn[Fault.SLOW] == pytest.approx(1000, rel=0.1)
    assert drawn[Fault.MISCOUNT] == pytest.approx(3000, rel=0.1)


def test_the_same_seed_gives_the_same_faults() -> None:
    plans = [FaultPlan(dict.fromkeys(Fault, 0.1), Random(7)) for _ in range(2)]
    first, second = ([plan.draw() for _ in range(100)] for plan in plans)

    assert first == second


def test_a_retry_has_faults_of_an_attempt_alone_and_no_more_of_them() -> None:
    plan = FaultPlan({Fault.SLOW: 0.1, Fault.MISCOUNT: 0.9}, Random(1))
    drawn = Counter(plan.draw(OF_ATTEMPT) for _ in range(10_000))

    assert drawn.keys() == {None, Fault.SLOW}
    assert drawn[Fault.SLOW] == pytest.approx(1000, rel=0.1)


def test_a_share_of_1_is_always() -> None:
    plan = FaultPlan({Fault.SLOW: 1.0}, Random(1))

    assert {plan.draw() for _ in range(1000)} == {Fault.SLOW}


def test_nothing_goes_wrong_without_a_plan() -> None:
    assert no_faults().draw() is None
