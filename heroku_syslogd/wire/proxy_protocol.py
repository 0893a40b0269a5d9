"""The header of the PROXY protocol, versions 1 and 2, with which a proxy names its client.

Source: HAProxy, "The PROXY protocol" (haproxy/doc/proxy-protocol.txt), sections 2.1 and 2.2.

The header stands before anything else on a connection, also before a TLS handshake, and what is
behind it belongs to somebody else. So the decoder says how many bytes may be read: never more than
are still missing from the shortest header that begins with what is there. Version 2 states its
length; a line of version 1 is read in steps that become smaller towards its CRLF.
"""

from __future__ import annotations

import re
import struct
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

MAX_V1_BYTES: Final = 107
"""Longest line of version 1, with its CRLF (section 2.1)."""
MAX_V2_BYTES: Final = 4096
"""Longest block behind the 16 fixed bytes of version 2.

Addresses and the TLVs of AWS, Azure and HAProxy stay below 512 bytes. The longest TLV that is in
use is the client's certificate in DER (``PP2_SUBTYPE_SSL_CLIENT_CERT``), of up to 2 or 3 KiB.
"""

_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_FIXED: Final = struct.Struct(">12sBBH")
_LOCAL: Final = 0x20
_PROXY: Final = 0x21


class _Addresses(NamedTuple):
    """What a v2 block begins with: bytes of all addresses and ports, and of the source address."""

    block: int
    source: int


# By the byte of address family and transport protocol; any other byte is invalid. An unspecified
# half makes the addresses worthless, and with them their length.
_IGNORED: Final = _Addresses(0, 0)
_FAMILIES: Final = {
    0x00: _IGNORED,
    0x01: _IGNORED,
    0x02: _IGNORED,
    0x10: _IGNORED,
    0x11: _Addresses(12, 4),  # TCP over IPv4
    0x12: _Addresses(12, 4),  # UDP over IPv4
    0x20: _IGNORED,
    0x21: _Addresses(36, 16),  # TCP over IPv6
    0x22: _Addresses(36, 16),  # UDP over IPv6
    0x30: _IGNORED,
    0x31: _Addresses(216, 0),  # UNIX stream
    0x32: _Addresses(216, 0),  # UNIX datagram
}

_V1_BEGIN: Final = b"PROXY "
_V1_SHORTEST: Final = len(b"PROXY UNKNOWN\r\n")
_V1_TCP: Final = b"PROXY TCP"
_V1_TCP_SPACES: Final = 5
# A lone LF ends no line, but nothing can mend a TCP line that has one. Behind UNKNOWN anything goes
# up to the CRLF.
_V1_LINE: Final = re.compile(rb"PROXY (?:UNKNOWN.*?\r|(?!UNKNOWN)[^\n]*)\n", re.DOTALL)
# The address characters keep out the zone of IPv6Address("fe80::1%eth0").
_V1_HEADER: Final = re.compile(
    rb"PROXY (?:UNKNOWN(?: .*)?"
    rb"|TCP(?P<family>[46]) (?P<source>[0-9A-Fa-f:.]+) (?P<destination>[0-9A-Fa-f:.]+)"
    rb" (?P<source_port>0|[1-9][0-9]{0,4}) (?P<destination_port>0|[1-9][0-9]{0,4}))\r\n",
    re.DOTALL,
)
_MAX_PORT: Final = 65535


class ProxyFault(StrEnum):
    """Why a connection does not begin with a PROXY header. A closed vocabulary, for the log."""

    NO_HEADER = "no_header"
    """It begins with something else."""
    MALFORMED = "malformed"
    """A line of version 1 or a block of version 2 that does not follow the specification."""
    VERSION = "version"
    """The signature of version 2 with another version or an unassigned command."""
    TOO_LONG = "too_long"
    """A line above `MAX_V1_BYTES` or a block above `MAX_V2_BYTES`."""


class ProxyHeader(NamedTuple):
    """A header that is complete and valid.

    Attributes:
        source: Address of the client in canonical text form, IPv4 as such where IPv6 maps it. None
            if the connection is the proxy's own (LOCAL: a health check) or its origin is unknown
            (UNKNOWN, UNSPEC) or no IP address (AF_UNIX): then the peer of the socket counts.
    """

    source: str | None


