"""The log: form, level, and that faults of peers cannot flood it."""

import errno
import io
import json
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from heroku_syslogd import log
from heroku_syslogd.log import PeerFaultLog


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _default_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_json_without_a_terminal() -> None:
    stream = io.StringIO()
    log.configure("info", "auto", stream)
    log.get("daemon").info("daemon.started", version="1")
    log.get("daemon").debug("not.shown")

    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "component": "daemon",
        "event": "daemon.started",
        "level": "info",
        "version": "1",
    }


def test_a_changed_level_applies_to_loggers_that_exist_already() -> None:
    stream = io.StringIO()
    log.configure("warning", "json", stream)
    logger = log.get("daemon")
    logger.info("not.shown")
    log.configure("debug", "json", stream)
    logger.debug("shown")
    log.configure("error", "json", stream)
    logger.warning("not.shown")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["shown"]


def test_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    log.configure("info", "auto", stream)
    log.get("daemon").info("daemon.started")

    assert "\x1b[" in stream.getvalue()
    assert "daemon.started" in stream.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours_where_they_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    stream = Terminal()
    log.configure("info", "auto", stream)
    log.get("daemon").info("daemon.started")

    assert "\x1b" not in stream.getvalue()
    assert "daemon.started" in stream.getvalue()


def test_tracebacks_are_kept_in_json() -> None:
    stream = io.StringIO()
    log.configure("info", "json", stream)
    try:
        raise RuntimeError("a bug")  # noqa: TRY301 - a traceback is what is wanted
    except RuntimeError:
        log.get("daemon").exception("daemon.crashed")

    assert "RuntimeError: a bug" in json.loads(stream.getvalue())["exception"]


def test_tracebacks_on_a_console_show_no_variables() -> None:
    stream = Terminal()
    log.configure("info", "console", stream)
    token = "d." + "73ea7440"
    try:
        raise RuntimeError(len(token))  # noqa: TRY301 - a traceback is what is wanted
    except RuntimeError:
        log.get("daemon").exception("daemon.crashed")

    assert "RuntimeError: 10" in stream.getvalue()
    assert "d.73ea7440" not in stream.getvalue()


class Full(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_harms_nobody() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (Full(), closed):
        log.configure("info", "json", stream)
        log.get("daemon").info("daemon.started")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_faults_are_logged_once_per_peer_and_reason_and_interval() -> None:
    clock = Clock()
    with capture_logs() as logs:
        faults = PeerFaultLog(clock, interval=60.0)
        for _ in range(5):
            for peer in ("192.0.2.1", "192.0.2.2"):
                faults.warning("frame.malformed", peer=peer, reason="no_pri")
        faults.warning("frame.malformed", peer="192.0.2.1", reason="too_long")
        assert len(logs) == 3

        clock.now += 61
        faults.warning("frame.malformed", peer="192.0.2.1", reason="no_pri")

    assert logs[-1]["suppressed"] == 4


def test_many_peers_cannot_flood_the_log_or_the_memory() -> None:
    clock = Clock()
    with capture_logs() as logs:
        faults = PeerFaultLog(clock, interval=60.0, burst=10)
        for number in range(5000):
            faults.warning("frame.malformed", peer=f"peer-{number}", reason="no_pri")
        assert len(logs) == 10

        clock.now += 61
        faults.warning("frame.malformed", peer="one more", reason="no_pri")
        assert logs[-1]["other_peers_suppressed"] == 4990
        for _ in range(200):
            clock.now += 61
            for number in range(10):
                faults.warning("frame.malformed", peer=f"{clock.now} {number}", reason="no_pri")
    assert len(faults._next) <= 1000
