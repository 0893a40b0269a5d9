"""The PROXY protocol: headers and faults by name, and what holds for any bytes and any split."""

import io
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heroku_syslogd.wire.proxy_protocol import (
    MAX_V1_BYTES,
    MAX_V2_BYTES,
    ProxyDecoder,
    ProxyFault,
    ProxyHeader,
    encode_proxy_local,
    encode_proxy_v1,
    encode_proxy_v2,
)
from tests.wire.feeding import every_way

Result = ProxyHeader | ProxyFault | None

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
BOUND = len(SIGNATURE) + 4 + MAX_V2_BYTES
EXAMPLE = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
PAYLOAD = b"129 <45>1 \r\n\r\nPROXY \x16\x03"
V6_LONGEST = b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
V4_BLOCK = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + b"\xdc\x04\x01\xbb"
V6_BLOCK = bytes.fromhex("20010db8000000000000000000000007" * 2) + b"\xdc\x04\x01\xbb"
MAPPED_BLOCK = bytes.fromhex("00000000000000000000ffffc0000207" * 2) + b"\xdc\x04\x01\xbb"
UNIX_BLOCK = b"/run/a.sock".ljust(216, b"\0")
NOOP_TLV = b"\x04\x00\x03abc"
CRC32C_TLV = b"\x03\x00\x04\xde\xad\xbe\xef"
AWS_TLV = b"\xea\x00\x17\x01vpce-08d2bf15fac5001c9"


def v2(command: int, family: int, block: bytes = b"", length: int | None = None) -> bytes:
    size = len(block) if length is None else length
    return SIGNATURE + bytes([command, family]) + size.to_bytes(2, "big") + block


def feed(chunks: list[bytes]) -> Result:
    """Feed chunks of any size and check what holds between any two of them."""
    decoder = ProxyDecoder()
    result: Result = None
    for chunk in chunks:
        earlier, result = result, decoder.feed(chunk)
        assert earlier in (None, result)
        assert (decoder.wanted > 0) == (result is None)
        assert decoder.retained + decoder.wanted <= BOUND
    return result


def read(stream: io.BytesIO, size_of_read: Callable[[int], int] = lambda wanted: wanted) -> Result:
    """Read as a listener does: what is wanted at most, perhaps less, until the result is there."""
    decoder = ProxyDecoder()
    while data := stream.read(size_of_read(decoder.wanted)):
        result = decoder.feed(data)
        if result is not None:
            return result
    return None


