from __future__ import annotations

from heroku_syslogd.simulate.stories import scaling

from .stage import Told, scene, tell, texts


def test_the_fleet_follows_an_autoscaler() -> None:
    stage = scene()
    base = list(stage.app.formation)
    sizes = []

    def look(line: Told) -> None:
        if line.procid == "api":
            sizes.append(stage.app.scale_items())

    lines = tell(scaling.rush_hour, stage, look)

    assert texts(lines, "api") == [
        "Scaled to web@5:Standard-1X by user autoscaler@addons.example.com",
        "Scaled to web@3:Standard-1X by user autoscaler@addons.example.com",
    ]
    assert sizes == [
        "web@5:Standard-1X worker@1:Standard-1X",
        "web@3:Standard-1X worker@1:Standard-1X",
    ]
    assert stage.app.formation == base
    for name in ("web.4", "web.5"):
        assert texts(lines, name) == [
            "Starting process with command `bundle exec puma -C config/puma.rb`",
            "State changed from starting to up",
            "State changed from up to down",
            "Stopping all processes with SIGTERM",
            "Process exited with status 143",
        ]
    assert {line.procid for line in lines} == {"api", "web.4", "web.5"}


def test_without_web_dynos_the_router_says_so() -> None:
    stage = scene()
    refusals = set()

    def look(line: Told) -> None:
        refusals.add((line.text.partition("@")[2][:2], stage.app.refusal()))

    lines = tell(scaling.scaled_to_zero, stage, look)

    assert ("0:", "H14") in refusals
    assert ("3:", "") in refusals
    assert texts(lines, "api")[-1] == "Scaled to web@3:Standard-1X by user developer@example.com"
    assert [(dyno.name, dyno.state, len(dyno.runs)) for dyno in stage.app.formation] == [
        (name, "up", 1) for name in ("web.1", "web.2", "web.3", "worker.1")
    ]


def test_names_rest_between_two_scalings() -> None:
    stage = scene()
    assert scaling.can_do_without_web(stage)
    tell(scaling.scaled_to_zero, stage)

    assert not scaling.may_scale(stage)
    stage.now += 80.0
    assert scaling.may_scale(stage)
    assert scaling.can_do_without_web(stage)


def test_eco_apps_do_not_scale() -> None:
    assert not scaling.may_scale(scene(apps=3, app=2))
