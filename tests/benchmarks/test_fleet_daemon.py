from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

import pytest

from benchmarks.fleet import FleetSize, messages_of, tokens_of
from benchmarks.fleet_daemon import OPENMETRICS, TEXT, Books, FleetDaemon
from benchmarks.peers import ReceiverError
from heroku_syslogd.simulate import octet_framed

SIZE: Final = FleetSize(2, 3)

PAGE: Final = """\
# TYPE heroku_syslogd_received_messages_total counter
heroku_syslogd_received_messages_total{listener="tcp"} 1.2e+06
heroku_syslogd_received_messages_total{listener="udp"} 30.0
heroku_syslogd_applied_messages_total 1200025.0
heroku_syslogd_lost_messages_total{listener="tcp",reason="header"} 0.0
heroku_syslogd_lost_messages_total{listener="tcp",reason="kernel"} 1.0
heroku_syslogd_lost_messages_total{listener="udp",reason="kernel"} 4.0
"""


def test_books_are_the_sums_over_all_listeners() -> None:
    books = Books.of(PAGE)

    assert books == Books(1_200_030, 1_200_025, {"kernel": 5})
    assert books.add_up
    assert not Books(3, 1, {"kernel": 1}).add_up


@pytest.mark.parametrize(
    "books", [Books(10, 9, {"kernel": 1}), Books(9, 9, {}), Books(10, 9, {}), Books(11, 11, {})]
)
def test_message_that_was_not_applied_is_an_error(books: Books) -> None:
    Books(10, 10, {}).check(10)

    with pytest.raises(ReceiverError, match="10 messages were sent"):
        books.check(10)


def test_daemon_knows_the_fleet_and_is_scraped_in_every_form(tmp_path: Path) -> None:
    messages = messages_of(SIZE, 2000)

    with FleetDaemon(tmp_path, ["tcp", "udp"], tokens_of(SIZE)) as daemon:
        assert daemon.addresses.keys() == {"tcp", "udp"}
        with socket.create_connection(daemon.addresses["tcp"]) as connection:
            connection.sendall(octet_framed(messages))
            assert daemon.wait_until_received(len(messages)) > 0
            daemon.books().check(len(messages))
        text = daemon.scrape(TEXT)
        compressed = daemon.scrape(OPENMETRICS, compressed=True)
        assert daemon.resident_bytes > 2**20

    for app in tokens_of(SIZE).values():
        assert f'app="{app}"'.encode() in text.body
    assert len(text.body) == text.sent_bytes > compressed.sent_bytes
    assert compressed.body.endswith(b"# EOF\n")
    assert text.series == compressed.series > 100
    assert text.seconds > 0


def test_message_that_was_never_sent_is_waited_for_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.fleet_daemon._RECEIVE_TIMEOUT", 0.0)

    with (
        FleetDaemon(tmp_path, ["tcp"], {}) as daemon,
        pytest.raises(ReceiverError, match="1 messages were sent"),
    ):
        daemon.wait_until_received(1)
