from __future__ import annotations

import re
from collections import Counter

import pytest

from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.mix import SHARES, SteadyMix
from heroku_syslogd.simulate.recording import record

NOT_OUTPUT = re.compile(
    rb"api|log-shuttle|heroku-[a-z]+|postgres\.[0-9]+|(?:run|scheduler|release)\.[0-9]{4}"
)


def kind(message: bytes) -> str:
    _, _, _, app_name, procid, _, _, msg = message.split(b" ", 7)
    if app_name == b"heroku" and procid == b"router":
        return "router"
    if app_name == b"heroku" and b" sample#" in msg:
        return "sample"
    return "app" if app_name == b"app" and not NOT_OUTPUT.fullmatch(procid) else "other"


@pytest.fixture(scope="module")
def whole() -> list[bytes]:
    """As many messages as benchmarks record."""
    return record(100_000)


def test_shares_are_exact() -> None:
    counts = Counter(map(kind, record(20_000)))

    assert counts == {name: share * 200 for name, share in SHARES.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mean_is_260_bytes(seed: int) -> None:
    messages = record(20_000, seed=seed)

    assert sum(map(len, messages)) / len(messages) == pytest.approx(260, rel=0.03)


@pytest.mark.parametrize(
    "part",
    [
        b"sample#load_avg_1m=",
        b"sample#memory_total=",
        b"Error R14 (Memory quota exceeded)",
        b"Error L10 (output buffer overflow): drain 'd.",
        b" messages dropped since ",
        b"State changed from starting to up",
        b"State changed from up to complete",
        b"Cycling",
        b"Process exited with status 143",
        b"Deploy ",
        b"Scaled to web@",
        b" heroku-postgres - - source=DATABASE addon=postgresql-",
        b" heroku-postgres - - source=HEROKU_POSTGRESQL_",
        b" heroku-pgbouncer - - source=pgbouncer addon=postgresql-",
        b" heroku-redis - - source=REDIS addon=redis-",
        b" LOG:  duration: ",
        b" log-shuttle - - Error L12: ",
        b"unique#user.id=",
        b"code=H12 ",
        b"code=H10 ",
        b" tls_version=tls1.3",
        b" protocol=https\n",
        "№".encode(),
    ],
)
def test_recording_has_all_that_a_receiver_must_cope_with(whole: list[bytes], part: bytes) -> None:
    assert any(part in message for message in whole)


def test_refused_requests_stay_rare_in_a_recording(whole: list[bytes]) -> None:
    refused = sum(b" dyno= connect= service= status=503 " in message for message in whole)

    assert 0 < refused < len(whole) / 100


def test_apps_and_dynos_are_all_there() -> None:
    messages = record(4000, apps=5, dynos=6)
    sampled = {tuple(m.split(b" ", 5)[2:5:2]) for m in messages if b" sample#load_avg" in m}

    assert len({message.split(b" ", 3)[2] for message in messages}) == 5
    assert len(sampled) >= 30


def test_a_fleet_with_no_dyno_up_still_keeps_its_count() -> None:
    fleet = Fleet(1, 1, 1, 0.0)
    mix = SteadyMix(fleet, 0.0)
    dyno = fleet.apps[0].formation[0]
    fleet.stop(dyno, dyno.runs[0])

    assert len(list(mix.lines(100, 0.0, 0.0))) == 100


def test_an_app_that_refuses_its_requests_refuses_all_of_them() -> None:
    fleet = Fleet(1, 2, 1, 0.0)
    fleet.apps[0].in_maintenance = True
    lines = list(SteadyMix(fleet, 0.0, recorded=True).lines(1000, 0.0, 0.0))
    router = [line.msg for line in lines if line.procid == "router"]

    assert len(router) == 220
    assert all(b"code=H80" in msg for msg in router)


def test_a_live_mix_opens_with_every_dyno_up_and_sampled_and_every_add_on() -> None:
    fleet = Fleet(2, 3, 1, 0.0)
    opening = list(SteadyMix(fleet, 0.0).lines(42, 0.0, 0.0))

    assert sum(b"sample#load_avg_1m=" in line.msg for line in opening) == 6
    assert sum(b"sample#memory_total=" in line.msg for line in opening) == 6
    assert sum(line.msg == b"State changed from starting to up" for line in opening) == 6
    addons = Counter(line.procid for line in opening if b" addon=" in line.msg)
    assert addons == {"heroku-postgres": 4, "heroku-pgbouncer": 2, "heroku-redis": 2}
