from __future__ import annotations

from pathlib import Path

from benchmarks.scenarios import Scenario, choose_scenarios, write_recordings
from benchmarks.transports import Transport

TCP, UDP, HTTP, TLS, FILE = Transport


def test_by_default_every_transport_is_measured_and_tcp_with_more_connections() -> None:
    assert choose_scenarios(None, None) == [
        *((TCP, 1), (TCP, 4), (TCP, 20)),
        *((UDP, 1), (HTTP, 1), (TLS, 1), (FILE, 1)),
    ]


def test_connections_hold_for_every_transport_but_a_file() -> None:
    assert choose_scenarios([TLS, TCP, FILE], [2, 3]) == [
        *((TLS, 2), (TLS, 3), (TCP, 2), (TCP, 3), (FILE, 1)),
    ]


def test_nothing_is_measured_twice() -> None:
    assert choose_scenarios([TCP, TCP], [2, 2]) == [(TCP, 2)]


def test_a_scenario_is_called_by_its_transport_and_its_connections() -> None:
    assert str(Scenario(TCP, 1)) == "tcp"
    assert str(Scenario(TCP, 20)) == "tcp 20"


def test_every_scenario_has_the_same_number_of_messages(tmp_path: Path) -> None:
    scenarios = choose_scenarios(None, None)

    recordings = write_recordings(scenarios, 1001, tmp_path)

    assert list(recordings) == scenarios
    for scenario, recording in recordings.items():
        assert recording.messages == 1001
        assert len(recording.connections) == scenario.connections
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "lines", "requests"]
