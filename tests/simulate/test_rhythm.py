from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise

from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.rhythm import NaturalRhythm

START = 1_700_000_000.0


def lines(seconds: float, *, seed: int = 1, step: float = 0.25) -> list[Line]:
    rhythm = NaturalRhythm(Fleet(3, 4, seed, START), START)
    told: list[Line] = []
    now = START
    while now <= START + seconds:
        told += rhythm.lines(now)
        now += step
    assert rhythm.next_due > START + seconds
    return told


def at(line: Line) -> float:
    return datetime.fromisoformat(line.timestamp).timestamp()


def test_first_lines_bring_the_dynos_up() -> None:
    first = lines(0.0)
    up = [line for line in first if line.msg == b"State changed from starting to up"]

    assert len(up) == 12
    assert {line.app for line in up} == {0, 1, 2}


def test_every_dyno_is_sampled_within_a_second() -> None:
    early = lines(1.0)
    for kind in (b" sample#load_avg_1m=", b" sample#memory_total="):
        sampled = Counter((line.app, line.procid) for line in early if kind in line.msg)
        assert set(sampled.values()) == {1}
        assert len(sampled) == 12


def test_then_every_20_seconds_load_before_memory() -> None:
    pairs: dict[tuple[int, bytes], list[Line]] = defaultdict(list)
    for line in lines(130.0):
        if line.msg.startswith(b"source=") and line.app_name == "heroku":
            pairs[line.app, line.msg.split(b" ")[1]].append(line)

    long_lived = [samples for samples in pairs.values() if len(samples) >= 12]
    assert long_lived
    for samples in pairs.values():
        for load, memory in zip(samples[::2], samples[1::2], strict=False):
            assert b"load_avg_1m" in load.msg
            assert b"memory_total" in memory.msg
            assert 0 < at(memory) - at(load) < 0.0605
    for samples in long_lived:
        gaps = [at(two) - at(one) for one, two in pairwise(samples[2::2])]
        assert all(19.9 < gap < 20.1 for gap in gaps)


def test_lines_are_in_the_order_of_their_time() -> None:
    told = lines(60.0)
    times = [at(line) for line in told if "." in line.timestamp]

    assert times == sorted(times)
    # Add-ons and builds do not tell fractions of a second.
    for before, after in pairwise(told):
        assert at(after) > at(before) - 1


def test_steps_do_not_matter_and_neither_does_a_second_run() -> None:
    assert lines(40.0, step=0.25) == lines(40.0, step=8.0)
    assert lines(10.0) != lines(10.0, seed=2)


def test_requests_bring_router_lines_and_app_lines() -> None:
    told = lines(120.0)
    router = [line for line in told if line.procid == "router"]
    output = [line for line in told if line.app_name == "app" and "." in line.procid]

    # Seven web dynos at two requests a second, less what comes while none is up.
    assert 1300 < len(router) < 1800
    assert len(output) > len(router)
    assert {line.procid for line in told} >= {
        *("api", "heroku-postgres", "heroku-pgbouncer", "heroku-redis"),
    }


def test_one_off_dynos_are_sampled_while_they_are_up() -> None:
    told = lines(600.0)
    ended = {line.procid for line in told if line.msg == b"State changed from up to complete"}
    loads = [line.procid for line in told if b" sample#load_avg_1m=" in line.msg]

    assert ended & set(loads)
    for name in ended & set(loads):
        texts = [line.msg for line in told if line.procid == name and b"memory_" not in line.msg]
        assert texts[-1] == b"State changed from up to complete"
