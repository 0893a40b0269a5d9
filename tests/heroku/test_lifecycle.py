"""The dyno manager's lines: every known text, and what is not one."""

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heroku_syslogd.heroku.events import (
    DynoAction,
    DynoActionName,
    DynoExit,
    DynoStateChange,
    ProcessMemory,
)
from heroku_syslogd.heroku.lifecycle import ENDED_STATES, parse_lifecycle, parse_state_change

MB = 2**20
LIMIT = 65536
EVENT_TYPES = (DynoStateChange, DynoExit, DynoAction, ProcessMemory)

ACTIONS = [
    (b"Starting process with command `bundle exec rackup config.ru -p 24405`", "start"),
    (b"Starting process with command `bundle exec rackup", "start"),  # split, or cut in quoting
    (b"Starting process with command ``", "start"),
    (b"Starting process with command `echo `date`\nState changed from up to down`", "start"),
    (b"Starting process with command `\x00\xff`", "start"),
    (b"Starting process with command: `thin -p 2000 -e production`", "start"),
    (b"Running process with command: `rake db:migrate`", "start"),
    (b"Restarting", "restart"),
    (b"Cycling", "cycle"),
    (b"Relocating dyno to a new server", "relocate"),
    (b"Idling", "idle"),
    (b"Unidling", "unidle"),
    (b"Stopping all processes with SIGTERM", "terminate"),
    (b"Stopping process with SIGTERM", "terminate"),
    (b"Stopping process with SIGKILL", "kill"),
    (b"Stopping remaining processes with SIGKILL", "kill"),
    (b"Stopping all processes with SIGKILL", "kill"),
    (b"Awaiting client", "await_client"),
    (b"Client connection closed. Sending SIGHUP to all processes", "hang_up"),
    (b"Listening on 24405", "listen"),
    (b"Listening on 80", "listen"),
]
STATE_CHANGES = [
    (b"State changed from created to starting", "created", "starting"),
    (b"State changed from provisioning to starting", "provisioning", "starting"),
    (b"State changed from down to starting", "down", "starting"),
    (b"State changed from starting to up", "starting", "up"),
    (b"State changed from up to starting", "up", "starting"),
    (b"State changed from up to down", "up", "down"),
    (b"State changed from starting to crashed", "starting", "crashed"),
    (b"State changed from up to crashed", "up", "crashed"),
    (b"State changed from crashed to starting", "crashed", "starting"),
    (b"State changed from up to complete", "up", "complete"),
    (b"State changed from up to idle", "up", "idle"),
    (b"State changed from up to stopping", "up", "stopping"),
]
EXITS = [
    (b"Process exited with status 0", 0),
    (b"Process exited with status 1", 1),
    (b"Process exited with status 22", 22),
    (b"Process exited with status 137", 137),
    (b"Process exited with status 143", 143),
    (b"Process exited", None),
]
MEMORY = [
    (b"Process running mem=870M(170.1%)", 870 * MB, 1.701),
    (b"Process running mem=1038M(202.8%)", 1038 * MB, 2.028),
    (b"Process running mem=528MB(103.3%)", 528 * MB, 1.033),
    (b"Process running mem=1028MB(103.3%)", 1028 * MB, 1.033),
    (b"Process running mem=2565MB(501.0%)", 2565 * MB, 5.01),
    (b"Process running mem=512.5M(100%)", 512.5 * MB, 1.0),
]
TEXTS = [
    *((text, DynoAction(DynoActionName(name))) for text, name in ACTIONS),
    *((text, DynoStateChange(old, new)) for text, old, new in STATE_CHANGES),
    *((text, DynoExit(status)) for text, status in EXITS),
    *((text, ProcessMemory(size, ratio)) for text, size, ratio in MEMORY),
]
LINES = [text for text, _ in TEXTS]


@st.composite
def near_misses(draw: st.DrawFn, lines: Sequence[bytes]) -> bytes:
    """Draw a real line with one part of it exchanged for other bytes or for a part of another."""
    line = draw(st.sampled_from(lines))
    start = draw(st.integers(0, len(line)))
    end = draw(st.integers(start, min(len(line), start + 12)))
    other = draw(st.sampled_from(lines))
    cut = draw(st.integers(0, len(other)))
    part = draw(st.one_of(st.binary(max_size=6), st.just(other[cut:]), st.just(b"")))
    return line[:start] + part + line[end:]


@pytest.mark.parametrize(("text", "event"), TEXTS)
def test_every_text_has_its_event(
    text: bytes, event: DynoAction | DynoStateChange | DynoExit | ProcessMemory
) -> None:
    assert parse_lifecycle(text) == event


