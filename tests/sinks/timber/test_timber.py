"""Every document of every event keeps to the schema, whatever the event holds."""

import math
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.addons import ADDON_FIELDS
from heroku_syslogd.heroku.events import AppMetric, DynoStateChange, Event, FormationItem, Kind
from heroku_syslogd.heroku.runtime_metrics import RUNTIME_FIELDS
from heroku_syslogd.sinks.timber import DESCRIPTIONS, Document, Line, documents

EVENT = DynoStateChange("starting", "up")
ROOT = {"dt", "message", "level", "severity", "time_ms", "context", "event"}
LEVELS = {"debug", "info", "notice", "warn", "error", "critical", "alert", "emergency"}
CONTEXT = {"platform", "system", "http", "release", "user", "custom"}
EVENTS = {"resource_sample", "http_response", "sql_query", "custom"}
SAMPLE_PARTS = {"cpu", "memory", "database", "cache", "disk"}
REQUIRED = {"cpu": {"load_avg_1m"}, "memory": {"total_mb"}, "disk": {"read_iops", "write_iops"}}
HTTP_METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}

# The parsers bound their numbers: 30 digits and a unit at most, none but an app's negative.
numbers = st.floats(0, 1e39)
integers = st.integers(0, 10**15)
metric_names = st.sampled_from(
    sorted(
        {field.name for addon_fields in ADDON_FIELDS.values() for field in addon_fields}
        | {field.name for field in RUNTIME_FIELDS}
    )
)
BY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "values": st.dictionaries(metric_names, numbers),
    "metrics": st.lists(st.builds(AppMetric, value=st.floats(-1e39, 1e39))).map(tuple),
    "items": st.lists(st.builds(FormationItem, quantity=integers)).map(tuple),
    "code": st.sampled_from(["", "H12", "H80", "R14", "L14", "H99"]),
    "method": st.sampled_from(["GET", "POST", "PROPFIND", ""]),
    "seconds": numbers,
    "ratio": numbers,
    "count": integers,
    "version": st.none() | integers,
    "status": st.none() | integers,
    "bytes": integers,
    "connect": st.none() | numbers,
    "service": st.none() | numbers,
}


def events_of(type_: type[Any]) -> st.SearchStrategy[Any]:
    """Build events of one type: by the names of their fields, otherwise by their types."""
    names = {field.name for field in fields(type_)} & BY_FIELD.keys()
    return st.builds(type_, **{name: BY_FIELD[name] for name in names})


events = st.one_of([events_of(type_) for type_ in get_args(Event)])
lines = st.builds(
    Line,
    app=st.sampled_from(["my-app", "d.9173ea1f"]),
    source=st.sampled_from(["app", "heroku", "other"]),
    procid=st.sampled_from(["web.1", "router", "web.0", "a.b.12", ".1", "web.", ""]) | st.text(),
    time=st.floats(),
    msg=st.binary(max_size=100) | st.just(b"\xf0\x9f\x92\xa9" * 10_000),
)


def document(line: Line) -> Document:
    (only,) = documents(EVENT, line)
    return only


def leaves(value: Any) -> Iterator[Any]:
    """Return what is not an object, having looked at all that are."""
    if type(value) is dict:
        assert value
        for key, inner in value.items():
            assert type(key) is str
            yield from leaves(inner)
    else:
        yield value


def assert_keeps_to_the_schema(found: Document) -> None:
    assert found.keys() <= ROOT
    assert datetime.fromisoformat(found["dt"]).tzinfo is not None
    assert len(found["message"]) <= 8192
    assert found["level"] in LEVELS
    assert found.get("time_ms", 0.0) >= 0
    for leaf in leaves(found):
        assert type(leaf) in {str, int, float, bool}
        assert type(leaf) is not float or math.isfinite(leaf)

    context = found["context"]
    assert context.keys() <= CONTEXT
    assert all(type(group) is dict for group in context["custom"].values())
    if "http" in context:
        assert context["http"]["method"] in HTTP_METHODS
    if "platform" in context:
        assert context["platform"]["heroku"].keys() >= {"dyno_type", "source"}
        assert context["platform"]["heroku"].get("dyno_id", 1) >= 1

    ((name, event),) = found["event"].items()
    assert name in EVENTS
    if name == "custom":
        assert len(event) == 1
        assert all(type(inner) is dict for inner in event.values())
    if name == "http_response":
        assert type(event["status"]) is int
    if name == "sql_query":
        assert event.keys() == {"sql", "time_ms"}
        assert len(event["sql"]) <= 4096
    if name == "resource_sample":
        assert event.keys() <= SAMPLE_PARTS
        for part, values in event.items():
            assert values.keys() >= REQUIRED.get(part, set())


@given(events, lines)
def test_every_document_keeps_to_the_schema(event: Event, line: Line) -> None:
    for found in documents(event, line):
        assert_keeps_to_the_schema(found)
        assert msgspec.json.decode(msgspec.json.encode(found)) == found


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_described(kind: Kind) -> None:
    assert DESCRIPTIONS[kind].endswith(".")


@pytest.mark.parametrize(
    ("procid", "dyno"),
    [
        ("web.1", ("web", 1)),
        ("sidekiq_integrations.47", ("sidekiq_integrations", 47)),
        ("run.1234", ("run", 1234)),
        ("postgres.1092206", ("postgres", 1092206)),
        ("a.b.12", ("a.b", 12)),
        ("router", ("router", None)),
        ("heroku-postgres", ("heroku-postgres", None)),
        ("web.0", ("web", None)),
        ("web.", ("web.", None)),
        (".1", (".1", None)),
        ("web.\u0661", ("web.\u0661", None)),
        ("web.-1", ("web.-1", None)),
        ("web." + "9" * 16, ("web." + "9" * 16, None)),
        ("x" * 300, ("x" * 256, None)),
        ("", ("-", None)),
    ],
)
def test_the_dyno_of_a_line(procid: str, dyno: tuple[str, int | None]) -> None:
    heroku = document(Line("my-app", "heroku", procid, 0.0, b"-"))["context"]["platform"]["heroku"]

    assert (heroku["dyno_type"], heroku.get("dyno_id")) == dyno
    assert heroku["source"] == "heroku"


def test_a_source_that_the_schema_does_not_know_is_no_platform() -> None:
    found = document(Line("my-app", "nginx", "web.1", 0.0, b"-"))

    assert found["context"] == {"custom": {"drain": {"app": "my-app"}}}


@pytest.mark.parametrize(
    ("seconds", "dt"),
    [
        (1670233864.835127, "2022-12-05T09:51:04.835127Z"),
        (1670233864.0, "2022-12-05T09:51:04.000000Z"),
        (-1.0, "1970-01-01T00:00:00.000000Z"),
        (1e18, "9999-12-31T23:59:59.000000Z"),
        (math.inf, "9999-12-31T23:59:59.000000Z"),
        (math.nan, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_the_time_of_a_document(seconds: float, dt: str) -> None:
    assert document(Line("my-app", "heroku", "web.1", seconds, b"-"))["dt"] == dt


@pytest.mark.parametrize(
    ("msg", "message"),
    [
        (b"State changed", "State changed"),
        ("Größe 💩".encode(), "Größe 💩"),
        (b"a\xffb", "a\ufffdb"),
        (b"x" * 9000, "x" * 8192),
        ("💩".encode() * 9000, "💩" * 8192),
        (b"", ""),
    ],
)
def test_the_message_is_msg_as_text(msg: bytes, message: str) -> None:
    assert document(Line("my-app", "heroku", "web.1", 0.0, msg))["message"] == message
