"""PROXY headers (`heroku_syslogd.wire.ProxyDecoder`).

Options: two sizes of pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final

from fuzz.inputs import chunks, split_options
from heroku_syslogd.wire import ProxyDecoder, ProxyFault, ProxyHeader
from heroku_syslogd.wire.proxy_protocol import MAX_V2_BYTES, encode_proxy_v1, encode_proxy_v2

_OPTIONS: Final = 2
_BOUND: Final = 16 + MAX_V2_BYTES
"""Longest header: the fixed bytes of version 2 and the longest block behind them."""

Result = ProxyHeader | ProxyFault | None


def encode(head: bytes, *, sizes: Sequence[int] = (0, 0)) -> bytes:
    """Return the input for the first bytes of a connection."""
    return bytes(sizes) + head


def check(data: bytes) -> None:
    """Feed the first bytes of a connection in several ways, of which one is the listeners'."""
    sizes, stream = split_options(data, _OPTIONS)
    whole = _feed([stream])
    assert _feed(chunks(stream, sizes)) == whole, "another split gives another result"
    assert _feed(chunks(stream, (1,))) == whole, "byte by byte gives another result"
    result, consumed = _read(stream)
    assert result == whole, "reading what is wanted gives another result"
    if isinstance(result, ProxyHeader):
        assert _feed([stream[:consumed]]) == result, "what follows the header matters"
        assert _feed([stream[: consumed - 1]]) is None, "a byte behind the header was taken"
        _check_source(result)


def _feed(pieces: Iterable[bytes]) -> Result:
    decoder = ProxyDecoder()
    result: Result = None
    for piece in pieces:
        earlier, result = result, decoder.feed(piece)
        assert earlier in (None, result), "a result has changed"
        assert (decoder.wanted > 0) == (result is None), "nothing is wanted, or too much"
        assert decoder.retained + decoder.wanted <= _BOUND, "more than a header is wanted"
    return result


def _read(stream: bytes) -> tuple[Result, int]:
    """Read as a listener does: never more than is wanted. Return the result and the bytes read."""
    decoder, position = ProxyDecoder(), 0
    while piece := stream[position : position + decoder.wanted]:
        position += len(piece)
        result = decoder.feed(piece)
        if result is not None:
            return result, position
    return None, position


def _check_source(header: ProxyHeader) -> None:
    """Hold the address to its canonical form, and see that either version can carry it."""
    if header.source is None:
        return
    address = ip_address(header.source)
    assert str(address) == header.source, "an address in another form"
    assert not isinstance(address, IPv6Address) or address.ipv4_mapped is None
    for written in (
        encode_proxy_v1(header.source, 1, header.source, 2),
        encode_proxy_v2(header.source, 1, header.source, 2),
    ):
        assert _read(written + b"\r\n") == (header, len(written))
