"""Scaling: the API says how many dynos there shall be, and the formation follows."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.simulate.dyno import SETTLED_AFTER
from heroku_syslogd.simulate.stories.dynos import boots, goes_down
from heroku_syslogd.simulate.stories.telling import USER, Scene, Story, Wait, api, together

_AUTOSCALER: Final = "autoscaler@addons.example.com"


def may_scale(scene: Scene) -> bool:
    """Tell whether the app can be scaled now: eco dynos do not scale, and names need a rest."""
    app = scene.app
    return app.size != "Eco" and scene.now - app.scaled_at >= SETTLED_AFTER


def can_do_without_web(scene: Scene) -> bool:
    """Tell whether all web dynos can go down, with no doubt about which of their runs is meant."""
    return may_scale(scene) and scene.settled("web") == scene.app.of_type("web")


def rush_hour(scene: Scene) -> Story:
    """Tell of an autoscaler that adds two web dynos, and takes them away when they idle."""
    present = scene.app.of_type("web")
    yield from _scale(scene, len(present) + 2, _AUTOSCALER)
    yield Wait(scene.rng.uniform(25.0, 35.0))
    yield from _scale(scene, len(present), _AUTOSCALER)


def scaled_to_zero(scene: Scene) -> Story:
    """Tell of an app that is switched off for a while: the router has no web dyno (H14)."""
    count = len(scene.app.of_type("web"))
    yield from _scale(scene, 0, USER)
    yield Wait(scene.rng.uniform(5.0, 8.0))
    yield from _scale(scene, count, USER)


def _scale(scene: Scene, count: int, user: str) -> Story:
    """Tell how the number of web dynos becomes ``count``."""
    app = scene.app
    present = app.of_type("web")
    added = [app.new_dyno("web", number) for number in range(len(present) + 1, count + 1)]
    app.formation[:] = [
        *present[:count],
        *added,
        *(dyno for dyno in app.formation if dyno not in present),
    ]
    app.scaled_at = scene.now
    yield api(f"Scaled to web@{count}:{app.size} by user {user}", 0.5)
    yield from together(
        *(goes_down(scene, dyno) for dyno in present[count:]),
        *(boots(scene, dyno) for dyno in added),
    )
