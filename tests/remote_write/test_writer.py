"""Remote write as a whole, over a spool in memory and a receiver that is told what to answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from heroku_syslogd.config import Duration, RemoteWriteConfig
from heroku_syslogd.config.schema import RemoteWriteURL
from heroku_syslogd.exposition import DaemonCollector, build_registry
from heroku_syslogd.remote_write import RemoteWriter
from heroku_syslogd.remote_write.client import Failure, Later, Outcome, Refused, Sent
from tests.remote_write.protobuf import Series, decompressed, series_of
from tests.status.bench import T0, Bench, load_line, memory_line, request_line

CONFIG = RemoteWriteConfig(
    url=RemoteWriteURL.parse("http://127.0.0.1:1/api/v1/write"),
    instance="receiver-1",
    external_labels={"zone": "eu"},
)


class Engine:
    """Takes requests in the place of the client.

    Attributes:
        bodies: What it took.
        answers: What it answers, as long as there is something; then it takes everything.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[Outcome] = []

    async def post(self, body: bytes) -> Outcome:
        answer = self.answers.pop(0) if self.answers else Sent(204)
        if isinstance(answer, Sent):
            self.bodies.append(body)
        return answer

    @property
    def series(self) -> list[Series]:
        return [one for body in self.bodies for one in series_of(decompressed(body))]


class Receiver:
    """A pipeline with a writer over it, and the engine that it sends to."""

    def __init__(self, config: RemoteWriteConfig = CONFIG) -> None:
        self.bench = Bench()
        self.writer = RemoteWriter(
            config, self.bench.pipeline.registry, lambda: self.own, lambda: self.bench.now
        )
        self.bench.telemetry.remote_write = lambda: self.writer.state
        self.own: CollectorRegistry = build_registry(
            DaemonCollector(
                self.bench.telemetry, self.bench.queue, self.bench.pipeline, None, lambda: T0
            )
        )
        self.engine = Engine()
        self.writer.sender._client = self.engine

    def hear(self, dynos: int = 1) -> None:
        for number in range(1, dynos + 1):
            name = f"web.{number}"
            self.bench.say("heroku", name, memory_line(name, 100))
            self.bench.say("heroku", name, load_line(name, 0.5))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


async def test_what_has_come_is_sent_at_the_end(receiver: Receiver) -> None:
    await receiver.writer.open()
    receiver.hear()
    receiver.bench.say("heroku", "router", request_line())
    await receiver.writer.finish(5.0)

    sent = {one.name: dict(one.labels) for one in receiver.engine.series}
    assert "instance" not in sent["heroku_dyno_memory_rss_bytes"]
    assert sent["heroku_dyno_memory_rss_bytes"]["zone"] == "eu"
    assert sent["heroku_router_requests_total"]["instance"] == "receiver-1"
    assert sent["heroku_router_requests_total"]["zone"] == "eu"
    assert receiver.writer.state.sent_samples == len(receiver.engine.series)
    assert receiver.writer.state.waiting_samples == 0


async def test_batches_are_about_as_large_as_is_configured() -> None:
    receiver = Receiver(msgspec.structs.replace(CONFIG, batch_samples=100))
    await receiver.writer.open()
    receiver.hear(dynos=50)
    await receiver.writer.send_samples()
    await receiver.writer.sender.finish(5.0)

    sizes = [len(series_of(decompressed(body))) for body in receiver.engine.bodies]
    assert sum(sizes) == 50 * 13
    assert all(100 <= size < 113 for size in sizes[:-1])
    await receiver.writer.close()


async def test_it_runs_until_it_is_to_finish(receiver: Receiver) -> None:
    config = msgspec.structs.replace(CONFIG, batch_age=0.01, interval=0.01)
    receiver = Receiver(config)
    await receiver.writer.open()
    running = asyncio.create_task(receiver.writer.run())
    receiver.hear()
    async with asyncio.timeout(10):
        wanted = {"heroku_dyno_info", "heroku_syslogd_series"}
        while wanted - {one.name for one in receiver.engine.series}:  # noqa: ASYNC110
            await asyncio.sleep(0)
    receiver.hear()
    await receiver.writer.finish(5.0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    values = [one for one in receiver.engine.series if one.name == "heroku_dyno_load_avg_1m"]
    assert len(values) == 2


async def test_what_the_engine_does_not_take_is_counted_by_reason(receiver: Receiver) -> None:
    receiver.engine.answers = [Refused(413, "too large"), Later(Failure.SERVER_ERROR, "oh", None)]
    await receiver.writer.open()
    receiver.hear()
    await receiver.writer.send_samples()
    await receiver.writer.send_counters()
    await receiver.writer.sender.finish(0.5)

    state = receiver.writer.state
    assert state.dropped_samples["refused"] == 13
    assert state.failures["server_error"] == 1
    assert state.sent_samples == 0
    assert state.waiting_samples > 100
    text = {
        (sample.name, sample.labels.get("reason", "")): sample.value
        for family in receiver.own.collect()
        for sample in family.samples
    }
    prefix = "heroku_syslogd_remote_write"
    assert text[f"{prefix}_dropped_samples_total", "refused"] == 13
    assert text[f"{prefix}_failures_total", "server_error"] == 1
    assert text[f"{prefix}_waiting_samples", ""] == state.waiting_samples
    await receiver.writer.close()


async def test_of_a_request_with_one_bad_sample_all_others_are_sent(receiver: Receiver) -> None:
    bad = b"heroku_dyno_memory_swap_bytes"

    class Picky(Engine):
        async def post(self, body: bytes) -> Outcome:
            if bad in decompressed(body):
                return Refused(400, "out of bounds")
            return await super().post(body)

    engine = receiver.writer.sender._client = Picky()
    await receiver.writer.open()
    receiver.hear(dynos=20)
    await receiver.writer.send_samples()
    await receiver.writer.sender.finish(5.0)

    names = [one.name for one in engine.series]
    assert len(names) == 20 * 13 - receiver.writer.state.dropped_samples["refused"]
    assert bad.decode() not in names
    await receiver.writer.close()


async def test_of_a_request_with_one_bad_line_only_that_is_lost() -> None:
    receiver = Receiver(msgspec.structs.replace(CONFIG, min_backoff=Duration(0.001)))

    class Picky(Engine):
        async def post(self, body: bytes) -> Outcome:
            if b"web.7" in decompressed(body):
                return Refused(500, "too old sample")
            return await super().post(body)

    engine = receiver.writer.sender._client = Picky()
    engine.answers = [Later(Failure.SERVER_ERROR, "oh", None)]
    await receiver.writer.open()
    receiver.hear(dynos=20)
    await receiver.writer.send_samples()
    await receiver.writer.sender.finish(5.0)

    assert receiver.writer.state.dropped_samples["refused"] == 13
    assert len(engine.series) == 19 * 13
    assert receiver.writer.state.waiting_samples == 0
    await receiver.writer.close()
