"""Heroku's error codes, and the releases and builds that may be behind them."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import APPS, Row, Uid, board
from grafana.error_codes import LINKS
from grafana.fields import BLUE, GREEN, ORANGE, PURPLE, RED, YELLOW, Column, Query, with_links
from grafana.panels import graph, number, ranking, rows
from heroku_syslogd.catalogue import apps, dynos

_IN_TIME: Final = "Within the time shown."
_ROUTER: Final = 'code=~"H.*"'
_DYNO: Final = 'code=~"R.*"'
_LOG: Final = 'code=~"L.*"'
_SIGTERM: Final = 'status="143"'
_FAILED_TO_START: Final = 'from="starting", to="crashed"'
_RELEASE_PHASE: Final = 'process_type="release", status!="0"'
_ALARM: Final = {1.0: RED}
_BUILD_COLORS: Final = {"started": BLUE, "succeeded": GREEN, "failed": RED}

NOW: Final = Row(
    "Errors",
    (
        number(
            "Error codes",
            promql.events_in_range(apps.ERRORS),
            about=_IN_TIME,
            steps={1.0: ORANGE},
            base=GREEN,
        ),
        number(
            "Router errors",
            promql.events_in_range(apps.ERRORS, where=_ROUTER),
            about=f"H codes. {_IN_TIME}",
            steps={1.0: ORANGE},
            base=GREEN,
        ),
        number(
            "Dyno errors",
            promql.events_in_range(apps.ERRORS, where=_DYNO),
            about=f"R codes. {_IN_TIME}",
            steps={1.0: ORANGE},
            base=GREEN,
        ),
        number(
            "Log system errors",
            promql.events_in_range(apps.ERRORS, where=_LOG),
            about=f"L codes. {_IN_TIME}",
            steps=_ALARM,
            base=GREEN,
        ),
        number(
            "Dropped by Heroku",
            promql.in_range(apps.LOGPLEX_DROPPED),
            about=_IN_TIME,
            steps=_ALARM,
            base=GREEN,
        ),
        number(
            "Crashes",
            promql.in_range(dynos.DYNO_STATE_CHANGES, where='to="crashed"'),
            about=_IN_TIME,
            steps={1.0: ORANGE, 10.0: RED},
            base=GREEN,
        ),
        with_links(
            graph(
                "Errors by code",
                Query(promql.occurred(promql.increase(apps.ERRORS, "code")), "{{code}}"),
                about="A click on a bar leads to what Heroku says of the code.",
                bars=True,
                width=16,
                height=10,
                empty="No errors",
            ),
            LINKS,
        ),
        with_links(
            ranking(
                "Codes",
                Query(promql.occurred(promql.events_in_range(apps.ERRORS, "code")), "{{code}}"),
                about=f"{_IN_TIME} A click on a code leads to what Heroku says of it.",
                width=8,
                height=10,
                color=ORANGE,
                empty="No errors",
            ),
            LINKS,
        ),
        graph(
            "Errors by application",
            Query(promql.increase(apps.ERRORS, "app"), "{{app}}"),
            bars=True,
            empty="No errors",
        ),
        graph(
            "Errors by process type",
            Query(promql.increase(apps.ERRORS, "process_type"), "{{process_type}}"),
            bars=True,
            empty="No errors",
        ),
        rows(
            "Errors by application, process type and code",
            {"app": "Application", "process_type": "Process type", "code": "Code"},
            Column(
                "Errors",
                promql.occurred(promql.events_in_range(apps.ERRORS, "app, process_type, code")),
                steps={1.0: ORANGE},
            ),
            about=_IN_TIME,
            width=12,
            sort="Errors",
            empty="No errors",
        ),
        graph(
            "Messages dropped by Heroku",
            Query(promql.increase(apps.LOGPLEX_DROPPED, "app"), "{{app}}"),
            height=9,
            bars=True,
            empty="None",
        ),
    ),
)

PROCESSES: Final = Row(
    "Processes that failed",
    (
        number(
            "Failed to start",
            promql.in_range(dynos.DYNO_STATE_CHANGES, where=_FAILED_TO_START),
            about=f"Dynos that crashed before they were up. {_IN_TIME}",
            steps=_ALARM,
            base=GREEN,
            width=6,
        ),
        number(
            "Failed release phases",
            promql.events_in_range(dynos.DYNO_EXITS, where=_RELEASE_PHASE),
            about=f"Release phases that exited with another status than 0. {_IN_TIME}",
            steps=_ALARM,
            base=GREEN,
            width=6,
        ),
        number(
            "Ended by SIGTERM",
            promql.events_in_range(dynos.DYNO_EXITS, where=_SIGTERM),
            about=f"As every restart ends processes that do not handle it. {_IN_TIME}",
            width=6,
        ),
        number(
            "Killed",
            promql.events_in_range(dynos.DYNO_EXITS, where='status="137"'),
            about=f"They did not exit in time (R12), or used too much memory (R15). {_IN_TIME}",
            steps=_ALARM,
            base=GREEN,
            width=6,
        ),
        graph(
            "Exits by status",
            Query(promql.increase(dynos.DYNO_EXITS, "status"), "{{status}}"),
            about="143 is SIGTERM, 137 SIGKILL; a restart ends processes with 143 or 0.",
            bars=True,
            colors={"0": GREEN, "143": YELLOW, "137": RED},
            empty="No process exited",
        ),
        graph(
            "Dynos that failed to start",
            Query(
                promql.increase(dynos.DYNO_STATE_CHANGES, "app, process_type", _FAILED_TO_START),
                "{{app}} {{process_type}}",
            ),
            bars=True,
            empty="None",
        ),
    ),
)

RELEASES: Final = Row(
    "Releases and builds",
    (
        number("Deploys", promql.in_range(apps.RELEASES, where='action="deploy"'), about=_IN_TIME),
        number(
            "Releases",
            promql.in_range(apps.RELEASES, where='action="release"'),
            about=f"Of any cause, deploys and config changes included. {_IN_TIME}",
        ),
        number(
            "Rollbacks",
            promql.in_range(apps.RELEASES, where='action="rollback"'),
            about=_IN_TIME,
            steps={1.0: ORANGE},
            base=GREEN,
        ),
        number("Builds", promql.in_range(apps.BUILDS, where='result="started"'), about=_IN_TIME),
        number(
            "Successful builds",
            promql.in_range(apps.BUILDS, where='result="succeeded"'),
            about=_IN_TIME,
            base=GREEN,
        ),
        number(
            "Failed builds",
            promql.in_range(apps.BUILDS, where='result="failed"'),
            about=_IN_TIME,
            steps=_ALARM,
            base=GREEN,
        ),
        graph(
            "Deploys",
            Query(promql.increase(apps.RELEASES, "app", 'action="deploy"'), "{{app}}"),
            bars=True,
            empty="No deploys",
        ),
        graph(
            "Releases",
            Query(promql.increase(apps.RELEASES, "app", 'action="release"'), "{{app}}"),
            bars=True,
            empty="No releases",
        ),
        graph(
            "Builds",
            Query(promql.increase(apps.BUILDS, "result"), "{{result}}"),
            bars=True,
            colors=_BUILD_COLORS,
            empty="No builds",
        ),
        graph(
            "Changes by kind",
            Query(promql.occurred(promql.increase(apps.RELEASES, "action")), "{{action}}"),
            about="A change that makes a release counts as one too.",
            bars=True,
            empty="No changes",
        ),
        rows(
            "Applications",
            {"app": "Application"},
            Column("Release", promql.largest(apps.RELEASE_VERSION, "app")),
            Column(
                "Last deploy",
                promql.seconds_to_milliseconds(promql.largest(apps.LAST_DEPLOY, "app")),
            ),
            Column("Deploys", promql.in_range(apps.RELEASES, "app", 'action="deploy"')),
            Column("Releases", promql.in_range(apps.RELEASES, "app", 'action="release"')),
            Column(
                "Rollbacks",
                promql.in_range(apps.RELEASES, "app", 'action="rollback"'),
                steps={1.0: PURPLE},
            ),
            Column(
                "Failed builds",
                promql.in_range(apps.BUILDS, "app", 'result="failed"'),
                steps=_ALARM,
            ),
            about=_IN_TIME,
            empty="No release has been seen",
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.ERRORS,
    "Errors and releases",
    "What Heroku reports as errors, and which releases and builds there were.",
    [APPS],
    (NOW, PROCESSES, RELEASES),
    since="now-6h",
)
