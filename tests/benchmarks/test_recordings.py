from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.recordings import Recording, Requests, write_frames, write_lines
from benchmarks.sender import FRAME_ID_BYTES
from heroku_syslogd.simulate import octet_framed, record_http
from tests.simulate.receivers import Request, split_octets

MESSAGES = st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=20)
SHARES = st.lists(st.integers(min_value=0, max_value=70), min_size=1, max_size=3)
DRAINS: Final = record_http(3000, seed=1)
BATCH_BYTES: Final = 102_400


def sent(recording: Recording) -> list[bytes]:
    """Return what goes over each connection, placeholders of Frame-Ids included."""
    data = recording.path.read_bytes()
    return [
        b"".join([data[piece.start : piece.end] for piece in pieces])
        for pieces in recording.connections
    ]


def requests(recording: Recording) -> list[list[Request]]:
    data = recording.path.read_bytes()
    taken = []
    for number, pieces in enumerate(recording.connections):
        parts = [data[piece.start : piece.end].partition(b"\r\n\r\n") for piece in pieces]
        taken.append([Request(number, head + end, body) for head, end, body in parts])
    return taken


def take(messages: list[bytes], count: int) -> list[bytes]:
    rounds, rest = divmod(count, len(messages))
    return messages * rounds + messages[:rest]


@given(messages=MESSAGES, shares=SHARES)
def test_frames_are_the_recording_over_and_over_up_to_the_share_of_a_connection(
    messages: list[bytes], shares: list[int]
) -> None:
    with TemporaryDirectory() as directory:
        recording = write_frames(messages, Path(directory, "frames")).shared(shares)

        assert sent(recording) == [octet_framed(take(messages, share)) for share in shares]
    assert recording.messages == sum(shares)
    assert recording.mean_bytes == sum(map(len, messages)) / len(messages)


@given(messages=MESSAGES, share=st.integers(min_value=0, max_value=70))
def test_lines_are_the_messages_over_and_over(messages: list[bytes], share: int) -> None:
    with TemporaryDirectory() as directory:
        recording = write_lines(messages, Path(directory, "lines")).shared([share])

        assert sent(recording) == [b"".join(take(messages, share))]
    assert recording.messages == share
    assert recording.mean_bytes == sum(map(len, messages)) / len(messages)


@given(first=SHARES, second=SHARES)
def test_one_file_serves_different_numbers_of_connections(
    first: list[int], second: list[int]
) -> None:
    with TemporaryDirectory() as directory:
        requests_of = Requests(DRAINS, Path(directory, "requests"))
        before = sent(requests_of.shared(first))

        requests_of.shared(second)

        assert sent(requests_of.shared(first)) == before


def test_long_recording_is_sent_in_pieces(tmp_path: Path) -> None:
    messages = [b"x" * 1000] * 3000

    recording = write_frames(messages, tmp_path / "frames").shared([4000])

    assert sent(recording) == [octet_framed(take(messages, 4000))]
    assert len(recording.connections[0]) == 4


@given(drains=st.dictionaries(st.sampled_from("abc"), MESSAGES, min_size=1), shares=SHARES)
def test_requests_have_as_many_messages_as_the_share_of_a_connection(
    drains: dict[str, list[bytes]], shares: list[int]
) -> None:
    with TemporaryDirectory() as directory:
        recording = Requests(drains, Path(directory, "requests")).shared(shares)
        connections = requests(recording)

    recorded = [message for messages in drains.values() for message in messages]
    for share, taken in zip(shares, connections, strict=True):
        messages = [message for request in taken for message in request.messages()]
        assert messages == take(recorded, share)
        for request in taken:
            assert int(request.headers["Logplex-Msg-Count"]) == len(request.messages()) > 0
            assert int(request.headers["Content-Length"]) == len(request.body)
    assert recording.messages == sum(shares)


def test_requests_are_those_of_logplex(tmp_path: Path) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([3000])

    (taken,) = requests(recording)

    request = taken[0]
    assert request.head.startswith(b"POST /logplex HTTP/1.1\r\n")
    assert list(request.headers) == [
        *("Host", "Content-Type", "Logplex-Msg-Count", "Logplex-Frame-Id"),
        *("Logplex-Drain-Token", "User-Agent", "Content-Length"),
    ]
    assert request.headers["Content-Type"] == "application/logplex-1"


def test_drains_take_turns_and_each_sends_its_own_messages_in_order(tmp_path: Path) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([3000])

    (taken,) = requests(recording)

    tokens = [request.headers["Logplex-Drain-Token"] for request in taken]
    assert tokens[:3] == list(DRAINS)
    for token, messages in DRAINS.items():
        own = [one for one in taken if one.headers["Logplex-Drain-Token"] == token]
        assert [message for one in own for message in one.messages()] == messages


def test_batches_are_of_the_size_that_logplex_aims_at(tmp_path: Path) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([3000])

    (taken,) = requests(recording)

    sizes = [len(request.body) for request in taken]
    assert max(sizes) <= BATCH_BYTES
    assert sorted(sizes)[len(DRAINS)] > BATCH_BYTES - 1000  # but for the last of each drain


def test_last_request_is_cut_to_what_is_missing(tmp_path: Path) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([3000, 1003])

    whole, part = requests(recording)

    assert part[:-1] == [one._replace(connection=1) for one in whole[: len(part) - 1]]
    last = whole[len(part) - 1]
    assert split_octets(part[-1].body) == last.messages()[: len(part[-1].messages())]
    assert part[-1].headers["Logplex-Drain-Token"] == last.headers["Logplex-Drain-Token"]


def test_place_of_the_frame_id_is_known(tmp_path: Path) -> None:
    recording = Requests(DRAINS, tmp_path / "requests").shared([1003])

    data = recording.path.read_bytes()
    for piece in recording.connections[0]:
        assert piece.frame_id is not None
        head = data[piece.start : piece.frame_id]
        assert head.endswith(b"\r\nLogplex-Frame-Id: ")
        assert data[piece.frame_id + FRAME_ID_BYTES :].startswith(b"\r\n")
