from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.simulate.recording import batches, blocks, octet_framed, record, record_http

from .receivers import split_octets


def test_recording_is_determined_by_its_seed() -> None:
    assert record(500, seed=5) == record(500, seed=5)
    assert record(500, seed=5) != record(500, seed=6)


def test_framing() -> None:
    messages = record(300)

    assert split_octets(octet_framed(messages)) == messages
    parts = list(blocks(messages, 128))
    assert [len(split_octets(part)) for part in parts] == [128, 128, 44]
    assert b"".join(parts) == octet_framed(messages)


def test_a_recording_for_http_has_the_same_messages_by_drain_token() -> None:
    drains = record_http(3000, apps=2)
    of_tcp = record(3000, apps=2)

    assert set(drains) == {message.split(b" ", 3)[2].decode() for message in of_tcp}
    for token, messages in drains.items():
        hostname = f" {token} ".encode()
        whole = [message for message in of_tcp if hostname in message[:100]]
        # Another HOSTNAME and no STRUCTURED-DATA; but for L10, which has no LF, nothing else.
        expected = [m.replace(hostname, b" host ", 1).replace(b" - - ", b" - ", 1) for m in whole]
        assert [m.removesuffix(b"\n") for m in messages] == [
            m.removesuffix(b"\n") for m in expected
        ]


def test_only_l10_has_no_line_feed() -> None:
    messages = [message for drain in record_http(100_000).values() for message in drain]
    without = [message for message in messages if not message.endswith(b"\n")]

    assert without
    assert all(b" host heroku logplex - Error L10 " in message for message in without)


def test_bodies_are_as_large_as_those_of_logplex() -> None:
    (messages,) = record_http(2000, apps=1).values()
    bodies = list(batches(messages))

    assert [m for body in bodies for m in split_octets(body.data)] == messages
    assert all(body.messages == len(split_octets(body.data)) for body in bodies)
    assert all(102_400 - 10_000 < len(body.data) <= 102_400 for body in bodies[:-1])


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 100))
def test_bodies_hold_every_message_in_order(messages: list[bytes], target: int) -> None:
    bodies = list(batches(messages, target))

    assert [m for body in bodies for m in split_octets(body.data)] == messages
    assert all(len(body.data) <= target or body.messages == 1 for body in bodies)


@pytest.mark.parametrize("number", [0, 1])
def test_no_messages_give_no_body(number: int) -> None:
    assert len(list(batches([b"m"] * number))) == number
