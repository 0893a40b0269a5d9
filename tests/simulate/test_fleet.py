from __future__ import annotations

import re

import pytest

from heroku_syslogd.simulate.fleet import Fleet

START = 1_700_000_000.0


def test_same_seed_same_fleet() -> None:
    one, two, other = (Fleet(3, 4, seed, START) for seed in (7, 7, 8))

    def shape(fleet: Fleet) -> list[tuple[str, int, str]]:
        return [(app.token, app.app_id, app.formation[0].runs[0].dyno_id) for app in fleet.apps]

    assert shape(one) == shape(two)
    assert shape(one) != shape(other)


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


def test_an_eco_app_has_one_dyno_of_each_type() -> None:
    eco = Fleet(3, 4, 1, START).apps[2]

    assert eco.scale_items() == "web@1:Eco celery_worker@1:Eco celery_beat@1:Eco mailer@1:Eco"
    assert Fleet(3, 5, 1, START).apps[2].size == "Standard-1X"


def test_a_new_run_follows_the_old_one_under_the_same_name() -> None:
    fleet = Fleet(1, 1, 1, START)
    app = fleet.apps[0]
    dyno = app.formation[0]
    old = dyno.runs[0]
    assert dyno.is_settled(START)
    new = fleet.start(app, dyno, START + 3600)

    assert new.dyno_id != old.dyno_id
    assert dyno.runs == [old, new]
    assert not dyno.is_settled(START + 3600 + 60)
    assert dyno.is_settled(START + 3600 + 80)
    fleet.stop(dyno, old)
    assert dyno.runs == [new]


def test_running_dynos_are_those_with_a_run() -> None:
    fleet = Fleet(2, 2, 1, START)
    dyno = fleet.apps[1].formation[0]
    assert len(fleet.running()) == 4
    fleet.stop(dyno, dyno.runs[0])

    assert dyno not in [running for _, running in fleet.running()]
    fleet.start(fleet.apps[1], dyno, START)
    assert len(fleet.running()) == 4


def test_the_router_refuses_where_no_web_dyno_can_be_asked() -> None:
    app = Fleet(1, 3, 1, START).apps[0]
    one, two = app.of_type("web")

    assert (app.refusal(), app.serving()) == ("", [one, two])
    one.state = "crashed"
    assert (app.refusal(), app.serving()) == ("", [two])
    two.state = "crashed"
    assert (app.refusal(), app.serving()) == ("H10", [])
    two.state = "starting"
    assert (app.refusal(), app.serving()) == ("", [])
    app.formation = app.of_type("worker")
    assert app.refusal() == "H14"
    app.in_maintenance = True
    assert app.refusal() == "H80"
