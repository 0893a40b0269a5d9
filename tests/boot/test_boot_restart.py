"""Restarts of the service under load, with systemd holding the ports: the books agree."""

import pytest

from tests.boot.machine import SERVICE
from tests.boot.secured import USER_HEADER, Secured
from tests.e2e.bookkeepers import Crowd

pytestmark = pytest.mark.boot

RESTARTS = 3


def test_restarts_under_load_over_every_transport(secured: Secured) -> None:
    machine = secured.machine
    crowd = Crowd(secured.connect, headers=USER_HEADER)
    before = len(machine.events("daemon.stopped"))
    with crowd.sending():
        for _ in range(RESTARTS):
            crowd.wait_for_progress()
            machine.run("systemctl", "restart", SERVICE)
        crowd.wait_for_progress()
    machine.run("systemctl", "stop", "heroku-syslogd*")

    stopped = machine.events("daemon.stopped")[before:]
    assert len(stopped) == RESTARTS + 1
    assert machine.show("Result") == "success"
    crowd.check(stopped)
