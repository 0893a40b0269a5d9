"""Structured events of the service under a real systemd: its directory, and a rotation."""

import json
from typing import Final

import pytest

from tests.boot.conftest import CONFIG
from tests.boot.frames import frame
from tests.boot.machine import SERVICE, Machine, wait_for
from tests.boot.tree import CONFIG as CONFIG_FILE
from tests.boot.tree import USER

pytestmark = pytest.mark.boot

EVENTS_FILE: Final = "/var/log/heroku-syslogd/events.jsonl"
EVENTS: Final = f'{CONFIG}\n[events]\npath = "{EVENTS_FILE}"\nkinds = ["app_metrics"]\n'
WRITTEN: Final = "heroku_syslogd_events_written_total"


def counts(machine: Machine, path: str) -> list[float]:
    """Return the values of the events in a file."""
    documents = [json.loads(one) for one in machine.run("cat", path).splitlines()]
    return [one["event"]["custom"]["app_metrics"]["count#n"] for one in documents]


def test_events_are_written_to_the_one_place_and_rotated(machine: Machine) -> None:
    machine.write(CONFIG_FILE, EVENTS)
    machine.run("systemctl", "restart", SERVICE)
    machine.wait_active()
    with machine.tcp() as tcp:
        tcp.sendall(frame("count#n=1") + frame("count#n=2"))
        machine.wait_metric(2, WRITTEN)
        machine.run("mv", EVENTS_FILE, f"{EVENTS_FILE}.1")
        # What the logrotate snippet runs after it.
        machine.run("systemctl", "try-reload-or-restart", SERVICE)
        wait_for(lambda: EVENTS_FILE in machine.run("ls", EVENTS_FILE, check=False), "the new file")
        tcp.sendall(frame("count#n=3"))
        machine.wait_metric(3, WRITTEN)

    assert counts(machine, f"{EVENTS_FILE}.1") == [1.0, 2.0]
    assert counts(machine, EVENTS_FILE) == [3.0]
    owner = machine.run("stat", "--format=%U %G %a", EVENTS_FILE).strip()
    assert owner == f"{USER} {USER} 640"
    assert machine.show("NRestarts") == "0"


def test_events_outside_of_its_directory_are_refused_and_told(fresh: Machine) -> None:
    fresh.wait_active()
    fresh.write(CONFIG_FILE, EVENTS.replace("/var/log/heroku-syslogd/", "/var/log/"))
    fresh.run("systemctl", "restart", SERVICE, check=False)

    problem = "events: cannot write to /var/log/events.jsonl: Read-only file system"
    wait_for(
        lambda: problem in fresh.run("journalctl", "--no-pager", f"--unit={SERVICE}"),
        "the problem in the journal",
    )
