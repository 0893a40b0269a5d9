"""Reading files and standard input, until their ends or SIGINT."""

import io
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from heroku_syslogd.config import Config
from heroku_syslogd.heroku import Kind
from heroku_syslogd.replay import (
    Capture,
    CaptureError,
    Progress,
    Replay,
    opened,
    replay_captures,
    summarise,
    total_size,
)
from heroku_syslogd.wire import Dialect
from tests.replay.lines import check_books, dynos, load


def nothing(*_: object) -> None:
    pass


def test_every_file_is_opened_before_the_first_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(load("22:13:20", "web.1"))

    names = [str(tmp_path / "a"), str(tmp_path / "b")]
    with pytest.raises(CaptureError, match="No such file") as raised, opened(names):
        pytest.fail("opened")
    assert str(raised.value) == f"cannot read {tmp_path / 'b'}: No such file or directory"
    with pytest.raises(CaptureError, match="Is a directory"), opened([str(tmp_path)]):
        pytest.fail("opened")


def test_files_and_standard_input_are_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for number in range(2):
        path = tmp_path / str(number)
        path.write_bytes(load(f"22:1{number}:00", "web.1") * 1000)
        names.append(str(path))
    stdin = io.TextIOWrapper(io.BytesIO(load("22:12:00", "web.2")))
    monkeypatch.setattr(sys, "stdin", stdin)
    replay = Replay(Config(), Dialect.RFC5424)
    reports: list[Progress] = []
    with opened(names) as captures:
        assert total_size(captures) == sum(Path(name).stat().st_size for name in names)
    with opened([*names, "-"]) as captures:
        assert total_size(captures) is None
        assert replay_captures(replay, captures, nothing, reports.append)

    assert summarise(replay).messages == 2001
    assert dynos(replay) == {"web.1", "web.2"}
    assert reports[0].messages > 0
    assert reports[0].bytes <= 65536


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(CaptureError, match="standard input: it is closed"), opened(["-"]):
        pytest.fail("opened")


class File(io.BytesIO):
    """A capture of one line, at whose end something happens."""

    def __init__(self, happens: Any) -> None:
        super().__init__(load("22:13:20", "web.1"))
        self._happens = happens

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(size) or self._happens()


def test_a_capture_that_cannot_be_read_on_is_an_error_and_what_was_read_stays() -> None:
    def fail() -> bytes:
        raise OSError(5, "Input/output error")

    replay = Replay(Config(), Dialect.RFC5424)
    with pytest.raises(CaptureError, match="cannot read tape: Input/output error"):
        replay_captures(replay, [Capture("tape", File(fail), None)], nothing, nothing)
    assert summarise(replay).understood == {Kind.RUNTIME_SAMPLE: 1}


def test_sigint_ends_the_wait_for_more() -> None:
    def interrupt() -> bytes:
        signal.raise_signal(signal.SIGINT)
        return b""

    replay = Replay(Config(), Dialect.RFC5424)
    before = signal.getsignal(signal.SIGINT)

    assert not replay_captures(replay, [Capture("x", File(interrupt), None)], nothing, nothing)
    assert signal.getsignal(signal.SIGINT) is before
    assert summarise(replay).messages == 1


def test_sigint_within_a_read_waits_until_the_books_are_right() -> None:
    replay = Replay(Config(), Dialect.RFC5424)

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    captures = [Capture("x", File(bytes), None), Capture("y", File(bytes), None)]
    assert not replay_captures(replay, captures, interrupt, nothing)
    assert summarise(replay).messages == 1
    check_books(summarise(replay))


def test_a_second_sigint_does_not_wait() -> None:
    replay = Replay(Config(), Dialect.RFC5424)

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")

    assert not replay_captures(replay, [Capture("x", File(bytes), None)], interrupt, nothing)


def test_sigint_that_is_ignored_stays_ignored() -> None:
    replay = Replay(Config(), Dialect.RFC5424)
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        captures = [Capture("x", File(bytes), None)]
        assert replay_captures(replay, captures, lambda: signal.raise_signal(2), nothing)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)
