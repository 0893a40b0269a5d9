"""Events to a file: which ones, and what is told when they are lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from heroku_syslogd.config import EventsConfig
from heroku_syslogd.heroku import Kind
from heroku_syslogd.sinks import EventSink
from heroku_syslogd.worker import Observer
from tests.pipeline_bench import Bench, line

T0 = 1_700_000_000.0
REQUEST = b'at=info method=GET path="/" host=x fwd="" dyno=web.1 connect=1ms service=2ms status=200'
H12 = REQUEST.replace(b"at=info", b'at=error code=H12 desc="Request timeout"')
LINES = [
    line(b"heroku", b"router", REQUEST + b" bytes=1 protocol=http"),
    line(b"heroku", b"router", H12 + b" bytes=1 protocol=http"),
    line(b"heroku", b"web.1", b"Error R14 (Memory quota exceeded)"),
    line(b"heroku", b"web.1", b"State changed from up to down"),
    line(b"app", b"web.1", b"count#orders=1"),
    line(b"app", b"web.1", b"Error R14 (Memory quota exceeded)"),
]


async def documents_of(path: Path, *kinds: Kind) -> list[dict[str, Any]]:
    """Run `LINES` through a pipeline whose sink wants these kinds."""
    sink = EventSink(EventsConfig(path=str(path), kinds=kinds))
    sink.open()
    bench = Bench(observer=Observer(sink.offered, sink.offer, sink.kinds))
    bench.apply(*LINES, *LINES)
    await sink.close(10)
    text = path.read_text()  # noqa: ASYNC240 - a small file
    assert sink.written == len(text.splitlines())
    assert sink.written_bytes == len(text.encode())
    assert sink.queued_bytes == 0
    assert bench.series()['heroku_errors_total{app="shop",process_type="web",code="H12"}'] == 2
    return [json.loads(one) for one in text.splitlines()]


def names(documents: list[dict[str, Any]]) -> list[str]:
    """Return what the documents are; those of different streams may be in any order."""
    return sorted(next(iter(one["event"].get("custom", one["event"]))) for one in documents)


async def test_all_kinds(tmp_path: Path) -> None:
    documents = await documents_of(tmp_path / "events", *Kind)

    assert names(documents) == sorted(
        2
        * [
            "http_response",
            "http_response",
            "platform_error",
            "platform_error",
            "dyno_state",
            "app_metrics",
        ]
    )
    assert {d["context"]["custom"]["drain"]["app"] for d in documents} == {"shop"}


async def test_platform_errors_come_without_the_requests_that_carry_them(tmp_path: Path) -> None:
    documents = await documents_of(tmp_path / "events", Kind.PLATFORM_ERROR)

    codes = [document["event"]["custom"]["platform_error"]["code"] for document in documents]
    assert sorted(codes) == ["H12", "H12", "R14", "R14"]


async def test_requests_come_without_their_errors(tmp_path: Path) -> None:
    documents = await documents_of(tmp_path / "events", Kind.ROUTER_REQUEST)

    assert names(documents) == 4 * ["http_response"]


async def test_none(tmp_path: Path) -> None:
    assert await documents_of(tmp_path / "events") == []


async def test_lost_events_are_told_once_in_a_while() -> None:
    sink = EventSink(EventsConfig(path="/dev/full", max_queue_bytes=1))
    sink.open()
    bench = Bench(observer=Observer(sink.offered, sink.offer, sink.kinds))
    bench.apply(*LINES)

    with capture_logs() as logs:
        sink.report(T0)
        sink.report(T0 + 1)
        bench.apply(*LINES)
        sink.report(T0 + 59)
        sink.report(T0 + 60)
        sink.report(T0 + 200)
    await sink.close(10)

    assert [(entry["event"], entry["count"]) for entry in logs] == [
        ("events.dropped", 6),
        ("events.dropped", 6),
    ]


async def test_a_bug_in_the_thread_stops_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = EventSink(EventsConfig(path="/dev/null"))
    monkeypatch.setattr(sink._file, "failure", RuntimeError("a bug"))

    with pytest.raises(RuntimeError, match="a bug"):
        sink.report(T0)
