"""Runtime samples (Dev Center, "Heroku Labs: log-runtime-metrics")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import (
    AppMetric,
    AppMetrics,
    AppMetricType,
    LogLoss,
    RuntimeSample,
    SampleLine,
)
from tests.corpus.example import APP, LOGPLEX_1, RFC5424, Example, frame
from tests.corpus.series import gauged, loss, runtime

MB: Final = 2.0**20

# heroku-influxdb-drain, test/test_syslog_drain.js
_RUN_2017: Final = "b0bc8784-5574-4f35-9508-5ea02d47d251"
_LOAD_2017: Final = {"load_avg_1m": 0.0, "load_avg_5m": 0.0, "load_avg_15m": 0.0}
_MEMORY_2017: Final = {
    "memory_total": 201.71 * MB,
    "memory_rss": 190.07 * MB,
    "memory_cache": 0.33 * MB,
    "memory_swap": 11.30 * MB,
    "memory_pgpgin": 88604.0,
    "memory_pgpgout": 53146.0,
    "memory_quota": 512.0 * MB,
}

# log-reporter, src/log_parser.rs
_RUN_2022: Final = "cd817c77-4f8e-4e68-b42a-3dea4e04d99c"
_LOAD_2022: Final = {"load_avg_1m": 0.0, "load_avg_5m": 0.0, "load_avg_15m": 0.01}
_MEMORY_2022: Final = {
    "memory_total": 221.47 * MB,
    "memory_rss": 217.77 * MB,
    "memory_cache": 3.70 * MB,
    "memory_swap": 0.0,
    "memory_pgpgin": 149293.0,
    "memory_pgpgout": 123257.0,
    "memory_quota": 512.0 * MB,
}

# heroku-datadog-drain, app.test.js
_RUN_2015: Final = "b9de5fce-44b7-4287-99a7-504519070cba"
_MEMORY_2015: Final = {
    "memory_total": 103.50 * MB,
    "memory_rss": 94.70 * MB,
    "memory_cache": 0.32 * MB,
    "memory_swap": 8.48 * MB,
    "memory_pgpgin": 36091.0,
    "memory_pgpgout": 11765.0,
}

# heroku_drain_datadog, spec/heroku_drain_datadog/parser_spec.rb
_RUN_2016: Final = "4b88c98d-6243-4194-af49-8db9b53be371"
_MEMORY_2016: Final = {
    "memory_total": 154.85 * MB,
    "memory_rss": 139.79 * MB,
    "memory_cache": 3.63 * MB,
    "memory_swap": 11.43 * MB,
    "memory_pgpgin": 80522.0,
    "memory_pgpgout": 53004.0,
    "memory_quota": 512.0 * MB,
}

# Sumo Logic, "Collect Logs for Heroku"
_RUN_SUMO_MEMORY: Final = "63c5abfd-838b-4e2d-bce1-ce46de280675"
_MEMORY_SUMO: Final = {
    "memory_total": 180.43 * MB,
    "memory_rss": 180.05 * MB,
    "memory_cache": 0.38 * MB,
    "memory_swap": 0.0,
    "memory_pgpgin": 84329.0,
    "memory_pgpgout": 38140.0,
    "memory_quota": 512.0 * MB,
}
_RUN_SUMO_LOAD: Final = "67cc34d0-0440-4106-97b6-d9486f7d9009"
_LOAD_SUMO: Final = {"load_avg_1m": 0.0, "load_avg_5m": 0.0, "load_avg_15m": 0.01}

# Dev Center, "Heroku Labs: log-runtime-metrics": total is less than rss.
_RUN_DOCUMENTED: Final = "d97d0ea7-cf3d-411b-b453-d2943a50b456"
_LOAD_DOCUMENTED: Final = {"load_avg_1m": 2.46, "load_avg_5m": 1.06, "load_avg_15m": 0.99}
_MEMORY_DOCUMENTED: Final = {
    "memory_total": 21.00 * MB,
    "memory_rss": 21.22 * MB,
    "memory_cache": 0.0,
    "memory_swap": 0.0,
    "memory_pgpgin": 348836.0,
    "memory_pgpgout": 343403.0,
}

# What l2met makes of a memory line that an application prints: name, value, unit.
_PRINTED: Final = (
    ("memory_total", 254.70 * MB, "bytes"),
    ("memory_rss", 242.35 * MB, "bytes"),
    ("memory_cache", 3.37 * MB, "bytes"),
    ("memory_swap", 8.99 * MB, "bytes"),
    ("memory_pgpgin", 134057.0, "pages"),
    ("memory_pgpgout", 89550.0, "pages"),
    ("memory_quota", 512.0 * MB, "bytes"),
)

RUNTIME: Final = [
    Example(
        "13.1 load and memory after an L10 without LF",
        LOGPLEX_1,
        b"142 <172>1 2017-08-31T14:47:14+00:00 host heroku logplex - Error L10 (output "
        b"buffer overflow): 2 messages dropped since 2017-08-31T14:44:12+00:00.203 <45>1 "
        b"2017-08-31T14:47:13.830178+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.55681600.b0bc8784-5574-4f35-9508-5ea02d47d251 "
        b"sample#load_avg_1m=0.00 sample#load_avg_5m=0.00 sample#load_avg_15m=0.00\n"
        b"334 <45>1 2017-08-31T14:47:13.830269+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.55681600.b0bc8784-5574-4f35-9508-5ea02d47d251 "
        b"sample#memory_total=201.71MB sample#memory_rss=190.07MB "
        b"sample#memory_cache=0.33MB sample#memory_swap=11.30MB "
        b"sample#memory_pgpgin=88604pages sample#memory_pgpgout=53146pages "
        b"sample#memory_quota=512.00MB\n",
        framed=True,
        events=(
            LogLoss("L10", 2, since="2017-08-31T14:44:12+00:00"),
            RuntimeSample(SampleLine.LOAD, _RUN_2017, _LOAD_2017),
            RuntimeSample(SampleLine.MEMORY, _RUN_2017, _MEMORY_2017),
        ),
        series=loss("host", "L10", 2)
        | runtime("host", "web.1", _RUN_2017, _LOAD_2017 | _MEMORY_2017),
    ),
    Example(
        "13.13 memory sample that an application prints",
        LOGPLEX_1,
        b"323 <2>1 2017-08-22T06:40:26+00:00 host app web.3 - source=web.1 "
        b"dyno=heroku.55681600.4fce2580-ea9f-492a-8837-a6f161bae67b "
        b"sample#memory_total=254.70MB sample#memory_rss=242.35MB "
        b"sample#memory_cache=3.37MB sample#memory_swap=8.99MB "
        b"sample#memory_pgpgin=134057pages sample#memory_pgpgout=89550pages "
        b"sample#memory_quota=512.00MB\n",
        framed=True,
        events=(
            AppMetrics(tuple(AppMetric(AppMetricType.SAMPLE, *printed) for printed in _PRINTED)),
        ),
        series={
            key: number
            for name, value, unit in _PRINTED
            for key, number in gauged("host", name, value, unit).items()
        },
        note="no runtime metric: the application wrote it, and its PROCID is not even its source",
    ),
    Example(
        "13.14 load and memory, 2022",
        LOGPLEX_1,
        b"205 <134>1 2022-12-05T09:51:04.778759+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.261104379.cd817c77-4f8e-4e68-b42a-3dea4e04d99c "
        b"sample#load_avg_1m=0.00 sample#load_avg_5m=0.00 sample#load_avg_15m=0.01\n"
        b"337 <134>1 2022-12-05T09:51:04.835127+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.261104379.cd817c77-4f8e-4e68-b42a-3dea4e04d99c "
        b"sample#memory_total=221.47MB sample#memory_rss=217.77MB "
        b"sample#memory_cache=3.70MB sample#memory_swap=0.00MB "
        b"sample#memory_pgpgin=149293pages sample#memory_pgpgout=123257pages "
        b"sample#memory_quota=512.00MB\n",
        framed=True,
        events=(
            RuntimeSample(SampleLine.LOAD, _RUN_2022, _LOAD_2022),
            RuntimeSample(SampleLine.MEMORY, _RUN_2022, _MEMORY_2022),
        ),
        series=runtime("host", "web.1", _RUN_2022, _LOAD_2022 | _MEMORY_2022),
    ),
    Example(
        "13.15 memory, 2015, no quota",
        LOGPLEX_1,
        b"<45>1 2015-04-02T11:48:16.839348+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.35930502.b9de5fce-44b7-4287-99a7-504519070cba "
        b"sample#memory_total=103.50MB sample#memory_rss=94.70MB "
        b"sample#memory_cache=0.32MB sample#memory_swap=8.48MB "
        b"sample#memory_pgpgin=36091pages sample#memory_pgpgout=11765pages",
        framed=False,
        events=(RuntimeSample(SampleLine.MEMORY, _RUN_2015, _MEMORY_2015),),
        series=runtime("host", "web.1", _RUN_2015, _MEMORY_2015),
        note="count left out: the text was edited",
    ),
    Example(
        "13.16 memory, 2016, swap in use",
        LOGPLEX_1,
        b"334 <45>1 2016-08-19T11:23:01.581780+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.54241834.4b88c98d-6243-4194-af49-8db9b53be371 "
        b"sample#memory_total=154.85MB sample#memory_rss=139.79MB "
        b"sample#memory_cache=3.63MB sample#memory_swap=11.43MB "
        b"sample#memory_pgpgin=80522pages sample#memory_pgpgout=53004pages "
        b"sample#memory_quota=512.00MB\n",
        framed=True,
        events=(RuntimeSample(SampleLine.MEMORY, _RUN_2016, _MEMORY_2016),),
        series=runtime("host", "web.1", _RUN_2016, _MEMORY_2016),
    ),
    Example(
        "11.4 load and memory, documented",
        RFC5424,
        (
            frame(
                b"heroku",
                b"web.1",
                b"source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456 "
                b"sample#load_avg_1m=2.46 sample#load_avg_5m=1.06 sample#load_avg_15m=0.99",
            )
            + frame(
                b"heroku",
                b"web.1",
                b"source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456 "
                b"sample#memory_total=21.00MB sample#memory_rss=21.22MB "
                b"sample#memory_cache=0.00MB sample#memory_swap=0.00MB "
                b"sample#memory_pgpgin=348836pages sample#memory_pgpgout=343403pages",
            )
        ),
        framed=True,
        events=(
            RuntimeSample(SampleLine.LOAD, _RUN_DOCUMENTED, _LOAD_DOCUMENTED),
            RuntimeSample(SampleLine.MEMORY, _RUN_DOCUMENTED, _MEMORY_DOCUMENTED),
        ),
        series=runtime(APP, "web.1", _RUN_DOCUMENTED, _LOAD_DOCUMENTED | _MEMORY_DOCUMENTED),
    ),
    Example(
        "12 memory, 2023",
        LOGPLEX_1,
        b"335 <134>1 2023-08-24T10:28:47.153192+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.322071457.63c5abfd-838b-4e2d-bce1-ce46de280675 "
        b"sample#memory_total=180.43MB sample#memory_rss=180.05MB "
        b"sample#memory_cache=0.38MB sample#memory_swap=0.00MB "
        b"sample#memory_pgpgin=84329pages sample#memory_pgpgout=38140pages "
        b"sample#memory_quota=512.00MB\n",
        framed=True,
        events=(RuntimeSample(SampleLine.MEMORY, _RUN_SUMO_MEMORY, _MEMORY_SUMO),),
        series=runtime("host", "web.1", _RUN_SUMO_MEMORY, _MEMORY_SUMO),
    ),
    Example(
        "12 load, 2023, time cut to milliseconds",
        LOGPLEX_1,
        b"<134>1 2023-08-24T12:31:50.112+00:00 host heroku web.1 - source=web.1 "
        b"dyno=heroku.319324155.67cc34d0-0440-4106-97b6-d9486f7d9009 "
        b"sample#load_avg_1m=0.00 sample#load_avg_5m=0.00 sample#load_avg_15m=0.01",
        framed=False,
        events=(RuntimeSample(SampleLine.LOAD, _RUN_SUMO_LOAD, _LOAD_SUMO),),
        series=runtime("host", "web.1", _RUN_SUMO_LOAD, _LOAD_SUMO),
        note="count left out: the digits of the time were cut",
    ),
]
