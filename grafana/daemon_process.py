"""Rows about the processes of the daemon: how much room is left, what they write and send."""

from __future__ import annotations

from typing import Final

from grafana import promql
from grafana.board import Row
from grafana.fields import GREEN, RED, Column, Query
from grafana.panels import graph, rows
from grafana.promql import Expr
from heroku_syslogd.catalogue import Metric, MetricType, daemon

PROCESS_CPU: Final = Metric(
    "process_cpu_seconds_total",
    MetricType.COUNTER,
    (),
    "CPU time of the process, whose event loop uses one core at most.",
    unit="seconds",
)
PROCESS_MEMORY: Final = Metric(
    "process_resident_memory_bytes",
    MetricType.GAUGE,
    (),
    "Resident memory of the process.",
    unit="bytes",
)
STANDARD: Final = (PROCESS_CPU, PROCESS_MEMORY)
"""Metrics of the Prometheus client, which the catalogue leaves out."""

YES_NO: Final = {"0": ("failed", RED), "1": ("valid", GREEN)}
_INSTANCE: Final = "{{instance}}"
_LISTENER: Final = "{{listener}}"
_NO_EVENTS: Final = "No [events] in the configuration"
_NO_REMOTE_WRITE: Final = "No [remote_write] in the configuration"


def fullest(part: Metric, whole: Metric, by: str = "instance") -> Expr:
    """Return the share of the fullest process: an average would hide it."""
    share = promql.ratio(promql.gauge(part), promql.gauge(whole))
    return promql.greatest(share, by)


PRESSURE: Final = Row(
    "Room",
    (
        graph(
            "Queue",
            Query(
                fullest(daemon.QUEUE_MESSAGES, daemon.QUEUE_CAPACITY_MESSAGES),
                f"{_INSTANCE}, messages",
            ),
            Query(fullest(daemon.QUEUE_BYTES, daemon.QUEUE_CAPACITY_BYTES), f"{_INSTANCE}, bytes"),
            about="At 100 % reading is paused.",
            steps={0.8: RED},
            width=8,
            greatest=1,
        ),
        graph(
            "Backpressure",
            Query(promql.rate(daemon.BACKPRESSURE, "listener"), _LISTENER),
            about="Part of the time in which senders were held back.",
            steps={0.05: RED},
            width=8,
        ),
        graph(
            "Lag of the event loop",
            Query(promql.largest(daemon.LOOP_LAG, "instance"), _INSTANCE),
            steps={0.5: RED},
            width=8,
        ),
        graph(
            "Budget of series",
            Query(fullest(daemon.SERIES, daemon.SERIES_LIMIT), _INSTANCE),
            Query(
                fullest(daemon.APP_METRIC_SERIES, daemon.APP_METRIC_SERIES_LIMIT),
                f"{_INSTANCE}, printed metrics",
            ),
            about="At 100 % new series are refused.",
            steps={0.8: RED},
            width=8,
        ),
        graph(
            "Refused series",
            Query(promql.increase(daemon.SERIES_REFUSED, "instance"), _INSTANCE),
            Query(
                promql.increase(daemon.APP_METRIC_SERIES_REFUSED, "instance"),
                f"{_INSTANCE}, printed metrics",
            ),
            width=8,
            bars=True,
            empty="None",
        ),
        graph(
            "Time of a scrape",
            Query(promql.largest(daemon.SCRAPE_DURATION, "instance"), _INSTANCE),
            steps={1.0: RED},
            width=8,
        ),
        graph(
            "CPU",
            Query(promql.rate(PROCESS_CPU, "instance"), _INSTANCE),
            steps={0.8: RED},
        ),
        graph("Memory of the daemon", Query(promql.largest(PROCESS_MEMORY, "instance"), _INSTANCE)),
    ),
)

