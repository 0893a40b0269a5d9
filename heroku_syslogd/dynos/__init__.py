"""What is known about each dyno: the latest sample of its newest run, and its state."""

from heroku_syslogd.dynos.dyno import CARRIED_FIELDS, HANDOVER_AFTER, Dyno, DynoIdentity
from heroku_syslogd.dynos.registry import MAX_CLOCK_AHEAD, DynoRegistry, believed_time
from heroku_syslogd.dynos.scanner import SampleScanner

__all__ = [
    "CARRIED_FIELDS",
    "HANDOVER_AFTER",
    "MAX_CLOCK_AHEAD",
    "Dyno",
    "DynoIdentity",
    "DynoRegistry",
    "SampleScanner",
    "believed_time",
]
