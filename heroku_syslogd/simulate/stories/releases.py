"""What people do to an app by way of the API: builds, releases, configuration, add-ons.

Every change makes a release, whose line has the same time as the one that names its cause, and
every release restarts the dynos. The order of the lines is that of real captures.
"""

from __future__ import annotations

from typing import Final

from heroku_syslogd.simulate.dyno import Dyno
from heroku_syslogd.simulate.names import addon_name, uuid4
from heroku_syslogd.simulate.stories.dynos import (
    SIGTERM,
    exits,
    fails_to_boot,
    restart,
    restarts_after_crash,
)
from heroku_syslogd.simulate.stories.one_offs import runs
from heroku_syslogd.simulate.stories.telling import (
    USER,
    Scene,
    Story,
    Wait,
    api,
    build,
    changes,
    platform,
    together,
)

_CONFIG_VARS: Final = ("FEATURE_CHECKOUT", "WEB_CONCURRENCY", "LOG_LEVEL, LOG_FORMAT", "SMTP_HOST")
_FEATURE: Final = "allow-multiple-sni-endpoints"
_STACKS: Final = ("heroku-22", "heroku-24")


def release_line(scene: Scene) -> Story:
    """Tell of the next release, without what it does to the dynos."""
    scene.app.release += 1
    yield api(f"Release v{scene.app.release} created by user {USER}", 0.5)


def released(scene: Scene, cause: str) -> Story:
    """Tell of a release with its cause, and how all dynos restart."""
    yield api(f"{cause} by user {USER}")
    yield from release_line(scene)
    yield from _restart_all(scene)


def deploy(scene: Scene) -> Story:
    """Tell of a build that becomes a release."""
    yield build(f"Build started by user {USER}", scene.rng.uniform(3.0, 10.0))
    release = released(scene, f"Deploy {_commit(scene)}")
    yield from together(release, _build_succeeds(scene))


def deploy_with_release_phase(scene: Scene) -> Story:
    """Tell of a deploy whose release phase has to complete before the dynos restart."""
    yield build(f"Build started by user {USER}", scene.rng.uniform(3.0, 10.0))
    yield api(f"Deploy {_commit(scene)} by user {USER}")
    yield api(f"Running release v{scene.app.release + 1} commands by user {USER}", 0.4)
    lasts = scene.rng.uniform(4.0, 9.0)
    phase = runs(scene, "release", "bin/rails db:migrate", lasts)
    yield from together(phase, _build_succeeds(scene))
    yield from release_line(scene)
    yield from _restart_all(scene)


def failed_build(scene: Scene) -> Story:
    """Tell of a build that fails, and changes nothing."""
    yield build(f"Build started by user {USER}", scene.rng.uniform(3.0, 8.0))
    yield build(
        "Build failed -- check your build output: https://dashboard.heroku.com/apps/"
        f"{scene.app.uuid}/activity/builds/{uuid4(scene.rng)}"
    )


def broken_deploy(scene: Scene) -> Story:
    """Tell of a release whose web dynos do not boot (H10), and how somebody rolls it back."""
    app = scene.app
    good = app.release
    yield build(f"Build started by user {USER}", scene.rng.uniform(3.0, 6.0))
    yield api(f"Deploy {_commit(scene)} by user {USER}")
    yield from release_line(scene)
    web, others = app.of_type("web"), [d for d in app.formation if d.process_type != "web"]
    yield from together(
        *(_breaks(scene, dyno) for dyno in web),
        *(_restarts(scene, dyno) for dyno in others),
        _build_succeeds(scene),
    )
    yield Wait(scene.rng.uniform(5.0, 8.0))
    yield api(f"Rollback to v{good} by user {USER}")
    yield from release_line(scene)
    yield from together(
        *(restarts_after_crash(scene, dyno) for dyno in web),
        *(_restarts(scene, dyno) for dyno in others),
    )


def config_change(scene: Scene) -> Story:
    """Tell of config vars that are set, and removed again."""
    names = scene.rng.choice(_CONFIG_VARS)
    yield from released(scene, f"Set {names} config vars")
    yield Wait(5.0)
    yield from released(scene, f"Remove {names} config vars")


def addon_trial(scene: Scene) -> Story:
    """Tell of an add-on that is provisioned, updated, and detached again."""
    app = scene.app
    reference = f"@ref:{addon_name('logdna', scene.rng)}"
    app.release += 1
    yield api(f"Attach LOGDNA ({reference}) by user {USER}")
    yield api(f"Running release v{app.release} commands by user {USER}", 0.02)
    text = f"{reference} completed provisioning, setting LOGDNA_KEY."
    yield from released(scene, text)
    yield Wait(4.0)
    yield api(f"Update LOGDNA by user {USER}", 6.0)
    yield from released(scene, f"Detach LOGDNA ({reference})")


def stack_upgrade(scene: Scene) -> Story:
    """Tell of a change of the stack, which takes effect with the deploy after it."""
    app = scene.app
    old, app.stack = app.stack, next(stack for stack in _STACKS if stack != app.stack)
    yield api(f"Stack changed from {old} to {app.stack} by user {USER}", 0.012)
    yield api(f"Upgrade stack to {app.stack} by user {USER}")
    yield from release_line(scene)
    yield Wait(2.0)
    yield from deploy(scene)


def feature(scene: Scene) -> Story:
    """Tell of a feature that is enabled, or disabled the next time."""
    app = scene.app
    verb = "Disable" if _FEATURE in app.features else "Enable"
    app.features ^= {_FEATURE}
    yield from released(scene, f"{verb} {_FEATURE} feature")


def maintenance(scene: Scene) -> Story:
    """Switch maintenance mode on for a while (H80). Of the API's line no capture is known."""
    scene.app.in_maintenance = True
    yield Wait(scene.rng.uniform(8.0, 12.0))
    scene.app.in_maintenance = False


def _restart_all(scene: Scene) -> Story:
    yield from together(*(_restarts(scene, dyno) for dyno in scene.app.formation))


def _restarts(scene: Scene, dyno: Dyno) -> Story:
    yield platform(dyno, "Restarting", 0.003)
    yield from restart(scene, dyno)


def _breaks(scene: Scene, dyno: Dyno) -> Story:
    """Tell of a restart that crashes, and crashes again when it is repeated at once."""
    yield platform(dyno, "Restarting", 0.003)
    yield changes(dyno, "starting", 0.7)
    yield platform(dyno, SIGTERM, 1.0)
    yield from exits(scene, dyno, list(dyno.runs), 143)
    yield from fails_to_boot(scene, dyno)
    yield changes(dyno, "starting", 1.0)
    yield from fails_to_boot(scene, dyno)


def _build_succeeds(scene: Scene) -> Story:
    # It is told some seconds after the release that the build led to.
    yield Wait(scene.rng.uniform(2.0, 4.0))
    yield build("Build succeeded")


def _commit(scene: Scene) -> str:
    return f"{scene.rng.getrandbits(32):08x}"
