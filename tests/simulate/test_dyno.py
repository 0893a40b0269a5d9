from __future__ import annotations

import re

import pytest

from heroku_syslogd.simulate.fleet import Fleet

START = 1_700_000_000.0
VALUE = re.compile(r"sample#(\w+)=([0-9.]+)(MB|pages)?(?: |$)")


def values(text: str) -> dict[str, float]:
    return {key: float(number) for key, number, _ in VALUE.findall(text)}


def test_sample_has_heroku_keys_in_heroku_order() -> None:
    fleet = Fleet(1, 1, 1, START)
    app = fleet.apps[0]
    run = app.formation[0].runs[0]
    sample = run.sample(START + 20)

    prefix = rf"source=web\.1 dyno=heroku\.{app.app_id}\.{run.dyno_id} "
    average = r"\d+\.\d\d"
    assert re.fullmatch(
        prefix + rf"sample#load_avg_1m={average} sample#load_avg_5m={average}"
        rf" sample#load_avg_15m={average}",
        sample.load,
    )
    size = r"\d+\.\d\dMB"
    assert re.fullmatch(
        prefix + rf"sample#memory_total={size} sample#memory_rss={size} sample#memory_cache={size}"
        rf" sample#memory_swap={size} sample#memory_pgpgin=\d+pages sample#memory_pgpgout=\d+pages"
        r" sample#memory_quota=512\.00MB",
        sample.memory,
    )


def test_memory_total_is_the_sum_and_pages_only_grow() -> None:
    fleet = Fleet(3, 4, 3, START)
    for app in fleet.apps:
        for dyno in app.formation:
            pages = (0.0, 0.0)
            for number in range(1, 60):
                sample = values(dyno.runs[0].sample(START + 20 * number).memory)
                parts = sample["memory_rss"] + sample["memory_cache"] + sample["memory_swap"]
                assert sample["memory_total"] == pytest.approx(parts, abs=0.02)
                assert sample["memory_rss"] + sample["memory_cache"] < dyno.quota
                now = (sample["memory_pgpgin"], sample["memory_pgpgout"])
                assert now[0] >= pages[0]
                assert now[1] >= pages[1]
                pages = now


def test_only_the_leaking_dyno_swaps() -> None:
    fleet = Fleet(2, 4, 3, START)
    for app in fleet.apps:
        for dyno in app.formation:
            sample = values(dyno.runs[0].sample(START + 600).memory)
            assert (sample["memory_swap"] > 0) == dyno.leaks
            assert (sample["memory_total"] > dyno.quota) == dyno.leaks
    assert fleet.apps[0].formation[-1].leaks


def test_a_new_run_has_pages_near_zero() -> None:
    fleet = Fleet(1, 1, 1, START)
    app = fleet.apps[0]
    dyno = app.formation[0]
    worn = values(dyno.runs[0].sample(START + 3600).memory)
    fresh = values(fleet.start(app, dyno, START + 3600).sample(START + 3601).memory)

    assert fresh["memory_pgpgin"] < 2000 < worn["memory_pgpgin"]
