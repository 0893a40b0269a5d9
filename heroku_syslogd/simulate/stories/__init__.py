"""What happens to an app and to what belongs to it, told as Heroku logs it.

`telling` is how stories are told; the other modules are the stories, by what they are about. Here
is the list of them, in the order in which they are told first: stories that leave no doubt about
which run of a dyno they mean come before those that restart everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from heroku_syslogd.simulate.fleet import App, Fleet
from heroku_syslogd.simulate.stories import addons, dynos, one_offs, releases, scaling
from heroku_syslogd.simulate.stories.addons import addon_samples
from heroku_syslogd.simulate.stories.dynos import memory_errors
from heroku_syslogd.simulate.stories.telling import (
    USER,
    Entry,
    Narrator,
    Plot,
    Programme,
    Scene,
    Tempo,
    api,
    build,
    platform,
)

__all__ = ["Entry", "Narrator", "addon_samples", "memory_errors", "narrators", "opening"]


def _any_settled(scene: Scene) -> bool:
    return bool(scene.settled())


def _web_settled(scene: Scene) -> bool:
    return bool(scene.settled("web"))


def _may_idle(scene: Scene) -> bool:
    app = scene.app
    return app.size == "Eco" and scene.settled() == app.formation


PLATFORM_PLOTS: Final = (
    Plot(dynos.idling, 3, _may_idle),
    Plot(dynos.relocation, 1, _any_settled),
    Plot(scaling.scaled_to_zero, 0.3, scaling.can_do_without_web),
    Plot(dynos.memory_vastly_exceeded, 0.5, _any_settled),
    Plot(dynos.crash, 2, _any_settled),
    Plot(releases.failed_build, 0.7),
    Plot(releases.deploy_with_release_phase, 1),
    Plot(one_offs.attached_run, 1),
    Plot(dynos.boot_timeout, 0.3, _web_settled),
    Plot(scaling.rush_hour, 1, scaling.may_scale),
    Plot(dynos.crash_loop, 0.5, _any_settled),
    Plot(releases.broken_deploy, 0.3),
    Plot(releases.maintenance, 0.3),
    Plot(one_offs.scheduled_job, 3),
    Plot(releases.addon_trial, 0.3),
    Plot(dynos.exit_timeout, 0.5),
    Plot(releases.config_change, 1),
    Plot(dynos.cycling, 4),
    Plot(one_offs.detached_run, 2),
    Plot(releases.stack_upgrade, 0.2),
    Plot(releases.feature, 0.3),
    Plot(releases.deploy, 2),
)
"""Stories of the platform. Those of one app come one after the other."""

ADDON_PLOTS: Final = (
    Plot(addons.slow_query, 6),
    Plot(addons.restartpoint, 1, addons.has_follower),
    Plot(addons.unique_violation, 1),
    Plot(addons.lost_by_log_shuttle, 0.2),
    Plot(addons.checkpoint, 2),
    Plot(addons.lock_not_available, 1),
    Plot(addons.attachment_update, 0.1),
)
"""Stories that do not touch the dynos, and go on beside those of the platform."""

_PLATFORM_TEMPO: Final = Tempo(begin=8.0, first_rest=5.0, rest=25.0)
_ADDON_TEMPO: Final = Tempo(begin=2.0, first_rest=3.0, rest=25.0)


def narrators(fleet: Fleet, now: float) -> list[Narrator]:
    """Return those who tell all stories of a fleet: two for each app.

    Args:
        fleet: The fleet.
        now: Present time, in seconds.
    """
    programmes = (
        Programme(PLATFORM_PLOTS, _PLATFORM_TEMPO, fleet.rng),
        Programme(ADDON_PLOTS, _ADDON_TEMPO, fleet.rng),
    )
    return [Narrator(app, fleet, one, now) for app in fleet.apps for one in programmes]


def opening(app: App, fleet: Fleet) -> Iterator[Entry]:
    """Tell how the app came up: what a drain sees that was there from the first release."""
    yield build(f"Build started by user {USER}")
    yield api(f"Release v{app.release} created by user {USER}")
    yield api(f"Deploy {fleet.rng.getrandbits(32):08x} by user {USER}")
    yield api(f"Scaled to {app.scale_items()} by user {USER}")
    for dyno in app.formation:
        yield platform(dyno, f"Starting process with command `{dyno.command}`")
        yield platform(dyno, "State changed from starting to up")
    yield build("Build succeeded")
