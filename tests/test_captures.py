"""Captured lines of Heroku, from bytes to gauges."""

import pytest

from heroku_syslogd.wire import Dialect, FrameDecoder
from tests.test_worker import Bench

MB = 2**20

# An HTTPS body: an L10 without LF, then a load and a memory frame (captured in 2017).
L10_LOAD_MEMORY = (
    b"142 <172>1 2017-08-31T14:47:14+00:00 host heroku logplex - Error L10 (output buffer"
    b" overflow): 2 messages dropped since 2017-08-31T14:44:12+00:00.203 <45>1"
    b" 2017-08-31T14:47:13.830178+00:00 host heroku web.1 - source=web.1"
    b" dyno=heroku.55681600.b0bc8784-5574-4f35-9508-5ea02d47d251 sample#load_avg_1m=0.00"
    b" sample#load_avg_5m=0.00 sample#load_avg_15m=0.00\n334 <45>1 2017-08-31T14:47:13.830269+00:00"
    b" host heroku web.1 - source=web.1 dyno=heroku.55681600.b0bc8784-5574-4f35-9508-5ea02d47d251"
    b" sample#memory_total=201.71MB sample#memory_rss=190.07MB sample#memory_cache=0.33MB"
    b" sample#memory_swap=11.30MB sample#memory_pgpgin=88604pages sample#memory_pgpgout=53146pages"
    b" sample#memory_quota=512.00MB\n"
)
# From 2022, with its declared lengths.
LOAD_2022 = (
    b"205 <134>1 2022-12-05T09:51:04.778759+00:00 host heroku web.1 - source=web.1"
    b" dyno=heroku.261104379.cd817c77-4f8e-4e68-b42a-3dea4e04d99c sample#load_avg_1m=0.00"
    b" sample#load_avg_5m=0.00 sample#load_avg_15m=0.01\n"
)
# From 2015: no quota yet.
MEMORY_2015 = (
    b"<45>1 2015-04-02T11:48:16.839348+00:00 host heroku web.1 - source=web.1"
    b" dyno=heroku.35930502.b9de5fce-44b7-4287-99a7-504519070cba sample#memory_total=103.50MB"
    b" sample#memory_rss=94.70MB sample#memory_cache=0.32MB sample#memory_swap=8.48MB"
    b" sample#memory_pgpgin=36091pages sample#memory_pgpgout=11765pages"
)
# Printed by an application: its PROCID even differs from its source.
FORGED = (
    b"323 <2>1 2017-08-22T06:40:26+00:00 host app web.3 - source=web.1"
    b" dyno=heroku.55681600.4fce2580-ea9f-492a-8837-a6f161bae67b sample#memory_total=254.70MB"
    b" sample#memory_rss=242.35MB sample#memory_cache=3.37MB sample#memory_swap=8.99MB"
    b" sample#memory_pgpgin=134057pages sample#memory_pgpgout=89550pages"
    b" sample#memory_quota=512.00MB\n"
)
STATE = (
    b"93 <45>1 2014-11-11T08:24:24.064853+00:00 host heroku web.1 -"
    b" State changed from starting to up\n"
)


def frames_of(body: bytes) -> list[bytes]:
    frames, faults = FrameDecoder().feed(body)
    assert faults == []
    return frames


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_body_with_an_l10_without_line_end(bench: Bench) -> None:
    frames = frames_of(L10_LOAD_MEMORY)
    assert len(frames) == 3

    bench.apply(*frames, dialect=Dialect.LOGPLEX_1)

    (dyno,) = bench.dynos.shown()
    assert dyno.run == "b0bc8784-5574-4f35-9508-5ea02d47d251"
    assert dyno.values == {
        "load_avg_1m": 0.0,
        "load_avg_5m": 0.0,
        "load_avg_15m": 0.0,
        "memory_total": 201.71 * MB,
        "memory_rss": 190.07 * MB,
        "memory_cache": 0.33 * MB,
        "memory_swap": 11.30 * MB,
        "memory_pgpgin": 88604,
        "memory_pgpgout": 53146,
        "memory_quota": 512 * MB,
    }
    assert bench.messages == {("host", "heroku", "logplex"): 1, ("host", "heroku", "web"): 2}


def test_a_load_frame_of_2022_and_its_state(bench: Bench) -> None:
    bench.apply(*frames_of(STATE + LOAD_2022), dialect=Dialect.LOGPLEX_1)

    (dyno,) = bench.dynos.shown()
    assert dyno.state == "up"
    assert dyno.values["load_avg_15m"] == 0.01
    assert dyno.sampled_at == 1670233864.778759


def test_a_memory_line_of_2015_has_no_quota(bench: Bench) -> None:
    bench.apply(MEMORY_2015, dialect=Dialect.LOGPLEX_1)

    (dyno,) = bench.dynos.shown()
    assert "memory_quota" not in dyno.values
    assert dyno.values["memory_total"] == 103.50 * MB


def test_a_memory_line_of_an_application_is_not_believed(bench: Bench) -> None:
    bench.apply(*frames_of(FORGED), dialect=Dialect.LOGPLEX_1)

    assert list(bench.dynos.shown()) == []
    assert bench.messages == {("host", "app", "web"): 1}
