from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from heroku_syslogd.simulate.app_output import web_output, worker_output
from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.request import Request, draw_request
from heroku_syslogd.simulate.router import refused_message, router_message, router_pri

SEARCH = Request(
    "GET", "/search?q=red%20shoes", 200, 2256, 0, 3, "4b0adc25-f648", "84.183.36.1", ""
)
APPS = Fleet(3, 1, 1, 0.0).apps
TWO, LEGACY = APPS[0], APPS[2]


def test_router_2_decodes_the_path_and_ends_in_tls() -> None:
    assert router_message(SEARCH, TWO, "web.1") == (
        f'at=info method=GET path="/search?q=red shoes" host={TWO.host} request_id=4b0adc25-f648'
        ' fwd="84.183.36.1" dyno=web.1 connect=0ms service=3ms status=200 bytes=2256'
        " protocol=http2.0 tls=true tls_version=tls1.3"
    )
    assert router_pri(TWO) == 134


def test_legacy_router_keeps_the_path_and_ends_in_protocol() -> None:
    assert router_message(SEARCH, LEGACY, "web.1") == (
        f'at=info method=GET path="/search?q=red%20shoes" host={LEGACY.host}'
        ' request_id=4b0adc25-f648 fwd="84.183.36.1" dyno=web.1 connect=0ms service=3ms status=200'
        " bytes=2256 protocol=https"
    )
    assert router_pri(LEGACY) == 158


def test_failures() -> None:
    late = SEARCH._replace(status=503, service_ms=30_000, code="H12", size=0)
    gone = SEARCH._replace(status=499, code="H27")

    assert router_message(late, LEGACY, "web.1").startswith(
        'at=error code=H12 desc="Request timeout" method=GET '
    )
    assert " service=30000ms status=503 bytes=0 " in router_message(late, LEGACY, "web.1")
    assert router_message(gone, LEGACY, "web.1").startswith(
        'sock=client at=warning code=H27 desc="Client Request Interrupted" method='
    )
    assert " status=499 bytes= " in router_message(gone, LEGACY, "web.1")


@pytest.mark.parametrize(
    ("code", "head"),
    [
        ("H10", 'at=error code=H10 desc="App crashed"'),
        ("H14", 'at=error code=H14 desc="No web processes running"'),
        ("H80", 'at=info code=H80 desc="Maintenance mode"'),
    ],
)
def test_what_no_dyno_was_asked_for_has_no_measures(code: str, head: str) -> None:
    assert refused_message(code, SEARCH, LEGACY) == (
        f'{head} method=GET path="/search?q=red%20shoes" host={LEGACY.host}'
        ' request_id=4b0adc25-f648 fwd="84.183.36.1" dyno= connect= service= status=503 bytes='
        " protocol=https"
    )
    assert refused_message(code, SEARCH, TWO).endswith(
        " bytes= protocol=http1.1 tls=true tls_version=unknown"
    )


def test_drawn_requests_are_mostly_fine() -> None:
    rng = Random(1)
    requests = [draw_request(rng) for _ in range(20_000)]
    classes = Counter(request.status // 100 for request in requests)

    assert 0.88 < classes[2] / 20_000 < 0.92
    assert min(classes[3], classes[4], classes[5]) > 100
    assert {request.code for request in requests} == {"", "H12", "H13", "H18", "H27"}
    assert all(r.service_ms == 30_000 for r in requests if r.code == "H12")
    median = sorted(request.service_ms for request in requests)[10_000]
    assert 30 < median < 60
    assert all(re.fullmatch(r"[0-9a-f-]{36}", request.request_id) for request in requests)


def test_app_output_has_json_and_multi_byte_characters() -> None:
    rng = Random(1)
    stamp = "2022-01-26T20:25:08.61556+00:00"
    lines = [web_output(app.framework, draw_request(rng), rng, stamp) for app in APPS * 200]
    lines += [worker_output(rng, stamp) for _ in range(100)]

    assert any(line.startswith("{") for line in lines)
    assert any(not line.isascii() for line in lines)
    assert not any("\n" in line for line in lines)
    assert any("unique#user.id=" in line for line in lines)
