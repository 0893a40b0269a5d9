"""Requests as the router logs them: how many, how they ended, how long they took."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import APPS, Row, Uid, board
from grafana.fields import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Column, Query
from grafana.panels import graph, heat_map, number, ranking, rows
from grafana.promql import Expr
from heroku_syslogd.catalogue import Metric, apps

SERVER_ERROR_STEPS: Final = {0.01: ORANGE, 0.05: RED}
P95_STEPS: Final = {1.0: YELLOW, 10.0: ORANGE, 30.0: RED}
"""Seconds of service; after 30 the router gives up (H12)."""

_FAILED: Final = 'status!="200"'
_SERVER_ERROR: Final = 'status=~"5.."'
_CLASSES: Final = {
    "2xx": ('status=~"2.."', GREEN),
    "3xx": ('status=~"3.."', BLUE),
    "4xx": ('status=~"4.."', ORANGE),
    "5xx": (_SERVER_ERROR, RED),
    "other": ('status!~"[2-5].."', GREY),
}
_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "slowest, at most": 1}
_QUANTILES_ABOUT: Final = (
    "Quantiles are read off buckets; the slowest request took at most the upper bound of its"
    " bucket."
)


def server_error_share(by: str = "") -> Expr:
    """Return the part of the requests that were answered with 5xx; 0 without any."""
    every = promql.rate(apps.ROUTER_REQUESTS, by)
    # Statuses appear with their first request: before that, their rate is 0.
    failed = promql.rate(apps.ROUTER_REQUESTS, by, _SERVER_ERROR)
    both = f"({failed.text} or 0 * {every.text})"
    return promql.ratio(failed._replace(text=both), every)


def by_status_class() -> list[Query]:
    """Return the rate of requests by the class of their status."""
    return [
        Query(promql.rate(apps.ROUTER_REQUESTS, where=where), name)
        for name, (where, _) in _CLASSES.items()
    ]


STATUS_COLORS: Final = {name: color for name, (_, color) in _CLASSES.items()}


def durations(metric: Metric) -> list[Query]:
    """Return quantiles and the mean of a duration."""
    found = [Query(promql.quantile(part, metric), name) for name, part in _QUANTILES.items()]
    return [*found, Query(promql.mean(metric), "mean")]


NOW: Final = Row(
    "Now",
    (
        number("Requests", promql.rate(apps.ROUTER_REQUESTS)),
        number(
            "Total requests",
            promql.events_in_range(apps.ROUTER_REQUESTS),
            about="Within the time shown.",
        ),
        number(
            "Failed requests",
            promql.events_in_range(apps.ROUTER_REQUESTS, where=_FAILED),
            about="Those with a status other than 200, redirects included, within the time shown.",
            steps={1.0: ORANGE},
            base=GREEN,
        ),
        number("Mean service time", promql.mean(apps.ROUTER_SERVICE), steps=P95_STEPS, base=GREEN),
        number(
            "Mean connection time",
            promql.mean(apps.ROUTER_CONNECT),
            steps={0.1: ORANGE, 1.0: RED},
            base=GREEN,
        ),
        number(
            "Mean response size",
            promql.ratio(
                promql.rate(apps.ROUTER_RESPONSE_BYTES), promql.rate(apps.ROUTER_REQUESTS)
            ),
            unit="bytes",
        ),
    ),
)

REQUESTS: Final = Row(
    "Requests",
    (
        graph(
            "Requests by status class",
            *by_status_class(),
            about="Status as the client saw it; 5xx may be that of a dyno or of the router.",
            stacked=True,
            colors=STATUS_COLORS,
        ),
        graph(
            "Server errors",
            Query(server_error_share("app"), "{{app}}"),
            about="Part of the requests that were answered with 5xx, by a dyno or the router.",
            steps=SERVER_ERROR_STEPS,
        ),
        graph(
            "Requests by status",
            Query(promql.rate(apps.ROUTER_REQUESTS, "status"), "{{status}}"),
            stacked=True,
        ),
        graph(
            "Requests by method",
            Query(promql.rate(apps.ROUTER_REQUESTS, "method"), "{{method}}"),
            stacked=True,
        ),
    ),
)

SERVICE: Final = Row(
    "Service time",
    (
        heat_map(
            "Service time",
            promql.rate(apps.ROUTER_SERVICE, "le", suffix="_bucket")._replace(unit="reqps"),
            about="Requests a second by how long they took.",
        ),
        graph(
            "Service time, quantiles",
            *durations(apps.ROUTER_SERVICE),
            about=_QUANTILES_ABOUT,
            steps={30.0: RED},
        ),
        graph(
            "95th percentile of service time by application",
            Query(promql.quantile(0.95, apps.ROUTER_SERVICE, "app"), "{{app}}"),
            steps={30.0: RED},
        ),
        ranking(
            "Slowest applications",
            Query(promql.top(10, promql.mean(apps.ROUTER_SERVICE, "app")), "{{app}}"),
            about="By the mean of the service time, at the end of the time shown.",
            color=ORANGE,
        ),
    ),
)

CONNECT: Final = Row(
    "Connection time and bytes",
    (
        graph(
            "Connection time, quantiles", *durations(apps.ROUTER_CONNECT), about=_QUANTILES_ABOUT
        ),
        heat_map(
            "Connection time",
            promql.rate(apps.ROUTER_CONNECT, "le", suffix="_bucket")._replace(unit="reqps"),
            about="Requests a second by how long the router took to reach their dyno.",
        ),
        graph(
            "Response bytes",
            Query(promql.rate(apps.ROUTER_RESPONSE_BYTES, "app"), "{{app}}"),
            stacked=True,
        ),
        graph(
            "Mean response size",
            Query(
                promql.ratio(
                    promql.rate(apps.ROUTER_RESPONSE_BYTES, "app"),
                    promql.rate(apps.ROUTER_REQUESTS, "app"),
                ),
                "{{app}}",
            ),
            unit="bytes",
        ),
    ),
)

BY_DYNO: Final = Row(
    "By dyno",
    (
        graph(
            "Requests by dyno",
            Query(promql.rate(apps.ROUTER_REQUESTS, "app, dyno"), "{{app}} {{dyno}}"),
            about="How even the router spreads them: it chooses dynos at random.",
            stacked=True,
        ),
        graph(
            "Server errors by dyno",
            Query(
                promql.rate(apps.ROUTER_REQUESTS, "app, dyno", _SERVER_ERROR), "{{app}} {{dyno}}"
            ),
            about="Those of no dyno are the router's own: H10, H14 and others.",
            stacked=True,
            empty="No server errors",
        ),
        rows(
            "Status by dyno",
            {"app": "Application", "dyno": "Dyno", "status": "Status"},
            Column("Requests", promql.events_in_range(apps.ROUTER_REQUESTS, "app, dyno, status")),
            about="Within the time shown.",
            sort="Requests",
            empty="No requests",
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.ROUTER,
    "Router",
    "How many requests there are, how they end, and how long they take.",
    [APPS],
    (NOW, REQUESTS, SERVICE, CONNECT, BY_DYNO),
)
