from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fleet import DAY
from benchmarks.paced_sender import PacedJob, PacedSent, Recorded, boundaries
from benchmarks.programs import start_paced_sender
from benchmarks.transports import HOST
from heroku_syslogd.simulate import octet_framed, record
from tests.simulate.receivers import tcp_receiver

MESSAGES: Final = record(500, seed=1)
TIMEOUT: Final = 30.0
RATE: Final = 10_000.0


def job(transport: str, path: Path, port: int, messages: int, skip: int = 0) -> PacedJob:
    path.write_bytes(octet_framed(MESSAGES))
    return PacedJob(transport, str(path), HOST, port, 2, RATE, messages, DAY, skip)


def run_job(what: PacedJob) -> PacedSent:
    with start_paced_sender(what, TIMEOUT) as sender:
        sender.begin()
        return sender.result()


@given(st.lists(st.binary(max_size=300)))
def test_boundaries_are_those_of_the_frames(messages: list[bytes]) -> None:
    data = octet_framed(messages)

    found = boundaries(data)

    assert [data[start:end] for _, start, end in found] == messages
    assert b"".join(data[at:end] for at, _, end in found) == data


def test_recording_begins_again_a_day_later() -> None:
    data = octet_framed([b"<1>1 2023-11-30T23:00:00Z one", b"<1>1 2023-11-30T23:00:01Z two"])
    recorded = Recorded(data, "2023-11-30")

    assert recorded.frames(9) == (data, 2)
    assert recorded.messages(1) == [b"<1>1 2023-12-01T23:00:00Z one"]
    assert recorded.frames(9) == (b"29 <1>1 2023-12-01T23:00:01Z two", 1)
    assert recorded.messages(9)[0] == b"<1>1 2023-12-02T23:00:00Z one"


def test_recording_goes_on_where_another_job_ended() -> None:
    data = octet_framed(MESSAGES)

    assert Recorded(data, DAY, 10).messages(2) == MESSAGES[10:12]
    (again,) = Recorded(data, DAY, len(MESSAGES) + 3).messages(1)
    assert again == MESSAGES[3].replace(DAY.encode(), b"2023-11-15")


async def test_all_messages_come_over_tcp_at_the_rate(tmp_path: Path) -> None:
    async with tcp_receiver() as receiver:
        sent = await asyncio.to_thread(run_job, job("tcp", tmp_path / "f", receiver.port, 500))
        await receiver.until_received(len(octet_framed(MESSAGES)))

    assert len(receiver.streams) == 2
    assert sorted(receiver.messages()) == sorted(MESSAGES)
    assert sent.messages == 500
    assert sent.seconds >= 450 / RATE  # the last burst is sent as soon as its first message is due


def test_each_message_is_a_datagram(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((HOST, 0))
        receiver.settimeout(TIMEOUT)

        sent = run_job(job("udp", tmp_path / "f", receiver.getsockname()[1], 30, skip=7))

        received = {receiver.recv(65536) for _ in range(30)}
    assert sent.messages == 30
    assert received == set(MESSAGES[7:37])


def test_sender_that_cannot_connect_has_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(RuntimeError, match="the sender failed"):
        run_job(job("tcp", tmp_path / "f", port, 1))

    assert "ConnectionRefusedError" in capfd.readouterr().err