LINES = [
    pytest.param(EXAMPLE, "192.168.0.1", id="example of section 2.1"),
    pytest.param(
        b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
        "255.255.255.255",
        id="longest TCP4",
    ),
    pytest.param(
        b"PROXY TCP6 %s %s 65535 65535\r\n" % (V6_LONGEST, V6_LONGEST),
        V6_LONGEST.decode(),
        id="longest TCP6",
    ),
    pytest.param(b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0", id="shortest TCP4"),
    pytest.param(b"PROXY TCP6 :: :: 0 0\r\n", "::", id="shortest TCP6"),
    pytest.param(
        b"PROXY TCP6 2001:0DB8:0::7 2001:db8::1 1 2\r\n", "2001:db8::7", id="TCP6 not canonical"
    ),
    pytest.param(
        b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 1 2\r\n", "192.0.2.7", id="TCP6 maps IPv4"
    ),
    pytest.param(
        b"PROXY TCP6 ::ffff:0:0 ::1 1 2\r\n", "0.0.0.0", id="TCP6 maps the unspecified address"
    ),
    pytest.param(b"PROXY UNKNOWN\r\n", None, id="UNKNOWN"),
    pytest.param(
        b"PROXY UNKNOWN %s %s 65535 65535\r\n" % (V6_LONGEST, V6_LONGEST),
        None,
        id="longest UNKNOWN",
    ),
    pytest.param(b"PROXY UNKNOWN \n\r \xff\0\r\r\n", None, id="UNKNOWN, then anything"),
]
BLOCKS = [
    pytest.param(v2(0x20, 0x00), None, id="LOCAL"),
    # AWS checks the health of its targets so: the block has to be skipped, and says nothing.
    pytest.param(v2(0x20, 0x11, V4_BLOCK), None, id="LOCAL with addresses"),
    pytest.param(v2(0x20, 0xFF, b"xyz"), None, id="LOCAL of a family that does not exist"),
    pytest.param(v2(0x21, 0x11, V4_BLOCK), "192.0.2.7", id="TCP over IPv4"),
    pytest.param(v2(0x21, 0x12, V4_BLOCK), "192.0.2.7", id="UDP over IPv4"),
    pytest.param(v2(0x21, 0x21, V6_BLOCK), "2001:db8::7", id="TCP over IPv6"),
    pytest.param(v2(0x21, 0x22, V6_BLOCK), "2001:db8::7", id="UDP over IPv6"),
    pytest.param(v2(0x21, 0x21, MAPPED_BLOCK), "192.0.2.7", id="IPv6 maps IPv4"),
    pytest.param(v2(0x21, 0x00), None, id="UNSPEC"),
    pytest.param(v2(0x21, 0x00, V4_BLOCK), None, id="UNSPEC with addresses"),
    pytest.param(v2(0x21, 0x10, V4_BLOCK), None, id="IPv4 without a transport protocol"),
    pytest.param(v2(0x21, 0x01, V4_BLOCK), None, id="stream of no family"),
    pytest.param(v2(0x21, 0x31, UNIX_BLOCK), None, id="UNIX stream"),
    pytest.param(v2(0x21, 0x32, UNIX_BLOCK), None, id="UNIX datagram"),
    pytest.param(v2(0x21, 0x11, V4_BLOCK + AWS_TLV + NOOP_TLV), "192.0.2.7", id="TLVs"),
    pytest.param(v2(0x21, 0x11, V4_BLOCK + CRC32C_TLV), "192.0.2.7", id="checksum not verified"),
    pytest.param(v2(0x21, 0x11, V4_BLOCK + b"\x04\xff"), "192.0.2.7", id="TLV that is cut"),
]
HEADERS = [param.values[0] for param in [*LINES, *BLOCKS]]


@pytest.mark.parametrize(("header", "source"), [*LINES, *BLOCKS])
def test_a_header_names_the_client(header: bytes, source: str | None) -> None:
    for chunks in every_way(header):
        assert feed(chunks) == ProxyHeader(source), chunks
        assert feed([*chunks, PAYLOAD]) == ProxyHeader(source), chunks
    assert feed([header + PAYLOAD]) == ProxyHeader(source)


@pytest.mark.parametrize("most", [1, 2, 3, 7, BOUND])
@pytest.mark.parametrize("header", HEADERS)
def test_what_is_behind_a_header_stays_unread(header: bytes, most: int) -> None:
    stream = io.BytesIO(header + PAYLOAD)

    assert isinstance(read(stream, lambda wanted: min(wanted, most)), ProxyHeader)
    assert stream.read() == PAYLOAD


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_complete_with_its_last_byte_and_not_before(header: bytes) -> None:
    for cut in range(len(header)):
        assert feed([header[:cut]]) is None


@pytest.mark.parametrize(
    ("begin", "fault"),
    [
        pytest.param(b"1", ProxyFault.NO_HEADER, id="MSG-LEN"),
        pytest.param(b"<", ProxyFault.NO_HEADER, id="PRI"),
        pytest.param(b"\x16", ProxyFault.NO_HEADER, id="TLS hello"),
        pytest.param(b"G", ProxyFault.NO_HEADER, id="GET"),
        pytest.param(b"PO", ProxyFault.NO_HEADER, id="POST"),
        pytest.param(b"PRI", ProxyFault.NO_HEADER, id="HTTP/2"),
        pytest.param(b"p", ProxyFault.NO_HEADER, id="lower case"),
        pytest.param(b" ", ProxyFault.NO_HEADER, id="space"),
        pytest.param(b"\n", ProxyFault.NO_HEADER, id="LF"),
        pytest.param(b"\r\n\r\n1", ProxyFault.NO_HEADER, id="blank lines"),
        pytest.param(b"PROXY\r", ProxyFault.NO_HEADER, id="no space behind PROXY"),
        pytest.param(SIGNATURE[:-1] + b"\r", ProxyFault.NO_HEADER, id="last byte of the signature"),
        pytest.param(SIGNATURE + b"\x11", ProxyFault.VERSION, id="version 1 in version 2"),
        pytest.param(SIGNATURE + b"\x30", ProxyFault.VERSION, id="version 3"),
        pytest.param(SIGNATURE + b"\x22", ProxyFault.VERSION, id="unassigned command"),
        pytest.param(SIGNATURE + b"\x21\x41", ProxyFault.MALFORMED, id="unassigned family"),
        pytest.param(SIGNATURE + b"\x21\x13", ProxyFault.MALFORMED, id="unassigned protocol"),
        pytest.param(v2(0x21, 0x11, length=11), ProxyFault.MALFORMED, id="short IPv4"),
        pytest.param(v2(0x21, 0x22, length=35), ProxyFault.MALFORMED, id="short IPv6"),
        pytest.param(v2(0x21, 0x31, length=215), ProxyFault.MALFORMED, id="short UNIX"),
        pytest.param(
            v2(0x21, 0x11, length=MAX_V2_BYTES + 1), ProxyFault.TOO_LONG, id="block too long"
        ),
        pytest.param(v2(0x20, 0x00, length=0xFFFF), ProxyFault.TOO_LONG, id="LOCAL too long"),
        pytest.param(b"PROXY UNKNOWN".ljust(107), ProxyFault.TOO_LONG, id="UNKNOWN without end"),
        pytest.param(b"PROXY TCP4 ".ljust(107), ProxyFault.TOO_LONG, id="TCP4 without end"),
        pytest.param(
            b"PROXY TCP4 ".ljust(107, b"1"), ProxyFault.TOO_LONG, id="address without end"
        ),
        pytest.param(b"PROXY ".ljust(106) + b"\r", ProxyFault.TOO_LONG, id="LF would be byte 108"),
    ],
)
def test_a_fault_is_told_by_the_byte_that_shows_it(begin: bytes, fault: ProxyFault) -> None:
    assert feed([begin[:-1]]) is None
    for chunks in every_way(begin):
        assert feed(chunks) is fault, chunks
        assert feed([*chunks, PAYLOAD]) is fault, chunks
    assert feed([begin + PAYLOAD]) is fault


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY \r\n",
        b"PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY tcp4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY unknown\r\n",
        b"PROXY UNKNOWNS\r\n",
        b"PROXY UNKNOWN\t1\r\n",
        b"PROXY TCP4\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
        b"PROXY TCP4 192.0.2.7  192.0.2.1 1 2\r\n",
        b"PROXY TCP4\t192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\r\n",
        b"PROXY TCP4 192.0.2.7\r192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1\n2\r\n",
        # Addresses.
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 ::ffff:192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP6 2001:db8::7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.07 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7/32 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 3221225991 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 \xd9\xa1.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 localhost 192.0.2.1 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n",
        b"PROXY TCP6 [2001:db8::7] 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 2001::db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 2001:db8:00007::1 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 :: 2001:db8::1: 1 2\r\n",
        # Ports.
        b"PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 00\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 99999\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 100000\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 +1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1_0 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 \xd9\xa1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 x\r\n",
    ],
)
def test_a_line_that_does_not_match_exactly_is_malformed(line: bytes) -> None:
    for chunks in every_way(line):
        assert feed(chunks) is ProxyFault.MALFORMED, chunks


