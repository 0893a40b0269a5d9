"""The daemon itself: does everything arrive that Heroku sends, and is there room for more?"""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import APPS, INSTANCE, Row, Uid, board
from grafana.daemon_process import EVENTS, PRESSURE, PROCESSES, REMOTE_WRITE, YES_NO, fullest
from grafana.fields import GREEN, ORANGE, RED, YELLOW, Column, Query
from grafana.fleet import SILENT_STEPS
from grafana.panels import graph, number, rows
from grafana.promql import Expr
from heroku_syslogd.catalogue import Metric, apps, daemon

_LISTENER: Final = "{{listener}}"
_REASON: Final = "{{listener}}: {{reason}}"
_IN_TIME: Final = "Within the time shown."
_ALARM: Final = {1.0: RED}
_FILL: Final = {0.5: YELLOW, 0.8: RED}
_EXPIRY: Final = {3.0 * 86400: ORANGE, 14.0 * 86400: GREEN}
_SCRAPED: Final = 'instance=~"$instance"'


def _until(metric: Metric) -> Expr:
    """Return how many seconds are left until a time, by listener."""
    first = promql.least(promql.gauge(metric), "listener")
    return first._replace(text=f"{first.text} - time()", unit="s")


NOW: Final = Row(
    "Now",
    (
        number("Received", promql.rate(daemon.RECEIVED_MESSAGES)),
        number(
            "Lost",
            promql.in_range(daemon.LOST_MESSAGES),
            about=_IN_TIME,
            steps=_ALARM,
            base=GREEN,
        ),
        number(
            "Dropped by Heroku",
            promql.in_range(apps.LOGPLEX_DROPPED, where=_SCRAPED),
            about=_IN_TIME,
            steps=_ALARM,
            base=GREEN,
        ),
        number("Open connections", promql.total(daemon.CONNECTIONS)),
        number(
            "Fullest queue",
            fullest(daemon.QUEUE_MESSAGES, daemon.QUEUE_CAPACITY_MESSAGES, ""),
            steps=_FILL,
            base=GREEN,
        ),
        number(
            "Configuration",
            promql.least(promql.gauge(daemon.RELOAD_SUCCESSFUL)),
            about="Of all processes that are chosen: one that failed is enough.",
            words=YES_NO,
            empty="unknown",
        ),
    ),
)

MESSAGES: Final = Row(
    "Messages",
    (
        graph(
            "Received by listener",
            Query(promql.rate(daemon.RECEIVED_MESSAGES, "listener"), _LISTENER),
            stacked=True,
        ),
        graph(
            "Received, applied and lost",
            Query(promql.rate(daemon.RECEIVED_MESSAGES), "received"),
            Query(promql.rate(daemon.APPLIED_MESSAGES), "applied"),
            Query(promql.rate(daemon.LOST_MESSAGES), "lost"),
            about="Every message that was received is applied or lost.",
            colors={"lost": RED, "applied": GREEN},
        ),
        graph(
            "Lost by reason",
            Query(
                promql.occurred(promql.increase(daemon.LOST_MESSAGES, "listener, reason")), _REASON
            ),
            bars=True,
            empty="Nothing was lost",
        ),
        graph(
            "Understood by kind",
            Query(promql.rate(daemon.RECOGNISED_MESSAGES, "kind"), "{{kind}}"),
            stacked=True,
        ),
        graph(
            "Bytes received by listener",
            Query(promql.rate(daemon.RECEIVED_BYTES, "listener"), _LISTENER),
            stacked=True,
        ),
        graph(
            "Lines that no rule knows",
            Query(
                promql.occurred(
                    promql.increase(apps.UNRECOGNISED, "source, process_type", _SCRAPED)
                ),
                "{{source}}[{{process_type}}]",
            ),
            about="Report one, so that the daemon will know it.",
            bars=True,
            empty="Every line was known",
        ),
    ),
)