def test_every_action_has_a_text() -> None:
    assert {name for _, name in ACTIONS} == set(DynoActionName)


def test_runs_end_in_states_that_are_logged() -> None:
    assert {new for _, _, new in STATE_CHANGES} >= ENDED_STATES


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"restarting",
        b"Restarting ",
        b"Restarting\n",
        b" Cycling",
        b"Cycling now",
        b"Stopping all processes with SIGHUP",
        b"Stopping all processes with SIGTERM.",
        b"Client connection closed.",
        b"Starting process with command",
        b"Starting process with command bash",
        b"starting process with command `bash`",
        b"Running process with command `bash`",
        b"Listening on",
        b"Listening on ",
        b"Listening on 123456",
        b"Listening on 0.0.0.0:80",
        b"State changed from up to",
        b"State changed from UP to DOWN",
        b"State changed from up to down and more",
        b"State changed from up to down\n",
        b"State changed from up to " + b"x" * 21,
        b"Process exited with status",
        b"Process exited with status ",
        b"Process exited with status 1000",
        b"Process exited with status -1",
        b"Process exited with status 0x1",
        b"Process exited.",
        b"Process exited with status 1\n",
        b"Process running mem=870(170.1%)",
        b"Process running mem=870K(170.1%)",
        b"Process running mem=870MBs(170.1%)",
        b"Process running mem=870M(170.1)",
        b"Process running mem=870M",
        b"Process running mem=M(170.1%)",
        b"Process running mem=8.7.0M(170.1%)",
        b"Process running mem=.5M(170.1%)",
        b"Process running mem=5.M(170.1%)",
        b"Process running mem=-1M(170.1%)",
        b"Process running mem=nanM(nan%)",
        b"Process running mem=1e9M(170.1%)",
        b"Process running mem=" + b"9" * 400 + b"M(1%)",
        b"Process running mem=870M(" + b"9" * 400 + b"%)",
        b"Error R14 (Memory quota exceeded)",
    ],
)
def test_other_texts_mean_nothing(text: bytes) -> None:
    assert parse_lifecycle(text) is None


@pytest.mark.parametrize(("text", "old", "new"), STATE_CHANGES)
def test_a_state_change_can_be_read_alone(text: bytes, old: str, new: str) -> None:
    assert parse_state_change(text) == DynoStateChange(old, new)


def test_only_a_state_change_is_one() -> None:
    assert parse_state_change(b"Cycling") is None


@pytest.mark.parametrize(
    "text",
    [
        b"Process running mem=" + b"9" * LIMIT,
        b"Process running mem=1." + b"9" * LIMIT + b"M(1%)",
        b"Process exited with status " + b"1" * LIMIT,
        b"State changed from " + b"a" * LIMIT + b" to b",
        b"Listening on " + b"1" * LIMIT,
        b"Cycling" * (LIMIT // 7),
    ],
    ids=lambda text: text[:20],
)
def test_long_texts_mean_nothing(text: bytes) -> None:
    assert parse_lifecycle(text) is None


def test_a_long_command_is_a_start() -> None:
    text = b"Starting process with command `" + b"` by `\n" * (LIMIT // 7)

    assert parse_lifecycle(text) == DynoAction(DynoActionName.START)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_none(text: bytes) -> None:
    for line in (
        text,
        b"State changed " + text,
        b"Process " + text,
        b"Process running mem=" + text,
    ):
        assert isinstance(parse_lifecycle(line), (*EVENT_TYPES, type(None)))


@given(near_misses(LINES))
@example(b"Process running mem=" + b"9" * 15 + b"." + b"9" * 9 + b"MB(" + b"9" * 9 + b"%)")
def test_near_misses_give_bounded_values_or_none(line: bytes) -> None:
    event = parse_lifecycle(line)

    assert isinstance(event, (*EVENT_TYPES, type(None)))
    for value in dataclasses.asdict(event).values() if event else ():
        if isinstance(value, str):
            assert len(value) <= 20
        else:
            assert value is None or 0 <= value < 1e22


secrets = st.text("abcdef0123456789", min_size=12, max_size=40).map(str.encode)


@given(st.sampled_from(LINES[:7]), st.binary(max_size=40), secrets, st.binary(max_size=40))
def test_nothing_of_a_command_is_kept(
    line: bytes, before: bytes, secret: bytes, behind: bytes
) -> None:
    start = line[: line.index(b"`") + 1]

    event = parse_lifecycle(start + before + secret + behind)

    assert event == DynoAction(DynoActionName.START)
    assert secret.decode() not in repr(event)
