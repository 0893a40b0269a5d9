from __future__ import annotations

import re
from random import Random
from uuid import UUID

import pytest

from heroku_syslogd.simulate.fleet import Fleet, uuid4

START = 1_700_000_000.0
VALUE = re.compile(r"sample#(\w+)=([0-9.]+)(MB|pages)?(?: |$)")


def values(text: str) -> dict[str, float]:
    return {key: float(number) for key, number, _ in VALUE.findall(text)}


def test_same_seed_same_fleet() -> None:
    one, two, other = (Fleet(3, 4, seed, START) for seed in (7, 7, 8))

    def shape(fleet: Fleet) -> list[tuple[str, int, str]]:
        return [(app.token, app.app_id, app.formation[0].runs[0].dyno_id) for app in fleet.apps]

    assert shape(one) == shape(two)
    assert shape(one) != shape(other)


def test_uuids_are_version_4() -> None:
    for seed in range(50):
        text = uuid4(Random(seed))
        assert str(UUID(text)) == text
        assert UUID(text).version == 4


def test_names() -> None:
    fleet = Fleet(8, 5, 1, START)

    assert [dyno.name for dyno in fleet.apps[0].formation] == [
        *("web.1", "web.2", "web.3", "web.4"),
        "worker.1",
    ]
    assert fleet.apps[0].scale_items() == "web@4:Standard-1X worker@1:Standard-1X"
    assert len({app.name for app in fleet.apps}) == 8
    assert all(re.fullmatch(r"d\.[0-9a-f-]{36}", app.token) for app in fleet.apps)
    assert {dyno.quota for app in fleet.apps for dyno in app.formation} == {512.0, 1024.0}


@pytest.mark.parametrize(("apps", "dynos"), [(0, 1), (1, 0)])
def test_a_fleet_is_not_empty(apps: int, dynos: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Fleet(apps, dynos, 1, START)


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
    assert fleet.apps[1].formation[-1].leaks


def test_a_new_run_has_a_new_uuid_and_pages_near_zero() -> None:
    fleet = Fleet(1, 1, 1, START)
    app = fleet.apps[0]
    dyno = app.formation[0]
    old = dyno.runs[0]
    worn = values(old.sample(START + 3600).memory)
    new = fleet.start(app, dyno, START + 3600)
    fresh = values(new.sample(START + 3601).memory)

    assert new.dyno_id != old.dyno_id
    assert dyno.runs == [old, new]
    assert fresh["memory_pgpgin"] < 2000 < worn["memory_pgpgin"]
    fleet.stop(dyno, old)
    assert dyno.runs == [new]
