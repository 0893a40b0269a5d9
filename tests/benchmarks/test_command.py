"""From options to figures, as all benchmarks go that way."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from benchmarks.command import Figures, bounded, headed, new_parser, run_benchmark
from benchmarks.peers import ReceiverError

FIGURES: Final[Figures] = {"python": "3.11.2", "compiled": True, "pinning": frozenset({1, 0})}


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def measure(options: argparse.Namespace, directory: Path) -> Figures:
    (directory / "file").touch()
    return FIGURES


def report(figures: Figures) -> str:
    return f"{len(figures)} figures"


def options_of(*arguments: str) -> argparse.Namespace:
    return new_parser("It measures.\n\nLong.").parse_args(arguments)


def test_figures_are_reported_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, directory = tmp_path / "figures.json", tmp_path / "own"
    directory.mkdir()

    code = run_benchmark(options_of("--json", str(file)), measure, report, directory=directory)

    assert code == 0
    assert capsys.readouterr() == ("3 figures\n", "")
    assert json.loads(file.read_text()) == {**FIGURES, "pinning": [0, 1]}
    assert not list(directory.iterdir())


@pytest.mark.parametrize("error", [ReceiverError("it"), RuntimeError("it"), OSError("it")])
def test_failure_ends_without_figures(
    error: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: argparse.Namespace, directory: Path) -> Figures:
        raise error

    file = tmp_path / "figures.json"

    assert run_benchmark(options_of("--json", str(file)), fail, report) == 1
    assert capsys.readouterr() == ("", "failed: it\n")
    assert not file.exists()


def test_figures_that_mean_a_failure_are_written_nevertheless(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"

    code = run_benchmark(options_of("--json", str(file)), measure, report, fault=lambda _: "slow")

    assert code == 1
    assert capsys.readouterr() == ("3 figures\n", "failed: slow\n")
    assert file.exists()


def test_sigterm_leaves_no_directory_behind(tmp_path: Path) -> None:
    def stopped(options: argparse.Namespace, directory: Path) -> Figures:
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("it goes on")

    with pytest.raises(SystemExit) as ended:
        run_benchmark(options_of(), stopped, report, directory=tmp_path)

    assert ended.value.code == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_what_figures_depend_on_stands_above_them() -> None:
    first, second = headed(report)(FIGURES).splitlines()

    assert first.startswith("Python 3.11.2, compiled; load average ")
    assert second == "3 figures"
    assert headed(report)({**FIGURES, "compiled": False}).startswith("Python 3.11.2; ")


def test_only_what_can_be_pinned_has_the_option() -> None:
    assert options_of("--no-pin").no_pin
    assert not options_of().no_pin
    assert vars(new_parser("", pins=False).parse_args([])) == {"json": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.4", "expected 0.5 or more"),
        ("nan", "expected 0.5 or more"),
        ("20.1", "expected 20 or less"),
        ("many", "invalid float value"),
    ],
)
def test_number_out_of_its_bounds_is_a_usage_error(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = new_parser("")
    parser.add_argument("--rate", type=bounded(float, 0.5, 20.0))

    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--rate", text])

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["1", "7", "9999999"])
def test_number_within_its_bounds_is_taken(text: str) -> None:
    assert bounded(int, 1)(text) == int(text)
