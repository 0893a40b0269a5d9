"""Recordings in files, in the form that a transport takes, and what is sent of them.

Everything is encoded here, once, before anything is measured.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, zip_longest
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from benchmarks.sender import FRAME_ID_BYTES, Piece
from benchmarks.transports import HOST
from heroku_syslogd.simulate import Body, batches

PATH: Final = "/logplex"
"""Path of the requests: where the daemon expects them unless told otherwise."""

_PIECE: Final = 1 << 20

_HEAD: Final = f"""\
POST {PATH} HTTP/1.1
Host: {HOST}
Content-Type: application/logplex-1
Logplex-Msg-Count: %d
Logplex-Frame-Id: %s
Logplex-Drain-Token: %s
User-Agent: Logplex/v72
Content-Length: %d

""".replace("\n", "\r\n")
"""Source: heroku/logplex, ``logplex_http_drain:request_to_iolist/2``."""

_NO_FRAME_ID: Final = "0" * FRAME_ID_BYTES


class Recording(NamedTuple):
    """A recording in a file.

    Attributes:
        path: The file.
        messages: How many are sent, over all connections.
        mean_bytes: Mean length of its messages, in bytes, without octet counts.
        connections: What has to be sent over each connection, in order.
    """

    path: Path
    messages: int
    mean_bytes: float
    connections: list[list[Piece]]


class Recorded(Protocol):
    """A recording in a file, of which connections can be given their shares."""

    def shared(self, shares: Sequence[int]) -> Recording:
        """Return what has to be sent.

        Args:
            shares: How many messages each connection sends, the recording repeated as needed.
        """


class Stream:
    """Messages one after the other, as they are sent over a connection.

    Args:
        parts: The messages, in their framing.
        path: Where to write them.
        mean_bytes: Mean length of the messages.
    """

    def __init__(self, parts: Sequence[bytes], path: Path, mean_bytes: float) -> None:
        self._path = path
        self._mean_bytes = mean_bytes
        self._ends = array("Q", [0, *accumulate(map(len, parts))])
        with path.open("wb") as file:
            file.writelines(parts)

    def shared(self, shares: Sequence[int]) -> Recording:
        """Return what has to be sent."""
        connections = [self._pieces(share) for share in shares]
        return Recording(self._path, sum(shares), self._mean_bytes, connections)

    def _pieces(self, share: int) -> list[Piece]:
        rounds, rest = divmod(share, len(self._ends) - 1)
        return _up_to(self._ends[-1]) * rounds + _up_to(self._ends[rest])


def write_frames(messages: Sequence[bytes], path: Path) -> Stream:
    """Write octet-counted frames, as they are sent over TCP and TLS."""
    frames = [b"%d %b" % (len(message), message) for message in messages]
    return Stream(frames, path, _mean_length(messages))


def write_lines(messages: Sequence[bytes], path: Path) -> Stream:
    """Write lines: every message ends with an LF."""
    return Stream(messages, path, _mean_length(messages))


class Requests:
    """Requests with batches of the size that Logplex aims at, the drains taking turns.

    Args:
        drains: The recording: messages by drain token.
        path: Where to write them.
    """

    def __init__(self, drains: Mapping[str, Sequence[bytes]], path: Path) -> None:
        self._path = path
        self._mean_bytes = _mean_length(list(chain(*drains.values())))
        self._bodies = list(_in_turn(drains))
        self._messages = sum(body.messages for _, body in self._bodies)
        with path.open("wb") as file:
            self._pieces = [_write_request(file, token, body) for token, body in self._bodies]

    def shared(self, shares: Sequence[int]) -> Recording:
        """Return what has to be sent.

        The last request of a connection has fewer messages than recorded if need be.
        """
        with self._path.open("ab") as file:
            connections = [self._up_to(file, share) for share in shares]
        return Recording(self._path, sum(shares), self._mean_bytes, connections)

    def _up_to(self, file: BinaryIO, share: int) -> list[Piece]:
        rounds, rest = divmod(share, self._messages)
        chosen = self._pieces * rounds
        for (token, body), piece in zip(self._bodies, self._pieces, strict=True):
            if rest < body.messages:
                if rest:
                    chosen.append(_write_request(file, token, _beginning(body, rest)))
                break
            chosen.append(piece)
            rest -= body.messages
        return chosen


def _mean_length(messages: Sequence[bytes]) -> float:
    return sum(map(len, messages)) / len(messages)


def _up_to(size: int) -> list[Piece]:
    return [Piece(start, min(start + _PIECE, size)) for start in range(0, size, _PIECE)]


def _in_turn(drains: Mapping[str, Sequence[bytes]]) -> Iterator[tuple[str, Body]]:
    """Yield the bodies of all drains, with the token of each."""
    of_drains = [[(token, body) for body in batches(drains[token])] for token in drains]
    for turn in zip_longest(*of_drains):
        yield from filter(None, turn)


def _write_request(file: BinaryIO, token: str, body: Body) -> Piece:
    head = (_HEAD % (body.messages, _NO_FRAME_ID, token, len(body.data))).encode("ascii")
    start = file.tell()
    end = start + file.write(head + body.data)
    return Piece(start, end, start + head.index(_NO_FRAME_ID.encode("ascii")))


def _beginning(body: Body, messages: int) -> Body:
    """Return a body with the first ``messages`` of another."""
    end = 0
    for _ in range(messages):
        blank = body.data.index(b" ", end)
        end = blank + 1 + int(body.data[end:blank])
    return Body(body.data[:end], messages)
