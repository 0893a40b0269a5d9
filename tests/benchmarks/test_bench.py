"""Turns of a receiver that is a program of the tests, and loses what it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from benchmarks import bench
from benchmarks.bench import Bench
from benchmarks.measure import Pinning
from benchmarks.peers import ReceiverError
from benchmarks.scenarios import Scenario, write_recordings
from benchmarks.transports import Transport, make_certificate
from tests.benchmarks.programs import ScriptedWriter

MESSAGES = 200  # fewer than the smallest receive buffer holds
TCP, UDP = Scenario(Transport.TCP, 2), Scenario(Transport.UDP, 1)

PROGRAM = """
import re, selectors, socket, sys
kind, host, port, output, most = sys.argv[1:]
selector = selectors.DefaultSelector()
listener = socket.socket(socket.AF_INET, getattr(socket, kind))
listener.bind((host, int(port)))
if kind == "SOCK_STREAM":
    listener.listen()
selector.register(listener, selectors.EVENT_READ)
written = 0
with open(output, "wb", buffering=0) as file:
    while True:
        for key, _ in selector.select():
            sock = key.fileobj
            if kind == "SOCK_STREAM" and sock is listener:
                selector.register(sock.accept()[0], selectors.EVENT_READ)
            elif data := sock.recv(1 << 20):
                lines = min(data.count(b"\\n"), int(most) - written)
                written += lines
                file.write(b"\\n" * lines)
            else:
                selector.unregister(sock)
"""


class Program(ScriptedWriter):
    name = "program"
    script = PROGRAM
    most: ClassVar[int] = MESSAGES

    def _configure(self, conf: Path, port: int) -> list[str]:
        return [*super()._configure(conf, port), str(self._output), str(self.most)]


class Forgetful(Program):
    most = MESSAGES - 7


class Deaf(Program):
    most = 0


class Dutiful(Forgetful):
    counts_losses = True


@pytest.fixture(name="one")
def _one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(bench, "_MISSING", 0.0)
    monkeypatch.setattr(bench, "_PATIENCE", 3.0)
    with made(tmp_path) as made_one:
        yield made_one


@contextmanager
def made(directory: Path) -> Iterator[Bench]:
    recordings = write_recordings([TCP, UDP], MESSAGES, directory)
    before = set(directory.iterdir())
    certificate = make_certificate(directory)
    yield Bench(recordings, certificate, Pinning(None, None), 10_000, directory)
    assert set(directory.iterdir()) == before | set(certificate)


@pytest.mark.parametrize("scenario", [TCP, UDP])
def test_turn_ends_when_everything_is_consumed(one: Bench, scenario: Scenario) -> None:
    run = one.turn(Program, scenario)

    assert (run.consumed_messages, run.lost_messages) == (MESSAGES, 0)
    assert run.seconds > 0
    assert 2**20 < run.peak_memory_bytes < 2**29


def test_what_a_peer_did_not_write_of_datagrams_is_lost(one: Bench) -> None:
    run = one.turn(Forgetful, UDP)

    assert (run.consumed_messages, run.lost_messages) == (MESSAGES - 7, 7)


@pytest.mark.parametrize(
    ("kind", "scenario"),
    [(Forgetful, TCP), (Dutiful, UDP), (Deaf, UDP)],
    ids=["over TCP nothing may be lost", "the daemon has to count", "not everything may be lost"],
)
def test_turn_fails(one: Bench, kind: type[Program], scenario: Scenario) -> None:
    with pytest.raises(ReceiverError, match="program consumed"):
        one.turn(kind, scenario)
