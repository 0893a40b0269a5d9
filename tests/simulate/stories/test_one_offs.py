from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from heroku_syslogd.simulate.stories import one_offs
from heroku_syslogd.simulate.stories.telling import Scene, Story

from .stage import scene, tell

HANG_UP = "Client connection closed. Sending SIGHUP to all processes"


@pytest.mark.parametrize(
    ("story", "kind", "command", "user"),
    [
        (one_offs.scheduled_job, "scheduler", "rake reports:daily", "scheduler@addons.heroku.com"),
        (one_offs.detached_run, "run", "bin/rails runner Cart.sweep", "developer@example.com"),
    ],
)
def test_one_off_dynos_come_and_complete(
    story: Callable[[Scene], Story], kind: str, command: str, user: str
) -> None:
    api, *rest = tell(story, scene())

    assert api.text == f"Starting process with command `{command}` by user {user}"
    (name,) = {line.procid for line in rest}
    assert re.fullmatch(rf"{kind}\.\d{{4}}", name)
    texts = [line.text for line in rest]
    assert texts[:2] == [
        f"Starting process with command `{command}`",
        "State changed from starting to up",
    ]
    assert re.fullmatch(r"Process exited with status [01]", texts[-2])
    assert texts[-1] == "State changed from up to complete"


def test_they_report_while_they_are_up() -> None:
    stage = scene()
    story = one_offs.scheduled_job(stage)
    reporting = []
    for told in story:
        reporting.append([dyno.process_type for dyno in stage.app.one_offs if dyno.runs])
        stage.now += told.pause

    assert ["scheduler"] in reporting
    assert reporting[-1] == []
    assert len(stage.app.dynos) == 4


def test_a_client_that_goes_away_leaves_a_process_that_does_not_heed_it() -> None:
    api, *rest = tell(one_offs.attached_run, scene())

    assert api.text == "Starting process with command `bash` by user developer@example.com"
    assert [line.text for line in rest] == [
        "Awaiting client",
        "Starting process with command `bash`",
        "State changed from starting to up",
        *[HANG_UP] * 3,
        "Error R16 (Detached) -> An attached process is not responding to SIGHUP after its external"
        " connection was closed.",
        "Process exited with status 129",
        "State changed from up to complete",
    ]
    times = [line.at for line in rest if line.text == HANG_UP]
    assert times[2] - times[1] == times[1] - times[0] == pytest.approx(5)
