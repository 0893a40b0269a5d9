from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from benchmarks.load import RECORDED_ON, start_datagrams
from benchmarks.recordings import write_frames
from benchmarks.transports import HOST
from heroku_syslogd.simulate import record

MESSAGES: Final = record(100)
RATE: Final = 2000.0
TIMEOUT: Final = 30.0


def test_each_message_is_a_datagram_and_they_come_at_the_rate(tmp_path: Path) -> None:
    recording = write_frames(MESSAGES, tmp_path / "frames").shared([60, 40])

    with socket.socket(type=socket.SOCK_DGRAM) as receiver:
        receiver.bind((HOST, 0))
        receiver.settimeout(TIMEOUT)
        with start_datagrams(recording, receiver.getsockname(), RATE, TIMEOUT) as sender:
            sent = sender.run()
        received = [receiver.recvfrom(1 << 16) for _ in MESSAGES]

    assert sorted(data for data, _ in received) == sorted(MESSAGES)
    assert len({address for _, address in received}) == 2
    assert sent.ended - sent.began > (len(MESSAGES) - 10) / RATE


def test_the_recording_begins_on_the_day_that_the_sender_is_told() -> None:
    assert MESSAGES[0].split(b" ")[1].startswith(f"{RECORDED_ON}T".encode())
