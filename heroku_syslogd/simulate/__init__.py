"""A simulated Heroku: a fleet of apps, and Logplex that sends their lines to a drain.

It stands in for Heroku in demos, tests and benchmarks. The lines are those of `dyno`, `router`,
`app_output`, `addons` and `stories`, about a `fleet`; their order in time is that of `rhythm`
(natural) or `mix` (a given rate); `logplex`, `tcp_drain` and `udp_drain` send them the way Logplex
does, with its packets, time limits, back-off and loss lines.

It speaks every kind of line that Heroku is known to write today, and nothing else.
"""

from __future__ import annotations

from heroku_syslogd.simulate.mix import blocks, octet_framed, record
from heroku_syslogd.simulate.run import Progress, SimulateOptions, Summary, drain_tokens, simulate
from heroku_syslogd.simulate.target import DEFAULT_PORTS, UnsupportedURL

__all__ = [
    "DEFAULT_PORTS",
    "Progress",
    "SimulateOptions",
    "Summary",
    "UnsupportedURL",
    "blocks",
    "drain_tokens",
    "octet_framed",
    "record",
    "simulate",
]