def test_a_line_and_a_block_at_their_limits_pass() -> None:
    line = b"PROXY UNKNOWN ".ljust(MAX_V1_BYTES - 2) + b"\r\n"
    assert len(line) == MAX_V1_BYTES
    assert feed([line]) == ProxyHeader(None)
    assert feed([v2(0x21, 0x11, V4_BLOCK.ljust(MAX_V2_BYTES))]) == ProxyHeader("192.0.2.7")


def test_a_block_is_read_at_once_and_a_usual_line_in_few_reads() -> None:
    sizes: list[int] = []

    def note(wanted: int) -> int:
        sizes.append(wanted)
        return wanted

    # 15 bytes: no header is shorter. One more, and the length of the block is known.
    read(io.BytesIO(v2(0x21, 0x11, V4_BLOCK + AWS_TLV) + PAYLOAD), note)
    assert sizes == [15, 1, len(V4_BLOCK + AWS_TLV)]
    sizes.clear()
    read(io.BytesIO(EXAMPLE + PAYLOAD), note)
    assert sizes == [15, 8, 6, 6, 6, 4, 2]


@pytest.mark.parametrize(
    ("begin", "wanted"),
    [(b"", 15), (b"\r\n", 14), (b"P", 14), (b"PROXY ", 9), (b"PROXY U", 8), (b"PROXY TCP", 10)],
)
def test_as_much_is_wanted_as_the_shortest_header_still_lacks(begin: bytes, wanted: int) -> None:
    decoder = ProxyDecoder()
    decoder.feed(begin)

    assert decoder.wanted == wanted


