"""What happens to dynos: restarts, crashes, moves, and what they do wrong.

Texts and their order follow real captures; see Heroku Dev Center, "Dynos" and "Heroku Error Codes".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from heroku_syslogd.simulate.dyno import Dyno, Run, Sample
from heroku_syslogd.simulate.stories.telling import (
    Entry,
    Scene,
    Story,
    Wait,
    changes,
    platform,
    together,
)

SIGTERM: Final = "Stopping all processes with SIGTERM"

_BOOT_TIMEOUT: Final = 60.0
_EXIT_TIMEOUT: Final = 30.0
_CRASH_PAUSES: Final = (0.1, 4.0, 8.0, 16.0)
"""Heroku restarts a dyno that crashed at once, then after 10, 20, 40 minutes; here in seconds."""


def memory_errors(dyno: Dyno, sample: Sample) -> Iterator[Entry]:
    """Tell of R14 while a dyno is over its quota: the size first, then the error."""
    if sample.total <= dyno.quota:
        return
    yield platform(dyno, _size(sample.total, dyno.quota))
    yield platform(dyno, "Error R14 (Memory quota exceeded)")


def boots(scene: Scene, dyno: Dyno) -> Story:
    """Tell how a dyno comes up."""
    yield platform(dyno, _start_of(dyno), scene.rng.uniform(2.0, 6.0))
    scene.fleet.start(scene.app, dyno, scene.now)
    yield changes(dyno, "up")


def exits(scene: Scene, dyno: Dyno, runs: list[Run], status: int) -> Story:
    """Tell how runs of a dyno end."""
    for run in runs:
        scene.fleet.stop(dyno, run)
    pause = scene.rng.uniform(0.02, 0.4)
    yield platform(dyno, f"Process exited with status {status}", pause)


def goes_down(scene: Scene, dyno: Dyno) -> Story:
    """Tell how a dyno is stopped for good."""
    yield changes(dyno, "down", scene.rng.uniform(0.5, 1.0))
    yield platform(dyno, SIGTERM, scene.rng.uniform(0.2, 2.0))
    yield from exits(scene, dyno, list(dyno.runs), 143)


def restart(scene: Scene, dyno: Dyno) -> Story:
    """Tell what follows any reason to restart a dyno."""
    rng = scene.rng
    old = list(dyno.runs)
    if dyno.state == "crashed":
        yield changes(dyno, "starting", 0.5)
        yield from boots(scene, dyno)
        return
    yield changes(dyno, "starting", 0.7)
    yield platform(dyno, SIGTERM, rng.uniform(0.2, 1.5))
    # SIGTERM leaves 30 s, and the new run does not wait for the old one: one name, two runs.
    overlaps = rng.random() < 0.4
    if not overlaps:
        yield from exits(scene, dyno, old, 143)
    yield from boots(scene, dyno)
    if overlaps:
        yield Wait(rng.uniform(2.0, 12.0))
        yield from exits(scene, dyno, old, 143)


def restarts_after_crash(scene: Scene, dyno: Dyno) -> Story:
    """Tell how a crashed dyno is started again."""
    yield changes(dyno, "starting", 1.0)
    yield from boots(scene, dyno)


def fails_to_boot(scene: Scene, dyno: Dyno) -> Story:
    """Tell how the process of a starting dyno ends before it is up."""
    yield platform(dyno, _start_of(dyno), scene.rng.uniform(1.0, 2.0))
    yield platform(dyno, "Process exited with status 1", 0.02)
    yield changes(dyno, "crashed")


# Whole stories -----------------------------------------------------------------------------------


def cycling(scene: Scene) -> Story:
    """Tell of the daily restart of a dyno."""
    dyno = scene.rng.choice(scene.app.formation)
    yield platform(dyno, "Cycling", 0.003)
    yield from restart(scene, dyno)


def crash(scene: Scene) -> Story:
    """Tell of a process that ends, which is a crash whatever its status."""
    dyno = scene.rng.choice(scene.settled())
    yield from exits(scene, dyno, list(dyno.runs), scene.rng.choice((0, 1, 1, 137)))
    yield changes(dyno, "crashed", 0.4)
    yield from restarts_after_crash(scene, dyno)


def crash_loop(scene: Scene) -> Story:
    """Tell of a dyno that crashes, and again whenever it is started, after longer and longer."""
    dyno = scene.settled()[-1]
    yield from exits(scene, dyno, list(dyno.runs), 1)
    yield changes(dyno, "crashed")
    for pause in _CRASH_PAUSES:
        yield Wait(pause)
        yield changes(dyno, "starting", 1.0)
        yield from fails_to_boot(scene, dyno)
    yield Wait(2 * _CRASH_PAUSES[-1])
    yield from restarts_after_crash(scene, dyno)


def relocation(scene: Scene) -> Story:
    """Tell how a dyno moves because Heroku retires its host."""
    dyno = scene.rng.choice(scene.settled())
    yield platform(dyno, "Relocating dyno to a new server", 0.003)
    yield from goes_down(scene, dyno)
    yield changes(dyno, "starting", 2.0)
    yield from boots(scene, dyno)


def idling(scene: Scene) -> Story:
    """Tell how an app that nobody asks for falls asleep, and wakes up with the next request."""
    app = scene.app
    app.is_deserted = True
    yield Wait(5.0)
    yield from together(*(_falls_asleep(scene, dyno) for dyno in app.formation))
    yield Wait(12.0)
    app.is_deserted = False
    yield from together(*(_wakes_up(scene, dyno) for dyno in app.formation))


def boot_timeout(scene: Scene) -> Story:
    """Tell of a web dyno that does not bind to its port in time."""
    dyno = scene.settled("web")[-1]
    yield platform(dyno, "Restarting", 0.003)
    yield changes(dyno, "starting", 0.7)
    yield platform(dyno, SIGTERM, 1.0)
    yield from exits(scene, dyno, list(dyno.runs), 143)
    yield platform(dyno, _start_of(dyno), _BOOT_TIMEOUT)
    yield platform(
        dyno,
        "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of"
        " launch",
        0.01,
    )
    yield platform(dyno, "Stopping process with SIGKILL", 0.1)
    yield platform(dyno, "Process exited with status 137", 0.03)
    yield changes(dyno, "crashed", 0.1)
    yield from restarts_after_crash(scene, dyno)


def exit_timeout(scene: Scene) -> Story:
    """Tell of a process that does not heed SIGTERM; the new run is up long before it ends."""
    dyno = scene.rng.choice(scene.app.formation)
    old = list(dyno.runs)
    yield platform(dyno, "Cycling", 0.003)
    yield changes(dyno, "starting", 0.7)
    yield platform(dyno, SIGTERM)
    yield from together(boots(scene, dyno), _is_killed(scene, dyno, old))


def memory_vastly_exceeded(scene: Scene) -> Story:
    """Tell of R15: a dyno that is killed for using twice its quota."""
    dyno = scene.rng.choice(scene.settled())
    yield platform(dyno, _size(dyno.quota * scene.rng.uniform(2.0, 2.1), dyno.quota), 0.05)
    yield platform(dyno, "Error R15 (Memory quota vastly exceeded)", 0.02)
    yield platform(dyno, "Stopping process with SIGKILL", 0.2)
    yield from exits(scene, dyno, list(dyno.runs), 137)
    yield changes(dyno, "crashed", 0.1)
    yield from restarts_after_crash(scene, dyno)


def _falls_asleep(scene: Scene, dyno: Dyno) -> Story:
    yield platform(dyno, "Idling", 0.001)
    yield from goes_down(scene, dyno)


def _wakes_up(scene: Scene, dyno: Dyno) -> Story:
    yield platform(dyno, "Unidling", 0.005)
    yield changes(dyno, "starting", 2.0)
    yield from boots(scene, dyno)


def _is_killed(scene: Scene, dyno: Dyno, runs: list[Run]) -> Story:
    yield Wait(_EXIT_TIMEOUT)
    yield platform(
        dyno,
        "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of"
        " SIGTERM",
        0.003,
    )
    yield platform(dyno, "Stopping remaining processes with SIGKILL", 0.1)
    yield from exits(scene, dyno, runs, 137)


def _start_of(dyno: Dyno) -> str:
    return f"Starting process with command `{dyno.command}`"


def _size(megabytes: float, quota: float) -> str:
    return f"Process running mem={megabytes:.0f}M({100 * megabytes / quota:.1f}%)"
