"""All applications at a glance: which of them needs somebody?"""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import APPS, Row, Uid, board, link_to
from grafana.dyno import MEMORY_STEPS, UP, memory_share, running
from grafana.fields import GREEN, ORANGE, RED, YELLOW, Column, Query
from grafana.panels import graph, number, ranking, rows
from grafana.router import P95_STEPS, SERVER_ERROR_STEPS, server_error_share
from heroku_syslogd.catalogue import apps, dynos

SILENT_STEPS: Final = {300.0: YELLOW, 600.0: RED}
"""Seconds without a message: an application that rests at night needs longer."""

_CRASHED: Final = 'to="crashed"'
_OVER_QUOTA: Final = promql.count(promql.above(memory_share("app, process_type, dyno"), 1))
_TO_APP: Final = {
    "Application": ("Application", link_to(Uid.APP, app="${__value.raw}")),
}
_LINE_TO_APP: Final = [("Application", link_to(Uid.APP, app="${__field.labels.app}"))]

NOW: Final = Row(
    "Now",
    (
        number(
            "Applications",
            promql.count(promql.largest(apps.DRAIN_LAST_MESSAGE, "app")),
            about="Those that have sent anything since the daemon was started.",
        ),
        number("Running dynos", running(), about=UP),
        number("Requests", promql.rate(apps.ROUTER_REQUESTS)),
        number(
            "Server errors",
            server_error_share(),
            about="Part of the requests that were answered with 5xx, by a dyno or the router.",
            steps=SERVER_ERROR_STEPS,
            base=GREEN,
        ),
        number(
            "Dynos over quota",
            _OVER_QUOTA,
            about="Dynos that use more memory than their quota: Heroku raises R14 for them.",
            steps={1.0: RED},
            base=GREEN,
        ),
        number(
            "Crashes",
            promql.in_range(dynos.DYNO_STATE_CHANGES, where=_CRASHED),
            about="Dynos that crashed within the time shown.",
            steps={1.0: ORANGE, 10.0: RED},
            base=GREEN,
        ),
    ),
)

APPLICATIONS: Final = Row(
    "Applications",
    (
        rows(
            "Applications",
            {"app": "Application"},
            Column("Requests", promql.rate(apps.ROUTER_REQUESTS, "app")),
            Column("Server errors", server_error_share("app"), steps=SERVER_ERROR_STEPS),
            Column(
                "p95 service", promql.quantile(0.95, apps.ROUTER_SERVICE, "app"), steps=P95_STEPS
            ),
            Column("Error codes", promql.events_in_range(apps.ERRORS, "app"), steps={1.0: ORANGE}),
            Column("Running dynos", running("app")),
            Column("Fullest dyno", memory_share("app"), steps=MEMORY_STEPS),
            Column(
                "Crashes",
                promql.in_range(dynos.DYNO_STATE_CHANGES, "app", _CRASHED),
                steps={1.0: ORANGE, 10.0: RED},
            ),
            Column("Release", promql.largest(apps.RELEASE_VERSION, "app")),
            Column(
                "Last deploy",
                promql.seconds_to_milliseconds(promql.largest(apps.LAST_DEPLOY, "app")),
            ),
            Column("Silent for", promql.age(apps.DRAIN_LAST_MESSAGE, "app"), steps=SILENT_STEPS),
            about="One line for each application; its name leads to its own dashboard.",
            height=10,
            links=_TO_APP,
            sort="Requests",
            empty="No application has sent anything",
        ),
    ),
)

TRAFFIC: Final = Row(
    "Traffic",
    (
        graph(
            "Requests by application",
            Query(promql.rate(apps.ROUTER_REQUESTS, "app"), "{{app}}"),
            stacked=True,
            links=_LINE_TO_APP,
        ),
        graph(
            "Server errors by application",
            Query(server_error_share("app"), "{{app}}"),
            about="Part of the requests that were answered with 5xx, by a dyno or the router.",
            links=_LINE_TO_APP,
            steps=SERVER_ERROR_STEPS,
        ),
        graph(
            "95th percentile of service time",
            Query(promql.quantile(0.95, apps.ROUTER_SERVICE, "app"), "{{app}}"),
            links=_LINE_TO_APP,
            steps={30.0: RED},
        ),
        graph(
            "Response bytes by application",
            Query(promql.rate(apps.ROUTER_RESPONSE_BYTES, "app"), "{{app}}"),
            stacked=True,
            links=_LINE_TO_APP,
        ),
    ),
)

DYNOS: Final = Row(
    "Dynos",
    (
        graph(
            "Running dynos by application",
            Query(running("app"), "{{app}}"),
            about=UP,
            stacked=True,
            links=_LINE_TO_APP,
        ),
        graph(
            "Fullest dyno by application",
            Query(memory_share("app"), "{{app}}"),
            about="Memory of the dyno that is nearest to its quota, or the farthest above it.",
            steps={1.0: RED},
            links=_LINE_TO_APP,
        ),
    ),
)

EVENTS: Final = Row(
    "Events",
    (
        graph(
            "Error codes by application",
            Query(promql.increase(apps.ERRORS, "app"), "{{app}}"),
            bars=True,
            links=_LINE_TO_APP,
            empty="No errors",
        ),
        graph(
            "Deploys by application",
            Query(promql.increase(apps.RELEASES, "app", 'action="deploy"'), "{{app}}"),
            bars=True,
            links=_LINE_TO_APP,
            empty="No deploys",
        ),
        graph(
            "Log messages by application",
            Query(promql.rate(apps.LOG_MESSAGES, "app"), "{{app}}"),
            stacked=True,
            links=_LINE_TO_APP,
        ),
        ranking(
            "Who logs most",
            Query(
                promql.top(10, promql.rate(apps.LOG_BYTES, "app, source, process_type")),
                "{{app}} {{source}}[{{process_type}}]",
            ),
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.FLEET,
    "Fleet",
    "All applications at a glance: which of them needs somebody?",
    [APPS],
    (NOW, APPLICATIONS, TRAFFIC, DYNOS, EVENTS),
)
