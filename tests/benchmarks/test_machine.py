from __future__ import annotations

import platform

from benchmarks.machine import describe_machine, describe_programs
from benchmarks.peers import Daemon, Replay
from benchmarks.transports import Transport
from heroku_syslogd import __version__


def test_machine_is_described() -> None:
    machine = describe_machine()

    assert machine["cpu"]
    assert machine["processors"] >= 1
    assert machine["memory_bytes"] > 2**20
    assert machine["kernel"] == f"Linux {platform.release()}"


def test_programs_are_those_who_take_part_and_a_command_is_not_another_one() -> None:
    programs = describe_programs(
        [(Transport.TCP, Daemon), (Transport.TLS, Daemon), (Transport.FILE, Replay)]
    )

    assert list(programs) == ["python", "uvloop", "heroku-syslogd"]
    assert programs["python"] == platform.python_version()
    assert programs["heroku-syslogd"] == __version__
