from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from heroku_syslogd.simulate.stories import dynos
from heroku_syslogd.simulate.stories.telling import Scene, Story

from .stage import START, Told, scene, tell, texts

STORIES = (
    dynos.cycling,
    dynos.crash,
    dynos.crash_loop,
    dynos.relocation,
    dynos.boot_timeout,
    dynos.exit_timeout,
    dynos.memory_vastly_exceeded,
)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("seed", range(5))
def test_in_the_end_every_dyno_is_up_with_one_run(
    story: Callable[[Scene], Story], seed: int
) -> None:
    stage = scene(seed=seed)
    stage.now += 600.0
    before = {dyno.name: dyno.runs[0].dyno_id for dyno in stage.app.formation}
    (name,) = {line.procid for line in tell(story, stage)}

    for dyno in stage.app.formation:
        assert dyno.state == "up"
        (run,) = dyno.runs
        assert (run.dyno_id != before[dyno.name]) == (dyno.name == name)
        assert dyno.is_settled(stage.now) == (dyno.name != name)


def test_a_restart_may_overlap_with_the_run_before() -> None:
    overlaps = gaps = 0
    for seed in range(30):
        stage = scene(seed=seed)
        most = 0

        def look(line: Told, stage: Scene = stage) -> None:
            nonlocal most, gaps
            (dyno,) = (dyno for dyno in stage.app.formation if dyno.name == line.procid)
            most = max(most, len(dyno.runs))
            gaps += line.text.startswith("Starting") and not dyno.runs

        lines = tell(dynos.cycling, stage, look)
        overlaps += most == 2
        assert [line.text for line in lines][:3] == [
            "Cycling",
            "State changed from up to starting",
            "Stopping all processes with SIGTERM",
        ]
    assert overlaps > 5
    assert gaps > 5


def test_a_crash_is_followed_by_a_start() -> None:
    stage = scene()
    lines = tell(dynos.crash, stage)
    (dyno,) = (dyno for dyno in stage.app.formation if dyno.name == lines[0].procid)
    first, *rest = [line.text for line in lines]

    assert re.fullmatch(r"Process exited with status (0|1|137)", first)
    assert rest == [
        "State changed from up to crashed",
        "State changed from crashed to starting",
        f"Starting process with command `{dyno.command}`",
        "State changed from starting to up",
    ]


def test_a_crash_loop_has_growing_pauses() -> None:
    lines = tell(dynos.crash_loop, scene())
    crashed = [line.at for line in lines if line.text == "State changed from starting to crashed"]
    started = [line.at for line in lines if line.text == "State changed from crashed to starting"]

    pauses = [start - crash for crash, start in zip(crashed, started[1:], strict=True)]
    assert pauses == sorted(pauses)
    assert len(pauses) == 4
    assert pauses[-1] > 4 * pauses[0]


def test_a_relocation_ends_the_run_and_starts_another() -> None:
    lines = tell(dynos.relocation, scene())

    assert [line.text for line in lines[:5]] == [
        "Relocating dyno to a new server",
        "State changed from up to down",
        "Stopping all processes with SIGTERM",
        "Process exited with status 143",
        "State changed from down to starting",
    ]


def test_an_eco_app_that_nobody_asks_sleeps_with_all_its_dynos() -> None:
    stage = scene(apps=3, app=2)
    asleep = 0

    def look(line: Told) -> None:
        nonlocal asleep
        assert stage.app.is_deserted == (line.text not in woken)
        if line.text == "Unidling":
            asleep = max(asleep, sum(not dyno.runs for dyno in stage.app.formation))

    woken = {
        "Unidling",
        "State changed from down to starting",
        "State changed from starting to up",
        *(f"Starting process with command `{dyno.command}`" for dyno in stage.app.formation),
    }
    lines = tell(dynos.idling, stage, look)

    assert asleep == 4
    assert texts(lines, "web.1") == [
        "Idling",
        "State changed from up to down",
        "Stopping all processes with SIGTERM",
        "Process exited with status 143",
        "Unidling",
        "State changed from down to starting",
        "Starting process with command `bundle exec puma -C config/puma.rb`",
        "State changed from starting to up",
    ]


def test_a_boot_timeout_takes_a_minute() -> None:
    lines = tell(dynos.boot_timeout, scene())
    (at,) = (line.at for line in lines if line.text.startswith("Error R10 "))
    (began,) = (line.at for line in lines[:5] if line.text.startswith("Starting process "))

    assert at - began == pytest.approx(60)
    assert [line.text for line in lines[5:9]] == [
        "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of"
        " launch",
        "Stopping process with SIGKILL",
        "Process exited with status 137",
        "State changed from starting to crashed",
    ]


def test_an_exit_timeout_comes_when_the_new_run_is_up_already() -> None:
    stage = scene()
    runs = []

    def look(line: Told) -> None:
        if line.text.startswith("Error R12 "):
            runs.extend(next(d.runs for d in stage.app.formation if d.name == line.procid))

    lines = tell(dynos.exit_timeout, stage, look)

    assert len(runs) == 2
    assert [line.text for line in lines[4:]] == [
        "State changed from starting to up",
        "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of"
        " SIGTERM",
        "Stopping remaining processes with SIGKILL",
        "Process exited with status 137",
    ]
    assert lines[5].at - lines[2].at == pytest.approx(30)


def test_r15_comes_behind_its_size_and_ends_the_run() -> None:
    lines = tell(dynos.memory_vastly_exceeded, scene())
    size, *rest = [line.text for line in lines]
    match = re.fullmatch(r"Process running mem=(\d+)M\((\d+\.\d)%\)", size)

    assert match is not None
    assert 2 * 512 <= int(match[1]) <= 2.1 * 512
    assert float(match[2]) == pytest.approx(100 * int(match[1]) / 512, abs=0.2)
    assert rest[:4] == [
        "Error R15 (Memory quota vastly exceeded)",
        "Stopping process with SIGKILL",
        "Process exited with status 137",
        "State changed from up to crashed",
    ]


def test_r14_comes_with_its_size() -> None:
    dyno = scene().app.formation[-1]
    assert dyno.leaks
    young = dyno.runs[0].sample(START + 1)
    old = dyno.runs[0].sample(START + 600)

    assert list(dynos.memory_errors(dyno, young)) == []
    size, error = (entry.text for entry in dynos.memory_errors(dyno, old))
    match = re.fullmatch(r"Process running mem=(\d+)M\((\d+\.\d)%\)", size)
    assert match is not None
    assert int(match[1]) > 512
    assert 100 < float(match[2]) < 130
    assert error == "Error R14 (Memory quota exceeded)"
