from __future__ import annotations

import re

from heroku_syslogd.simulate.stories import opening

from .stage import scene


def test_the_opening_is_a_deploy_that_brings_every_dyno_up() -> None:
    stage = scene(dynos=3)
    texts = [(one.app_name, one.procid, one.text) for one in opening(stage.app, stage.fleet)]
    api = [text for _, procid, text in texts if procid == "api"]

    assert api[0] == "Build started by user developer@example.com"
    assert api[1] == f"Release v{stage.app.release} created by user developer@example.com"
    assert re.fullmatch(r"Deploy [0-9a-f]{8} by user developer@example\.com", api[2])
    assert api[3] == (
        "Scaled to web@2:Standard-1X worker@1:Standard-1X by user developer@example.com"
    )
    assert api[4] == "Build succeeded"
    for name in ("web.1", "web.2", "worker.1"):
        assert ("heroku", name, "State changed from starting to up") in texts
