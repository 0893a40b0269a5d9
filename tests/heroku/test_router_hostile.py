"""Router lines: texts of clients that imitate the router, and any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.events import RouterRequest
from heroku_syslogd.heroku.router import parse_router_line
from tests.heroku.router_clients import (
    FORGED_TAIL,
    after_bytes,
    client_texts,
    requests,
    trusted,
)
from tests.heroku.router_error_lines import MISDIRECTED
from tests.heroku.router_lines import LEGACY

# Clients that imitate the router -----------------------------------------------------------------


@given(requests, after_bytes)
def test_a_client_changes_nothing_that_is_counted(request: bytes, end: bytes) -> None:
    tail = b" dyno=web.1 connect=1ms service=22ms status=304 bytes=656"
    line = b"at=info " + request + tail + end

    found = parse_router_line(line)

    assert found is not None
    assert trusted(found) == ("", "web.1", 0.001, 0.022, 304, 656)
    assert (found.at, found.sock) == ("info", "")
    assert found.protocol == (end.split()[0][9:].decode() if end else "")
    assert found.tls == (b"tls=true" in end if b"tls=" in end else None)


@given(requests, after_bytes)
def test_a_client_changes_nothing_in_an_error_either(request: bytes, end: bytes) -> None:
    head = b'sock=client at=warning code=H27 desc="Client Request Interrupted" '
    tail = b" dyno= connect= service=3ms status=499 bytes="

    found = parse_router_line(head + request + tail + end)

    assert found is not None
    assert trusted(found) == ("H27", "", None, 0.003, 499, None)
    assert found.sock == "client"


@given(requests, client_texts)
def test_a_client_changes_nothing_with_its_agent(request: bytes, agent: bytes) -> None:
    line = b'error code=H31 desc="Misdirected Request" ' + request
    line += b' dyno= connect= service= status=421 bytes= protocol=http agent="' + agent + b'"'

    found = parse_router_line(line)

    assert found is not None
    assert trusted(found) == ("H31", "", None, None, 421, None)


@given(client_texts)
def test_a_client_adds_no_dyno_to_a_line_without_one(path: bytes) -> None:
    line = b'at=error code=H18 method=GET path="%b" host=h connect=0ms service=139ms status=503'

    found = parse_router_line(line % path)

    assert found is not None
    assert trusted(found) == ("H18", "", 0.0, 0.139, 503, None)


@given(
    st.text(st.characters(codec="utf-8"), max_size=50).filter(lambda path: '" host=' not in path)
)
def test_a_decoded_path_is_kept_as_it_is(path: str) -> None:
    found = parse_router_line(LEGACY.replace(b"/cart_link", path.encode()))

    assert found is not None
    assert found.path == path
    assert found.host == "lumberjack-store.timber.io"


def test_a_client_cannot_end_the_line_of_h31_before_its_end() -> None:
    forged = b'1.1.1.1"' + FORGED_TAIL + b' agent="'
    known = b" dyno= connect= service= status=421 bytes= protocol=http"

    for fwd in (
        forged,
        forged + known + b' status=299 agent="',
        known + forged + known + b' agent="',
    ):
        found = parse_router_line(MISDIRECTED.replace(b"[IP]", fwd))

        assert found is not None
        assert trusted(found) == ("H31", "", None, None, 421, None)


def test_an_agent_of_an_unknown_tail_is_cut_off() -> None:
    line = MISDIRECTED.replace(b"bytes=", b"bytes=0").replace(b"<agent>", FORGED_TAIL)

    found = parse_router_line(line)

    assert found is not None
    assert trusted(found) == ("H31", "", None, None, 421, 0)
    assert found.agent == FORGED_TAIL.decode()


def test_of_a_long_fwd_the_end_is_kept_which_the_client_did_not_write() -> None:
    line = LEGACY.replace(b'fwd="', b'fwd="' + b"6.6.6.6, " * 200)

    found = parse_router_line(line)

    assert found is not None
    assert len(found.fwd) == 512
    assert found.fwd.endswith("6.6.6.6, 73.75.38.87")


# Any bytes ---------------------------------------------------------------------------------------


@given(st.binary(max_size=300) | requests)
def test_any_bytes_give_a_request_or_none(text: bytes) -> None:
    for line in (text, b"at=info method=GET " + text, b"error code=H31 method=GET status= " + text):
        assert isinstance(parse_router_line(line), RouterRequest | None)


@pytest.mark.parametrize(
    "piece",
    [
        b" dyno= connect= service= status=421 bytes= a=b",
        FORGED_TAIL + b" protocol=x",
        b' path="" host=',
        b' agent="',
        b' desc="',
        b" fwd=",
        b" a=b",
        b'"',
        b" ",
        b"\n",
        b"x",
    ],
)
def test_64_kib_of_anything_take_linear_time(piece: bytes) -> None:
    """Not timed: with anything quadratic in it this test takes minutes."""
    for head in (b"", b'at=info method=GET path="', b'error code=H31 method=GET status= path="'):
        line = (head + piece * 65536)[:65536]
        assert isinstance(parse_router_line(line), RouterRequest | None)
