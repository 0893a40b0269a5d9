"""Where structured events go to, beside the metrics."""

from heroku_syslogd.sinks.event_sink import EventSink, event_lines, wanted_documents
from heroku_syslogd.sinks.timber import DESCRIPTIONS, Line

__all__ = ["DESCRIPTIONS", "EventSink", "Line", "event_lines", "wanted_documents"]
