"""The document: what stands in it, and that it says what the metrics say."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from heroku_syslogd.status.document import SILENT_AFTER, Document
from heroku_syslogd.telemetry import LostReason, RejectReason
from heroku_syslogd.wire import FrameFault
from tests.status.bench import MB, T0, TOKEN, Bench, load_line, memory_line, request_line


async def read(bench: Bench) -> Document:
    return await bench.reader.read(bench.now)


async def test_a_dyno_with_its_values() -> None:
    bench = Bench()
    bench.say("heroku", "web.1", memory_line("web.1", 256, swap=12))
    bench.say("heroku", "web.1", load_line("web.1", 0.31))
    await bench.look()

    document = await read(bench)
    (dyno,) = document.dynos
    assert msgspec.to_builtins(dyno) == {
        "key": "shop/web.1",
        "app": "shop",
        "dyno": "web.1",
        "process_type": "web",
        "state": "up",
        "sampled_at": T0,
        "memory_total": 256 * MB,
        "memory_rss": 90 * MB,
        "memory_swap": 12 * MB,
        "memory_quota": 512 * MB,
        "load_avg_1m": 0.31,
        "load_avg_5m": 0.2,
        "load_avg_15m": 0.1,
    }
    assert document.loads == {"shop/web.1": (0.31,)}


async def test_a_dyno_that_crashed_is_shown_without_values() -> None:
    bench = Bench()
    bench.say("heroku", "web.1", memory_line("web.1", 256))
    bench.say("heroku", "web.1", "State changed from up to crashed")

    (dyno,) = (await read(bench)).dynos
    assert (dyno.state, dyno.sampled_at, dyno.memory_total) == ("crashed", None, None)


async def test_an_application_with_all_that_is_known_of_it() -> None:
    bench = Bench()
    for line in ("Release v42 created by user u", "Deploy 1a2b3c4 by user u"):
        bench.say("app", "api", line)
    bench.say("app", "api", "Scaled to web@4:Standard-1X worker@1:Performance-M by user u")
    bench.say("heroku", "router", request_line())
    await bench.look()
    bench.say("heroku", "router", request_line(), times=10)
    await bench.look()

    (app,) = (await read(bench)).apps
    assert (app.app, app.is_configured, app.is_silent) == ("shop", True, False)
    assert (app.release, app.deployed_at) == (42, T0)
    assert app.formation == {"web": 4, "worker": 1}
    assert app.requests_per_second == 2.0
    assert app.server_error_share == 0.0
    assert app.rates == (2.0,)
    assert None not in (app.service_p50, app.service_p95, app.service_p99)


async def test_an_application_without_requests_has_no_shares_and_no_quantiles() -> None:
    bench = Bench()
    bench.say("app", "web.1", "hello", token="d.bbbbbbbb-0000-0000-0000-000000000000")

    (app,) = (await read(bench)).apps
    assert (app.app, app.is_configured) == ("d.bbbbbbbb", False)
    assert (app.requests_per_second, app.rates) == (0.0, ())
    assert (app.server_error_share, app.service_p50, app.release) == (None, None, None)


@pytest.mark.parametrize(
    ("seconds", "is_silent"), [(SILENT_AFTER, False), (SILENT_AFTER + 1, True)]
)
async def test_a_drain_that_says_nothing_is_silent(seconds: float, *, is_silent: bool) -> None:
    bench = Bench()
    bench.say("app", "web.1", "hello")
    bench.now += seconds

    document = await read(bench)
    assert [app.is_silent for app in document.apps] == [is_silent]
    assert document.silent_after == SILENT_AFTER


async def test_health_and_losses_by_reason() -> None:
    bench = Bench()
    bench.say("app", "web.1", "hello", times=10)
    tcp, https = (bench.telemetry.listener(name) for name in ("tcp", "https"))
    await bench.look()
    tcp.lost_messages[LostReason.HEADER] += 2
    https.lost_messages[LostReason.HEADER] += 1
    https.lost_messages[LostReason.UNKNOWN_DRAIN] += 4
    tcp.connections, https.connections = 3, 1
    bench.queue.messages, bench.queue.bytes = 50, 8000
    bench.telemetry.reload_successful = False
    bench.is_ready = False
    await bench.look()

    health = (await read(bench)).health
    assert health.lost == {"header": 3, "unknown_drain": 4}
    assert health.lost_last_minute == 7
    assert (health.received, health.applied, health.connections) == (10, 10, 4)
    assert (health.queue_messages, health.queue_fill) == (50, 0.8)
    assert (health.is_ready, health.is_config_valid) == (False, False)
    assert health.series == bench.pipeline.registry.budget.used > 0


async def test_listeners_show_what_is_not_zero() -> None:
    bench = Bench()
    tcp = bench.telemetry.listener("tcp")
    tcp.frame_errors[FrameFault.BAD_COUNT] += 2
    tcp.connections_rejected[RejectReason.IDLE] += 1

    first, second = (await read(bench)).listeners
    assert (first.malformed, first.rejected, first.lost) == ({"bad_count": 2}, {"idle": 1}, {})
    assert (first.type, first.path, first.asks_password) == ("tcp", "", False)
    assert (second.type, second.path, second.asks_password) == ("https", "/logplex", True)
    assert second.addresses == ("[::]:8443",)


async def test_a_token_is_never_shown_whole() -> None:
    bench = Bench()
    stranger = "d.cccccccc-dead-beef-0000-000000000000"
    for token in (TOKEN, stranger):
        bench.say("heroku", "web.1", load_line("web.1", 0.5), token=token)
        bench.say("heroku", "router", request_line(503, code="H12"), token=token)
    await bench.look()

    text = msgspec.json.encode(await read(bench))
    assert b"d.cccccccc" in text
    assert b"dead-beef" not in text
    assert TOKEN[10:].encode() not in text


async def test_the_event_loop_turns_while_many_dynos_are_read() -> None:
    bench = Bench()
    for number in range(1000):
        bench.say("heroku", f"web.{number}", load_line(f"web.{number}", 0.5))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    document = await read(bench)
    counting.cancel()

    assert len(document.dynos) == 1000
    assert turns >= 4
