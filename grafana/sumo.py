"""The panels of Sumo Logic's Heroku application, and where this package has the same.

Sumo Logic's documentation, "Heroku". A panel without a counterpart needs what is no label: paths,
users, commits and texts are unbounded, and stand in the structured events (docs/events.md).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from grafana.board import Uid


class Place(NamedTuple):
    """A panel of ours."""

    uid: Uid
    title: str


class Panel(NamedTuple):
    """A panel of Sumo Logic's.

    Attributes:
        dashboard: Its dashboard.
        title: Its title.
        ours: Panels that show the same.
        note: How these differ, or why there are none.
    """

    dashboard: str
    title: str
    ours: tuple[Place, ...] = ()
    note: str = ""


def _ours(uid: Uid, *titles: str) -> tuple[Place, ...]:
    return tuple(Place(uid, title) for title in titles)


_PATHS: Final = "a path is no label. The events of kind `router_request` have it."
_USERS: Final = "None by user: a user is no label. The events of kind `{}` have it."
_OUTPUT: Final = (
    "What an application prints is free text and is not read; this counts how its processes end."
)

_OVERVIEW: Final = (
    ("Total Request Count", _ours(Uid.ROUTER, "Total requests"), ""),
    ("Average Connection Time", _ours(Uid.ROUTER, "Mean connection time"), ""),
    ("Average Latency", _ours(Uid.ROUTER, "Mean service time"), ""),
    ("Average Response Size", _ours(Uid.ROUTER, "Mean response size"), ""),
    ("Failed Request Count", _ours(Uid.ROUTER, "Failed requests"), ""),
    ("Top 10 Failed Requests", (), f"None: {_PATHS}"),
    (
        "Top 10 Slowest Requests",
        _ours(Uid.ROUTER, "Slowest applications"),
        f"By application: {_PATHS}",
    ),
    ("Request-Response Trend", _ours(Uid.ROUTER, "Requests by status class"), ""),
    ("Dyno Load Average", _ours(Uid.DYNO, "Load average, 15 minutes"), ""),
    ("Dyno Memory", _ours(Uid.DYNO, "Memory and quota"), ""),
    ("Status Code Count by Dyno", _ours(Uid.ROUTER, "Status by dyno"), ""),
    (
        "MBs Transferred by Dyno Over Time",
        _ours(Uid.ROUTER, "Response bytes"),
        "By application: bytes are not kept by dyno. The events of kind `router_request` have"
        " both.",
    ),
    ("Response Throughput by Status Code", _ours(Uid.ROUTER, "Requests by status"), ""),
    (
        "Total Errors by Host",
        _ours(Uid.ERRORS, "Router errors", "Dyno errors", "Ended by SIGTERM"),
        "Heroku against application: error codes are Heroku's, exits the application's.",
    ),
    (
        "Overall, App and Heroku Error Rate",
        _ours(Uid.ROUTER, "Server errors") + _ours(Uid.ERRORS, "Errors by application"),
        "",
    ),
    ("Total Errors by Component", _ours(Uid.ERRORS, "Errors by process type"), ""),
    (
        "Connect Time Trend",
        _ours(Uid.ROUTER, "Connection time, quantiles"),
        "The maximum as the upper bound of its bucket.",
    ),
    (
        "Latency Trend",
        _ours(Uid.ROUTER, "Service time, quantiles", "Service time"),
        "The maximum as the upper bound of its bucket.",
    ),
    ("Path Latency", (), f"None: {_PATHS}"),
    (
        "Method Latency",
        _ours(Uid.ROUTER, "Requests by method"),
        "Requests alone: durations are not kept by method. The events of kind `router_request`"
        " have both.",
    ),
)
_DYNO: Final = (
    ("Dynos", _ours(Uid.DYNO, "Dynos", "State"), ""),
    ("Successful Dyno Launches", _ours(Uid.DYNO, "Launched"), ""),
    ("Completed Dynos", _ours(Uid.DYNO, "Completed"), ""),
    ("Crashed Dynos", _ours(Uid.DYNO, "Crashed"), ""),
    ("Scaling Dyno Operations", _ours(Uid.DYNO, "Formation changes"), ""),
    ("Dyno Restarts", _ours(Uid.DYNO, "Restarts"), ""),
    ("Stopped Dynos", _ours(Uid.DYNO, "Stopped"), ""),
    ("Process Exit Status by Code", _ours(Uid.DYNO, "Exits by status"), ""),
    ("Dyno Count Trend", _ours(Uid.DYNO, "Running dynos and formation"), ""),
    (
        "Successful, Completed and Crashed Dyno Launches Trend",
        _ours(Uid.DYNO, "State changes"),
        "",
    ),
    ("Scaling Operations by User", (), _USERS.format("scale")),
    (
        "Scaling Operation Trend by User",
        _ours(Uid.DYNO, "Running dynos and formation"),
        _USERS.format("scale"),
    ),
)
_APPLICATION: Final = (
    ("Total App Builds", _ours(Uid.ERRORS, "Builds"), ""),
    ("Successful App Builds", _ours(Uid.ERRORS, "Successful builds"), ""),
    ("Failed App Builds", _ours(Uid.ERRORS, "Failed builds"), ""),
    ("App Deployments", _ours(Uid.ERRORS, "Deploys"), ""),
    ("App Releases", _ours(Uid.ERRORS, "Releases"), ""),
    ("Successful and Failed App Build Trend", _ours(Uid.ERRORS, "Builds"), ""),
    ("Deployment Trend", _ours(Uid.ERRORS, "Deploys"), "And on every dashboard as annotations."),
    ("Release Trend", _ours(Uid.ERRORS, "Releases"), ""),
    ("Deployments by User", (), _USERS.format("api")),
    ("Releases by User", (), _USERS.format("api")),
    ("Deployment Trend by User", _ours(Uid.ERRORS, "Deploys"), _USERS.format("api")),
    ("Release Trend by User", _ours(Uid.ERRORS, "Releases"), _USERS.format("api")),
    (
        "App Deployment Commits by User",
        (),
        "None: commits and users are no labels. The events of kind `api` have both.",
    ),
)
_MEMORY: Final = (
    ("Resident (rss)", _ours(Uid.DYNO, "Resident memory"), ""),
    ("Cache", _ours(Uid.DYNO, "Disk cache"), ""),
    ("Swap", _ours(Uid.DYNO, "Swap"), ""),
    ("Total", _ours(Uid.DYNO, "Memory and quota"), ""),
    ("Quota", _ours(Uid.DYNO, "Quota"), ""),
    ("Pages written (pgpgout)", _ours(Uid.DYNO, "Pages written"), ""),
    ("Pages read (pgpgin)", _ours(Uid.DYNO, "Pages read"), ""),
)
_LOAD: Final = tuple(
    (f"Load average {short}", _ours(Uid.DYNO, f"Load average, {long}"), "")
    for short, long in (("1 m", "1 minute"), ("5 m", "5 minutes"), ("15 m", "15 minutes"))
)
_INFRASTRUCTURE: Final = (
    (
        "Error types and trends",
        _ours(Uid.ERRORS, "Errors by code", "Codes"),
        "Every code, with a link to what Heroku says of it.",
    ),
)
_APP_ERRORS: Final = (
    ("Total App Errors, and trend", _ours(Uid.ERRORS, "Exits by status"), _OUTPUT),
    ("App Release Errors, and trend", _ours(Uid.ERRORS, "Failed release phases"), ""),
    (
        "App Worker Initialization Errors, and trend",
        _ours(Uid.ERRORS, "Failed to start", "Dynos that failed to start"),
        "",
    ),
    (
        "App Signal Termination Errors, and trend",
        _ours(Uid.ERRORS, "Ended by SIGTERM", "Exits by status"),
        "",
    ),
    ("App Error Details", (), "None: texts are no labels, and output is no event."),
    (
        "App Errors by Component",
        _ours(Uid.ERRORS, "Errors by application, process type and code"),
        "",
    ),
    ("App Error Trend by Component", _ours(Uid.ERRORS, "Errors by process type"), ""),
)

PANELS: Final = tuple(
    Panel(board, *panel)
    for board, panels in (
        ("Overview", _OVERVIEW),
        ("Dyno", _DYNO),
        ("Application", _APPLICATION),
        ("Memory Metrics", _MEMORY),
        ("CPU Load Metrics", _LOAD),
        ("Infrastructure Errors", _INFRASTRUCTURE),
        ("Application Errors", _APP_ERRORS),
    )
    for panel in panels
)
