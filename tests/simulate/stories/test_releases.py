from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from heroku_syslogd.simulate.stories import releases
from heroku_syslogd.simulate.stories.telling import Scene, Story

from .stage import Told, scene, tell, texts

BY = "by user developer@example.com"
STORIES = (
    releases.deploy,
    releases.deploy_with_release_phase,
    releases.failed_build,
    releases.broken_deploy,
    releases.config_change,
    releases.addon_trial,
    releases.stack_upgrade,
    releases.feature,
    releases.maintenance,
)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_every_dyno_is_up_with_one_run(
    story: Callable[[Scene], Story], seed: int
) -> None:
    stage = scene(seed=seed)
    tell(story, stage)

    assert [(dyno.state, len(dyno.runs)) for dyno in stage.app.dynos] == [("up", 1)] * 4
    assert stage.app.refusal() == ""


def test_a_deploy_is_a_build_a_release_and_a_restart_of_all() -> None:
    stage = scene()
    version = stage.app.release + 1
    lines = tell(releases.deploy, stage)
    started, deploy, release, succeeded = (line for line in lines if line.procid == "api")

    assert started.text == f"Build started {BY}"
    assert re.fullmatch(rf"Deploy [0-9a-f]{{8}} {BY}", deploy.text)
    assert release.text == f"Release v{version} created {BY}"
    assert release.at == deploy.at
    assert succeeded.text == "Build succeeded"
    assert succeeded.at > release.at
    for dyno in stage.app.formation:
        assert texts(lines, dyno.name)[:2] == ["Restarting", "State changed from up to starting"]


def test_dynos_wait_for_the_release_phase() -> None:
    stage = scene()
    version = stage.app.release + 1
    lines = tell(releases.deploy_with_release_phase, stage)
    completed = next(n for n, line in enumerate(lines) if line.text.endswith("to complete"))

    assert re.fullmatch(r"release\.\d{4}", lines[completed].procid)
    before = [line.text for line in lines[:completed]]
    assert f"Running release v{version} commands {BY}" in before
    assert "Build succeeded" in before
    assert "Restarting" not in before
    assert lines[completed + 1].text == f"Release v{version} created {BY}"


def test_a_failed_build_changes_nothing() -> None:
    stage = scene()
    version = stage.app.release
    started, failed = tell(releases.failed_build, stage)

    assert started.text == f"Build started {BY}"
    assert re.fullmatch(
        r"Build failed -- check your build output: https://dashboard\.heroku\.com/apps/"
        rf"{stage.app.uuid}/activity/builds/[0-9a-f-]{{36}}",
        failed.text,
    )
    assert stage.app.release == version


def test_a_broken_deploy_crashes_the_web_dynos_until_it_is_rolled_back() -> None:
    stage = scene()
    good = stage.app.release
    refusals = []

    def look(line: Told) -> None:
        if line.procid == "api":
            refusals.append((line.text.partition(" ")[0], stage.app.refusal()))

    lines = tell(releases.broken_deploy, stage, look)
    api = texts(lines, "api")

    assert f"Release v{good + 1} created {BY}" in api
    assert api[-2:] == [f"Rollback to v{good} {BY}", f"Release v{good + 2} created {BY}"]
    assert ("Rollback", "H10") in refusals
    assert texts(lines, "web.1").count("State changed from starting to crashed") == 2
    assert not any("crashed" in text for text in texts(lines, "worker.1"))


def test_config_vars_are_set_and_removed_by_releases() -> None:
    stage = scene()
    version = stage.app.release
    api = texts(tell(releases.config_change, stage), "api")
    name = api[0].removeprefix("Set ").removesuffix(f" config vars {BY}")

    assert api == [
        f"Set {name} config vars {BY}",
        f"Release v{version + 1} created {BY}",
        f"Remove {name} config vars {BY}",
        f"Release v{version + 2} created {BY}",
    ]


def test_an_add_on_is_attached_ready_updated_and_detached() -> None:
    stage = scene()
    version = stage.app.release
    api = texts(tell(releases.addon_trial, stage), "api")
    match = re.search(r"@ref:logdna-[a-z]+-\d{5}", api[0])

    assert match is not None
    assert api == [
        f"Attach LOGDNA ({match[0]}) {BY}",
        f"Running release v{version + 1} commands {BY}",
        f"{match[0]} completed provisioning, setting LOGDNA_KEY. {BY}",
        f"Release v{version + 2} created {BY}",
        f"Update LOGDNA {BY}",
        f"Detach LOGDNA ({match[0]}) {BY}",
        f"Release v{version + 3} created {BY}",
    ]


def test_a_stack_is_upgraded_with_a_deploy() -> None:
    stage = scene()
    api = texts(tell(releases.stack_upgrade, stage), "api")

    assert api[:2] == [
        f"Stack changed from heroku-22 to heroku-24 {BY}",
        f"Upgrade stack to heroku-24 {BY}",
    ]
    assert any(text.startswith("Deploy ") for text in api)
    assert texts(tell(releases.stack_upgrade, stage), "api")[0].endswith(f"to heroku-22 {BY}")


def test_a_feature_is_enabled_and_the_next_time_disabled() -> None:
    stage = scene()

    for verb in ("Enable", "Disable", "Enable"):
        api = texts(tell(releases.feature, stage), "api")
        assert api[0] == f"{verb} allow-multiple-sni-endpoints feature {BY}"


def test_maintenance_mode_is_heard_of_from_the_router_alone() -> None:
    stage = scene()
    story = releases.maintenance(stage)
    next(story)

    assert stage.app.refusal() == "H80"
    assert list(story) == []
    assert stage.app.refusal() == ""
