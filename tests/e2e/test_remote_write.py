"""What lines say is in a real Prometheus: once, and with Heroku's time, whatever is restarted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.daemon_process import DaemonProcess, connect, running, wait_until
from tests.e2e.remote_write import (
    MINUTE,
    OUT_OF_ORDER,
    SECOND,
    Book,
    configuration,
    crash,
    now,
    prometheus,
)
from tests.e2e.traffic import octet_counted, send_tcp

pytestmark = pytest.mark.real

DYNOS: Final = ("web.1", "web.2", "worker.1")
POSTGRES: Final = ("postgresql-curly-12345", "postgresql-flat-67890")
EVERY: Final = 20 * SECOND
"""Between two samples of a dyno."""
BATCH: Final = 10
"""Lines that go to both receivers by turns; even, so that turns go on from batch to batch."""

WAITING: Final = "heroku_syslogd_remote_write_waiting_samples"
FAILURES: Final = "heroku_syslogd_remote_write_failures_total"
DROPPED: Final = "heroku_syslogd_remote_write_dropped_samples_total"


def minutes_of_lines(book: Book, minutes: int, seed: int) -> list[bytes]:
    """Return what dynos and databases said in the last minutes, the latest of it ten seconds ago.

    Logplex does not keep the order of lines: each is among its neighbours of two minutes.
    """
    chance, latest = random.Random(seed), now() - 10 * SECOND
    lines: list[tuple[int, bytes]] = []
    for number, dyno in enumerate(DYNOS):
        for sample in range(3 * minutes):
            at = latest - sample * EVERY - number * 1_234_567
            lines.append((at, book.load(dyno, at, sample / 4)))
            lines.append((at, book.memory(dyno, at + 301, 100 + sample / 4)))
    for number, addon in enumerate(POSTGRES):
        for sample in range(minutes):
            at = latest - sample * MINUTE - number * 7_654_321
            lines.append((at, book.postgres(addon, at, 10**9 - sample)))
    lines.sort(key=lambda one: one[0] + chance.randrange(2 * MINUTE))
    return [data for _, data in lines]


def directories(path: Path, *names: str) -> Iterator[Path]:
    """Create directories of daemons, each for a configuration and a log."""
    for name in names:
        (path / name).mkdir()
        yield path / name


def assert_nothing_dropped(daemon: DaemonProcess) -> None:
    assert daemon.total(DROPPED) == 0
    assert daemon.total("heroku_syslogd_lost_messages_total") == 0


def test_every_sample_is_stored_once_with_its_own_time_and_value(tmp_path: Path) -> None:
    book = Book()
    lines = minutes_of_lines(book, 20, seed=1)
    with prometheus(tmp_path) as engine:
        with running(configuration(engine), tmp_path) as daemon:
            send_tcp(daemon.tcp, octet_counted(lines))
            engine.wait_for(book)
            assert_nothing_dropped(daemon)
        assert engine.stored() == book.expected()


def test_a_series_goes_on_over_two_receivers_and_only_counters_tell_them_apart(
    tmp_path: Path,
) -> None:
    book = Book()
    lines = minutes_of_lines(book, 10, seed=2)
    again = lines[::7]  # each of them is at both receivers in the end
    paths = directories(tmp_path, "one", "other")
    with prometheus(tmp_path) as engine:
        with (
            running(configuration(engine, instance="receiver-1"), next(paths)) as one,
            running(configuration(engine, instance="receiver-2"), next(paths)) as other,
        ):
            for first in range(0, len(lines), BATCH):
                batch = lines[first : first + BATCH]
                send_tcp(one.tcp, octet_counted(batch[::2]))
                send_tcp(other.tcp, octet_counted(batch[1::2]))
            engine.wait_for(book)
            for daemon in (one, other):
                send_tcp(daemon.tcp, octet_counted(again))
            for daemon, received in (
                (one, len(lines[::2]) + len(again)),
                (other, len(lines[1::2]) + len(again)),
            ):
                daemon.wait_for("heroku_log_messages_total", {"app": "shop"}, received)
                assert_nothing_dropped(daemon)
        assert engine.stored() == book.expected()
        assert engine.instant("sum by (instance) (heroku_log_messages_total)") == {
            frozenset({("instance", "receiver-1")}): len(lines[::2]) + len(again),
            frozenset({("instance", "receiver-2")}): len(lines[1::2]) + len(again),
        }


def test_nothing_is_missing_after_a_restart_of_the_engine(tmp_path: Path) -> None:
    book = Book()
    begun = now() - 25 * MINUTE
    with (
        prometheus(tmp_path) as engine,
        running(configuration(engine), tmp_path) as daemon,
        connect(daemon.tcp) as connection,
    ):
        sent = 0

        def sending(done: Callable[[], bool]) -> Callable[[], bool]:
            def send_and_ask() -> bool:
                nonlocal sent
                sent += 1
                at = begun + sent * SECOND // 4
                load = book.load("web.1", at, sent / 4)
                connection.sendall(octet_counted([load, book.memory("web.1", at, sent / 4)]))
                return done()

            return send_and_ask

        wait_until(sending(lambda: bool(engine.stored())), "the first sample in Prometheus")
        engine.terminate()
        wait_until(sending(engine.has_ended), "the end of Prometheus")
        failures = daemon.total(FAILURES)
        wait_until(sending(lambda: daemon.total(FAILURES) > failures), "an attempt in vain")
        engine.spawn()
        wait_until(sending(engine.is_ready), "a Prometheus that is ready")
        wait_until(sending(lambda: daemon.total(WAITING) == 0), "an empty queue")
        engine.wait_for(book)
        assert_nothing_dropped(daemon)
        assert daemon.terminate() == 0
        assert engine.stored() == book.expected()


def test_what_was_spooled_outlives_a_kill_while_the_engine_is_down(tmp_path: Path) -> None:
    book = Book()
    killed_path, next_path = directories(tmp_path, "killed", "next")
    spool = tmp_path / "spool"
    lines = minutes_of_lines(book, 10, seed=4)
    with prometheus(tmp_path) as engine:
        # Only samples of lines wait, so that their number is known.
        config = configuration(engine, interval="1h", directory=spool)
        engine.stop()
        with running(config, killed_path) as killed:
            send_tcp(killed.tcp, octet_counted(lines))
            wait_until(lambda: killed.total(FAILURES) > 0, "an attempt in vain")
            killed.wait_for(WAITING, {}, book.samples)
            killed.kill()
        with running(config, next_path) as daemon:
            daemon.wait_for(WAITING, {}, book.samples)
            later = book.load("web.9", now(), 0.25)
            send_tcp(daemon.tcp, octet_counted([later]))
            engine.start()
            engine.wait_for(book)
            assert_nothing_dropped(daemon)
        assert engine.stored() == book.expected()
        assert not list(spool.glob("*.request"))


def test_the_series_of_a_dyno_that_crashes_end_at_that_moment(tmp_path: Path) -> None:
    book = Book()
    last = now() - 3 * MINUTE
    lines = []
    for at in (last - 2 * EVERY, last - EVERY, last):
        for dyno in ("web.1", "web.2"):
            lines += [book.load(dyno, at, 0.25), book.memory(dyno, at, 190.25)]
    crashed_at = last + SECOND
    lines.append(crash("web.1", crashed_at))
    with prometheus(tmp_path) as engine:
        with running(configuration(engine), tmp_path) as daemon:
            send_tcp(daemon.tcp, octet_counted(lines))
            engine.wait_for(book)
            daemon.wait_idle()
        for dyno in ("web.1", "web.2"):
            before = engine.instant(f'{{dyno="{dyno}"}}', crashed_at - SECOND // 2)
            assert before == {
                labels: samples[-1][1]
                for labels, samples in book.expected().items()
                if ("dyno", dyno) in labels
            }
            after = engine.instant(f'{{dyno="{dyno}"}}', crashed_at + SECOND // 2)
            assert after == ({} if dyno == "web.1" else before)
        assert engine.stored() == book.expected()


def sample_from_long_ago(_: Book) -> bytes:
    """Return a line that is older than anything that Prometheus takes."""
    return Book().load("web.1", now() - 300 * MINUTE, 0.25)


def other_value_for_the_same_moment(book: Book) -> bytes:
    """Return a line that contradicts the latest one."""
    at = max(at for samples in book.expected().values() for at, _ in samples)
    return Book().load("web.1", at * 1000, 99.0)


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        pytest.param("{}", sample_from_long_ago, id="too old"),
        pytest.param(OUT_OF_ORDER, sample_from_long_ago, id="too old for the window"),
        pytest.param(OUT_OF_ORDER, other_value_for_the_same_moment, id="another value"),
    ],
)
def test_what_the_engine_refuses_is_counted_and_later_samples_arrive(
    config: str, refused: Callable[[Book], bytes], tmp_path: Path
) -> None:
    book = Book()
    begun = now() - MINUTE
    with prometheus(tmp_path, config) as engine:
        with running(configuration(engine, interval="1h"), tmp_path) as daemon:
            send_tcp(daemon.tcp, octet_counted([book.load("web.1", begun, 0.25)]))
            engine.wait_for(book)
            send_tcp(daemon.tcp, octet_counted([refused(book)]))
            daemon.wait_for(DROPPED, {"reason": "refused"}, 3)
            later = [book.load("web.1", begun + EVERY, 0.5), book.memory("web.1", begun, 190.25)]
            send_tcp(daemon.tcp, octet_counted(later))
            engine.wait_for(book)
            assert daemon.total(DROPPED) == 3
        assert engine.stored() == book.expected()
