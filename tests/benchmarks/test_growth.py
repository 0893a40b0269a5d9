"""The growth of cost as a program, and how messages are shared by connections."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest

from benchmarks.fleet import FleetSize, messages_of
from benchmarks.growth import Frames, deal
from heroku_syslogd.simulate import octet_framed
from tests.benchmarks.programs import run_program


def test_every_drain_has_a_connection_that_keeps_its_order() -> None:
    messages = messages_of(FleetSize(5, 1), 1000)

    dealt = deal(messages, 3)

    assert sorted(chain(*dealt)) == sorted(messages)
    tokens = [{message.split(b" ", 3)[2] for message in share} for share in dealt]
    assert sum(map(len, tokens)) == len(set.union(*tokens)) == 5
    for share, of_share in zip(dealt, tokens, strict=True):
        assert share == [one for one in messages if one.split(b" ", 3)[2] in of_share]


def test_beginning_and_shares_are_all_of_the_recording(tmp_path: Path) -> None:
    messages = messages_of(FleetSize(1, 1), 1000)
    frames = Frames.write(messages, tmp_path / "frames")

    warm_up, measured = frames.beginning(300), frames.shared(300, [500, 0, 200])

    assert (warm_up.messages, measured.messages) == (300, 700)
    data = (tmp_path / "frames").read_bytes()
    sent = [
        b"".join(data[piece.start : piece.end] for piece in pieces)
        for pieces in (*warm_up.connections, *measured.connections)
    ]
    parts: tuple[list[bytes], ...] = (messages[:300], messages[300:800], [], messages[800:])
    assert sent == list(map(octet_framed, parts))


def test_small_run_loses_nothing_and_leaves_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = run_program(
        "growth",
        *("--messages", "20000", "--rounds", "1", "--dynos", "3", "--dynos", "60"),
        *("--connections", "1", "--connections", "30", "--json", str(figures)),
    )

    assert done.returncode == 0, done.stderr
    assert "nothing was lost" in done.stdout
    series = json.loads(figures.read_text())["series"]
    assert [(one["title"], [point["x"] for point in one["points"]]) for one in series] == [
        ("dynos", [3, 60]),
        ("connections", [1, 30]),
    ]
    for point in chain(*(one["points"] for one in series)):
        (cost,) = point["cpu_us_per_message"]
        assert 0 < cost < 100


@pytest.mark.parametrize("option", ["--messages", "--rounds", "--dynos", "--connections"])
def test_nothing_to_do_is_a_usage_error(option: str) -> None:
    done = run_program("growth", option, "0")

    assert done.returncode == 2
    assert "expected 1 or more" in done.stderr


def test_more_connections_than_drains_are_a_usage_error() -> None:
    done = run_program("growth", "--connections", "1001")

    assert done.returncode == 2
    assert "expected 1000 or less" in done.stderr