class ProxyDecoder:
    """Reads the PROXY header at the beginning of a connection, and nothing behind it.

    Any split of the bytes into calls of `feed` gives the same result. What is no header is told by
    the first byte that differs: a client that takes the port for another one may send little and
    wait. A line of version 1 is judged when it has ended. Never raises because of what was fed.
    Retains at most the longest header between calls.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._wanted = _V1_SHORTEST
        self._result: ProxyHeader | ProxyFault | None = None

    @property
    def wanted(self) -> int:
        """Most bytes that may be read from the connection now; 0 when the result is there.

        Bytes that were fed beyond it and are not part of the header are lost.
        """
        return self._wanted

    @property
    def retained(self) -> int:
        """Bytes kept between calls."""
        return len(self._held)

    def feed(self, data: bytes) -> ProxyHeader | ProxyFault | None:
        """Take bytes as they came and return the result, or None while more are needed.

        The result stays what it is. After a fault the connection has to be closed: how much of it
        was read then is not defined.
        """
        if self._result is not None:
            return self._result
        self._held += data
        found = _judge(bytes(self._held))
        if isinstance(found, int):
            self._wanted = found
            return None
        self._result, self._wanted, self._held = found, 0, bytearray()
        return found


def _judge(head: bytes) -> ProxyHeader | ProxyFault | int:
    """Return what the first bytes of a connection are, or how many more may be read safely.

    Every fault that bytes prove stays proven whatever follows, so that splits do not matter.
    """
    # Version 1 first: its shortest header is the shorter one, which counts before the first byte.
    if _V1_BEGIN.startswith(head[: len(_V1_BEGIN)]):
        return _judge_v1(head[:MAX_V1_BYTES])
    if _SIGNATURE.startswith(head[: len(_SIGNATURE)]):
        return _judge_v2(head)
    return ProxyFault.NO_HEADER


def _judge_v1(head: bytes) -> ProxyHeader | ProxyFault | int:
    line = _V1_LINE.match(head)
    if line is not None:
        return _parse_v1(line[0])
    if len(head) == MAX_V1_BYTES:
        return ProxyFault.TOO_LONG
    return min(_missing_v1(head), MAX_V1_BYTES - len(head))


def _missing_v1(head: bytes) -> int:
    """Return the bytes missing from the shortest line that begins so, without a line end in it."""
    if head.endswith(b"\r"):
        return 1
    fields = _V1_TCP_SPACES - head.count(b" ") if head.startswith(_V1_TCP) else 0
    # A field is at least its space and one character.
    return max(2 * max(fields, 0) + len(b"\r\n"), _V1_SHORTEST - len(head))


def _parse_v1(line: bytes) -> ProxyHeader | ProxyFault:
    match = _V1_HEADER.fullmatch(line)
    if match is None:
        return ProxyFault.MALFORMED
    if match["family"] is None:
        return ProxyHeader(None)
    if max(int(match["source_port"]), int(match["destination_port"])) > _MAX_PORT:
        return ProxyFault.MALFORMED
    address = IPv4Address if match["family"] == b"4" else IPv6Address
    try:
        source = address(match["source"].decode("ascii"))
        address(match["destination"].decode("ascii"))
    except ValueError:
        return ProxyFault.MALFORMED
    return ProxyHeader(_canonical(source))


def _judge_v2(head: bytes) -> ProxyHeader | ProxyFault | int:
    """Judge a header of version 2.

    TLVs are skipped unread. A checksum among them (``PP2_TYPE_CRC32C``) is not verified: only a
    receiver that supports checksums has to (section 2.2.3), and TCP has its own.
    """
    # The two bytes are judged as they come: who sends nonsense may not send anything more.
    command, family = head[12:13], head[13:14]
    if command and command[0] not in (_LOCAL, _PROXY):
        return ProxyFault.VERSION
    addresses = _IGNORED
    if family and command[0] == _PROXY:
        if family[0] not in _FAMILIES:
            return ProxyFault.MALFORMED
        addresses = _FAMILIES[family[0]]
    if len(head) < _FIXED.size:
        return _FIXED.size - len(head)
    *_, size = _FIXED.unpack_from(head)
    if size > MAX_V2_BYTES:
        return ProxyFault.TOO_LONG
    if size < addresses.block:
        return ProxyFault.MALFORMED
    missing = int(_FIXED.size + size - len(head))
    if missing > 0:
        return missing
    if not addresses.source:
        return ProxyHeader(None)
    packed = head[_FIXED.size : _FIXED.size + addresses.source]
    return ProxyHeader(_canonical(ip_address(packed)))


def _canonical(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def encode_proxy_v1(
    source: str, source_port: int, destination: str, destination_port: int
) -> bytes:
    """Encode a header of version 1 for a TCP connection.

    Raises:
        ValueError: Something is no IP address or no port, or the addresses are of two families.
    """
    ends = _ends(source, source_port, destination, destination_port)
    text = f"PROXY TCP{ends[0].version} {ends[0]} {ends[1]} {source_port} {destination_port}\r\n"
    return text.encode("ascii")


def encode_proxy_v2(
    source: str, source_port: int, destination: str, destination_port: int, tlvs: bytes = b""
) -> bytes:
    """Encode a header of version 2 for a TCP connection; ``tlvs`` are appended as they are.

    Raises:
        ValueError: Something is no IP address or no port, the addresses are of two families, or
            the block is above 65535 bytes.
    """
    ends = _ends(source, source_port, destination, destination_port)
    ports = struct.pack(">HH", source_port, destination_port)
    family = 0x11 if ends[0].version == 4 else 0x21
    return _encode_v2(_PROXY, family, ends[0].packed + ends[1].packed + ports + tlvs)


def encode_proxy_local(block: bytes = b"") -> bytes:
    """Encode a header of version 2 with the command LOCAL, for a connection of the proxy's own.

    Raises:
        ValueError: The block, which the receiver skips, is above 65535 bytes.
    """
    return _encode_v2(_LOCAL, 0x00, block)


def _ends(
    source: str, source_port: int, destination: str, destination_port: int
) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]:
    # By way of the packed form: the zone of a link-local address means nothing to the receiver.
    first, second = (ip_address(ip_address(text).packed) for text in (source, destination))
    if first.version != second.version:
        raise ValueError(f"{source} and {destination} are of two address families")
    for port in (source_port, destination_port):
        if not 0 <= port <= _MAX_PORT:
            raise ValueError(f"{port} is no port")
    return first, second


def _encode_v2(command: int, family: int, block: bytes) -> bytes:
    if len(block) > 0xFFFF:
        raise ValueError(f"a block of {len(block)} bytes is above 65535")
    return _FIXED.pack(_SIGNATURE, command, family, len(block)) + block
