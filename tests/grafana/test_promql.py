"""What the queries make of two processes that share the drains, judged by promtool."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import pytest

from grafana import promql
from grafana.dyno import memory_share, running
from grafana.promql import Expr
from grafana.router import server_error_share
from heroku_syslogd.catalogue import addons, apps, daemon, dynos
from heroku_syslogd.heroku import Addon
from tests.grafana.panels import filled
from tests.test_scaling import judge
from tests.two_processes import DATABASE, QUOTA, RSS, STEADY, Case, constant, dyno
from tests.two_processes import dynos as series_of_dynos

TOTAL: Final = "memory_total_bytes"
SHOP: Final = 'app="shop"'
# The series of the cases have no job, and whoever has no label is selected by ``.*`` alone.
VARIABLES: Final = {
    **dict.fromkeys(("job", "app", "instance", "process_type", "dyno"), ".*"),
    "__rate_interval": "5m",
    "__range": "15m",
}
OLD_AND_NEW: Final = ({1: 1760, 2: 1780}, {1: 1780, 2: 1760})
"""Times of the newest samples: web.1 moved to the other process, web.2 to the first."""


class Query(NamedTuple):
    """A query, and what it is to make of two processes."""

    expr: Expr
    case: Case


def _gauge(metric: str, one: float, other: float, together: dict[str, float]) -> Case:
    labels = f"{{{SHOP}}}" if "{" not in metric else ""
    return Case(
        metric,
        {f"{metric}{labels}": constant(one)},
        {f"{metric}{labels}": constant(other)},
        together,
    )


def _requests(status: int) -> str:
    return f'heroku_router_requests_total{{{SHOP},dyno="web.1",method="GET",status="{status}"}}'


def _crashed(dyno_type: str) -> str:
    labels = f'{SHOP},process_type="{dyno_type}",from="up",to="crashed"'
    return f"heroku_dyno_state_changes_total{{{labels}}}"


SAMPLES_OF_DATABASE: Final = addons.ADDON_LAST_SAMPLE[Addon.POSTGRES].name
LOAD_OF_DATABASE: Final = addons.ADDON_VALUES[Addon.POSTGRES]["load_avg_1m"]
PAGES: Final = dynos.RUNTIME["memory_pgpgin"]

QUERIES: Final = {
    "counters add up, also over a restart": Query(
        promql.rate(apps.ROUTER_REQUESTS, "app"),
        Case(
            "",
            {_requests(200): f"0+60{STEADY}"},
            {_requests(200): "0+30x20 30+30x9"},
            {f"{{{SHOP}}}": 1.5},
        ),
    ),
    "server errors are a part of the requests of both": Query(
        server_error_share("app"),
        Case(
            "",
            {_requests(200): f"0+9{STEADY}"},
            {_requests(503): f"0+3{STEADY}"},
            {f"{{{SHOP}}}": 0.25},
        ),
    ),
    "without a server error their part is 0": Query(
        server_error_share("app"),
        Case("", {_requests(200): f"0+9{STEADY}"}, {}, {f"{{{SHOP}}}": 0}),
    ),
    "without a request there is no part": Query(
        server_error_share("app"), Case("", {_requests(200): constant(9)}, {}, {})
    ),
    "the first event is counted": Query(
        promql.events_in_range(dynos.DYNO_STATE_CHANGES, "process_type"),
        Case(
            "",
            {_crashed("web"): "_x25 1+0x4", _crashed("clock"): constant(7)},
            {_crashed("web"): "_x27 2+0x2"},
            {'{process_type="web"}': 3, '{process_type="clock"}': 0},
        ),
    ),
    "a scrape that failed when the time began makes no events": Query(
        promql.events_in_range(dynos.DYNO_STATE_CHANGES, "process_type"),
        Case("", {_crashed("web"): "7+0x10 stale _x5 7+0x13"}, {}, {'{process_type="web"}': 0}),
    ),
    "the memory of a dyno is that of its newest sample": Query(
        promql.of_newest_sample(promql.gauge(dynos.RUNTIME["memory_rss"]), "app, dyno"),
        Case(
            "",
            series_of_dynos(OLD_AND_NEW[0], **{RSS: {1: 11, 2: 12}}),
            series_of_dynos(OLD_AND_NEW[1], **{RSS: {1: 21, 2: 22}}),
            {'{app="shop",dyno="web.1"}': 21, '{app="shop",dyno="web.2"}': 12},
        ),
    ),
    "the fullest dyno is found among the newest samples": Query(
        memory_share("app"),
        Case(
            "",
            series_of_dynos(OLD_AND_NEW[0], **{TOTAL: {1: 128, 2: 64}, QUOTA: {1: 128, 2: 128}}),
            series_of_dynos(OLD_AND_NEW[1], **{TOTAL: {1: 32, 2: 127}, QUOTA: {1: 128, 2: 128}}),
            {f"{{{SHOP}}}": 0.5},
        ),
    ),
    "a dyno that both know is running once": Query(
        running("app"),
        Case(
            "",
            series_of_dynos({1: 1760, 2: 1780, 5: 1770, 6: 1770}, state={1: 1, 2: 1, 5: 1, 6: 1}),
            series_of_dynos(
                {1: 1780, 2: 1760, 4: 1790, 5: 1770, 6: 1790}, state={1: 1, 2: 1, 4: 1, 5: 1}
            ),
            {f"{{{SHOP}}}": 4},
        ),
    ),
    "pages are counted by Heroku, so both see all of them": Query(
        promql.rate_of_largest(PAGES, "dyno"),
        Case(
            "",
            {f"{PAGES.name}{{{dyno(1)}}}": f"0+60{STEADY}"},
            {f"{PAGES.name}{{{dyno(1)}}}": f"0+60{STEADY}"},
            {'{dyno="web.1"}': 1},
        ),
    ),
    "the formation of all process types adds up": Query(
        promql.sum_of_largest(dynos.FORMATION_DYNOS, "app"),
        Case(
            "",
            {f'heroku_formation_dynos{{{SHOP},process_type="web",size="Eco"}}': constant(2)},
            {
                f'heroku_formation_dynos{{{SHOP},process_type="web",size="Eco"}}': constant(1),
                f'heroku_formation_dynos{{{SHOP},process_type="worker",size="Eco"}}': constant(3),
            },
            {f"{{{SHOP}}}": 5},
        ),
    ),
    "an add-on is as its newest sample says": Query(
        promql.of_newest_sample(promql.gauge(LOAD_OF_DATABASE), "source"),
        Case(
            "",
            {
                f"{LOAD_OF_DATABASE.name}{DATABASE}": constant(0.5),
                f"{SAMPLES_OF_DATABASE}{DATABASE}": constant(1790),
            },
            {
                f"{LOAD_OF_DATABASE.name}{DATABASE}": constant(2),
                f"{SAMPLES_OF_DATABASE}{DATABASE}": constant(1700),
            },
            {'{source="DATABASE"}': 0.5},
        ),
    ),
    "a drain is silent where no process hears of it": Query(
        promql.age(apps.DRAIN_LAST_MESSAGE, "app"),
        _gauge(apps.DRAIN_LAST_MESSAGE.name, 1000, 1700, {f"{{{SHOP}}}": 100}),
    ),
    "one process that failed to read the configuration is enough": Query(
        promql.least(promql.gauge(daemon.RELOAD_SUCCESSFUL)),
        Case(
            "",
            {daemon.RELOAD_SUCCESSFUL.name: constant(1)},
            {daemon.RELOAD_SUCCESSFUL.name: constant(0)},
            {"{}": 0},
        ),
    ),
}


@pytest.mark.real
@pytest.mark.parametrize("name", QUERIES)
def test_two_processes_are_one(tmp_path: Path, name: str) -> None:
    expr, case = QUERIES[name]

    judge(tmp_path, filled(expr.text, VARIABLES), case)


def test_a_query_knows_what_it_reads_and_in_which_unit() -> None:
    assert promql.rate(apps.ROUTER_REQUESTS).unit == "reqps"
    assert promql.rate(daemon.BACKPRESSURE).unit == "percentunit"
    assert promql.gauge(dynos.RUNTIME["memory_rss"]).unit == "bytes"
    assert promql.age(apps.LAST_DEPLOY).unit == "s"
    share = memory_share()
    assert share.unit == "percentunit"
    assert [one.name for one in share.metrics] == [
        "heroku_dyno_memory_total_bytes",
        "heroku_dyno_memory_quota_bytes",
    ]