FAULTS: Final = Row(
    "What senders do wrong",
    (
        graph(
            "Malformed stretches",
            Query(
                promql.occurred(promql.increase(daemon.FRAME_ERRORS, "listener, reason")), _REASON
            ),
            bars=True,
            empty="None",
        ),
        graph(
            "Bytes of malformed stretches",
            Query(promql.occurred(promql.rate(daemon.REJECTED_BYTES, "listener, reason")), _REASON),
            empty="None",
        ),
        graph(
            "Headers that could not be parsed",
            Query(promql.occurred(promql.increase(daemon.PARSE_ERRORS, "reason")), "{{reason}}"),
            bars=True,
            empty="None",
        ),
        graph(
            "Sample keys that are not known",
            Query(
                promql.occurred(promql.increase(daemon.UNKNOWN_SAMPLE_KEYS, "addon")), "{{addon}}"
            ),
            bars=True,
            empty="None",
        ),
    ),
)

DRAINS: Final = Row(
    "Drains",
    (
        rows(
            "Drains",
            {"app": "Application"},
            Column(
                "Silent for",
                promql.age(apps.DRAIN_LAST_MESSAGE, "app"),
                steps=SILENT_STEPS,
            ),
            Column("Messages", promql.rate(apps.LOG_MESSAGES, "app", _SCRAPED)),
            Column("Bytes", promql.rate(apps.LOG_BYTES, "app", _SCRAPED)),
            Column(
                "Dropped by Heroku",
                promql.in_range(apps.LOGPLEX_DROPPED, "app", _SCRAPED),
                steps=_ALARM,
            ),
            about="Every process of the job counts for the silence, whatever instance is chosen.",
            width=12,
            height=8,
            sort="Silent for",
            empty="No drain has sent anything",
        ),
        graph(
            "Time since the last message",
            Query(promql.age(apps.DRAIN_LAST_MESSAGE, "app"), "{{app}}"),
            steps={600.0: RED},
        ),
        number(
            "Unknown drains",
            promql.in_range(daemon.UNKNOWN_DRAINS),
            about=_IN_TIME,
            steps={1.0: ORANGE},
            base=GREEN,
            width=8,
        ),
        number(
            "Batches sent again",
            promql.in_range(daemon.DUPLICATE_BATCHES),
            about=_IN_TIME,
            width=8,
        ),
        number(
            "Batches with another count",
            promql.in_range(daemon.MESSAGE_COUNT_MISMATCHES),
            about=_IN_TIME,
            steps={1.0: ORANGE},
            base=GREEN,
            width=8,
        ),
    ),
)

CONNECTIONS: Final = Row(
    "Connections",
    (
        graph(
            "Connections",
            Query(promql.total(daemon.CONNECTIONS, "listener"), _LISTENER),
            width=8,
            stacked=True,
        ),
        graph(
            "New connections",
            Query(promql.rate(daemon.CONNECTIONS_TOTAL, "listener"), _LISTENER),
            width=8,
        ),
        graph(
            "Refused or closed by the daemon",
            Query(
                promql.occurred(promql.increase(daemon.CONNECTIONS_REJECTED, "listener, reason")),
                _REASON,
            ),
            width=8,
            bars=True,
            empty="None",
        ),
        graph(
            "HTTP requests by status",
            Query(
                promql.occurred(promql.rate(daemon.HTTP_REQUESTS, "listener, code")),
                "{{listener}}: {{code}}",
            ),
            empty="No HTTP requests",
        ),
        number(
            "Certificates expire in",
            _until(daemon.CERTIFICATE_NOT_AFTER),
            steps=_EXPIRY,
            base=RED,
            width=6,
            height=8,
            empty="No TLS listener",
            legend=_LISTENER,
        ),
        number(
            "Certificates",
            promql.least(promql.gauge(daemon.CERTIFICATE_RELOAD_SUCCESSFUL), "listener"),
            words=YES_NO,
            width=6,
            height=8,
            empty="No TLS listener",
            legend=_LISTENER,
        ),
    ),
)

DASHBOARD: Final = board(
    Uid.DRAINS,
    "Drain health",
    "Does everything arrive that Heroku sends, and is there room for more?",
    [INSTANCE, APPS],
    (NOW, MESSAGES, FAULTS, DRAINS, CONNECTIONS, PRESSURE, EVENTS, REMOTE_WRITE, PROCESSES),
)