def test_a_line_without_end_is_not_read_beyond_its_limit() -> None:
    for begin in (b"PROXY UNKNOWN ", b"PROXY TCP4 1", b"PROXY TCP6 ::1 1", b"PROXY TCP4 1 1 1 1"):
        stream = io.BytesIO(begin.ljust(200, b"1"))
        assert read(stream) is ProxyFault.TOO_LONG
        assert stream.tell() == MAX_V1_BYTES


def test_a_decoder_that_has_its_result_keeps_nothing_and_stays_with_it() -> None:
    decoder = ProxyDecoder()
    assert decoder.wanted == 15
    assert decoder.feed(b"") is None
    assert decoder.feed(b"PROXY UNKNOWN\r\n") == ProxyHeader(None)
    assert decoder.feed(PAYLOAD) == ProxyHeader(None)
    assert (decoder.wanted, decoder.retained) == (0, 0)


# Encoding ----------------------------------------------------------------------------------------


def test_encoders_write_what_the_specification_shows() -> None:
    assert encode_proxy_v1("192.168.0.1", 56324, "192.168.0.11", 443) == EXAMPLE
    assert encode_proxy_v1("2001:DB8::7", 1, "::1", 2) == b"PROXY TCP6 2001:db8::7 ::1 1 2\r\n"
    assert encode_proxy_v2("192.0.2.7", 56324, "198.51.100.1", 443, NOOP_TLV) == v2(
        0x21, 0x11, V4_BLOCK + NOOP_TLV
    )
    assert encode_proxy_v2("2001:db8::7", 56324, "2001:db8::7", 443) == v2(0x21, 0x21, V6_BLOCK)
    assert encode_proxy_local() == v2(0x20, 0x00)
    assert encode_proxy_local(V4_BLOCK) == v2(0x20, 0x00, V4_BLOCK)


def test_encoders_leave_out_the_zone_of_an_address() -> None:
    assert encode_proxy_v1("fe80::1%eth0", 1, "fe80::2", 2) == b"PROXY TCP6 fe80::1 fe80::2 1 2\r\n"


@pytest.mark.parametrize("encode", [encode_proxy_v1, encode_proxy_v2])
@pytest.mark.parametrize(
    "ends",
    [
        ("192.0.2.7", 1, "2001:db8::1", 2),
        ("localhost", 1, "192.0.2.1", 2),
        ("192.0.2.7", 65536, "192.0.2.1", 2),
        ("192.0.2.7", 1, "192.0.2.1", -1),
    ],
)
def test_encoders_refuse_what_no_header_can_say(
    encode: Callable[[str, int, str, int], bytes], ends: tuple[str, int, str, int]
) -> None:
    with pytest.raises(ValueError, match=r"famil|address|port"):
        encode(*ends)


def test_encoders_refuse_a_block_whose_length_has_no_room() -> None:
    assert feed([encode_proxy_local(b"x" * 65535)]) is ProxyFault.TOO_LONG
    with pytest.raises(ValueError, match="65536 bytes"):
        encode_proxy_local(b"x" * 65536)


