"""Lines of Heroku for docs/events.md, and what the daemon writes of them.

The lines are those of Heroku's documentation and of published captures, as a TCP drain carries
them. Names, addresses and drain tokens were replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import Config, DrainsConfig, EventsConfig
from heroku_syslogd.heroku import Kind
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.sinks import EventSink
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import Dialect, HeaderFault
from heroku_syslogd.worker import Observer

TOKEN: Final = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
APP: Final = "my-app"
"""What the configuration calls the drain of `TOKEN`."""

_ARRIVAL: Final = 1_800_000_000.0  # later than every example: a time to come is not believed
_FLUSH_TIMEOUT: Final = 10.0


def _line(pri: int, time: str, app_name: str, procid: str, msg: str) -> str:
    return f"<{pri}>1 {time} {TOKEN} {app_name} {procid} - - {msg}"


_DYNO: Final = "source=web.1 dyno=heroku.261104379.cd817c77-4f8e-4e68-b42a-3dea4e04d99c"

EXAMPLES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.RUNTIME_SAMPLE: (
        _line(
            *(134, "2022-12-05T09:51:04.778759+00:00", "heroku", "web.1"),
            f"{_DYNO} sample#load_avg_1m=0.00 sample#load_avg_5m=0.00 sample#load_avg_15m=0.01",
        ),
        _line(
            *(134, "2022-12-05T09:51:04.835127+00:00", "heroku", "web.1"),
            f"{_DYNO} sample#memory_total=221.47MB sample#memory_rss=217.77MB"
            " sample#memory_cache=3.70MB sample#memory_swap=0.00MB"
            " sample#memory_pgpgin=149293pages sample#memory_pgpgout=123257pages"
            " sample#memory_quota=512.00MB",
        ),
    ),
    Kind.ROUTER_REQUEST: (
        _line(
            *(158, "2024-04-26T16:58:32.943253+00:00", "heroku", "router"),
            'at=info method=GET path="/posts" host=my-app.example.com'
            ' request_id=6903a168-b79b-ec27-03c8-b8f64d8d8792 fwd="192.0.2.9, 203.0.113.7"'
            " dyno=web.1 connect=1ms service=18ms status=200 bytes=975 protocol=http2.0 tls=true"
            " tls_version=tls1.3",
        ),
        _line(
            *(158, "2015-04-02T12:52:31.520012+00:00", "heroku", "router"),
            'at=error code=H12 desc="Request timeout" method=GET path="/" host=my-app.example.com'
            ' request_id=8601b555-6a83-4c12-8269-97c8e32cdb22 fwd="203.0.113.7" dyno=web.1'
            " connect=6ms service=30001ms status=503 bytes=0",
        ),
    ),
    Kind.PLATFORM_ERROR: (
        _line(
            *(134, "2023-04-29T23:11:12.604871+00:00", "heroku", "web.1"),
            "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of"
            " launch",
        ),
    ),
    Kind.LOG_LOSS: (
        _line(
            *(172, "2022-04-13T19:42:45.121237+00:00", "heroku", "logplex"),
            f"Error L10 (output buffer overflow): drain '{TOKEN}' dropped 1 messages since"
            " 2022-04-13T19:41:45.256379+00:00.",
        ),
    ),
    Kind.DYNO_STATE: (
        _line(
            *(45, "2014-11-11T08:24:24.064853+00:00", "heroku", "web.1"),
            "State changed from starting to up",
        ),
    ),
    Kind.DYNO_EXIT: (
        _line(
            *(45, "2014-11-11T08:24:25.011020+00:00", "heroku", "web.1"),
            "Process exited with status 137",
        ),
    ),
    Kind.DYNO_ACTION: (
        _line(
            *(45, "2014-11-11T08:24:20.552812+00:00", "heroku", "web.1"),
            "Starting process with command `bundle exec rails server -p 3000`",
        ),
    ),
    Kind.PROCESS_MEMORY: (
        _line(
            *(45, "2011-05-03T17:40:10+00:00", "heroku", "worker.1"),
            "Process running mem=1028MB(103.3%)",
        ),
    ),
    Kind.API: (
        _line(
            *(45, "2017-08-30T08:48:49.102030+00:00", "app", "api"),
            "Deploy 059375fe by user developer@example.com",
        ),
        _line(
            *(45, "2017-08-30T08:48:49.251515+00:00", "app", "api"),
            "Release v48 created by user developer@example.com",
        ),
    ),
    Kind.BUILD: (
        _line(
            *(45, "2017-08-30T08:47:58.880021+00:00", "app", "api"),
            "Build started by user developer@example.com",
        ),
    ),
    Kind.SCALE: (
        _line(
            *(133, "2024-05-29T07:07:25.193493+00:00", "app", "api"),
            "Scaled to web@4:Standard-1X worker@0:Standard-1X by user developer@example.com",
        ),
    ),
    Kind.ADDON_SAMPLE: (
        _line(
            *(134, "2026-09-26T10:00:00.000000+00:00", "app", "heroku-postgres"),
            "source=DATABASE addon=postgresql-curly-12345 sample#current_transaction=1873"
            " sample#db_size=26219348792bytes sample#tables=13 sample#active-connections=92"
            " sample#waiting-connections=1 sample#index-cache-hit-rate=0.99723"
            " sample#table-cache-hit-rate=0.99118 sample#load-avg-1m=0.39 sample#load-avg-5m=0.325"
            " sample#load-avg-15m=0.3 sample#read-iops=0 sample#write-iops=112.73"
            " sample#memory-total=4045060kB sample#memory-free=159696kB"
            " sample#memory-cached=3707032kB sample#memory-postgres=182592kB",
        ),
        _line(
            *(134, "2022-03-24T23:59:39+00:00", "app", "heroku-pgbouncer"),
            "source=pgbouncer addon=postgresql-contoured-12345 sample#client_active=56"
            " sample#client_waiting=0 sample#server_active=0 sample#server_idle=16"
            " sample#max_wait=0 sample#avg_query=8751 sample#avg_recv=37568"
            " sample#avg_sent=1339005",
        ),
    ),
    Kind.POSTGRES_LOG: (
        _line(
            *(132, "2022-08-11T02:47:50+00:00", "app", "postgres.3796759"),
            "[GREEN] [11-1]  sql_error_code = 23505 ERROR:  duplicate key value violates unique"
            ' constraint "idx_index_123"',
        ),
    ),
    Kind.SLOW_QUERY: (
        _line(
            *(134, "2022-11-15T21:29:04+00:00", "app", "postgres.1092206"),
            "[DATABASE] [11-1]  sql_error_code = 00000 LOG:  duration: 2405.887 ms  statement:"
            ' SELECT "notifications".* FROM "notifications" WHERE "notifications"."id" = 258324'
            " LIMIT 1 /*app:worker.2,job:NotificationJob*/",
        ),
    ),
    Kind.APP_METRICS: (
        _line(
            *(190, "2024-01-02T03:04:05.678901+00:00", "app", "web.1"),
            "source=us-east measure#web.latency=4ms count#db.queries=2",
        ),
    ),
}
"""One line or more of each kind, without its octet count."""


def events_of(line: str) -> list[bytes]:
    """Return what ``[events]`` writes of a line, if every kind is wanted: JSON documents.

    It goes through the daemon's own pipeline and sink.
    """
    with TemporaryDirectory() as directory:
        path = Path(directory, "events.jsonl")
        sink = EventSink(EventsConfig(path=str(path)))
        sink.open()
        config = Config(drains=DrainsConfig(tokens={TOKEN: APP}))
        observer = Observer(sink.offered, sink.offer, sink.kinds)
        pipeline = Pipeline(config, Telemetry(), _refuse, observer)
        frame = line.encode()
        origin = Origin("tcp", "192.0.2.1", Dialect.RFC5424)
        pipeline.worker.apply(Batch([frame], origin, _ARRIVAL, len(frame)))
        asyncio.run(sink.close(_FLUSH_TIMEOUT))
        return path.read_bytes().splitlines()


def _refuse(_origin: Origin, fault: HeaderFault) -> None:
    raise ValueError(f"no syslog message: expected {fault.expected}")
