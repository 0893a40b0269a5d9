"""One-off dynos: of the scheduler, of somebody at a terminal, and of a release phase.

Heroku Dev Center, "One-Off Dynos". Their numbers are random and new each time.
"""

from __future__ import annotations

from typing import Final

from heroku_syslogd.simulate.dyno import Dyno
from heroku_syslogd.simulate.line import APP_OUTPUT
from heroku_syslogd.simulate.stories.dynos import boots, exits
from heroku_syslogd.simulate.stories.telling import (
    USER,
    Entry,
    Scene,
    Story,
    Wait,
    api,
    changes,
    platform,
)

_SCHEDULER: Final = "scheduler@addons.heroku.com"
_HANG_UP: Final = "Client connection closed. Sending SIGHUP to all processes"
_HUNG_UP: Final = 129


def scheduled_job(scene: Scene) -> Story:
    """Tell of a job that the scheduler runs."""
    command = "rake reports:daily"
    yield api(f"Starting process with command `{command}` by user {_SCHEDULER}", 1.0)
    yield from runs(scene, "scheduler", command, scene.rng.uniform(5.0, 20.0))


def detached_run(scene: Scene) -> Story:
    """Tell of ``heroku run:detached``, whose output goes to the log."""
    command = "bin/rails runner Cart.sweep"
    yield api(f"Starting process with command `{command}` by user {USER}", 1.0)
    yield from runs(scene, "run", command, scene.rng.uniform(5.0, 20.0))


def attached_run(scene: Scene) -> Story:
    """Tell of ``heroku run bash``: the client goes away, and the process does not heed SIGHUP."""
    yield api(f"Starting process with command `bash` by user {USER}", 1.0)
    dyno = _one_off(scene, "run", "bash")
    yield platform(dyno, "Awaiting client", 0.03)
    yield from boots(scene, dyno)
    scene.app.one_offs.append(dyno)
    yield Wait(scene.rng.uniform(6.0, 12.0))
    for _ in range(3):
        yield platform(dyno, _HANG_UP, 5.0)
    yield platform(
        dyno,
        "Error R16 (Detached) -> An attached process is not responding to SIGHUP after its external"
        " connection was closed.",
        2.0,
    )
    yield from _ends(scene, dyno, _HUNG_UP)


def runs(scene: Scene, kind: str, command: str, lasts: float) -> Story:
    """Tell how a one-off dyno starts, works for ``lasts`` seconds, and completes."""
    rng = scene.rng
    dyno = _one_off(scene, kind, command)
    yield from boots(scene, dyno)
    scene.app.one_offs.append(dyno)
    text = f"{kind}: {rng.randrange(1, 900)} rows to go through"
    yield Entry(APP_OUTPUT, "app", dyno.name, text, lasts)
    yield from _ends(scene, dyno, 0 if rng.random() < 0.8 else 1)


def _one_off(scene: Scene, kind: str, command: str) -> Dyno:
    name = f"{kind}.{scene.rng.randrange(1000, 10_000)}"
    return Dyno(name, kind, scene.app.quota, command, state="starting")


def _ends(scene: Scene, dyno: Dyno, status: int) -> Story:
    scene.app.one_offs.remove(dyno)
    yield from exits(scene, dyno, list(dyno.runs), status)
    # `complete` comes after a failed job too; only the status tells.
    yield changes(dyno, "complete")