# Properties --------------------------------------------------------------------------------------

ports = st.integers(0, 65535)
ends = st.one_of(
    st.tuples(st.ip_addresses(v=4), ports, st.ip_addresses(v=4), ports),
    st.tuples(st.ip_addresses(v=6), ports, st.ip_addresses(v=6), ports),
)
tlvs = st.one_of(st.binary(max_size=64), st.just(b"\0" * (MAX_V2_BYTES - 36)))
tcp_headers = ends.flatmap(
    lambda e: st.one_of(
        st.just(encode_proxy_v1(str(e[0]), e[1], str(e[2]), e[3])),
        tlvs.map(lambda more: encode_proxy_v2(str(e[0]), e[1], str(e[2]), e[3], more)),
    ).map(lambda header: (header, str(getattr(e[0], "ipv4_mapped", None) or e[0])))
)
unknown_headers = st.one_of(
    st.binary(max_size=91)
    .filter(lambda rest: b"\r\n" not in rest)
    .map(lambda rest: b"PROXY UNKNOWN " + rest + b"\r\n"),
    tlvs.map(encode_proxy_local),
)
headers = st.one_of(tcp_headers, unknown_headers.map(lambda header: (header, None)))
payloads = st.one_of(
    st.binary(max_size=40), st.sampled_from([PAYLOAD, b"\n", b"\r\n", b" 1 2\r\n"])
)

# Streams that come close to a header: pieces of headers in any order, and headers with one byte
# that is not theirs.
_TEXT = b"PROXY |PROXY UNKNOWN|TCP4|TCP6|192.0.2.7|::1|fe80::1%0|65536|0|01| |  |\r|\n|\r\n|x"
pieces = st.sampled_from([*_TEXT.split(b"|"), SIGNATURE, b"\x20", b"\x21\x11", b"\0\x0c", V4_BLOCK])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    header = draw(headers)[0]
    place = draw(st.integers(0, len(header) - 1))
    return header[:place] + draw(st.binary(max_size=2)) + header[place + 1 :]


streams = st.one_of(
    st.binary(max_size=200),
    st.lists(pieces, max_size=20).map(b"".join),
    st.tuples(st.sampled_from([b"PROXY ", SIGNATURE]), st.binary(max_size=200)).map(b"".join),
    st.tuples(damaged(), payloads).map(b"".join),
    st.tuples(headers.map(lambda pair: pair[0]), payloads).map(b"".join),
)


@settings(max_examples=400)
@given(headers, payloads, st.lists(st.sampled_from([1, 2, 5, 40, BOUND]), min_size=1, max_size=5))
def test_any_header_is_read_to_its_last_byte_and_no_further(
    header: tuple[bytes, str | None], payload: bytes, sizes: list[int]
) -> None:
    encoded, source = header
    stream = io.BytesIO(encoded + payload)
    most = itertools.cycle(sizes)

    result = read(stream, lambda wanted: min(wanted, next(most)))

    assert result == ProxyHeader(source)
    assert stream.read() == payload


@settings(max_examples=400)
@given(streams, st.data())
def test_any_split_of_any_stream_gives_the_same_result(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    whole = feed([stream])

    assert feed([stream[a:b] for a, b in itertools.pairwise(edges)]) == whole
    assert feed([stream[i : i + 1] for i in range(len(stream))]) == whole
    assert read(io.BytesIO(stream)) == whole


@settings(max_examples=400)
@given(streams)
def test_a_result_is_reached_within_the_bound_of_its_version(stream: bytes) -> None:
    reader = io.BytesIO(stream)
    result = read(reader)

    limit = MAX_V1_BYTES if stream.startswith(b"PROXY ") else BOUND
    assert reader.tell() <= limit
    if result is None:
        assert len(stream) < limit
    if isinstance(result, ProxyHeader):
        # Not a byte less would have done.
        assert feed([stream[: reader.tell() - 1]]) is None
    decoder = ProxyDecoder()
    decoder.feed(stream * 100)
    assert decoder.retained <= BOUND
