"""What applications print: plain output, and metrics in the conventions of l2met."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import AppMetric, AppMetrics, AppMetricType
from tests.corpus.example import APP, LOGPLEX_1, Example, Series, Text, texts
from tests.corpus.series import NO_UNIT, counted, gauged, measured, unrecognised

# Output ------------------------------------------------------------------------------------------

_OUTPUT: Final = [
    # log-reporter, src/log_parser.rs
    Example(
        "13.30 empty line",
        LOGPLEX_1,
        b"69 <190>1 2022-12-05T20:26:20.860136+00:00 host app dramatiqworker.2 - \n",
        framed=True,
        events=(None,),
        series={},
    ),
    Example(
        "13.31 keys of a request in a line of an application",
        LOGPLEX_1,
        b"<190>1 2022-12-05T08:59:21.66229+00:00 host app web.15 - [r9673 d8512f2b] INFO  "
        b"   [292844f1-49fe-445b-87b3-af87088b7df8] log_request_id.middleware: method=GET "
        b"path=/api/disposition/foundation/ status=200 user=875",
        framed=False,
        events=(None,),
        series={},
        note="count left out: it was invented",
    ),
    # pychess-variants
    Example(
        "13.32 multi-byte text",
        LOGPLEX_1,
        b"160 <190>1 2025-12-26T12:07:27.672845+00:00 host app web.1 - 2025-12-26 "
        b"12:07:27,672.672 [WARNING] Anon\xe2\x80\x93XqbjtBZ1 jB0w33OM users:58 users.get() "
        b"HGMuller NOT IN db\n",
        framed=True,
        events=(None,),
        series={},
    ),
    # heroku-influxdb-drain, samples/sample5.txt
    Example(
        "13.33 single quotes instead of double",
        LOGPLEX_1,
        b"157 <190>1 2018-03-31T17:21:12.250715+00:00 host app web.1 - INFO [init] "
        b"level='info' event='Static Folder Registered' logger='init' "
        b"folder='woocart_com/static'\n",
        framed=True,
        events=(None,),
        series={},
    ),
    # terraform-heroku-cloudwatch-logging
    Example(
        "13.34 ANSI escapes",
        LOGPLEX_1,
        b"<134>1 2026-05-13T10:57:11.96214+00:00 host app worker.2 - \x1b[1;34mINFO \x1b[0mpid=2",
        framed=False,
        events=(None,),
        series={},
        note="count left out: it was invented",
    ),
    # heroku-datadog-drain-golang, server_test.go
    Example(
        "10.3 metrics in a convention that is not l2met's",
        LOGPLEX_1,
        b"<134>1 2015-04-07T16:01:43.517062+00:00 host app web.1 - info: responseLogger: "
        b"metric#tag#route=/parser metric#request_id=11747467-f4ce-4b06-8c99-92be968a02e3 "
        b"metric#request_length=541 metric#response_length=5163 metric#parser_time=5ms "
        b"metric#eventLoop.count=606 metric#eventLoop.avg_ms=515.503300330033 "
        b"metric#eventLoop.p50_ms=0.8805309734513275 "
        b"metric#eventLoop.p95_ms=3457.206896551724 "
        b"metric#eventLoop.p99_ms=3457.206896551724 metric#eventLoop.max_ms=5008",
        framed=False,
        events=(None,),
        series={},
        note="count left out: it does not fit",
    ),
    # heroku-influxdb-drain, test/test_syslog_drain.js
    Example(
        "10.3 a sample in the place of MSGID",
        LOGPLEX_1,
        b"77 <2>1 2017-11-30T06:45:29+00:00 host app - sample#service.dataset_count=19071\n",
        framed=True,
        events=(None,),
        series={},
    ),
]

# Metrics -----------------------------------------------------------------------------------------

_COUNT: Final = AppMetricType.COUNT
_MEASURE: Final = AppMetricType.MEASURE
_SAMPLE: Final = AppMetricType.SAMPLE
_GB: Final = 2.0**30


def _text(msg: bytes, *metrics: AppMetric) -> Text:
    """Return a line of metrics with what it adds to the series of the application."""
    series: Series = {}
    for metric in metrics:
        rule = {_COUNT: counted, _MEASURE: measured, _SAMPLE: gauged}[metric.type]
        series |= rule(APP, metric.name, metric.value, metric.unit or NO_UNIT)
    return msg, AppMetrics(metrics), series


_FRAMES: Final = [
    # heroku-influxdb-drain, test/test_syslog_drain.js
    Example(
        "13.35 no PROCID",
        LOGPLEX_1,
        b"91 <2>1 2012-11-30T06:45:29+00:00 host app - - tag#x=hello "
        b"sample#service.dataset_count=19071\n",
        framed=True,
        events=(AppMetrics((AppMetric(_SAMPLE, "service.dataset_count", 19071.0, ""),)),),
        series=gauged("host", "service.dataset_count", 19071),
    ),
    # l2met, parser/parser_test.go
    Example(
        "10.2 measurements under a PROCID that is no dyno",
        LOGPLEX_1,
        b"88 <174>1 2013-07-22T00:06:26-00:00 somehost name test - measure#hello=1"
        b" measure#world=1ms\n",
        framed=True,
        events=(
            AppMetrics(
                (
                    AppMetric(_MEASURE, "hello", 1.0, ""),
                    AppMetric(_MEASURE, "world", 0.001, "seconds"),
                )
            ),
        ),
        series=measured("somehost", "hello", 1) | measured("somehost", "world", 0.001, "seconds"),
    ),
    Example(
        "10.2 prefix with a dot",
        LOGPLEX_1,
        b"70 <174>1 2013-07-22T00:06:26-00:00 somehost name test - measure.hello=1\n",
        framed=True,
        events=(None,),
        series=unrecognised("somehost", "name", "test"),
        note="l2met reads it; here only what has a # is searched for metrics",
    ),
]

# l2met, README; Dev Center, "Add-on Provider Log Integration"; logplex_logs_rest_SUITE.erl
_TEXTS: Final[list[Text]] = [
    _text(b"measure#db.latency=4ms", AppMetric(_MEASURE, "db.latency", 0.004, "seconds")),
    _text(b"count#db.vaccum=1", AppMetric(_COUNT, "db.vaccum", 1.0, "")),
    _text(b"sample#db.size=100GB", AppMetric(_SAMPLE, "db.size", 100 * _GB, "bytes")),
    _text(
        b"source=us-east measure#web.latency=4ms",
        AppMetric(_MEASURE, "web.latency", 0.004, "seconds"),
    ),
    _text(
        b"measure#elb.latency.sample_count=67448s source=elb012345.us-east-1d",
        AppMetric(_MEASURE, "elb.latency.sample_count", 67448.0, "seconds"),
    ),
    _text(
        b"sample#tables=30 sample#active-connections=3",
        AppMetric(_SAMPLE, "tables", 30.0, ""),
        AppMetric(_SAMPLE, "active-connections", 3.0, ""),
    ),
    _text(
        b"sample#cache-usage=72.94 sample#cache-keys=1073002",
        AppMetric(_SAMPLE, "cache-usage", 72.94, ""),
        AppMetric(_SAMPLE, "cache-keys", 1073002.0, ""),
    ),
    _text(
        b"count#db.queries=2 count#db.snapshots=10",
        AppMetric(_COUNT, "db.queries", 2.0, ""),
        AppMetric(_COUNT, "db.snapshots", 10.0, ""),
    ),
    _text(
        b"app_pid=7915 slot=endosome cloud=staging.herokudev.com instance_id=192710 "
        b"endosome version=v74-7-gd7dafe3 source=com.herokudev.staging.endosome.192710 "
        b"pid=7871 request_id=0e9a8698-b0a7-4925-a8a9-443555af5f60 http.health.timer.end "
        b"measure#endosome.http.health.elapsed.seconds=0.000008",
        AppMetric(_MEASURE, "endosome.http.health.elapsed.seconds", 0.000008, ""),
    ),
]

APP_OUTPUT: Final = [
    *_OUTPUT,
    *_FRAMES,
    *texts("10.2", b"app", b"web.1", _TEXTS),
    *texts("10.2", b"app", b"my-addon", _TEXTS[5:7]),
    *texts(
        "9",
        b"app",
        b"my-addon",
        [(b"backup finished", None, unrecognised(APP, "app", "my-addon"))],
    ),
]
