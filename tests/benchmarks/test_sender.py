from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from benchmarks.load import start_sender
from benchmarks.recordings import Recording, Requests, write_frames, write_lines
from benchmarks.sender import FRAME_ID_BYTES, Job, Piece, Sent, connect, send
from benchmarks.transports import HOST, make_certificate
from heroku_syslogd.simulate import octet_framed, record, record_http
from tests.simulate.receivers import OK, answer, http_receiver, tcp_receiver

MESSAGES: Final = record(2000, seed=1)
DRAINS: Final = record_http(2000, seed=1)
TIMEOUT: Final = 30.0

DATA: Final = memoryview(b"head " + b"0" * FRAME_ID_BYTES + b" body")
REQUEST: Final = Piece(0, len(DATA), 5)


async def run_sender(recording: Recording, port: int, authority: Path | None = None) -> Sent:
    """Let the program send a recording."""

    def run() -> Sent:
        with start_sender(recording, (HOST, port), authority, TIMEOUT) as sender:
            return sender.run()

    return await asyncio.to_thread(run)


@contextmanager
def sending(pieces: list[Piece]) -> Iterator[socket.socket]:
    """Send pieces of `DATA` meanwhile; yields the receiver's socket."""
    here, there = socket.socketpair()
    thread = threading.Thread(target=send, args=(here, DATA, pieces))
    with here, there:
        there.settimeout(TIMEOUT)
        thread.start()
        yield there
        thread.join()


def receive_request(sock: socket.socket) -> bytes:
    request = b""
    while len(request) < len(DATA):
        request += sock.recv(len(DATA) - len(request))
    return request


def test_job_survives_its_line() -> None:
    job = Job("file", HOST, 1, None, [[Piece(0, 1), Piece(2, 300, 17)], []])

    assert Job.decode(json.dumps(job)) == job


def test_request_is_sent_once_the_one_before_is_answered() -> None:
    with sending([REQUEST, REQUEST]) as receiver:
        first = receive_request(receiver)
        receiver.setblocking(False)
        with pytest.raises(BlockingIOError):
            receiver.recv(1)
        receiver.settimeout(TIMEOUT)
        for part in (OK[:3], OK[3:-1], OK[-1:]):
            receiver.sendall(part)
        second = receive_request(receiver)
        receiver.sendall(OK)

    for request in (first, second):
        assert re.fullmatch(rb"head [0-9A-F]{32} body", request)
    assert first != second


@pytest.mark.parametrize("reply", [answer(503), answer(404), b"HTTP/1.1 200 OK\r\n", b""])
def test_any_other_answer_than_200_is_an_error(reply: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(reply)
        there.shutdown(socket.SHUT_WR)

        with pytest.raises(RuntimeError, match="the receiver"):
            send(here, DATA, [REQUEST])


async def test_frames_are_shared_by_the_connections(tmp_path: Path) -> None:
    recording = write_frames(MESSAGES, tmp_path / "frames").shared([1500, 2500])
    expected = {octet_framed(MESSAGES[:1500]), octet_framed(MESSAGES + MESSAGES[:500])}

    async with tcp_receiver() as receiver:
        sent = await run_sender(recording, receiver.port)
        await receiver.until_received(sum(map(len, expected)))

    assert set(map(bytes, receiver.streams)) == expected
    assert 0 < sent.began < sent.ended


async def test_frame_ids_differ_also_when_the_recording_is_sent_again(tmp_path: Path) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([4100, 4100])

    async with http_receiver() as receiver:
        await run_sender(recording, receiver.port)

    requests = receiver.requests
    assert receiver.connections == 2
    assert sum(len(request.messages()) for request in requests) == 8200
    frame_ids = {request.headers["Logplex-Frame-Id"] for request in requests}
    assert len(frame_ids) == len(requests) > 4 * len(DRAINS)
    assert all(re.fullmatch("[0-9A-F]{32}", frame_id) for frame_id in frame_ids)


async def test_request_that_is_refused_ends_the_sender(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([2000])

    async with http_receiver(OK, answer(503)) as receiver:
        with pytest.raises(RuntimeError, match="the sender failed"):
            await run_sender(recording, receiver.port)

    assert len(receiver.requests) == 2
    assert "503" in capfd.readouterr().err


async def test_frames_come_over_tls_too(tmp_path: Path) -> None:
    recording = write_frames(MESSAGES, tmp_path / "frames").shared([2000])
    files = make_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)

    async with tcp_receiver(tls=server) as receiver:
        await run_sender(recording, receiver.port, files.certificate)
        await receiver.until_received(len(octet_framed(MESSAGES)))

    assert receiver.messages() == MESSAGES


def test_lines_are_appended_to_a_file(tmp_path: Path) -> None:
    recording = write_lines(MESSAGES, tmp_path / "lines").shared([4500])
    target = tmp_path / "target"
    target.write_bytes(b"first\n")

    with start_sender(recording, (HOST, 0), None, TIMEOUT, target) as sender:
        sent = sender.run()

    expected = [b"first\n", *MESSAGES, *MESSAGES, *MESSAGES[:500]]
    assert target.read_bytes() == b"".join(expected)
    assert 0 < sent.began < sent.ended


def test_pipe_stays_open_until_the_sender_is_stopped(tmp_path: Path) -> None:
    recording = write_lines(MESSAGES, tmp_path / "lines").shared([10])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with start_sender(recording, (HOST, 0), None, TIMEOUT, pipe) as sender:
            sender.run()
            assert os.read(reader, 1 << 16) == b"".join(MESSAGES[:10])
            with pytest.raises(BlockingIOError):
                os.read(reader, 1)
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


async def test_tls_is_what_logplex_offers(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)

    async with tcp_receiver(tls=server) as receiver:
        job = Job("", HOST, receiver.port, str(files.certificate), [])
        with await asyncio.to_thread(connect, job) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            assert connection.cipher() == ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2", 128)


async def test_sender_that_cannot_connect_has_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recording = write_frames(MESSAGES, tmp_path / "frames").shared([1])
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(RuntimeError, match="the sender failed"):
        await run_sender(recording, port)

    assert "ConnectionRefusedError" in capfd.readouterr().err
