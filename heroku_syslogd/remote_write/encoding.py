"""Requests of Prometheus remote write 1.0: protobuf, put together from parts, and snappy.

The messages are three (``prompb/remote.proto`` and ``types.proto`` of Prometheus)::

    WriteRequest { repeated TimeSeries timeseries = 1; }
    TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
    Label        { string name = 1; string value = 2; }
    Sample       { double value = 1; int64 timestamp = 2; }

They are written here and not by protobuf's library: what a series is called is encoded once, and a
sample is then three pieces put together. Objects of the library for 100,000 samples take a second.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import cramjam

NAME: Final = "__name__"

STALE: Final = struct.pack("<Q", 0x7FF0000000000002)
"""The value that ends a series (Prometheus, ``model/value``): a NaN of its own, not any NaN."""

# Keys of protobuf: field number << 3 | wire type. Type 0 is a varint, 1 eight bytes, 2 a length.
_TIME_SERIES: Final = b"\x0a"
_LABEL: Final = b"\x0a"
_SAMPLE: Final = b"\x12\x10\x09"  # 16 bytes: key and value, key and time
_SAMPLE_SIZE: Final = 2 + 16
_FIRST_TEXT: Final = b"\x0a"
_SECOND_TEXT: Final = b"\x12"
_TIMESTAMP: Final = 0x10

_double: Final = struct.Struct("<d").pack
ONE: Final = _double(1.0)
"""The value of marks."""

_SEVEN_BITS: Final = 0x7F
_MORE: Final = 0x80


def varint(number: int) -> bytes:
    """Return a number that is not negative as a varint: seven bits a byte, the low ones first."""
    out = bytearray()
    while number > _SEVEN_BITS:
        out.append(number & _SEVEN_BITS | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


_EARLIEST: Final = 2**35
_LATEST: Final = 2**42 - 1
"""Milliseconds between which a varint has six bytes."""

_VARINTS: Final = tuple(varint(number) for number in range(2**14))
"""Those of two bytes at most, which lengths of series are."""


def _length(number: int) -> bytes:
    return _VARINTS[number] if number < len(_VARINTS) else varint(number)


def _text(key: bytes, text: str) -> bytes:
    data = text.encode()
    return b"".join((key, _length(len(data)), data))


def encode_labels(labels: Iterable[tuple[str, str]]) -> bytes:
    """Return labels as they stand in a series: sorted by name, those without a value left out."""
    return b"".join(_label(name, value) for name, value in sorted(labels) if value)


def _label(name: str, value: str) -> bytes:
    pair = _text(_FIRST_TEXT, name) + _text(_SECOND_TEXT, value)
    return b"".join((_LABEL, _length(len(pair)), pair))


class SeriesEncoder:
    """Writes series of metrics that have the same label names, and constant ones beside those.

    Args:
        names: Names of the labels.
        constant: Labels that every series has. A label of the same name goes before them.
    """

    def __init__(self, names: tuple[str, ...], constant: Mapping[str, str]) -> None:
        self._names = names
        self._constant = {name: value for name, value in constant.items() if name not in names}

    def labels(self, values: Iterable[str]) -> bytes:
        """Return all labels of a series but its name, which goes before every other one."""
        own = zip(self._names, values, strict=True)
        return encode_labels([*own, *self._constant.items()])


def encode_name(name: str) -> bytes:
    """Return the label that names a metric."""
    return _label(NAME, name)


def encode_timestamp(seconds: float) -> bytes:
    """Return the end of a sample: its time, which protocol and engine know in milliseconds.

    It has always the same length: no engine takes a sample from before 1971 or after 2109, so such
    a time is moved there.

    Args:
        seconds: Seconds since the epoch.
    """
    number = min(max(round(seconds * 1000), _EARLIEST), _LATEST)
    return bytes(  # what `varint` does, without its loop
        (
            _TIMESTAMP,
            number & 0x7F | 0x80,
            number >> 7 & 0x7F | 0x80,
            number >> 14 & 0x7F | 0x80,
            number >> 21 & 0x7F | 0x80,
            number >> 28 & 0x7F | 0x80,
            number >> 35,
        )
    )


def encode_series(name: bytes, labels: bytes, value: float, timestamp: bytes) -> bytes:
    """Return a series with one sample, as it stands in a request."""
    return encode_beginning(name, labels) + _double(value) + timestamp


def encode_end(name: bytes, labels: bytes, timestamp: bytes) -> bytes:
    """Return a series with the marker that it has ended."""
    return encode_beginning(name, labels) + STALE + timestamp


def encode_beginning(name: bytes, labels: bytes) -> bytes:
    """Return a series with one sample up to its value."""
    size = len(name) + len(labels) + _SAMPLE_SIZE
    return b"".join((_TIME_SERIES, _length(size), name, labels, _SAMPLE))


class FieldEncoder:
    """Writes many series of the same few metrics: their beginnings are put together only once.

    What stands in front of the labels is the length of the series and the name, and it differs only
    with the length of the labels.

    Args:
        names: Encoded names by field.
    """

    def __init__(self, names: Mapping[str, bytes]) -> None:
        self._names = names
        self._heads: dict[int, dict[str, bytes]] = {}

    def series(self, labels: bytes, values: Iterable[tuple[str, float]], timestamp: bytes) -> bytes:
        """Return a series with one sample for each field and value."""
        heads = self._heads.get(len(labels))
        if heads is None:
            heads = self._heads[len(labels)] = self._heads_for(len(labels))
        middle = labels + _SAMPLE
        parts: list[bytes] = []
        for field, value in values:
            parts += (heads[field], middle, _double(value), timestamp)
        return b"".join(parts)

    def _heads_for(self, size: int) -> dict[str, bytes]:
        return {
            field: b"".join((_TIME_SERIES, _length(len(name) + size + _SAMPLE_SIZE), name))
            for field, name in self._names.items()
        }


def halves(body: bytes) -> list[tuple[bytes, int]]:
    """Return a compressed request as two, each with how many series it has.

    Nothing, if it cannot be halved: it has one series, or is none of ours.
    """
    try:
        data = bytes(cramjam.snappy.decompress_raw(body))
        ends = list(_ends_of_series(data))
    except (cramjam.DecompressionError, IndexError):
        return []
    half = len(ends) // 2
    if not half:
        return []
    middle = ends[half - 1]
    return [(compress([data[:middle]]), half), (compress([data[middle:]]), len(ends) - half)]


def _ends_of_series(data: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        position += len(_TIME_SERIES)
        size = shift = 0
        while (byte := data[position]) >= _MORE:
            size |= (byte & _SEVEN_BITS) << shift
            shift += 7
            position += 1
        position += 1 + (size | byte << shift)
        yield position


def compress(series: Iterable[bytes]) -> bytes:
    """Return a request of series, compressed by snappy in its block format."""
    return bytes(cramjam.snappy.compress_raw(b"".join(series)))