EVENTS: Final = Row(
    "Structured events",
    (
        graph(
            "Events written",
            Query(promql.rate(daemon.EVENTS_WRITTEN), "events"),
            width=6,
            empty=_NO_EVENTS,
        ),
        graph(
            "Bytes written",
            Query(promql.rate(daemon.EVENTS_WRITTEN_BYTES), "bytes"),
            width=6,
            empty=_NO_EVENTS,
        ),
        graph(
            "Events dropped",
            Query(promql.occurred(promql.increase(daemon.EVENTS_DROPPED, "reason")), "{{reason}}"),
            width=6,
            bars=True,
            empty="None",
        ),
        graph(
            "Events that wait",
            Query(promql.largest(daemon.EVENTS_QUEUE_BYTES, "instance"), _INSTANCE),
            width=6,
            empty=_NO_EVENTS,
        ),
    ),
)


def _since_last_success() -> Expr:
    """Return how long ago the last success of each process was; before the first there is none."""
    last = promql.largest(daemon.REMOTE_WRITE_LAST_SUCCESS, "instance")
    return last._replace(text=f"time() - ({last.text} > 0)", unit="s")


REMOTE_WRITE: Final = Row(
    "Remote write",
    (
        graph(
            "Samples sent",
            Query(promql.rate(daemon.REMOTE_WRITE_SENT_SAMPLES, "instance"), _INSTANCE),
            width=8,
            stacked=True,
            empty=_NO_REMOTE_WRITE,
        ),
        graph(
            "Requests sent",
            Query(promql.rate(daemon.REMOTE_WRITE_SENT_REQUESTS, "instance"), _INSTANCE),
            width=8,
            stacked=True,
            empty=_NO_REMOTE_WRITE,
        ),
        graph(
            "Bytes sent",
            Query(promql.rate(daemon.REMOTE_WRITE_SENT_BYTES, "instance"), _INSTANCE),
            width=8,
            stacked=True,
            empty=_NO_REMOTE_WRITE,
        ),
        graph(
            "Samples that wait",
            Query(promql.largest(daemon.REMOTE_WRITE_WAITING_SAMPLES, "instance"), _INSTANCE),
            width=8,
            empty=_NO_REMOTE_WRITE,
        ),
        graph(
            "Bytes that wait",
            Query(promql.largest(daemon.REMOTE_WRITE_WAITING_BYTES, "instance"), _INSTANCE),
            about="At max_disk_bytes, without a directory at max_memory_bytes, the oldest go.",
            width=8,
            empty=_NO_REMOTE_WRITE,
        ),
        graph(
            "Time since the last success",
            Query(_since_last_success(), _INSTANCE),
            about="A process that never had one is not shown.",
            steps={300.0: RED},
            width=8,
            empty="No success yet, or no [remote_write] in the configuration",
        ),
        graph(
            "Attempts that failed",
            Query(
                promql.occurred(promql.increase(daemon.REMOTE_WRITE_FAILURES, "reason")),
                "{{reason}}",
            ),
            bars=True,
            empty="None",
        ),
        graph(
            "Samples dropped",
            Query(
                promql.occurred(promql.increase(daemon.REMOTE_WRITE_DROPPED_SAMPLES, "reason")),
                "{{reason}}",
            ),
            bars=True,
            empty="None",
        ),
    ),
)

PROCESSES: Final = Row(
    "Processes",
    (
        rows(
            "Processes",
            {"instance": "Instance", "version": "Version", "python_version": "Python"},
            Column(
                "Build",
                promql.largest(daemon.BUILD_INFO, "instance, version, python_version"),
                hidden=True,
            ),
            Column(
                "Configuration",
                promql.least(promql.gauge(daemon.RELOAD_SUCCESSFUL), "instance"),
                words=YES_NO,
            ),
            Column("Read", promql.age(daemon.RELOAD_SUCCESS_TIMESTAMP, "instance")),
            Column("Messages", promql.rate(daemon.RECEIVED_MESSAGES, "instance")),
            Column("CPU", promql.rate(PROCESS_CPU, "instance"), steps={0.8: RED}),
            Column("Memory", promql.largest(PROCESS_MEMORY, "instance")),
            Column("Series", promql.largest(daemon.SERIES, "instance")),
            about="Those that are chosen; what they received shows how even the kernel shares out.",
            height=6,
            empty="No process is scraped",
        ),
    ),
)
