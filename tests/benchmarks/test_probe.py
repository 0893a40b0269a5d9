from __future__ import annotations

import socket
import threading
from typing import Final

import pytest

from benchmarks.probe import STALL, ask, summarise

REQUEST: Final = b"GET / HTTP/1.1\r\n\r\n"
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


def test_percentiles_and_stalls_are_those_of_the_latencies() -> None:
    latencies = [0.001] * 989 + [0.002] * 9 + [STALL + 0.01, STALL + 0.05]

    found = summarise(latencies, 0.003, 2.0)

    assert (found.requests, found.median, found.p99) == (1000, 0.001, 0.002)
    assert (found.p999, found.largest) == (STALL + 0.05, STALL + 0.05)
    assert found.stalled == pytest.approx((2 * STALL + 0.06) / 2)
    assert found.own == 0.003


def test_answer_is_read_whole_however_it_comes() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(ANSWER[:20])
        late = threading.Timer(0, there.sendall, [ANSWER[20:]])
        late.start()

        size = ask(here, REQUEST)

        late.join()
        there.sendall(ANSWER)
        assert ask(here, REQUEST, size) == size == len(ANSWER)


def test_any_other_answer_than_200_is_an_error() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(ANSWER.replace(b"200 OK", b"503 No"))

        with pytest.raises(RuntimeError, match="503"):
            ask(here, REQUEST)


def test_end_of_the_connection_is_an_error() -> None:
    here, there = socket.socketpair()
    with here:
        there.close()

        with pytest.raises((RuntimeError, BrokenPipeError)):
            ask(here, REQUEST)
