"""What a dashboard is put together of: variables, rows of panels, deploys, links to the others.

The conventions are those that Grafana's dashboard-linter asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard

from grafana import promql
from grafana.fields import DATASOURCE, PURPLE
from heroku_syslogd.catalogue import apps, daemon, dynos

TAG: Final = "heroku-syslogd"
"""By which the dashboards find each other."""


class Uid(StrEnum):
    """Ids of the dashboards: what links lead to."""

    FLEET = "heroku-syslogd-fleet"
    APP = "heroku-syslogd-app"
    DYNO = "heroku-syslogd-dyno"
    ROUTER = "heroku-syslogd-router"
    ERRORS = "heroku-syslogd-errors"
    ADDONS = "heroku-syslogd-addons"
    DRAINS = "heroku-syslogd-drains"


class Row(NamedTuple):
    """Panels under a heading."""

    title: str
    panels: tuple[dashboard.Panel, ...]


def link_to(uid: Uid, *kept: str, **variables: str) -> str:
    """Return the address of a dashboard, with the same data source, job and time.

    Args:
        uid: The dashboard.
        kept: More variables that keep their values.
        variables: Values of others; ``$`` begins those that Grafana fills in.
    """
    same = [f"${{{name}:queryparam}}" for name in ("datasource", "job", *kept)]
    values = [f"var-{name}={value}" for name, value in variables.items()]
    return f"/d/{uid}?{'&'.join((*same, *values, '${__url_time_range}'))}"


# Variables ----------------------------------------------------------------------------------------

_ALL: Final = ".+"


def _datasource() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _labels(name: str, label: str, query: str, *, several: bool = True) -> builders.QueryVariable:
    """Return a variable with the values of a label.

    Where one is chosen at a time there is "All" as well: a link from another dashboard hands it on.
    """
    everything = ["All"], ["$__all"]
    text, value = everything if several else ("All", "$__all")
    return (
        builders.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(DATASOURCE)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(several)
        .include_all(True)
        .all_value(_ALL)
        .current(dashboard.VariableOption(selected=True, text=text, value=value))
    )


JOB: Final = _labels("job", "Job", f"label_values({daemon.BUILD_INFO.name}, job)")
_OF_JOB: Final = 'job=~"$job"'
INSTANCE: Final = _labels(
    "instance", "Instance", f"label_values({daemon.BUILD_INFO.name}{{{_OF_JOB}}}, instance)"
)
_APPS: Final = f"label_values({apps.DRAIN_LAST_MESSAGE.name}{{{_OF_JOB}}}, app)"
APPS: Final = _labels("app", "Application", _APPS)
APP: Final = _labels("app", "Application", _APPS, several=False)
_SAMPLES: Final = f'{dynos.DYNO_LAST_SAMPLE.name}{{{_OF_JOB}, app=~"$app"'
PROCESS_TYPE: Final = _labels(
    "process_type", "Process type", f"label_values({_SAMPLES}}}, process_type)"
)
DYNO: Final = _labels(
    "dyno", "Dyno", f'label_values({_SAMPLES}, process_type=~"$process_type"}}, dyno)'
)


# Deploys ------------------------------------------------------------------------------------------


class _Deploys(dashboard.AnnotationQuery):
    """Deploys as annotations that stand where Heroku logged them.

    The options of Prometheus annotations are not among those that the SDK knows.
    """

    def to_json(self) -> dict[str, object]:
        """Return the annotation with the options of its data source."""
        return {
            **super().to_json(),
            "step": "60s",
            "tagKeys": "app",
            "titleFormat": "Deploy of {{app}}",
            "textFormat": "",
            "useValueForTime": True,
        }


class _DeploysBuilder(builders.AnnotationQuery):
    """Builder of `_Deploys`."""

    def __init__(self) -> None:
        deploys = promql.seconds_to_milliseconds(promql.largest(apps.LAST_DEPLOY, "app"))
        self._internal = _Deploys(
            name="Deploys",
            datasource=DATASOURCE,
            icon_color=PURPLE,
            expr=deploys.text,
        )


# Dashboards ---------------------------------------------------------------------------------------


def board(
    uid: Uid,
    title: str,
    description: str,
    variables: Sequence[builders.QueryVariable],
    rows: Sequence[Row],
    *,
    since: str = "now-3h",
) -> dashboard.Dashboard:
    """Return a dashboard.

    Args:
        uid: Its id.
        title: Its title, without the name of the program.
        description: The question that it answers.
        variables: What can be chosen, beside data source and job.
        rows: Its panels.
        since: From when on it shows what happened, unless told otherwise.
    """
    others = (
        builders.DashboardLink("Heroku")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    builder = (
        builders.Dashboard(f"Heroku / {title}")
        .uid(uid)
        .description(description)
        .tags([TAG, "heroku"])
        .readonly()
        .refresh("1m")
        .time(since, "now")
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .variables([_datasource(), JOB, *variables])
        .annotation(_DeploysBuilder())
        .link(others)
    )
    number = 0
    for row in rows:
        number += 1
        builder = builder.with_row(builders.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            panel.id_val = number
            builder = builder.with_panel(_Built(panel))
    return builder.build()


class _Built(builders.Panel):
    """A panel that is built already, as a builder."""

    def __init__(self, panel: dashboard.Panel) -> None:
        self._internal = panel
