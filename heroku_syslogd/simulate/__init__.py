"""A simulated Heroku: a fleet of apps, and Logplex that sends their lines to a drain.

It stands in for Heroku in demos, tests and benchmarks. The lines are those of `dyno`, `router`,
`app_output`, `addons` and `stories`, about a `fleet`; their order in time is that of `rhythm`
(natural) or `mix` (a given rate). `tcp_drain` (TCP, TLS), `udp_drain` and `http_drain` (HTTP,
HTTPS) send them the way Logplex does, with its packets and batches, time limits, back-off, retries
and loss lines; `faults` lets that go wrong on purpose.

It speaks every kind of line that Heroku is known to write today, and nothing else.
"""

from __future__ import annotations

from heroku_syslogd.simulate.faults import DEFAULT_SHARE, Fault, FaultPlan, parse_faults
from heroku_syslogd.simulate.http_batches import Attempt, HttpBatches, Outcome, Verdict
from heroku_syslogd.simulate.http_client import HttpClient
from heroku_syslogd.simulate.progress import Progress, Summary
from heroku_syslogd.simulate.recording import (
    Body,
    batches,
    blocks,
    octet_framed,
    record,
    record_http,
)
from heroku_syslogd.simulate.run import SimulateOptions, drain_tokens, simulate
from heroku_syslogd.simulate.target import DEFAULT_PORTS, UnsupportedURL

__all__ = [
    "DEFAULT_PORTS",
    "DEFAULT_SHARE",
    "Attempt",
    "Body",
    "Fault",
    "FaultPlan",
    "HttpBatches",
    "HttpClient",
    "Outcome",
    "Progress",
    "SimulateOptions",
    "Summary",
    "UnsupportedURL",
    "Verdict",
    "batches",
    "blocks",
    "drain_tokens",
    "octet_framed",
    "parse_faults",
    "record",
    "record_http",
    "simulate",
]
