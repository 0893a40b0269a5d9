"""Stops and restarts under load: what HTTP acknowledged is counted once, the rest accounted for."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import bcrypt
import pytest

from heroku_syslogd.wire import encode_frame
from tests.daemon_process import Address, DaemonProcess, connect, running
from tests.e2e.batches import Poster, basic, batch, batch_headers, batch_line, request
from tests.e2e.bookkeepers import ENCRYPTED, KINDS, Crowd
from tests.e2e.test_service_manager import ACTIVATE
from tests.e2e.tls_files import Authority, Files
from tests.e2e.traffic import token

RESTARTS: Final = 3
DRAIN: Final = token(21)
USER: Final = basic("logplex", "a long password")
HASH: Final = bcrypt.hashpw(b"a long password", bcrypt.gensalt(4)).decode()

BOULDER: Final = 200_000
"""Messages of one batch that keeps the workers busy for seconds: each of another dyno."""
HELD: Final = 3
SLOW: Final = "[queue]\nmax_messages = 1\n[limits]\nmax_body_bytes = 33554432\n"
"""After such a batch the queue is full until the last of it has been taken."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def files(authority: Authority) -> Files:
    return authority.issue()


def configuration(files: Files, where: Mapping[str, str], more: str = "") -> str:
    """Return a configuration with a listener of every kind, and say where each listens."""
    text = f'[admin]\naddress = "127.0.0.1:0"\n{more}\n'
    for kind in KINDS:
        text += f'[[listener]]\ntype = "{kind}"\n{where[kind]}\n'
        text += files.toml if kind in ENCRYPTED else ""
    return f'{text}[[credentials]]\nuser = "logplex"\npassword_hash = "{HASH}"\n'


ANYWHERE: Final = dict.fromkeys(KINDS, 'address = "127.0.0.1:0"')


class Entrance:
    """Opens connections to whichever daemon is there.

    Attributes:
        addresses: Where it listens, by the kind of the listener.
    """

    def __init__(self, authority: Authority) -> None:
        self.addresses: dict[str, Address] = {}
        self._tls = authority.trusted()

    def connect(self, kind: str) -> socket.socket:
        sock = connect(self.addresses[kind])
        if kind not in ENCRYPTED:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname="localhost")
        except OSError:
            sock.close()
            raise

    def follow(self, daemon: DaemonProcess) -> None:
        """Lead to another daemon from now on."""
        self.addresses = {kind: daemon.address_of(kind) for kind in KINDS}


@pytest.fixture
def entrance(authority: Authority) -> Entrance:
    return Entrance(authority)


def books_of(daemon: DaemonProcess) -> dict[str, Any]:
    """Return the books that a daemon closed with, after a stop that went well."""
    assert daemon.wait() == 0
    return daemon.events("daemon.stopped")[0]


# Under load ---------------------------------------------------------------------------------------


@contextmanager
def listening() -> Iterator[dict[str, socket.socket]]:
    """Yield a listening socket for every kind of listener, as systemd holds them."""
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1000))
            for kind in KINDS
        }


def restart_under(crowd: Crowd, start: Callable[[Path], DaemonProcess], tmp_path: Path) -> None:
    """Run daemons one after the other while a crowd sends; compare all their books."""
    directories = [tmp_path / str(number) for number in range(RESTARTS + 1)]
    for directory in directories:
        directory.mkdir()
    daemon = start(directories[0])
    stopped = []
    with crowd.sending():
        for directory in directories[1:]:
            crowd.wait_for_progress()
            daemon.signal(signal.SIGTERM)
            stopped.append(books_of(daemon))
            daemon = start(directory)
        crowd.wait_for_progress()
    daemon.signal(signal.SIGTERM)
    stopped.append(books_of(daemon))
    crowd.check(stopped)


def test_restarts_by_socket_activation(tmp_path: Path, files: Files, entrance: Entrance) -> None:
    config = configuration(files, {kind: f'systemd = "{kind}"' for kind in KINDS})
    with listening() as sockets, ExitStack() as stack:
        entrance.addresses = {kind: sock.getsockname() for kind, sock in sockets.items()}
        fds = [sock.fileno() for sock in sockets.values()]
        prefix = [sys.executable, "-c", ACTIVATE, ",".join(map(str, fds))]
        environ = {"LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": ":".join(sockets)}

        def start(directory: Path) -> DaemonProcess:
            return stack.enter_context(
                running(config, directory, prefix=prefix, environ=environ, pass_fds=fds)
            )

        restart_under(Crowd(entrance.connect, headers=USER), start, tmp_path)


def test_restarts_with_closed_ports_in_between(
    tmp_path: Path, files: Files, entrance: Entrance
) -> None:
    config = configuration(files, ANYWHERE)
    with ExitStack() as stack:

        def start(directory: Path) -> DaemonProcess:
            daemon = stack.enter_context(running(config, directory))
            entrance.follow(daemon)
            return daemon

        restart_under(Crowd(entrance.connect, headers=USER), start, tmp_path)


# With a full queue --------------------------------------------------------------------------------


@pytest.fixture
def burdened(tmp_path: Path, files: Files, entrance: Entrance) -> Iterator[DaemonProcess]:
    """A daemon that has acknowledged the boulder; its queue is full, and will be for seconds."""
    boulder = b"".join(
        encode_frame(batch_line("hello", procid=f"run.{number}")) for number in range(BOULDER)
    )
    with running(configuration(files, ANYWHERE, SLOW), tmp_path) as daemon:
        entrance.follow(daemon)
        with Poster(daemon.http, DRAIN, headers=USER) as poster:
            assert poster.post(BOULDER, boulder) == 200
        yield daemon


@contextmanager
def held_requests(daemon: DaemonProcess, entrance: Entrance) -> Iterator[list[socket.socket]]:
    """Yield connections over each of which a whole batch was sent that finds no room."""
    with ExitStack() as stack:
        connections = [
            stack.enter_context(entrance.connect(kind)) for kind in ("http", "https") * 5
        ]
        for connection in connections:
            headers = {**batch_headers(DRAIN, HELD), **USER}
            connection.sendall(request(headers, batch(HELD)))
        for _ in range(2):
            daemon.get("/-/healthy")  # what was sent before has been read when this is answered
        yield connections


def answer_to(connection: socket.socket) -> int | None:
    """Return the status of an answer, None if the connection ended without one."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
    except (OSError, http.client.HTTPException):
        return None
    with response:
        return response.status


def test_a_stop_answers_every_request_that_is_held(
    burdened: DaemonProcess, entrance: Entrance
) -> None:
    with held_requests(burdened, entrance) as connections:
        burdened.signal(signal.SIGTERM)
        answers = Counter(map(answer_to, connections))
    books = books_of(burdened)

    assert burdened.events("daemon.stopping")[0]["queued"] > 0
    assert set(answers) <= {200, 503}
    assert books["received"] == books["applied"] == BOULDER + HELD * answers[200]
    assert (books["lost"], books["abandoned"]) == (0, 0)


def test_a_stop_at_once_counts_what_was_acknowledged_as_abandoned(
    burdened: DaemonProcess, entrance: Entrance
) -> None:
    with held_requests(burdened, entrance) as connections:
        burdened.signal(signal.SIGTERM)
        burdened.wait_event("daemon.stopping")
        burdened.signal(signal.SIGTERM)
        answers = Counter(map(answer_to, connections))
    books = books_of(burdened)

    assert set(answers) <= {200, 503, None}
    assert books["received"] == BOULDER + HELD * answers[200]
    assert books["received"] == books["applied"] + books["lost"]
    assert books["lost"] == books["abandoned"] > 0
