from __future__ import annotations

import re
from collections.abc import Iterator

from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.stories import AppStories, memory_errors, opening

START = 1_700_000_000.0


def told(app: App, fleet: Fleet, hours: float) -> Iterator[tuple[float, Line]]:
    """Tell an app's stories without waiting for them."""
    stories = AppStories(app, fleet, START)
    while stories.due < START + 3600 * hours:
        now = stories.due
        line = stories.step(now)
        if line is not None:
            yield now, line


def test_opening_brings_every_dyno_up() -> None:
    app = Fleet(1, 3, 1, START).apps[0]
    texts = [(entry.app_name, entry.procid, entry.text) for entry in opening(app)]

    assert ("app", "api", "Scaled to web@2:Standard-1X worker@1:Standard-1X by user"
            " developer@example.com") in texts  # fmt: skip
    for name in ("web.1", "web.2", "worker.1"):
        assert ("heroku", name, "State changed from starting to up") in texts


def test_a_restart_gives_a_new_run_and_some_overlap() -> None:
    fleet = Fleet(1, 2, 1, START)
    app = fleet.apps[0]
    overlaps = gaps = 0
    before = {dyno.name: dyno.runs[-1].dyno_id for dyno in app.formation}
    for _, line in told(app, fleet, hours=2):
        text = line.msg.decode()
        dyno = next((dyno for dyno in app.formation if dyno.name == line.procid), None)
        if dyno is None or line.app_name != "heroku":
            continue
        if text == "State changed from starting to up":
            assert dyno.runs[-1].dyno_id != before[dyno.name]
            before[dyno.name] = dyno.runs[-1].dyno_id
            overlaps += len(dyno.runs) == 2
        if text.startswith("Starting process"):
            gaps += not dyno.runs
        assert len(dyno.runs) <= 2

    assert overlaps > 5
    assert gaps > 5


def test_one_off_dynos_come_report_and_go() -> None:
    fleet = Fleet(1, 2, 1, START)
    app = fleet.apps[0]
    up: dict[str, float] = {}
    kinds = set()
    gone = 0
    for now, line in told(app, fleet, hours=3):
        match = re.fullmatch(r"(run|scheduler|release)\.\d{4}", line.procid)
        if match is None:
            continue
        kinds.add(match[1])
        text = line.msg.decode()
        reporting = [dyno.name for dyno in app.one_offs if dyno.runs]
        if text == "State changed from starting to up":
            up[line.procid] = now
            assert line.procid in reporting
        if text == "State changed from up to complete":
            assert up.pop(line.procid) < now
            assert line.procid not in reporting
            gone += 1

    assert kinds == {"run", "scheduler", "release"}
    assert gone > 20
    assert len(up) <= 1


def test_releases_count_up_and_deploys_are_told() -> None:
    fleet = Fleet(1, 2, 1, START)
    app = fleet.apps[0]
    first = app.release
    api = [line for _, line in told(app, fleet, hours=2) if line.procid == "api"]
    texts = [line.msg.decode() for line in api]
    releases = [int(m[1]) for t in texts if (m := re.match(r"Release v(\d+) created by user ", t))]

    assert releases == list(range(first + 1, first + 1 + len(releases)))
    assert len(releases) > 5
    assert any(re.fullmatch(r"Deploy [0-9a-f]{8} by user developer@example\.com", t) for t in texts)
    assert {line.app_name for line in api} == {"app"}


def test_crashes_are_told_by_the_router_too() -> None:
    fleet = Fleet(1, 1, 1, START)
    lines = [line for _, line in told(fleet.apps[0], fleet, hours=3)]

    assert any(line.msg == b"State changed from up to crashed" for line in lines)
    assert any(line.procid == "router" and b" code=H10 " in line.msg for line in lines)


def test_r14_comes_with_its_size() -> None:
    app = Fleet(1, 2, 1, START).apps[0]
    dyno = app.formation[-1]
    young = dyno.runs[0].sample(START + 1)
    old = dyno.runs[0].sample(START + 600)

    assert list(memory_errors(dyno, young)) == []
    size, error = (entry.text for entry in memory_errors(dyno, old))
    match = re.fullmatch(r"Process running mem=(\d+)M\((\d+\.\d)%\)", size)
    assert match is not None
    assert int(match[1]) > 512
    assert 100 < float(match[2]) < 130
    assert error == "Error R14 (Memory quota exceeded)"
