"""Requests taken apart by protobuf's own library, from a description of the messages."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_MESSAGES: Final = {
    "Label": [
        ("name", 1, _FIELD.TYPE_STRING, False, ""),
        ("value", 2, _FIELD.TYPE_STRING, False, ""),
    ],
    "Sample": [
        ("value", 1, _FIELD.TYPE_DOUBLE, False, ""),
        ("timestamp", 2, _FIELD.TYPE_INT64, False, ""),
    ],
    "TimeSeries": [
        ("labels", 1, _FIELD.TYPE_MESSAGE, True, ".prometheus.Label"),
        ("samples", 2, _FIELD.TYPE_MESSAGE, True, ".prometheus.Sample"),
    ],
    "WriteRequest": [("timeseries", 1, _FIELD.TYPE_MESSAGE, True, ".prometheus.TimeSeries")],
}


def _write_request() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="remote.proto", package="prometheus", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, is_repeated, of in fields:
            message.field.add(
                name=field,
                number=number,
                type=kind,
                label=_FIELD.LABEL_REPEATED if is_repeated else _FIELD.LABEL_OPTIONAL,
                type_name=of or None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    described = pool.FindMessageTypeByName("prometheus.WriteRequest")
    return message_factory.GetMessageClass(described)


WriteRequest: Final = _write_request()


class Series(NamedTuple):
    """One series of a request; times in milliseconds."""

    labels: tuple[tuple[str, str], ...]
    samples: tuple[tuple[float, int], ...]

    @property
    def name(self) -> str:
        return dict(self.labels)["__name__"]


def series_of(request: bytes) -> list[Series]:
    """Take a request apart that is not compressed."""
    message = WriteRequest.FromString(request)
    return [
        Series(
            tuple((label.name, label.value) for label in one.labels),
            tuple((sample.value, sample.timestamp) for sample in one.samples),
        )
        for one in message.timeseries
    ]


def decompressed(body: bytes) -> bytes:
    return bytes(cramjam.snappy.decompress_raw(body))
