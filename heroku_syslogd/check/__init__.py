"""``check``: whether a configuration can be used, what it would open, what is doubtful in it."""

from heroku_syslogd.check.examine import Examined, examine
from heroku_syslogd.check.facts import Limit, Server, limits, servers
from heroku_syslogd.check.report import print_problems, print_report
from heroku_syslogd.check.warn import warnings

__all__ = [
    "Examined",
    "Limit",
    "Server",
    "examine",
    "limits",
    "print_problems",
    "print_report",
    "servers",
    "warnings",
]
