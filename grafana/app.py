"""One application: its requests, dynos, errors, releases, and what it logs."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import APP, Row, Uid, board, link_to
from grafana.dyno import LOADS, MEMORY_STEPS, SWAP, TOTAL, UP, memory_share, running
from grafana.error_codes import LINKS
from grafana.fields import GREEN, ORANGE, RED, Query, with_links
from grafana.panels import graph, number, ranking
from grafana.promql import Expr
from grafana.router import (
    P95_STEPS,
    SERVER_ERROR_STEPS,
    STATUS_COLORS,
    by_status_class,
    durations,
    server_error_share,
)
from heroku_syslogd.catalogue import Metric, apps, dynos

_TO_DYNO: Final = [
    ("Dynos", link_to(Uid.DYNO, "app", process_type="${__field.labels.process_type}"))
]
_TYPE: Final = "{{process_type}}"
_NAME: Final = "{{name}} {{unit}}"


def _of_type(metric: Metric, reduce: str) -> Expr:
    return promql.of_newest_sample(promql.gauge(metric), "process_type", reduce=reduce)


NOW: Final = Row(
    "Now",
    (
        number("Requests", promql.rate(apps.ROUTER_REQUESTS)),
        number("Server errors", server_error_share(), steps=SERVER_ERROR_STEPS, base=GREEN),
        number(
            "95th percentile of service time",
            promql.quantile(0.95, apps.ROUTER_SERVICE),
            steps=P95_STEPS,
            base=GREEN,
            empty="none",
        ),
        number("Running dynos", running(), about=UP),
        number("Fullest dyno", memory_share(), steps=MEMORY_STEPS, base=GREEN, empty="none"),
        number(
            "Error codes",
            promql.events_in_range(apps.ERRORS),
            about="Within the time shown.",
            steps={1.0: ORANGE},
            base=GREEN,
        ),
    ),
)

REQUESTS: Final = Row(
    "Requests",
    (
        graph("Requests by status class", *by_status_class(), stacked=True, colors=STATUS_COLORS),
        graph("Service time", *durations(apps.ROUTER_SERVICE), steps={30.0: RED}),
    ),
)

DYNOS: Final = Row(
    "Dynos",
    (
        graph(
            "Running dynos and formation",
            Query(running("process_type"), _TYPE),
            Query(
                promql.sum_of_largest(dynos.FORMATION_DYNOS, "process_type"),
                f"{_TYPE}, asked for",
            ),
            about="Dynos whose state is up. Heroku logs the formation only when it changes.",
            limits=", asked for$",
            links=_TO_DYNO,
        ),
        graph(
            "Fullest dyno by process type",
            Query(memory_share("process_type"), _TYPE),
            about="Memory of the dyno that is nearest to its quota, or the farthest above it.",
            steps={1.0: RED},
            links=_TO_DYNO,
        ),
        graph(
            "Memory by process type",
            Query(_of_type(TOTAL, "sum"), _TYPE),
            stacked=True,
            width=8,
            links=_TO_DYNO,
        ),
        graph(
            "Swap by process type",
            Query(_of_type(SWAP, "sum"), _TYPE),
            stacked=True,
            width=8,
            links=_TO_DYNO,
        ),
        graph(
            "Highest load, 1 minute",
            Query(_of_type(LOADS["1 minute"], "max"), _TYPE),
            width=8,
            links=_TO_DYNO,
        ),
    ),
)

EVENTS: Final = Row(
    "Errors and releases",
    (
        with_links(
            graph(
                "Error codes",
                Query(promql.occurred(promql.increase(apps.ERRORS, "code")), "{{code}}"),
                bars=True,
                empty="No errors",
            ),
            LINKS,
        ),
        graph(
            "State changes of dynos",
            Query(promql.increase(dynos.DYNO_STATE_CHANGES, "to"), "{{to}}"),
            bars=True,
            colors={"crashed": RED, "up": GREEN},
            empty="No state changed",
        ),
        number("Release", promql.largest(apps.RELEASE_VERSION), empty="unknown", width=6),
        number(
            "Last deploy",
            promql.seconds_to_milliseconds(promql.largest(apps.LAST_DEPLOY)),
            empty="unknown",
            width=6,
        ),
        number(
            "Releases",
            promql.in_range(apps.RELEASES, where='action="release"'),
            about="Within the time shown, those of deploys and config changes included.",
            width=6,
        ),
        number(
            "Failed builds",
            promql.in_range(apps.BUILDS, where='result="failed"'),
            about="Within the time shown.",
            steps={1.0: RED},
            base=GREEN,
            width=6,
        ),
    ),
)

LOGS: Final = Row(
    "Logs",
    (
        graph(
            "Log messages",
            Query(
                promql.rate(apps.LOG_MESSAGES, "source, process_type"),
                "{{source}}[{{process_type}}]",
            ),
            stacked=True,
        ),
        ranking(
            "What logs most",
            Query(
                promql.top(10, promql.rate(apps.LOG_BYTES, "source, process_type")),
                "{{source}}[{{process_type}}]",
            ),
        ),
    ),
)

PRINTED: Final = Row(
    "Metrics that the application prints",
    (
        graph(
            "Counts",
            Query(promql.rate(apps.APP_COUNT, "name, unit"), _NAME),
            empty="It prints no count#",
        ),
        graph(
            "Measurements",
            Query(promql.mean(apps.APP_MEASURE, "name, unit"), _NAME),
            about="The mean of those within a step of the graph.",
            empty="It prints no measure#",
        ),
        graph(
            "Samples",
            Query(
                promql.average(promql.gauge(apps.APP_SAMPLE), "name, unit"),
                _NAME,
            ),
            empty="It prints no sample#",
        ),
        graph(
            "Distinct values",
            Query(promql.largest(apps.APP_UNIQUE, "name"), "{{name}}"),
            empty="It prints no unique#",
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.APP,
    "Application",
    "One application: its requests, dynos, errors and releases, and what it logs.",
    [APP],
    (NOW, REQUESTS, DYNOS, EVENTS, LOGS, PRINTED),
)
